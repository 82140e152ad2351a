"""What a gate says, and what it lets through."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from installation import Installation

from orchestration.assets.names import groups, models_of, node_key, raw_sources
from orchestration.checks.files import FileLine, faults_of, idle_entities
from orchestration.checks.frames import fetch_frame
from orchestration.checks.judge import frame_table, judge
from orchestration.checks.suites import FOLDER, InvalidSuite, Suite, has_suite, read_suite
from orchestration.checks.validation import Failure, validate
from orchestration.project import load_manifest
from orchestration.resources.landing import shown_name


def suite(*expectations: dict, key: str = "order_id") -> Suite:
    return Suite("staging", "orders", {"meta": {"key": [key]}, "expectations": list(expectations)})


def expectation(kind: str, **arguments: object) -> dict:
    return {"type": kind, "kwargs": arguments, "meta": {"remedy": "Send the file again."}}


def failures(held: Suite, frame: pd.DataFrame) -> list[Failure]:
    return validate(held, frame_table(held.name, frame), len(frame))


def test_a_failure_names_expectation_rows_example_and_remedy() -> None:
    frame = pd.DataFrame({"order_id": ["a", "b", "c"], "amount": [1.0, -5.0, -6.0]})
    rule = expectation("expect_column_values_to_be_between", column="amount", min_value=0)
    (failure,) = failures(suite(rule), frame)
    text = "expect_column_values_to_be_between(amount) fails on 2 of 3 rows, for example order_id=b"
    assert str(failure) == f"{text}. Send the file again."


def test_a_failure_holds_no_value_of_a_personal_column() -> None:
    frame = pd.DataFrame({"order_id": ["a"], "email": ["ada@example.com"]})
    rule = expectation("expect_column_values_to_match_regex", column="email", regex="^v1_")
    (failure,) = failures(suite(rule), frame)
    assert "ada" not in repr(failure)
    assert failure.example_key == {"order_id": "a"}


def test_a_failing_total_says_what_was_found() -> None:
    frame = pd.DataFrame({"order_id": ["a"], "amount": [3.5]})
    rule = expectation("expect_column_sum_to_be_between", column="amount", min_value=0, max_value=0)
    (failure,) = failures(suite(rule), frame)
    assert "found 3.5, expected max_value 0" in str(failure)


def test_a_missing_column_fails_instead_of_passing_by() -> None:
    rule = expectation("expect_column_values_to_not_be_null", column="lost")
    (failure,) = failures(suite(rule), pd.DataFrame({"order_id": ["a"]}))
    assert "lost" in str(failure)


def test_failures_come_in_the_order_of_the_suite() -> None:
    frame = pd.DataFrame({"order_id": ["a", None], "amount": [1.0, -5.0]})
    found = failures(
        suite(
            expectation("expect_column_values_to_be_between", column="amount", min_value=0),
            expectation("expect_column_values_to_not_be_null", column="lost"),
            expectation("expect_column_values_to_not_be_null", column="amount"),
            expectation("expect_column_values_to_not_be_null", column="order_id"),
        ),
        frame,
    )
    assert [failure.arguments["column"] for failure in found] == ["amount", "lost", "order_id"]


def test_a_key_that_should_be_a_pseudonym_and_is_none_is_not_shown() -> None:
    frame = pd.DataFrame({"card_key": ["ada@example.com"], "line": [7], "amount": [-1.0]})
    rules = (
        expectation("expect_column_values_to_match_regex", column="card_key", regex="^v1_"),
        expectation("expect_column_values_to_be_between", column="amount", min_value=0),
    )
    held = Suite("s", "t", {"meta": {"key": ["card_key", "line"]}, "expectations": list(rules)})
    for failure in failures(held, frame):
        assert failure.example_key == {"card_key": "(not shown)", "line": "7"}


def test_the_short_way_to_a_verdict_gives_what_the_public_way_gives() -> None:
    """Watches the private parts of Great Expectations that the judge uses."""
    import great_expectations as gx

    frame = pd.DataFrame(
        {
            "order_id": ["a", "b", "c", "d"],
            "amount": [1.0, -5.0, 3.0, None],
            "limit_amount": [2.0, 2.0, 2.0, 2.0],
            "state": ["new", "old", None, "new"],
        }
    )
    rules = [
        expectation("expect_table_row_count_to_be_between", min_value=5),
        expectation("expect_column_sum_to_be_between", column="amount", max_value=0),
        expectation("expect_column_values_to_be_between", column="amount", min_value=0, mostly=0.6),
        expectation("expect_column_values_to_be_in_set", column="state", value_set=["new"]),
        expectation("expect_column_values_to_match_regex", column="state", regex="^new$"),
        expectation("expect_column_values_to_not_match_regex", column="state", regex="ol"),
        expectation("expect_column_values_to_not_be_null", column="state"),
        expectation(
            "expect_column_pair_values_a_to_be_greater_than_b",
            column_A="limit_amount", column_B="amount", ignore_row_if="either_value_is_missing",
        ),
        expectation("expect_column_values_to_not_be_null", column="lost"),
    ]  # fmt: skip
    told: dict[str, Any] = {
        "result_format": "SUMMARY",
        "unexpected_index_column_names": ["order_id"],
        "exclude_unexpected_values": True,
    }
    context: Any = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("orders")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    public = batch.validate(gx.ExpectationSuite(name="s", expectations=rules), result_format=told)
    short = judge(frame_table("orders", frame), rules, told)

    def content(results: list[Any]) -> list[tuple[str, str, bool, dict]]:
        kinds = [(one.expectation_config, one) for one in results]
        return sorted(
            (kind.type, str(kind.kwargs.get("column")), one.success, one.result)
            for kind, one in kinds
        )

    assert content(short) == content(public.results)
    assert {one.success for one in short} == {True, False}


def test_importing_the_judge_leaves_charts_and_statistics_for_who_needs_them() -> None:
    program = """
