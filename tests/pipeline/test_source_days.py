"""As-of of random histories: the models' SQL against a few lines of plain Python (D5)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.ingest.contract import load_contracts
from orchestration.project import dbt_vars
from orchestration.settings import PROJECT_ROOT, Settings

MODELS = ("stg_habitue__exports", "int_source_days", "int_as_of")
PARIS = ZoneInfo("Europe/Paris")
# How the sources of this test name their exports; the last one is no source of ours.
ZONES = {"magento": ZoneInfo("UTC"), "cashmere": PARIS, "old_tills": PARIS}
STORES = ("Europe/Paris", "Atlantic/Canary", "America/New_York", "Asia/Tokyo")
ENTITIES = ("tickets", "ticket_lines", "sales_order", "sales_order_item", "products")
SILENCE = timedelta(days=7)
NOON = datetime(2024, 4, 12, 12)  # when every file was taken, UTC


@dataclass(frozen=True)
class Document:
    """A document as its source dates it."""

    source: str
    moment: datetime
    store: str
    has_lines: bool
    is_held: bool

    @property
    def local_day(self) -> date:
        return self.moment.astimezone(ZoneInfo(self.store)).date()

    @property
    def day(self) -> date:
        """The day that it shows."""
        return min(self.local_day, self.moment.astimezone(PARIS).date())


@dataclass(frozen=True)
class Export:
    """A file that was taken, named in its source's own time."""

    source: str
    entity: str
    name: datetime
    state: str

    @property
    def moment(self) -> datetime:
        return self.name.replace(tzinfo=ZONES[self.source]).astimezone(UTC)


# Around the night of 31 March 2024, when clocks in Europe went forward.
moments = st.datetimes(datetime(2024, 3, 18), datetime(2024, 4, 12))
documents = st.builds(
    Document,
    st.sampled_from(sorted(ZONES)),
    moments.map(lambda moment: moment.replace(microsecond=0, tzinfo=UTC)),
    st.sampled_from(STORES),
    st.sampled_from((True, True, True, False)),
    st.sampled_from((False, False, False, True)),
)
names = moments.map(lambda moment: moment.replace(second=0, microsecond=0)) | moments.map(
    lambda moment: moment.replace(hour=0, minute=0, second=0, microsecond=0)
)
exports = st.builds(
    Export,
    st.sampled_from(sorted(ZONES)),
    st.sampled_from(ENTITIES),
    names | st.just(datetime(2031, 1, 1)),
    st.sampled_from(("loaded", "loaded", "refused")),
)


def last_export(taken: list[Export], source: str) -> datetime | None:
    newest: dict[str, datetime] = {}
    for file in taken:
        known = file.moment.replace(tzinfo=None) <= NOON + timedelta(days=1)
        if file.source == source and file.entity != "products" and file.state == "loaded" and known:
            newest[file.entity] = max(file.moment, newest.get(file.entity, file.moment))
    return min(newest.values(), default=None)


def complete_day(shown: date, exported: datetime | None) -> date:
    """The last day after which something was shown or exported, one day at a time."""

    def is_over(day: date) -> bool:
        after = day + timedelta(days=1)
        midnight = datetime(after.year, after.month, after.day, tzinfo=PARIS)
        return shown > day or (exported is not None and exported >= midnight)

    day = shown - timedelta(days=1)
    while is_over(day + timedelta(days=1)):
        day += timedelta(days=1)
    return day


def expected_days(sold: list[Document], taken: list[Export]) -> dict[str, date]:
    shown: dict[str, date] = {}
    for one in sold:
        if one.has_lines and not one.is_held:
            shown[one.source] = max(one.day, shown.get(one.source, one.day))
    return {source: complete_day(day, last_export(taken, source)) for source, day in shown.items()}


def expected_as_of(days: dict[str, date]) -> date:
    if not days:
        return date(1970, 1, 1)
    return min(day for day in days.values() if day >= max(days.values()) - SILENCE)


@dataclass(frozen=True)
class Models:
    """The compiled models over empty tables."""

    connection: duckdb.DuckDBPyConnection
    sql: dict[str, str]

    def judge(
        self, sold: list[Document], taken: list[Export]
    ) -> tuple[dict[str, date], date, dict[str, bool]]:
        run = self.connection.execute
        run("delete from unified.unified_orders")
        run("delete from ops.files")
        for one in sold:
            moment = one.moment.replace(tzinfo=None)
            row = [one.source, one.local_day, moment, int(one.has_lines), one.is_held]
            run("insert into unified.unified_orders values (?, ?, ?, ?, ?, true, true)", row)
        for file in taken:
            row = [file.source, file.entity, file.name, file.state, NOON]
            run("insert into ops.files values (?, ?, ?, ?, ?)", row)
        for model in MODELS:
            schema = "staging" if model.startswith("stg_") else "golden_customer"
            run(f"create or replace table {schema}.{model} as {self.sql[model]}")
        rows = run(
            "select source_system, complete_date, is_selling from golden_customer.int_source_days"
        ).fetchall()
        (as_of,) = run("select as_of_date from golden_customer.int_as_of").fetchall()[0]
        return {row[0]: row[1] for row in rows}, as_of, {row[0]: row[2] for row in rows}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    home = tmp_path_factory.mktemp("compiled")
    build = home / "habitue_build.duckdb"
    places = {"HABITUE_BUILD_FILE": build, "DBT_TARGET_PATH": home, "DBT_LOG_PATH": home}
    dbt = Path(sys.executable).with_name("dbt")
    subprocess.run(
        [dbt, "compile", "--profiles-dir", "dbt_project", "--select", *MODELS],
        cwd=PROJECT_ROOT,
        env={**os.environ, **{name: str(place) for name, place in places.items()}},
        check=True,
        capture_output=True,
    )
    compiled = {path.stem: path.read_text() for path in home.glob("compiled/**/*.sql")}
    connection = duckdb.connect(build)
    for schema in ("ops", "staging", "unified", "golden_customer"):
        connection.execute(f"create schema if not exists {schema}")
    connection.execute(
        "create table ops.files (source varchar, entity varchar, exported_at timestamp, "
        "state varchar, recorded_at timestamp)"
    )
    connection.execute(
        "create table unified.unified_orders (source_system varchar, order_date date, "
        "ordered_at timestamp, line_count integer, is_held boolean, is_valid boolean, "
        "is_valid_sale boolean)"
    )
    yield Models(connection, compiled)
    connection.close()


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sold=st.lists(documents, max_size=8), taken=st.lists(exports, max_size=8))
def test_as_of_is_the_last_day_that_is_over_in_every_source_that_still_sells(
    models: Models, sold: list[Document], taken: list[Export]
) -> None:
    days, as_of, is_selling = models.judge(sold, taken)
    expected = expected_days(sold, taken)
    assert days == expected
    assert as_of == expected_as_of(expected)
    furthest = max(expected.values(), default=date.max)
    assert is_selling == {source: day >= furthest - SILENCE for source, day in expected.items()}


def test_the_projects_own_zones_of_exports_are_those_of_the_contracts(tmp_path: Path) -> None:
    zones = {one.source: one.format.time_zone for one in load_contracts().values()}
    assert dbt_vars(Settings(home=tmp_path))["source_time_zones"] == zones
    written = (PROJECT_ROOT / "dbt_project.yml").read_text()
    listed = ", ".join(f"{source}: {zones[source]}" for source in ("magento", "cashmere"))
    assert f"source_time_zones: {{{listed}}}" in written
    assert set(zones) == {"magento", "cashmere"}
