"""A warehouse of an earlier version becomes one of the newest, or stays what it was."""

import errno
import multiprocessing
import os
import shutil
import signal
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from layouts import Place, in_duckdb, in_postgres

from orchestration.migrations import upgrade as migrations
from orchestration.migrations.upgrade import (
    Step,
    UpgradeFailed,
    WarehouseNewer,
    backup_file,
    found_version,
    needed_version,
    steps,
    upgrade,
)
from orchestration.resources.embedded_postgres import EmbeddedPostgres
from orchestration.resources.fault_points import VARIABLE
from orchestration.resources.postgres import PostgresAddress, PostgresWarehouse
from orchestration.resources.warehouse import DuckDBWarehouse, Row, WarehouseUnreadable
from orchestration.settings import get_settings

NEWEST = needed_version("duckdb")
BEFORE_COMMIT = [
    "upgrade.copied",
    *(f"upgrade.{moment}_{at}" for at in range(1, NEWEST + 1) for moment in ("step", "recorded")),
]
HOLDERS = """
create schema if not exists unified;
create table unified.unified_card_holders
    (card_key varchar, created_date date, is_first_holder boolean);
insert into unified.unified_card_holders values
    ('k1', '2023-02-10', true), ('k1', '2024-02-10', false), ('k2', '2021-05-03', true);
insert into ops.golden_keys values
    ('gc_1', 'cashmere:k1', 'given', null, 1),
    ('gc_2', 'cashmere:k1:2024-02-10', 'given', null, 2),
    ('gc_3', 'cashmere:k3', 'given', null, 2)
"""
NEWER = (
    "insert into ops.schema_version values (99, 'of_the_future', '9.9.9', '2099-01-01 00:00:00')"
)
Rows = dict[str, list[Row]]
forked = multiprocessing.get_context("fork")