import sys
from orchestration.checks.judge import prepare
prepare()
assert not {"altair", "scipy.stats"} & set(sys.modules), "imported although nobody asked"
import altair
from scipy import stats
assert altair.Chart and stats.norm
from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as user
assert user.alt.Chart is altair.Chart and user.stats.entropy is stats.entropy
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(FOLDER.parent)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_columns_arrive_in_types_that_are_evaluated_as_columns(tmp_path: Path) -> None:
    file = tmp_path / "build.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.t as select 1::smallint as n, 1.50::decimal(18, 2) as amount, "
            "date '9999-12-31' as day, 'a' as name, 1 as unread"
        )
    frame = fetch_frame(file, "marts", "t", ["n", "amount", "day", "name", "lost"])
    assert list(frame.columns) == ["n", "amount", "day", "name"]
    assert [str(kind) for kind in frame.dtypes] == ["int64", "float64", "datetime64[us]", "str"]


def test_only_named_columns_are_fetched() -> None:
    rules = (
        expectation("expect_column_values_to_not_be_null", column="amount"),
        expectation("expect_column_pair_values_to_be_equal", column_A="amount", column_B="net"),
    )
    assert suite(*rules).columns == ["order_id", "amount", "net"]


def tables_of(manifest: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Every table of every gated layer."""
    sources = [table for tables in raw_sources(manifest).values() for table in tables]
    models = [model for group in groups(manifest) for model in models_of(manifest, group)]
    return {(node["schema"], node_key(node).path[1]) for node in [*sources, *models]}


def is_shown(manifest: Mapping[str, Any], model: Mapping[str, Any]) -> bool:
    """Whether anybody outside the model's own layer reads it; intermediate steps are private."""
    if model["name"].startswith("int_"):
        return False
    if model["schema"] == "marts":
        return True
    children = (manifest["nodes"].get(name) for name in manifest["child_map"][model["unique_id"]])
    readers = [child for child in children if child and child["resource_type"] == "model"]
    return any(reader["schema"] != model["schema"] for reader in readers)


def test_every_table_that_a_layer_shows_has_a_suite(home: Installation) -> None:
    manifest = load_manifest(home.settings)
    gated = [group for group in groups(manifest) if group not in ("reference", "staging_habitue")]
    models = [model for group in gated for model in models_of(manifest, group)]
    shown = [(model["schema"], model["name"]) for model in models if is_shown(manifest, model)]
    shown += [key for key in tables_of(manifest) if key[0] == "raw"]
    assert len(shown) > 40
    assert [key for key in shown if not has_suite(*key)] == []


def test_no_suite_is_left_without_its_table(home: Installation) -> None:
    suites = {(path.parent.name, path.stem) for path in FOLDER.rglob("*.json")}
    assert suites <= tables_of(load_manifest(home.settings))


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.json")), ids=lambda path: path.stem)
def test_a_suite_can_be_used(path: Path) -> None:
    found = read_suite(path.parent.name, path.stem)
    assert found.expectations
    assert found.content["name"] == f"{path.parent.name}.{path.stem}"


def test_a_suite_without_remedy_is_refused(tmp_path: Path) -> None:
    content = {"meta": {"key": ["id"]}, "expectations": [{"type": "expect_x", "kwargs": {}}]}
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "things.json").write_text(json.dumps(content))
    with pytest.raises(InvalidSuite, match=r"expect_x lacks meta\.remedy"):
        read_suite("raw", "things", tmp_path)


