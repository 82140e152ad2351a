"""What readers see while a publication happens, fails, is killed or is refused."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import psycopg
import pytest
from race import assert_one_wins

from orchestration.resources import postgres_publication
from orchestration.resources.fault_points import VARIABLE
from orchestration.resources.postgres import PostgresAddress, PostgresSession, PostgresWarehouse
from orchestration.resources.postgres_lease import LeaseLost, hold_postgres_lease
from orchestration.resources.postgres_publication import (
    PostgresPublication,
    PublicationBlocked,
    PublishedModel,
    UnscopedView,
    drop_old_schemas,
    publish,
)

pytestmark = pytest.mark.postgres

Publish = Callable[[int], PostgresPublication]
LogIn = Callable[..., psycopg.Connection]
Nodes = list[Mapping[str, Any]]

VERSIONS = (
    "select distinct net_amount::int from marts.sales_daily "
    "union all select version from marts.base_quality"
)
FAULTS = [
    "publish.copied:1",
    "publish.copied:4",
    "publish.renamed_old:1",
    "publish.renamed_new:1",
    "publish.renamed_old:3",
    "publish.renamed_new:3",
    "publish.renamed_new:4",
    "publish.before_commit:1",
]
forked = multiprocessing.get_context("fork")


@pytest.fixture
def publish_version(
    warehouse: PostgresWarehouse, nodes: Nodes, rebuild: Callable[[int], None]
) -> Publish:
    """A whole run: take the lease, build, publish."""

    def run(version: int) -> PostgresPublication:
        with hold_postgres_lease(warehouse, f"run-{version}") as lease:
            rebuild(version)
            return publish(warehouse, nodes, "2025-01-10", lease)

    return run


def served(connection: psycopg.Connection) -> set[int]:
    """Every version that is visible in the marts: one, unless something is broken."""
    return {version for (version,) in connection.execute(VERSIONS).fetchall()}


def schemas(administrator: PostgresAddress) -> set[str]:
    with psycopg.connect(administrator.with_parts(dbname="habitue").conninfo) as connection:
        found = connection.execute(
            "select nspname from pg_namespace where nspname ~ '_(next|old_[0-9]+)$'"
        )
        return {name for (name,) in found.fetchall()}


def test_it_serves_rows_descriptions_indexes_statistics_and_the_record(
    publish_version: Publish, log_in: LogIn
) -> None:
    done = publish_version(7)
    with log_in("bi_reader") as reader:
        assert served(reader) == {7}
        record = reader.execute(
            "select table_name, row_count, content_hash, run_id, as_of::text "
            "from serving.publication order by table_name"
        ).fetchall()
        comment = reader.execute("select obj_description('marts.sales_daily'::regclass)").fetchone()
        column = reader.execute("select col_description('marts.sales_daily'::regclass, 3)")
        indexes = reader.execute(
            "select indexdef from pg_indexes where schemaname = 'marts'"
        ).fetchall()
        estimate = reader.execute(
            "select reltuples from pg_class where oid = 'marts.sales_daily'::regclass"
        ).fetchone()
    assert record == [
        (table.name, table.row_count, table.content_hash, "run-7", "2025-01-10")
        for table in sorted(done.publication.tables, key=lambda table: table.name)
    ]
    assert comment == ("One row per store and day",)
    assert column.fetchone() == ("Net sales, EUR",)
    assert [definition.split(" USING ")[1] for (definition,) in indexes] == [
        "btree (store_key, sales_date)"
    ]
    assert estimate == (20,)


def test_a_reader_in_an_open_transaction_is_undisturbed_fifty_times(
    publish_version: Publish,
    log_in: LogIn,
    administrator: PostgresAddress,
    measured: list[str],
) -> None:
    publish_version(0)
    swaps, waits = list[float](), list[float]()
    for version in range(1, 51):
        with log_in("bi_reader") as reader, reader.cursor("half_read") as cursor:
            cursor.execute("select net_amount::int from marts.sales_daily")
            first = cursor.fetchmany(5)
            swaps.append(publish_version(version).swap_seconds)
            assert {*first, *cursor.fetchall()} == {(version - 1,)}
            start = time.monotonic()
            with log_in("bi_reader") as other, log_in("manager_lyon", "lyon's password") as manager:
                waits.append(time.monotonic() - start)
                assert served(other) == {version}
                stores = manager.execute("select distinct store_key from sales_daily").fetchall()
                assert stores == [("lyon",)]
    publish_version(51)
    assert schemas(administrator) == set()
    measured.append(f"longest swap of {len(swaps)}: {max(swaps):.3f} s")
    measured.append(f"longest login of two new readers: {max(waits):.3f} s")


def test_an_old_snapshot_never_finds_a_published_table_empty(
    publish_version: Publish, log_in: LogIn
) -> None:
    publish_version(1)
    with log_in("bi_reader") as reader:
        reader.execute("set transaction isolation level repeatable read")
        assert served(reader) == {1}
        publish_version(2)
        assert served(reader) == {2}


def test_what_a_reader_holds_is_dropped_by_a_later_publication(
    publish_version: Publish, log_in: LogIn, administrator: PostgresAddress
) -> None:
    publish_version(1)
    with log_in("bi_reader") as reader:
        served(reader)
        kept = publish_version(2).kept_schemas
        assert [name.rsplit("_", 1)[0] for name in kept] == ["marts_old"]
        assert schemas(administrator) == set(kept)
    assert publish_version(3).kept_schemas == ()
    assert schemas(administrator) == set()


def test_a_view_of_somebody_else_is_never_dropped(
    publish_version: Publish, administrator: PostgresAddress, warehouse: PostgresWarehouse
) -> None:
    publish_version(1)
    address = administrator.with_parts(dbname="habitue").conninfo
    with psycopg.connect(address, autocommit=True) as analyst:
        analyst.execute("create schema analysts")
        analyst.execute("create view analysts.mine as select * from marts.sales_daily")
        kept = publish_version(2).kept_schemas
        assert [name.rsplit("_", 1)[0] for name in kept] == ["marts_old"]
        assert analyst.execute("select count(*) from analysts.mine").fetchone() == (20,)
        analyst.execute("drop schema analysts cascade")
    with warehouse.as_role("publisher").session() as session:
        assert drop_old_schemas(session) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_killed_anywhere_it_leaves_the_old_and_a_plain_run_repairs(
    fault: str,
    publish_version: Publish,
    log_in: LogIn,
    monkeypatch: pytest.MonkeyPatch,
    administrator: PostgresAddress,
) -> None:
    publish_version(1)
    monkeypatch.setenv(VARIABLE, f"{fault}:kill")
    victim = forked.Process(target=publish_version, args=[2])
    victim.start()
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL
    monkeypatch.delenv(VARIABLE)
    with log_in("bi_reader") as reader, log_in("manager_paris", "paris's password") as manager:
        assert served(reader) == {1}
        assert reader.execute("select run_id from publication").fetchone() == ("run-1",)
        assert manager.execute("select distinct net_amount::int from sales_daily").fetchall() == [
            (1,)
        ]
    publish_version(3)
    with log_in("bi_reader") as reader:
        assert served(reader) == {3}
    assert schemas(administrator) == set()


def test_killed_after_the_commit_it_leaves_the_new(
    publish_version: Publish, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_version(1)
    monkeypatch.setenv(VARIABLE, "publish.swapped:1:kill")
    victim = forked.Process(target=publish_version, args=[2])
    victim.start()
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL
    with log_in("bi_reader") as reader:
        assert served(reader) == {2}
        assert reader.execute("select run_id from publication").fetchone() == ("run-2",)


def test_an_orphan_cannot_publish_over_its_successor(
    warehouse: PostgresWarehouse,
    nodes: Nodes,
    rebuild: Callable[[int], None],
    publish_version: Publish,
    log_in: LogIn,
) -> None:
    with hold_postgres_lease(warehouse, "orphan") as old_lease:
        rebuild(8)
    publish_version(9)
    rebuild(8)
    with pytest.raises(LeaseLost, match="run-9 took over"):
        publish(warehouse, nodes, "2025-01-10", old_lease)
    with log_in("bi_reader") as reader:
        assert served(reader) == {9}


def test_of_twenty_runs_at_once_one_wins(warehouse: PostgresWarehouse) -> None:
    assert_one_wins(partial(hold_postgres_lease, warehouse))


def test_a_killed_holder_leaves_the_lease_free_and_its_token_spent(
    warehouse: PostgresWarehouse,
) -> None:
    tokens: multiprocessing.Queue[int] = forked.Queue()

    def hold_and_die() -> None:
        with hold_postgres_lease(warehouse, "dies") as lease:
            tokens.put(lease.token)
            time.sleep(0.5)
            os.kill(os.getpid(), signal.SIGKILL)

    victim = forked.Process(target=hold_and_die)
    victim.start()
    spent = tokens.get(timeout=60)
    victim.join(60)
    with hold_postgres_lease(warehouse, "next") as lease:
        assert lease.token > spent


def test_a_blocked_swap_gives_up_and_the_old_is_served(
    publish_version: Publish,
    log_in: LogIn,
    administrator: PostgresAddress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish_version(1)
    monkeypatch.setattr(postgres_publication, "SWAP_ATTEMPTS", 2)
    with psycopg.connect(administrator.with_parts(dbname="habitue").conninfo) as other:
        other.execute("lock table ops.publication in exclusive mode")
        with pytest.raises(PublicationBlocked, match="blocked 2 times"):
            publish_version(2)
        other.rollback()
    with log_in("bi_reader") as reader:
        assert served(reader) == {1}


@pytest.mark.parametrize(
    ("definition", "fault"),
    [
        ("with (security_barrier=true) as select * from {table}", "does not read access"),
        ("as select * from {table} where store_key in ({stores})", "no security barrier"),
        (
            "with (security_barrier=true) as select * from {table} "
            "where store_key in ({stores}) or true",
            "shows rows to a login without stores",
        ),
    ],
)
def test_a_view_without_its_filter_stops_the_publication(
    definition: str,
    fault: str,
    publish_version: Publish,
    log_in: LogIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish_version(1)
    create = postgres_publication._create_views
    table, stores = "marts_next.sales_daily", "select store_key from access.store_managers"
    view = f"create view serving_next.leak {definition.format(table=table, stores=stores)}"

    def create_a_leak_too(session: PostgresSession, models: Sequence[PublishedModel]) -> None:
        create(session, models)
        session.execute(view)

    monkeypatch.setattr(postgres_publication, "_create_views", create_a_leak_too)
    with pytest.raises(UnscopedView, match=fault):
        publish_version(2)
    with log_in("bi_reader") as reader:
        assert served(reader) == {1}
