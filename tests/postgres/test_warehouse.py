"""Rows go in and come out as they are; what fails says so without secrets."""

import datetime as dt
import socket
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from orchestration.resources import postgres
from orchestration.resources.embedded_postgres import EmbeddedPostgres
from orchestration.resources.postgres import (
    PostgresAddress,
    PostgresConnectionLost,
    PostgresLoginRefused,
    PostgresUnreachable,
    PostgresWarehouse,
    end_leftovers,
    positional,
)

pytestmark = pytest.mark.postgres

TEXTS = [
    "", None, 'a "quoted" word', "two\nlines", "carriage\r\nreturn", "\\.", "a\n\\.\nb", "\\N",
    "NULL", "tab\there", "comma, semicolon; 'quote'", "é ß 😀 \u202eabc", "?", "100 %s", " outer ",
]  # fmt: skip


@pytest.fixture
def loader(warehouse: PostgresWarehouse) -> PostgresWarehouse:
    return warehouse.as_role("loader").of_run("warehouse-test")


def test_copy_keeps_every_text_and_tells_empty_from_missing(loader: PostgresWarehouse) -> None:
    rows = pa.table({"line": pa.array(range(len(TEXTS)), pa.int64()), "text": pa.array(TEXTS)})
    with loader.session() as session:
        session.execute("create table raw.copied (text varchar, line bigint)")
        session.append("raw.copied", rows)
        found = session.execute("select text from raw.copied order by line")
        session.execute("drop table raw.copied")
    assert [text for (text,) in found] == TEXTS


def test_copy_keeps_typed_values(loader: PostgresWarehouse) -> None:
    moment, day, amount = (
        dt.datetime(2025, 3, 30, 2, 30, 0, 5),
        dt.date(2025, 1, 2),
        Decimal("-1.5"),
    )
    rows = pa.table(
        {
            "amount": pa.array([amount, None], pa.decimal128(18, 4)),
            "day": pa.array([day, None]),
            "flag": pa.array([True, None]),
            "moment": pa.array([moment, None]),
        }
    )
    with loader.session() as session:
        session.execute(
            "create table raw.typed (moment timestamp, day date, amount numeric(18, 4), flag bool)"
        )
        session.append("raw.typed", rows)
        found = session.execute("select * from raw.typed order by day nulls last")
        session.execute("drop table raw.typed")
    assert found == [(moment, day, amount, True), (None, None, None, None)]


def test_a_failing_transaction_leaves_nothing(loader: PostgresWarehouse) -> None:
    with loader.session() as session:
        session.execute("create table raw.half (number bigint)")
        with pytest.raises(ZeroDivisionError), session.transaction():
            session.append("raw.half", pa.table({"number": [1, 2]}))
            raise ZeroDivisionError
        assert session.execute("select count(*) from raw.half") == [(0,)]
        session.execute("drop table raw.half")


def test_marks_inside_quotes_are_no_parameters(loader: PostgresWarehouse) -> None:
    assert positional("select ?, '?', \"a?\" -- ?\n, 5 % 3") == (
        "select %s, '?', \"a?\" -- ?\n, 5 %% 3"
    )
    with loader.session() as session:
        assert session.execute("select ?, '?%', 5 % 3", ["'; drop table x"]) == [
            ("'; drop table x", "?%", 2)
        ]


def test_a_wrong_password_is_tried_once_and_never_shown(
    server: EmbeddedPostgres, administrator: PostgresAddress
) -> None:
    before = server.log.read_text().count("password authentication failed")
    address = PostgresAddress(server.loopback_address("bi_reader", "habitue")).with_parts(
        password="hunter2-secret"
    )
    with pytest.raises(PostgresLoginRefused) as refused, PostgresWarehouse(address).session():
        pass
    tried = server.log.read_text().count("password authentication failed") - before
    assert tried == 1
    said = f"{refused.value} {refused.value.__cause__} {address!r}"
    assert "hunter2" not in said
    assert "HABITUE_POSTGRES_ADDRESS" in said