def line(**changed: object) -> FileLine:
    values = {
        "name": "tickets_20260301.csv", "state": "loaded", "reason": None, "rows_seen": 100,
        "rows_loaded": 100, "rows_quarantined": 0, "rows_exact_duplicate": 0, "rows_in_table": 100,
    }  # fmt: skip
    return FileLine(**{**values, **changed})  # pyright: ignore[reportArgumentType]


def test_a_file_whose_rows_add_up_passes(tmp_path: Path) -> None:
    assert list(faults_of(line(), tmp_path, 0.1)) == []


def test_a_row_that_is_not_accounted_for_fails(tmp_path: Path) -> None:
    (fault,) = faults_of(line(rows_seen=101), tmp_path, 0.1)
    assert "101 rows seen, 100 accounted for" in fault


def test_a_line_that_nothing_explains_fails(tmp_path: Path) -> None:
    counted = {"physical_lines": 104, "continuation_lines": 2, "blank_lines": 1}
    assert list(faults_of(line(**counted), tmp_path, 0.1)) == []
    (fault,) = faults_of(line(**{**counted, "physical_lines": 105}), tmp_path, 0.1)
    assert "105 physical lines, 104 explained" in fault


def test_a_row_that_left_the_raw_table_fails(tmp_path: Path) -> None:
    (fault,) = faults_of(line(rows_in_table=99), tmp_path, 0.1)
    assert "100 rows loaded, 99 in the raw table" in fault


def test_more_than_a_tenth_of_a_file_in_quarantine_fails(tmp_path: Path) -> None:
    (fault,) = faults_of(line(rows_loaded=89, rows_in_table=89, rows_quarantined=11), tmp_path, 0.1)
    assert "11 of 100 rows (11.0%) are quarantined" in fault
    assert "HABITUE_QUARANTINE_LIMIT" in fault
    passing = line(rows_loaded=90, rows_in_table=90, rows_quarantined=10)
    assert list(faults_of(passing, tmp_path, 0.1)) == []
    assert len(list(faults_of(passing, tmp_path, 0.05))) == 1


def test_rows_that_were_corrected_since_are_no_rows_in_quarantine(tmp_path: Path) -> None:
    mended = line(rows_loaded=89, rows_in_table=89, rows_quarantined=11, rows_corrected=1)
    assert list(faults_of(mended, tmp_path, 0.1)) == []


def test_a_small_file_may_be_mostly_quarantined(tmp_path: Path) -> None:
    small = line(rows_seen=20, rows_loaded=5, rows_in_table=5, rows_quarantined=15)
    assert list(faults_of(small, tmp_path, 0.1)) == []


def test_a_refused_file_counts_until_it_is_taken_away(tmp_path: Path) -> None:
    refused = line(state="refused", reason="tickets_20260301.csv: EMPTY_FILE: send it again")
    assert list(faults_of(refused, tmp_path, 0.1)) == []
    (tmp_path / "tickets_20260301.csv").touch()
    (fault,) = faults_of(refused, tmp_path, 0.1)
    assert "EMPTY_FILE" in fault


@pytest.mark.parametrize(
    "name", ["tickets_20260301.csv\n", "tickets_\u00e9.csv", "x" * 200, "lea@example.com.csv"]
)
def test_a_refused_file_is_found_by_the_name_under_which_it_is_shown(
    tmp_path: Path, name: str
) -> None:
    """Escaped, cut and masked, as the ledger has it."""
    refused = line(name=shown_name(name), state="refused", reason="NAME")
    assert list(faults_of(refused, tmp_path, 0.1)) == []
    (tmp_path / name).touch()
    assert len(list(faults_of(refused, tmp_path, 0.1))) == 1


class Ledger:
    """A session that knows how many rows were seen of each entity."""

    def __init__(self, **rows_seen: int) -> None:
        self.rows_seen = rows_seen

    def execute(self, _sql: str, _parameters: Sequence[object] = ()) -> list[tuple[str, int]]:
        return list(self.rows_seen.items())


def test_a_shop_that_has_not_sold_yet_may_send_empty_exports() -> None:
    ledger = Ledger(store=1, catalog_product_entity=9, sales_order=0, sales_order_item=0)
    assert idle_entities(ledger, "magento") == {"sales_order", "sales_order_item"}  # pyright: ignore[reportArgumentType]


def test_lines_without_a_row_beside_orders_with_rows_are_judged() -> None:
    ledger = Ledger(store=1, sales_order=5, sales_order_item=0)
    assert idle_entities(ledger, "magento") == frozenset()  # pyright: ignore[reportArgumentType]
