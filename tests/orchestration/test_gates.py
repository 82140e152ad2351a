"""What a gate says, and what it lets through."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from installation import Installation

from orchestration.assets.names import groups, models_of, node_key, raw_sources
from orchestration.checks.files import FileLine, faults_of
from orchestration.checks.suites import FOLDER, InvalidSuite, Suite, has_suite, read_suite
from orchestration.checks.validation import validate
from orchestration.project import load_manifest


def suite(*expectations: dict, key: str = "order_id") -> Suite:
    return Suite("staging", "orders", {"meta": {"key": [key]}, "expectations": list(expectations)})


def expectation(kind: str, **arguments: object) -> dict:
    return {"type": kind, "kwargs": arguments, "meta": {"remedy": "Send the file again."}}


def test_a_failure_names_expectation_rows_example_and_remedy() -> None:
    frame = pd.DataFrame({"order_id": ["a", "b", "c"], "amount": [1.0, -5.0, -6.0]})
    rule = expectation("expect_column_values_to_be_between", column="amount", min_value=0)
    (failure,) = validate(suite(rule), frame)
    text = "expect_column_values_to_be_between(amount) fails on 2 of 3 rows, for example order_id=b"
    assert str(failure) == f"{text}. Send the file again."


def test_a_failure_holds_no_value_of_a_personal_column() -> None:
    frame = pd.DataFrame({"order_id": ["a"], "email": ["ada@example.com"]})
    rule = expectation("expect_column_values_to_match_regex", column="email", regex="^v1_")
    (failure,) = validate(suite(rule), frame)
    assert "ada" not in repr(failure)
    assert failure.example_key == {"order_id": "a"}


def test_a_failing_total_says_what_was_found() -> None:
    frame = pd.DataFrame({"order_id": ["a"], "amount": [3.5]})
    rule = expectation("expect_column_sum_to_be_between", column="amount", min_value=0, max_value=0)
    (failure,) = validate(suite(rule), frame)
    assert "found 3.5, expected max_value 0" in str(failure)


def test_a_missing_column_fails_instead_of_passing_by() -> None:
    rule = expectation("expect_column_values_to_not_be_null", column="lost")
    (failure,) = validate(suite(rule), pd.DataFrame({"order_id": ["a"]}))
    assert "lost" in str(failure)


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
    assert list(faults_of(line(), tmp_path)) == []


def test_a_row_that_is_not_accounted_for_fails(tmp_path: Path) -> None:
    (fault,) = faults_of(line(rows_seen=101), tmp_path)
    assert "101 rows seen, 100 accounted for" in fault


def test_a_row_that_left_the_raw_table_fails(tmp_path: Path) -> None:
    (fault,) = faults_of(line(rows_in_table=99), tmp_path)
    assert "100 rows loaded, 99 in the raw table" in fault


def test_more_than_a_tenth_of_a_file_in_quarantine_fails(tmp_path: Path) -> None:
    (fault,) = faults_of(line(rows_loaded=89, rows_in_table=89, rows_quarantined=11), tmp_path)
    assert "11 of 100 rows (11.0%) are quarantined" in fault
    passing = line(rows_loaded=90, rows_in_table=90, rows_quarantined=10)
    assert list(faults_of(passing, tmp_path)) == []


def test_a_small_file_may_be_mostly_quarantined(tmp_path: Path) -> None:
    small = line(rows_seen=20, rows_loaded=5, rows_in_table=5, rows_quarantined=15)
    assert list(faults_of(small, tmp_path)) == []


def test_a_refused_file_counts_until_it_is_taken_away(tmp_path: Path) -> None:
    refused = line(state="refused", reason="tickets_20260301.csv: EMPTY_FILE: send it again")
    assert list(faults_of(refused, tmp_path)) == []
    (tmp_path / "tickets_20260301.csv").touch()
    (fault,) = faults_of(refused, tmp_path)
    assert "EMPTY_FILE" in fault
