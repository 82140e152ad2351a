"""What the marts say, against what the generator knows and what plain Python counts."""

import csv
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from itertools import combinations
from pathlib import Path

import pytest
from oracle import sales
from pipeline.home import Home

from orchestration.ingest.pseudonym import Pseudonymiser

SALES_BY_STORE_MONTH = """
    select
        split_part(store_key, ':', 1), split_part(store_key, ':', 2),
        strftime(sales_date, '%Y-%m'),
        cast(sum(order_count) as integer),
        sum(purchased_unit_count - returned_unit_count),
        sum(net_amount)
    from marts.sales_daily
    group by all
    having sum(order_count) <> 0 or sum(net_amount) <> 0
        or sum(purchased_unit_count - returned_unit_count) <> 0
"""


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def served_sales(home: Home) -> dict[tuple[str, ...], tuple[object, ...]]:
    return {tuple(row[:3]): tuple(row[3:]) for row in home.rows(SALES_BY_STORE_MONTH)}


def true_sales(folder: Path) -> dict[tuple[str, ...], tuple[object, ...]]:
    """What the generator says it drew, in its folder of truths; empty months left out."""
    truth = {
        (row["source"], row["store"], row["month"]): (
            int(row["orders"]),
            Decimal(row["units"]),
            Decimal(row["net_sales"]),
        )
        for row in read(folder / "sales_by_store_month.csv")
    }
    empty = (0, Decimal(0), Decimal(0))
    return {key: row for key, row in truth.items() if row != empty}


def test_orders_units_and_net_sales_agree_with_the_generator_by_store_and_month(
    loaded: Home, generated: Path
) -> None:
    assert served_sales(loaded) == true_sales(generated / "truth")


def test_orders_units_and_net_sales_agree_with_an_independent_calculator(
    loaded: Home, generated: Path
) -> None:
    counted = {
        key: (figures.orders, figures.units, figures.net_sales)
        for key, figures in sales(generated / "landing").items()
    }
    assert served_sales(loaded) == counted


def test_every_planted_dirty_row_is_quarantined_for_its_reason_and_no_other_row(
    loaded: Home, generated: Path
) -> None:
    planted = {
        (row["source"], row["entity"], row["file_name"], int(row["line_no"]), row["reason_code"])
        for row in read(generated / "truth" / "dirty_rows.csv")
    }
    quarantined = loaded.private_rows(
        "select source, entity, file_name, line_no, reason_code from ops.quarantine"
    )
    assert planted
    assert set(quarantined) == planted
    assert len(quarantined) == len(planted)


def test_every_row_of_every_file_is_accounted_for(loaded: Home, generated: Path) -> None:
    lines = loaded.private_rows(
        "select file_name, state, sha256, rows_loaded + rows_quarantined + rows_exact_duplicate"
        " from ops.files"
    )
    ledger = {name: rows for name, state, _, rows in lines if state == "loaded"}
    again = {name: sha256 for name, state, sha256, _ in lines if state == "duplicate"}
    truth = {
        row["file_name"]: int(row["rows"]) for row in read(generated / "truth/rows_by_file.csv")
    }
    assert {name: truth[name] for name in ledger} == ledger
    # Days of the same bytes, such as those without a row, count once; every other file was loaded.
    assert ledger.keys() | again.keys() == truth.keys()
    loaded_bytes = {sha256 for _, state, sha256, _ in lines if state == "loaded"}
    assert set(again.values()) <= loaded_bytes


@pytest.fixture(scope="module")
def persons_by_source_customer(loaded: Home, generated: Path) -> dict[str, set[str]]:
    key_file = loaded.folder / "secrets" / "pseudonym.key"
    pseudonyms = Pseudonymiser(key_file.read_bytes().strip())
    rows = read(generated / "truth" / "people.csv")
    persons: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        identifier = row["identifier"]
        if row["kind"] == "customer":
            key = f"magento:{pseudonyms.of('magento_customer', identifier)}"
        elif row["kind"] == "card":
            key = f"cashmere:{pseudonyms.of('card', identifier)}:{row['valid_from']}"
        else:
            key = f"magento:guest:{pseudonyms.of('email', identifier)}"
        persons[key].add(row["person_id"])
    return dict(persons)


def test_no_two_persons_are_merged_and_most_of_one_persons_records_are(
    loaded: Home,
    persons_by_source_customer: dict[str, set[str]],
    record_property: Callable[[str, object], None],
) -> None:
    persons = persons_by_source_customer
    golden = dict(
        loaded.rows(
            "select source_customer_key, customer_key from golden_customer.customer_identities"
        )
    )
    known = [key for key in golden if key in persons]
    pairs = list(combinations(known, 2))
    same_person = {pair for pair in pairs if persons[pair[0]] & persons[pair[1]]}
    merged = {pair for pair in pairs if golden[pair[0]] == golden[pair[1]]}
    recall = len(merged & same_person) / len(same_person)
    record_property("recall", round(recall, 3))
    assert merged
    assert merged <= same_person, "two persons were merged"
    # What stays apart was planted to: mistyped addresses, records without any shared key.
    assert recall > 0.8


def test_source_customers_are_those_of_the_truth(
    loaded: Home, persons_by_source_customer: dict[str, set[str]]
) -> None:
    served = {
        key
        for (key,) in loaded.rows(
            "select source_customer_key from golden_customer.customer_identities"
        )
    }
    assert served == set(persons_by_source_customer)
