"""Jobs, schedules, sensor and freshness, without running anything."""

from datetime import date

import dagster as dg
import pytest
from installation import Installation

from orchestration.checks.freshness import judge
from orchestration.resources.lease import hold_lease
from orchestration.settings import Settings


@pytest.fixture(scope="module")
def definitions(home: Installation) -> dg.Definitions:
    """The definitions of the shared installation."""
    return definitions_of(home.settings)


@pytest.fixture
def fresh(home: Installation, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The shared project with an empty home of its own."""
    folder = tmp_path_factory.mktemp("fresh")
    (folder / "landing" / "cashmere").mkdir(parents=True)
    (folder / "landing" / "magento").mkdir(parents=True)
    (folder / "dbt").symlink_to(home.settings.home / "dbt")
    return home.settings.model_copy(update={"home": folder})


def definitions_of(settings: Settings) -> dg.Definitions:
    """Imported late: the module needs a manifest, which the fixtures make."""
    from orchestration.definitions import build_definitions

    return build_definitions(settings)


def land(settings: Settings, source: str, name: str) -> None:
    path = settings.landing_folder / source / name
    path.write_text("header\n")
    path.with_name(name + ".done").touch()


def look(settings: Settings) -> tuple[list[dg.RunRequest], str]:
    found = definitions_of(settings)
    sensor = found.get_sensor_def("landing")
    data = sensor.evaluate_tick(dg.build_sensor_context(definitions=found))
    return [*(data.run_requests or [])], data.skip_message or ""


def test_the_groups_are_the_layers_and_sources(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    found = {graph.get(key).group_name for key in graph.get_all_asset_keys()}
    assert found == {
        "landing", "raw_magento", "raw_cashmere", "ops", "reference",
        "staging_magento", "staging_cashmere", "staging_habitue",
        "unified", "golden_customer", "enriched", "marts", "published",
    }  # fmt: skip


def test_every_asset_is_described_and_owned(definitions: dg.Definitions) -> None:
    specs = definitions.resolve_all_asset_specs()
    bare = [spec.key for spec in specs if not spec.description or not spec.owners]
    assert [key for key in bare if key.path != ["ops", "golden_keys"]] == []


def test_a_mart_links_to_its_sql(definitions: dg.Definitions) -> None:
    specs = {spec.key: spec for spec in definitions.resolve_all_asset_specs()}
    metadata = specs[dg.AssetKey(["marts", "rfm_scores"])].metadata
    (reference,) = metadata["dagster/code_references"].code_references[:1]
    assert str(reference.file_path).endswith("models/marts/segmentation/rfm_scores.sql")


def test_a_sources_job_stops_before_the_sources_meet(definitions: dg.Definitions) -> None:
    steps = set(definitions.resolve_job_def("magento").graph.node_names())
    assert {"raw__magento_sales_order", "staging_magento", "gate_staging_magento"} <= steps
    assert not [step for step in steps if "cashmere" in step or step == "unified"]


def test_the_staging_of_a_source_waits_for_no_other_source(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for node in graph.asset_nodes:
        if node.group_name in ("staging_cashmere", "staging_magento"):
            own = node.group_name.replace("staging", "raw")
            before = {graph.get(key).group_name for key in graph.get_ancestor_asset_keys(node.key)}
            assert before <= {own, own.replace("raw", "staging"), "landing", "reference"}, node.key


def test_the_whole_job_holds_every_gate(definitions: dg.Definitions) -> None:
    steps = set(definitions.resolve_job_def("everything").graph.node_names())
    assert {step for step in steps if step.startswith("gate_")} == {
        "gate_raw_magento", "gate_raw_cashmere", "gate_staging_magento", "gate_staging_cashmere",
        "gate_unified", "gate_golden_customer", "gate_enriched", "gate_marts",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "cron"), [("nightly", "0 2 * * *"), ("four_times_a_day", "0 0,6,12,18 * * *")]
)
def test_schedules_run_everything_in_the_projects_time_zone(
    definitions: dg.Definitions, name: str, cron: str
) -> None:
    schedule = definitions.get_schedule_def(name)
    assert schedule.cron_schedule == cron
    assert schedule.execution_timezone == "Europe/Paris"
    assert schedule.job_name == "everything"
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED


def test_the_sensor_starts_the_source_whose_files_landed(fresh: Settings) -> None:
    land(fresh, "cashmere", "tickets_20260301.csv")
    (request,), _ = look(fresh)
    assert request.job_name == "cashmere"


def test_the_sensor_starts_everything_when_both_sources_landed(fresh: Settings) -> None:
    land(fresh, "cashmere", "tickets_20260301.csv")
    land(fresh, "magento", "store_20260301.csv")
    (request,), _ = look(fresh)
    assert request.job_name == "everything"


def test_the_same_files_start_one_run_and_new_ones_another(fresh: Settings) -> None:
    land(fresh, "cashmere", "tickets_20260301.csv")
    (first,), _ = look(fresh)
    (again,), _ = look(fresh)
    land(fresh, "cashmere", "tickets_20260302.csv")
    (new,), _ = look(fresh)
    assert first.run_key == again.run_key
    assert new.run_key != first.run_key


def test_the_sensor_waits_while_nothing_landed(fresh: Settings) -> None:
    requests, message = look(fresh)
    assert requests == []
    assert "nothing new" in message


def test_the_sensor_waits_while_a_run_is_active(fresh: Settings) -> None:
    land(fresh, "cashmere", "tickets_20260301.csv")
    with hold_lease(fresh.home, "run-1"):
        requests, message = look(fresh)
    assert requests == []
    assert "run-1" in message


def test_old_data_is_a_warning_that_says_how_old() -> None:
    result = judge(date(2026, 3, 1), date(2026, 3, 5))
    assert not result.passed
    assert result.severity == dg.AssetCheckSeverity.WARN
    assert "2026-03-01, 4 days ago" in (result.description or "")


def test_a_last_day_ahead_of_today_is_a_warning_that_says_what_to_do() -> None:
    result = judge(date(2026, 3, 9), date(2026, 3, 5))
    assert not result.passed
    assert "2026-03-09, 4 days ahead: correct the document" in (result.description or "")


def test_data_of_the_day_before_yesterday_is_fresh() -> None:
    assert judge(date(2026, 3, 1), date(2026, 3, 3)).passed