@pytest.fixture(
    params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)], name="place"
)
def _place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A warehouse of each engine, as the first habitue left it."""
    if request.param == "duckdb":
        place = in_duckdb(tmp_path)
    else:
        server: EmbeddedPostgres = request.getfixturevalue("server")
        service = PostgresWarehouse(PostgresAddress(server.address("habitue", "habitue")), "loader")
        place = in_postgres(PostgresAddress(server.address()), service)
    place.start_from(1)
    return place


def test_the_steps_of_the_engines_lead_to_the_same_versions() -> None:
    named = {
        engine: [(step.version, step.name) for step in steps(engine)]
        for engine in ("duckdb", "postgres")
    }
    assert named["duckdb"] == named["postgres"]


def test_an_upgraded_warehouse_is_like_a_new_one_and_keeps_every_row(place: Place) -> None:
    before = place.rows()
    assert before["ops.files"]
    assert before["raw.cashmere_tickets"]
    done = upgrade(place.warehouse)
    assert (done.found, done.reached) == (0, NEWEST)
    assert found_version(place.warehouse) == NEWEST
    assert without_new_columns(place.rows(), before) == before
    upgraded = [row for row in place.structure() if not str(row[0]).startswith("raw.")]
    place.start_from(0)
    upgrade(place.warehouse)
    assert upgraded == place.structure()


def test_an_upgraded_warehouse_is_left_alone(place: Place) -> None:
    upgrade(place.warehouse)
    with place.warehouse.session() as session:
        recorded = session.execute("select * from ops.schema_version order by version")
    assert [row[0] for row in recorded] == list(range(1, NEWEST + 1))
    done = upgrade(place.warehouse)
    assert (done.found, done.reached, done.backup) == (NEWEST, NEWEST, None)
    with place.warehouse.session() as session:
        assert session.execute("select * from ops.schema_version order by version") == recorded


@pytest.mark.parametrize("fault", BEFORE_COMMIT)
def test_killed_before_its_end_it_changes_nothing_and_the_next_repairs(
    fault: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    structure, rows = place.structure(), place.rows()
    _killed(place, fault, monkeypatch)
    assert place.structure() == structure
    assert place.rows() == rows
    assert upgrade(place.warehouse).reached == NEWEST
    assert without_new_columns(place.rows(), rows) == rows


@pytest.mark.parametrize("fault", ["upgrade_copy.before_rename", "upgrade_copy.after_rename"])
def test_killed_while_a_copy_is_kept_the_next_keeps_it(
    fault: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place.warehouse.engine == "postgres":
        pytest.skip("a copy is kept of files alone")
    rows = place.rows()
    _killed(place, fault, monkeypatch)
    assert place.rows() == rows
    done = upgrade(place.warehouse)
    assert done.backup is not None
    assert done.backup.exists()
    assert without_new_columns(place.rows(), rows) == rows


def test_killed_after_its_end_it_is_complete(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = place.rows()
    _killed(place, "upgrade.committed", monkeypatch)
    assert upgrade(place.warehouse).found == NEWEST
    assert without_new_columns(place.rows(), rows) == rows


def test_a_failing_step_takes_the_steps_before_it_back(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    structure = place.structure()
    broken = Step(NEWEST + 1, "broken", "create table ops.half (number bigint); select nothing")
    more = (*steps(place.engine), broken)
    monkeypatch.setattr(migrations, "steps", lambda _: more)
    with pytest.raises(UpgradeFailed, match=rf"stays as it was: step {NEWEST + 1} \(broken\)"):
        upgrade(place.warehouse)
    assert place.structure() == structure


def test_the_first_holder_of_a_card_keeps_the_golden_key(place: Place) -> None:
    place.run(HOLDERS)
    if place.engine == "postgres":
        place.run("alter table unified.unified_card_holders owner to transformer")
    before = place.rows()["ops.golden_keys"]
    upgrade(place.warehouse)
    noted = [row for row in place.rows()["ops.golden_keys"] if row not in before]
    place.run("drop table unified.unified_card_holders")
    assert noted == [("gc_1", "cashmere:k1:2023-02-10", "moved", None, 2)]


def test_a_newer_warehouse_is_refused_and_not_touched(place: Place) -> None:
    upgrade(place.warehouse)
    place.run(NEWER)
    rows = place.rows()
    with pytest.raises(WarehouseNewer) as refused:
        upgrade(place.warehouse)
    said = str(refused.value)
    assert f"at version 99, made by habitue 9.9.9; this is habitue {_ours()}" in said
    assert f"up to {NEWEST}. Install habitue 9.9.9 or newer, or restore" in said
    assert place.rows() == rows


@pytest.mark.postgres
def test_two_at_once_take_every_step_once(server: EmbeddedPostgres, tmp_path: Path) -> None:
    service = PostgresWarehouse(PostgresAddress(server.address("habitue", "habitue")), "loader")
    place = in_postgres(PostgresAddress(server.address()), service)
    place.start_from(1)
    gate, reached = threading.Barrier(4), list[int]()

    def start() -> None:
        gate.wait(30)
        reached.append(upgrade(place.warehouse).reached)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert reached == [NEWEST] * 4
    with service.session() as session:
        assert session.execute("select count(*) from ops.schema_version") == [(NEWEST,)]


def test_the_copy_holds_what_was_there_and_is_the_only_one(tmp_path: Path) -> None:
    place = in_duckdb(tmp_path)
    place.start_from(1)
    structure = place.structure()
    assert isinstance(place.warehouse, DuckDBWarehouse)
    kept = backup_file(place.warehouse.file)
    assert upgrade(place.warehouse).backup == kept
    assert in_copy(kept).structure() == structure
    names = sorted(path.name for path in place.warehouse.file.parent.iterdir())
    assert names == sorted([kept.name, place.warehouse.file.name])


def test_of_an_empty_warehouse_no_copy_is_kept(tmp_path: Path) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "habitue_build.duckdb")
    with warehouse.session():
        assert upgrade(warehouse).backup is None
    assert [path.name for path in tmp_path.iterdir()] == [warehouse.file.name]


def test_without_room_for_the_copy_nothing_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = in_duckdb(tmp_path)
    place.start_from(1)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copy2", full)
    with pytest.raises(UpgradeFailed, match=r"No space left on device\); make room"):
        upgrade(place.warehouse)
    assert found_version(place.warehouse) == 0


def test_the_command_line_says_upgrades_and_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _habitue(tmp_path, monkeypatch)
    assert run("migrate", "--check") == (
        0,
        f"no warehouse yet; the first run makes one of version {NEWEST}\n",
    )
    place = in_duckdb(tmp_path)
    place.start_from(1)
    code, said = run("migrate", "--check")
    assert code == 1
    assert f"is at version 1 (not recorded yet), this habitue needs {NEWEST}" in said
    code, said = run("migrate")
    assert code == 0
    assert f"is at version {NEWEST}, which is the newest" in said
    assert run("migrate", "--check")[0] == 0
    place.run(NEWER)
    for command in (("migrate",), ("migrate", "--check"), ("run",)):
        code, said = run(*command)
        assert code == 1
        assert "habitue: " in said
        assert "version 99" in said


def test_a_file_of_a_newer_duckdb_is_refused_and_not_touched(tmp_path: Path) -> None:
    place = in_duckdb(tmp_path)
    place.start_from(1)
    assert isinstance(place.warehouse, DuckDBWarehouse)
    file = place.warehouse.file
    file.write_bytes(content := _as_of_a_newer_duckdb(file.read_bytes()))
    with pytest.raises(WarehouseUnreadable, match="written by a newer DuckDB than this one"):
        upgrade(place.warehouse)
    assert file.read_bytes() == content


def _as_of_a_newer_duckdb(content: bytes) -> bytes:
    """The same file with a higher storage version in its header, and the checksum that fits."""
    mixed = bytearray(content)
    checksum, before = struct.unpack_from("<QQ", mixed)
    struct.pack_into("<I", mixed, 12, 5000)
    (after,) = struct.unpack_from("<Q", mixed, 8)
    for word in (before, after):
        checksum ^= word * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
    struct.pack_into("<Q", mixed, 0, checksum)
    return bytes(mixed)


def without_new_columns(now: Rows, before: Rows) -> Rows:
    """The rows, cut to the columns that their tables had; a new column holds nothing yet."""
    cut: Rows = {}
    for table, rows in now.items():
        known = before.get(table, [])
        width = len(known[0]) if known else 0
        assert not any(any(row[width:]) for row in rows), table
        cut[table] = [row[:width] for row in rows]
    return cut


def in_copy(file: Path) -> Place:
    """A copy of a warehouse, to look into."""
    return Place(DuckDBWarehouse(file), lambda: None, lambda _: None)


def _killed(place: Place, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"{fault}:1:kill")
    victim = forked.Process(target=upgrade, args=[place.warehouse])
    victim.start()
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL
    monkeypatch.delenv(VARIABLE)


def _ours() -> str:
    from importlib.metadata import version

    return version("habitue")


def _habitue(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """`habitue …` in this process, on a home of its own."""
    from orchestration.cli import main

    monkeypatch.setenv("HABITUE_HOME", str(home))
    monkeypatch.setenv("HABITUE_TARGET", "duckdb")

    def run(*arguments: str) -> tuple[int, str]:
        get_settings.cache_clear()
        done = CliRunner().invoke(main, arguments)
        get_settings.cache_clear()
        return done.exit_code, done.output

    return run
