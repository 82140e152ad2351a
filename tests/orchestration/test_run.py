"""What a run does: publish when every gate passes, stop where one fails, carry on from there."""

import re
from pathlib import Path

import duckdb
from installation import REFUSED, Failure, FirstRun

from orchestration.settings import Settings


def test_a_run_ends_with_what_was_loaded_and_the_headline(first_run: FirstRun) -> None:
    for expected in ("Loaded", "Quarantine", "Gates      8 of 8", "Net sales (EUR", "Open"):
        assert expected in first_run.output
    customers = first_run.home.published("select count(*) from golden_customer.golden_customers")
    assert f"│ {customers[0][0]} " in first_run.output


def test_every_step_says_what_it_made(first_run: FirstRun) -> None:
    lines = [line for line in first_run.output.splitlines() if "raw.magento_sales_order " in line]
    assert "26 rows" in lines[0]


def test_the_report_says_where_the_time_went(first_run: FirstRun) -> None:
    report = first_run.report
    assert report["seconds"] > report["fixed_seconds"] > 0
    assert report["spent_seconds"]["sql"] > 0


def test_what_is_in_doubt_is_told_by_the_run_its_report_and_the_status(
    first_run: FirstRun,
) -> None:
    told = first_run.report["warnings"]
    assert any(text.startswith("SCHEMA_DRIFT: cashmere employees") for text in told)
    for text in told:
        assert text in first_run.output
        assert text in first_run.status


def test_nothing_that_a_run_makes_can_be_reached_by_others(first_run: FirstRun) -> None:
    modes = first_run.modes
    assert {"published/habitue.duckdb", "habitue.log", "last_run.json", "dagster"} <= set(modes)
    assert {name for name, mode in modes.items() if mode not in (0o600, 0o700)} == set()
    assert modes["published/habitue.duckdb"] == 0o600
    assert modes["published"] == 0o700


def test_intermediate_tables_are_not_published(first_run: FirstRun) -> None:
    assert "golden_customer.golden_customers" in first_run.hashes
    assert not [name for name in first_run.hashes if ".int_" in name]


def test_no_log_lies_beside_the_published_file(first_run: FirstRun) -> None:
    folder = first_run.home.settings.published_file.parent
    assert [path.name for path in folder.iterdir()] == ["habitue.duckdb"]


def test_bi_clients_of_older_duckdb_can_read_the_file(first_run: FirstRun) -> None:
    with duckdb.connect() as connection:
        file = first_run.home.settings.published_file
        connection.execute(f"attach '{file}' as published (read_only)")
        tags = connection.execute(
            "select tags['storage_version'] from duckdb_databases() where database_name = ?",
            ["published"],
        ).fetchall()
    assert "v1.2" in tags[0][0]


def test_given_golden_keys_are_remembered_by_both_files(first_run: FirstRun) -> None:
    sql = "select customer_key, event, publication_number from ops.golden_keys order by all"
    assert first_run.home.built(sql) == first_run.home.published(sql)
    keys = first_run.home.published("select count(*) from golden_customer.golden_customers")
    assert len(first_run.home.built(sql)) == keys[0][0]


def test_a_refused_file_fails_the_run_and_says_what_to_do(failure: Failure) -> None:
    assert not failure.success
    assert f"raw.cashmere_tickets: {REFUSED}: HEADER_MISSING" in failure.output
    assert f"take {REFUSED} out of" in failure.output


def test_the_other_source_goes_on_to_where_they_meet(failure: Failure) -> None:
    assert failure.steps["gate_raw_cashmere"] == "failed"
    assert failure.steps["gate_staging_magento"] == "done"
    assert not {"staging_cashmere", "unified", "published__habitue"} & failure.steps.keys()
    (line,) = re.findall(r"Not run because of that:(.*)", failure.output.replace("\n", " "))
    places = [line.index(f" {name}") for name in ("staging_cashmere", "unified", "marts")]
    assert places == sorted(places)


def test_what_was_published_stays_and_its_age_is_said(failure: Failure) -> None:
    assert failure.published_bytes_are_the_same
    assert re.search(r"Still served: what was published \d+ (min|h) ago", failure.output)


def test_a_failed_run_is_carried_on_from_the_failed_step(failure: Failure) -> None:
    assert failure.mended_success
    assert "gate_raw_cashmere" in failure.mended_steps
    assert "published__habitue" in failure.mended_steps
    assert "staging_magento" not in failure.mended_steps


def test_publishing_the_same_data_again_changes_no_row(
    first_run: FirstRun, failure: Failure
) -> None:
    assert failure.mended_success
    assert first_run.home.hashes() == first_run.hashes
    runs = first_run.home.published("select distinct run_id from ops.publication")
    assert len(runs) == 1


def test_a_reader_keeps_the_file_it_opened(first_run: FirstRun, failure: Failure) -> None:
    rows = first_run.home.published("select count(*) from golden_customer.golden_customers")
    assert failure.reader_rows == rows


def test_the_ui_can_tell_where_a_run_came_from(first_run: FirstRun) -> None:
    from orchestration.instance import open_instance

    with open_instance(first_run.home.settings) as instance:
        origins = [run.remote_job_origin for run in instance.get_runs()]
    assert origins[-1] is not None
    assert origins[-1].location_name == "orchestration.definitions"


def test_column_lineage_and_rows_stand_at_a_mart(first_run: FirstRun) -> None:
    import dagster as dg

    from orchestration.instance import open_instance

    with open_instance(first_run.home.settings) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["marts", "rfm_scores"]))
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    assert metadata["dagster/row_count"].value
    lineage = metadata["dagster/column_lineage"].value
    assert isinstance(lineage, dg.TableColumnLineage)
    parents = {dep.column_name for dep in lineage.deps_by_column["last_order_date"]}
    assert "last_order_date" in parents


def test_dbt_tests_show_as_asset_checks(first_run: FirstRun) -> None:
    import dagster as dg

    from orchestration.instance import open_instance

    with open_instance(first_run.home.settings) as instance:
        events = instance.all_logs(
            instance.get_runs()[-1].run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
        )
    names = {(entry.get_dagster_event().asset_check_evaluation_data.check_name) for entry in events}
    assert "no_line_is_lost" in names, "a test of several models belongs to the last of them"
    assert len(names) > 100


def test_no_personal_data_in_what_the_orchestrator_keeps(
    first_run: FirstRun, failure: Failure
) -> None:
    del failure
    addresses = _sample_addresses(first_run.home.settings)
    kept = [first_run.home.settings.dagster_home, first_run.home.settings.dbt_target]
    files = [path for folder in kept for path in folder.rglob("*") if path.is_file()]
    files += [first_run.home.settings.published_file, first_run.home.settings.home / "habitue.log"]
    for path in files:
        content = path.read_bytes()
        assert not [text for text in addresses if text.encode() in content], path


def _sample_addresses(settings: Settings) -> set[str]:
    path = next(Path(settings.landing_folder, "magento").glob("customer_entity_*.csv"))
    words = path.read_text(encoding="utf-8").replace(",", " ").split()
    found = {word.strip('"') for word in words if "@" in word and "." in word}
    assert found
    return found
