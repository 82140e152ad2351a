"""No value that a contract accepts may stop what comes after it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rows import export, good_value
from shop import Shop, accounted

from orchestration.checks.gates import judged
from orchestration.checks.suites import FOLDER, read_suite
from orchestration.checks.tables import table_opener
from orchestration.ingest.contract import Column, Contract, load_contracts
from orchestration.ingest.load import prepare_warehouse
from orchestration.resources.target import build_warehouse
from orchestration.settings import PROJECT_ROOT

CONTRACTS = list(load_contracts().values())
# Far more decimals than any model keeps, and every edge of what a type accepts.
DECIMALS = "123456789" * 6


def edges(name: str, column: Column, contract: Contract) -> Iterator[str]:
    """Values of a column at the edge of what is accepted."""
    mark = contract.format.decimal_mark
    if not column.required:
        yield ""
    if column.values:
        yield from column.values
    elif column.type in ("integer", "decimal"):
        yield from map(str, column.bounds)
        yield "0"
        if column.type == "decimal":
            yield f"{min(abs(bound) for bound in column.bounds)}{mark}0000"
            yield f"1{mark}{DECIMALS}"
            yield f"0{mark}00001"
    elif column.type == "boolean":
        yield from ("oui", "0")
    elif column.type in ("date", "timestamp"):
        form = contract.format.dates[0] if column.type == "date" else contract.format.timestamps[0]
        for year in ("1901", "2024") + (("2100",) if column.may_be_future else ()):
            good = good_value(name, column, contract)
            yield good.replace("2025", year)
        assert form
    elif column.type == "zone":
        yield from ("EST5EDT", "Etc/GMT+5", "America/Argentina/Buenos_Aires")
    elif not column.personal and name not in ("currency", "base_currency_code"):
        yield "x" * 5000
        yield "é" * 60
        yield "' ; -- %s {{ x }}".replace(contract.format.delimiter, " ")


def edge_rows(contract: Contract) -> list[dict[str, str]]:
    """One good row changed in one column at a time, each under a key of its own."""
    changes = [{}] + [
        {name: value}
        for name, column in contract.columns.items()
        for value in edges(name, column, contract)
    ]
    # 0 is what Magento writes for nobody.
    free = [name for name in contract.key if contract.columns[name].type == "id"][:1]
    return [
        {**dict.fromkeys(free, f"{at}"), **change} for at, change in enumerate(changes, start=1)
    ]


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Every contract's edges, loaded, and all of staging built from them, with its tests."""
    shop = Shop(tmp_path_factory.mktemp("edges") / "home")
    prepare_warehouse(shop.settings)
    for contract in CONTRACTS:
        rows = edge_rows(contract)
        shop.land(f"{contract.entity}_20251119.csv", export(contract, *rows), contract.source)
        report = shop.ingest(contract.source, contract.entity)
        assert accounted(report)
        refused = shop.rows(
            f"select message from ops.quarantine where entity = '{contract.entity}' "
            "and reason_code not in ('SIGN')"
        )
        assert refused == []
    yield shop


