"""A disk that fills up during a publication: named, the old is served, room is the whole repair."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.assets import publication as files
from orchestration.failures import sentence
from orchestration.resources.embedded_postgres import EmbeddedPostgres, running
from orchestration.resources.postgres import PostgresAddress, PostgresWarehouse
from orchestration.resources.postgres_lease import hold_postgres_lease
from orchestration.resources.postgres_publication import publish
from orchestration.resources.roles import DATABASE, ensure_roles
from orchestration.settings import Settings

MODEL: dict[str, Any] = {
    "name": "large",
    "resource_type": "model",
    "schema": "marts",
    "config": {"schema": "marts", "meta": {}},
    "columns": {"key": {"description": ""}},
    "fqn": ["habitue", "marts", "large"],
    "tags": [],
}
# 48 MB that no engine packs.
ROWS = "select {} as key from {} as number"
KEPT_FREE = 8 << 20


def leave_little(disk: Path) -> Path:
    """Fill a disk but for some megabytes; gives the file that does."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        for _ in range((shutil.disk_usage(disk).free - KEPT_FREE) >> 20):
            file.write(bytes(1 << 20))
    return ballast


@pytest.fixture
def home(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A build file whose one published layer has a large table."""
    settings = Settings(home=small_disk / "home")
    monkeypatch.setattr(files, "published", lambda _, layer: [MODEL] * (layer == "marts"))
    settings.build_file.parent.mkdir(parents=True)
    with duckdb.connect(str(settings.build_file)) as connection:
        connection.execute("create schema ops; create schema marts; create schema golden_customer")
        connection.execute("create table golden_customer.int_as_of as select '2026-01-01' as "
                           "as_of_date")  # fmt: skip
        connection.execute(f"create table ops.golden_keys ({files.GOLDEN_KEY_COLUMNS})")
        connection.execute(
            "create table golden_customer.int_golden_key_events as select * exclude "
            "(publication_number) from ops.golden_keys"
        )
        key = "md5(cast(number as varchar)) || md5(cast(-number as varchar))"
        rows = ROWS.format(key, "range(750000)").replace("as number", "as t (number)")
        connection.execute(f"create table marts.large as {rows}")
    return settings


def served_by_file(settings: Settings) -> list[tuple]:
    with duckdb.connect(str(settings.published_file), read_only=True) as connection:
        return connection.execute("select run_id, content_hash from ops.publication").fetchall()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")
def test_a_publication_of_a_file_that_finds_the_disk_full(home: Settings, small_disk: Path) -> None:
    files.publish(home, {}, "first")
    before = served_by_file(home)
    ballast = leave_little(small_disk)
    with pytest.raises(Exception, match=r"[Nn]o space|[Cc]ould not write") as full:
        files.publish(home, {}, "second")
    said = sentence(full.value)
    assert "make room" in said
    assert "\n" not in said
    assert served_by_file(home) == before
    ballast.unlink()
    files.publish(home, {}, "third")
    assert served_by_file(home) == [("third", before[0][1])]


@pytest.fixture
def server(small_disk: Path) -> Iterator[EmbeddedPostgres]:
    server = running(small_disk)
    try:
        yield server
    finally:
        server.stop()


@pytest.mark.postgres
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")
def test_a_publication_on_postgres_that_finds_the_disk_full(
    server: EmbeddedPostgres, small_disk: Path
) -> None:
    ensure_roles(PostgresAddress(server.address()))
    warehouse = PostgresWarehouse(PostgresAddress(server.address("habitue", DATABASE)))
    key = "md5(number::text) || md5((-number)::text)"
    with warehouse.as_role("transformer").session() as session:
        rows = ROWS.format(key, "generate_series(1, 200000)")
        session.execute(f"create table marts_build.large as {rows}")

    def run(run_id: str) -> None:
        with hold_postgres_lease(warehouse, run_id) as lease:
            publish(warehouse, [MODEL], "2026-01-01", lease)

    def served() -> list[Any]:
        with warehouse.as_role("publisher").session() as session:
            assert session.execute("select count(*) from marts.large") == [(200_000,)]
            return session.execute("select run_id from serving.publication")

    run("first")
    ballast = leave_little(small_disk)
    with pytest.raises(Exception, match=r"no room left|ended the connection") as full:
        run("second")
    assert "\n" not in sentence(full.value)
    ballast.unlink()
    server.start()  # it ends itself when its log of changes finds no room
    assert served() == [("first",)]
    run("third")
    assert served() == [("third",)]