def test_an_address_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(PostgresUnreachable) as refused:
        PostgresAddress("hunter2-secret@somewhere")
    assert "hunter2" not in str(refused.value)


def test_a_server_that_is_down_fails_fast() -> None:
    start = time.monotonic()
    address = PostgresAddress("postgresql://habitue@127.0.0.1:1/habitue")
    with (
        pytest.raises(PostgresUnreachable, match="does not answer"),
        PostgresWarehouse(address).session(),
    ):
        pass
    assert time.monotonic() - start < 30


def test_a_server_that_accepts_and_never_answers_fails_within_the_time_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres, "NETWORK", {**postgres.NETWORK, "connect_timeout": 2})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://habitue@127.0.0.1:{silent.getsockname()[1]}/habitue"
        start = time.monotonic()
        warehouse = PostgresWarehouse(PostgresAddress(address))
        with pytest.raises(PostgresUnreachable), warehouse.session():
            pass
    assert time.monotonic() - start < 10


def test_an_ended_session_says_that_nothing_was_kept(
    loader: PostgresWarehouse, administrator: PostgresAddress
) -> None:
    with loader.session() as session:
        session.execute("create table if not exists raw.ended (number bigint)")
        (process,) = session.execute("select pg_backend_pid()")[0]
        with (
            pytest.raises(PostgresConnectionLost, match="nothing of the open transaction"),
            session.transaction(),
        ):
            session.append("raw.ended", pa.table({"number": [1]}))
            with psycopg.connect(administrator.conninfo) as other:
                other.execute("select pg_terminate_backend(%s, 5000)", [process])
            session.execute("select 1")
    with loader.session() as session:
        assert session.execute("select count(*) from raw.ended") == [(0,)]


def test_a_restart_in_a_transaction_keeps_nothing_and_the_next_run_works(
    server: EmbeddedPostgres, loader: PostgresWarehouse
) -> None:
    with loader.session() as session:
        session.execute("create table if not exists raw.restarted (number bigint)")
        with pytest.raises(PostgresConnectionLost), session.transaction():
            session.append("raw.restarted", pa.table({"number": [1]}))
            server.restart("immediate")
            session.append("raw.restarted", pa.table({"number": [2]}))
    with loader.session() as session:
        assert session.execute("select count(*) from raw.restarted") == [(0,)]
        session.append("raw.restarted", pa.table({"number": [1]}))
        assert session.execute("select count(*) from raw.restarted") == [(1,)]


def test_a_run_ends_what_earlier_runs_left_and_nobody_else(
    warehouse: PostgresWarehouse, log_in: Callable[..., Any]
) -> None:
    with (
        warehouse.as_role("transformer").of_run("dead").session() as dead,
        warehouse.as_role("transformer").of_run("alive").session() as own,
        log_in("bi_reader", application_name="habitue:dashboard") as reader,
        warehouse.as_role("loader").session() as status,
    ):
        assert end_leftovers(warehouse.of_run("alive")) == 1
        with pytest.raises(PostgresConnectionLost):
            dead.execute("select 1")
        for session in (own, status, reader):
            session.execute("select 1")


def test_a_leftover_query_is_ended(
    warehouse: PostgresWarehouse, administrator: PostgresAddress
) -> None:
    orphan_ended = threading.Event()

    def query_for_ever() -> None:
        with warehouse.as_role("transformer").of_run("killed").session() as session:
            try:
                session.execute("select pg_sleep(600)")
            except PostgresConnectionLost:
                orphan_ended.set()

    orphan = threading.Thread(target=query_for_ever)
    orphan.start()
    with psycopg.connect(administrator.conninfo, autocommit=True) as observer:
        while not observer.execute(
            "select 1 from pg_stat_activity where application_name = 'habitue:killed' "
            "and query like '%pg_sleep%'"
        ).fetchall():
            time.sleep(0.05)
    assert end_leftovers(warehouse.of_run("next")) == 1
    orphan.join(10)
    assert orphan_ended.is_set()