def build(shop: Shop, folder: Path) -> None:
    """Staging and the unified layer from what was loaded, with their tests."""
    from orchestration.assets.publication import prepare_golden_keys

    prepare_golden_keys(shop.settings)
    done = subprocess.run(
        [
            Path(sys.executable).with_name("dbt"), "build", "--select", "staging", "+unified",
            "--indirect-selection", "buildable",
            "--exclude-resource-type", "unit_test",
            "--project-dir", PROJECT_ROOT, "--profiles-dir", PROJECT_ROOT / "dbt_project",
        ],
        env={
            **os.environ,
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
            "HABITUE_BUILD_FILE": str(shop.settings.build_file),
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]


def stopping(shop: Shop, *layers: str) -> list[str]:
    """What the gates of these layers refuse, each with its table."""
    found: list[str] = []
    with build_warehouse(shop.settings).session() as session:
        opener = table_opener(shop.settings, session)
        for layer in layers:
            for path in sorted((FOLDER / layer).glob("*.json")):
                failures, _ = judged(opener, session, read_suite(layer, path.stem))
                found += [f"{path.stem}: {one}" for one in failures if not one.is_warning]
    return found


def test_every_accepted_value_passes_the_models_their_tests_and_their_gates(
    staged: Shop, tmp_path: Path
) -> None:
    build(staged, tmp_path)
    assert stopping(staged, "raw", "staging", "unified") == []


def judged_columns(contract: Contract) -> set[str]:
    """Columns whose every value a raw gate judges; by another key a record would be another."""
    rules = read_suite("raw", contract.table.removeprefix("raw.")).expectations
    stops = [
        rule["kwargs"]["column"]
        for rule in rules
        if "column" in rule["kwargs"]
        and "mostly" not in rule["kwargs"]
        and rule["meta"].get("severity") != "warning"
        and "not_be_null" not in rule["type"]
    ]
    return set(stops) - {*contract.key, contract.version}


def correction(contract: Contract) -> bytes:
    """The first of the rows at hand, which is good in every column, sent again a day later."""
    row = edge_rows(contract)[0]
    if contract.version:
        good = good_value(contract.version, contract.columns[contract.version], contract)
        row[contract.version] = good.replace("2025-03-01", "2025-03-02").replace("01/", "02/", 1)
    return export(contract, row)


def test_what_a_gate_of_raw_refused_is_healed_by_its_correction(
    staged: Shop, tmp_path: Path
) -> None:
    """Rows as an earlier version may have let them in, one of each entity, bad in every column."""
    for contract in CONTRACTS:
        bad = ", ".join(f"{name} = 'x@example.com'" for name in sorted(judged_columns(contract)))
        staged.rows(f"update {contract.table} set {bad} where _line_no = 2")
    judged_anywhere = sum(len(judged_columns(contract)) for contract in CONTRACTS)
    assert len(stopping(staged, "raw")) == judged_anywhere > 50
    for contract in CONTRACTS:
        staged.land(f"{contract.entity}_20251120.csv", correction(contract), contract.source)
        assert staged.ingest(contract.source, contract.entity).rows_loaded == 1
    assert stopping(staged, "raw") == []
    build(staged, tmp_path)
    assert stopping(staged, "raw", "staging", "unified") == []


@pytest.mark.parametrize(
    ("entity", "column", "value"),
    [
        ("ticket_lines", "line_no", "99999999999"),
        ("ticket_lines", "tax_rate", "999999"),
        ("ticket_lines", "qty", "-1000001"),
        ("ticket_lines", "unit_price_incl_tax", "99999999999"),
        ("ticket_lines", "original_line_no", "-2147483649"),
        ("tickets", "total_incl_tax", "1000000001"),
    ],
)
def test_a_number_that_no_model_has_room_for_is_quarantined(
    shop: Shop, entity: str, column: str, value: str
) -> None:
    contract = load_contracts()["cashmere", entity]
    rows = export(contract, {}, {"ticket_id": "T2", column: value})
    shop.land(f"{entity}_20251119.csv", rows)
    report = shop.ingest("cashmere", entity)
    assert (report.rows_loaded, report.rows_quarantined) == (1, 1)
    assert shop.faults() == [(3, "NUM_RANGE", column)]


def test_a_key_that_identifies_nobody_is_quarantined(shop: Shop) -> None:
    """Customer 0 would have no key, and stop staging for ever."""
    contract = load_contracts()["magento", "customer_entity"]
    shop.land("customer_entity_20251119.csv", export(contract, {}, {"entity_id": "0"}))
    assert shop.ingest("magento", "customer_entity").rows_loaded == 1
    assert shop.faults() == [(3, "REQUIRED_MISSING", "entity_id")]


def staged_types() -> dict[tuple[str, str], str]:
    """What staging casts each column of a contract to, as far as it is a number, from its SQL."""
    import re

    number = re.compile(
        r"cast\(-?(?:cast\()?(?:coalesce\()?(\w+)(?:, '0'\))? as "
        r"(decimal\(\d+, \d+\)|\{\{ dbt\.type_int\(\) \}\})"
    )
    found: dict[tuple[str, str], str] = {}
    for contract in CONTRACTS:
        model = f"stg_{contract.source}__{contract.entity}.sql"
        sql = (PROJECT_ROOT / "models" / "staging" / contract.source / model).read_text()
        for column, kind in number.findall(sql):
            found[contract.table, column] = kind
    return found


def test_every_number_of_a_contract_fits_the_type_that_staging_casts_it_to() -> None:
    kinds = staged_types()
    looked_at = 0
    for contract in CONTRACTS:
        for name, column in contract.columns.items():
            kind = kinds.get((contract.table, name))
            if column.type not in ("integer", "decimal") or kind is None:
                continue
            looked_at += 1
            low, high = column.bounds
            if "type_int" in kind:
                assert -(2**31) <= low <= high < 2**31, (contract.table, name)
            else:
                precision, scale = map(int, kind[8:-1].split(", "))
                assert max(-low, high) < 10 ** (precision - scale), (contract.table, name, kind)
    assert looked_at > 30
