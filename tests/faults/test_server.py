"""The server restarts, ends a session, is full, is down, or lets two sessions collide."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest
from homes import BUILD, Home, ended, eventually

from orchestration.resources.embedded_postgres import embedded_postgres, running
from orchestration.resources.postgres import (
    PostgresAddress,
    PostgresConnectionLost,
    PostgresFull,
    PostgresWarehouse,
)
from orchestration.resources.roles import DATABASE, ensure_roles

MODEL, SOURCE = "unified_orders", "unified_orders__magento"


def _restart(home: Home, _: int) -> None:
    embedded_postgres(home.folder).restart("immediate")


def _terminate(home: Home, process: int) -> None:
    with home.connect() as connection:
        connection.execute("select pg_terminate_backend(%s)", [process])


@pytest.mark.faults
@pytest.mark.parametrize("interrupt", [_restart, _terminate])
def test_an_interrupted_model_says_what_happened_and_keeps_its_old_table(
    interrupt: Callable[[Home, int], None], postgres_home: Home
) -> None:
    served = postgres_home.served()
    with closing(postgres_home.connect()) as other:
        before = other.execute(f"select count(*) from unified.{MODEL}").fetchone()
        other.execute("begin")
        other.execute(f"lock table unified.{MODEL} in access share mode")
        run = postgres_home.start(BUILD, MODEL)
        interrupt(postgres_home, eventually(postgres_home.waiting_backend))
    code, said = ended(run)
    assert code == 1
    assert "PostgreSQL ended the connection: it was restarted, or an administrator" in said
    with postgres_home.connect() as other:
        assert other.execute(f"select count(*) from unified.{MODEL}").fetchone() == before
    assert postgres_home.served() == served
    code, said = postgres_home.build(MODEL)
    assert code == 0, said


def _collide(home: Home, times: int) -> tuple[int, str]:
    """Build a model while another session makes it the victim of a deadlock so many times."""
    run = home.start(BUILD, MODEL)
    for _ in range(times):
        with home.connect() as other, other.transaction():
            # The other session waits as long as it takes; dbt's looks for a deadlock after 1 s.
            other.execute("set local deadlock_timeout = '10min'")
            other.execute(f"lock table unified.{MODEL} in access share mode")
            eventually(home.waiting_backend)
            other.execute(f"lock table unified.{SOURCE} in access exclusive mode")
    return ended(run)


@pytest.mark.faults
@pytest.mark.parametrize(("times", "code"), [(1, 0), (2, 0), (3, 1)])
def test_a_deadlock_is_tried_again_twice_and_then_named(
    times: int, code: int, postgres_home: Home
) -> None:
    found, said = _collide(postgres_home, times)
    assert found == code, said
    assert said.count("once more") == min(times, 2)
    assert (f"success model.habitue.{MODEL}" in said) == (code == 0)
    if code:
        assert "deadlock detected" in said
        assert "another session worked on the same tables" in said


@pytest.mark.faults
def test_a_full_disk_is_named_the_old_is_served_and_room_is_the_whole_repair(
    small_disk: Path,
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(40 << 20))
    server = running(small_disk)
    try:
        administrator = PostgresAddress(server.address())
        ensure_roles(administrator)
        service = PostgresWarehouse(PostgresAddress(server.address("habitue", DATABASE)), "loader")
        rows = pa.table({"text": ["x" * 1000] * 5000})
        with service.session() as session:
            session.execute("create table raw.served as select 1 as number")
            session.execute("create table raw.growing (text varchar)")
        with pytest.raises((PostgresFull, PostgresConnectionLost)) as fault:
            _grow_for_ever(service, rows)
        assert "hunter2" not in str(fault.value)
        ballast.unlink()
        server.start()
        eventually(lambda: _answers(service), seconds=60)
        with service.session() as session:
            assert session.execute("select number from raw.served") == [(1,)]
            assert session.execute("select count(*) % 5000 from raw.growing") == [(0,)]
            session.append("raw.growing", rows)
    finally:
        server.stop()


def _grow_for_ever(service: PostgresWarehouse, rows: pa.Table) -> None:
    with service.session() as session:
        while True:
            session.append("raw.growing", rows)


def _answers(service: PostgresWarehouse) -> bool:
    try:
        with service.session() as session:
            return bool(session.execute("select 1"))
    except (psycopg.Error, RuntimeError):
        return False


def test_a_server_that_is_down_ends_the_run_at_once_in_one_sentence(tmp_path: Path) -> None:
    home = Home(
        tmp_path,
        "postgres",
        {"HABITUE_POSTGRES_ADDRESS": "postgresql://habitue:hunter2@127.0.0.1:1/habitue"},
    )
    began = time.monotonic()
    code, said = home.run()
    assert code == 1
    assert time.monotonic() - began < 30
    assert "PostgreSQL does not answer at habitue@127.0.0.1:1/habitue" in said
    assert "Traceback" not in said
    assert "hunter2" not in said
