"""The right to write to a PostgreSQL warehouse: one run at a time, whatever machine it is on.

A session-level advisory lock decides who writes; it goes with its connection, so that a killed
run leaves nothing to clean up. Each holder gets a larger token, and a publication is refused to
any but the newest: a step that outlived its run cannot publish over its successor.
"""

import logging
import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from orchestration.migrations.upgrade import upgrade
from orchestration.resources.lease import AnotherRunActive
from orchestration.resources.postgres import (
    PostgresConnectionLost,
    PostgresSession,
    PostgresWarehouse,
    application_name,
    end_leftovers,
)

PATIENCE_SECONDS = 2.0
_LOG = logging.getLogger(__name__)
_LOCK = int.from_bytes(b"habitue")
_held: dict[str, "PostgresLease"] = {}


class LeaseLost(RuntimeError):
    """Another run took over since; the message says which, and that nothing was published."""


@dataclass(frozen=True)
class PostgresLease:
    """Who writes, since when (UTC), and the token that tells holders apart."""

    run_id: str
    since: str
    token: int


@contextmanager
def hold_postgres_lease(
    warehouse: PostgresWarehouse, run_id: str, patience_seconds: float = 0
) -> Generator[PostgresLease]:
    """Hold the right to write; entering again in the same process shares it.

    Sessions that an earlier run left on the server are ended first, and tables of an earlier
    version are upgraded.

    Raises:
        AnotherRunActive: another process holds it, and did so for `patience_seconds`.
        PostgresUnreachable: the server does not answer or refuses the login.
        WarehouseNewer, UpgradeFailed: with the remedy.
    """
    place = warehouse.address.shown
    if place in _held:
        yield _held[place]
        return
    # Unnamed until it holds the lock: its holder ends the sessions that bear another run's name.
    with warehouse.as_role("publisher").session() as session:
        _lock(session, max(patience_seconds, PATIENCE_SECONDS))
        session.execute(
            "select pg_catalog.set_config('application_name', ?, false)",
            [application_name(run_id)],
        )
        end_leftovers(warehouse.of_run(run_id))
        upgrade(warehouse.as_role("loader").of_run(run_id))
        _held[place] = lease = _take(session, run_id)
        try:
            yield lease
        finally:
            del _held[place]
            _unlock(session)


def held_run(warehouse: PostgresWarehouse) -> str | None:
    """The run for which this process holds the right to write to a warehouse, or None."""
    lease = _held.get(warehouse.address.shown)
    return lease.run_id if lease else None


def check_lease(session: PostgresSession, lease: PostgresLease) -> None:
    """Prove, until the end of the caller's transaction, that no other run has taken over.

    Raises:
        LeaseLost: another run has.
    """
    newest = session.execute("select token, run_id, since from ops.lease for update")
    if newest and newest[0][0] == lease.token:
        return
    holder = f"run {newest[0][1]} took over at {newest[0][2]:%Y-%m-%d %H:%M:%S} UTC"
    raise LeaseLost(
        f"run {lease.run_id} may not publish: {holder if newest else 'its lease is gone'}; "
        "nothing was published, and nothing needs to be done unless the newer run fails"
    )


def read_postgres_lease(warehouse: PostgresWarehouse) -> str | None:
    """The run that holds the right to write now, from whatever machine, or None."""
    with warehouse.session() as session:
        held = session.execute(
            """
            select count(*) > 0
            from pg_catalog.pg_locks as lock
            inner join pg_catalog.pg_database as own on own.oid = lock.database
            where own.datname = current_database()
                and lock.locktype = 'advisory'
                and lock.granted
                and lock.classid::bigint = cast(? as bigint) >> 32
                and lock.objid::bigint = cast(? as bigint) & 4294967295
            """,
            [_LOCK, _LOCK],
        )
        return str(session.execute("select run_id from ops.lease")[0][0]) if held[0][0] else None


def _lock(session: PostgresSession, patience_seconds: float) -> None:
    """Take the lock; the server needs a moment even to notice that a holder has died."""
    deadline = time.monotonic() + patience_seconds
    while not session.execute("select pg_catalog.pg_try_advisory_lock(?)", [_LOCK])[0][0]:
        if time.monotonic() > deadline:
            raise AnotherRunActive(_who_holds(session))
        time.sleep(0.1)


def _unlock(session: PostgresSession) -> None:
    """Give the lock back now: the server may see the connection's end a moment later."""
    try:
        session.execute("select pg_catalog.pg_advisory_unlock(?)", [_LOCK])
    except PostgresConnectionLost:
        _LOG.warning("the connection that held the lease was lost; the server has freed the lease")


def _take(session: PostgresSession, run_id: str) -> PostgresLease:
    with session.transaction():
        rows = session.execute(
            """
            insert into ops.lease as lease (token, run_id, since, host, process)
            values (1, ?, now(), ?, ?)
            on conflict (only_row) do update set
                token = lease.token + 1,
                run_id = excluded.run_id,
                since = excluded.since,
                host = excluded.host,
                process = excluded.process
            returning token, since
            """,
            [run_id, socket.gethostname(), os.getpid()],
        )
    token, since = rows[0]
    return PostgresLease(run_id, f"{since:%Y-%m-%d %H:%M:%S} UTC", int(token))


def _who_holds(session: PostgresSession) -> str:
    known = session.execute("select to_regclass('ops.lease') is not null")[0][0]
    rows = session.execute("select run_id, since, host, process from ops.lease") if known else []
    if not rows:
        return "another run is active since a moment ago; wait for its end and run again"
    run_id, since, host, process = rows[0]
    return (
        f"another run ({run_id}, since {since:%Y-%m-%d %H:%M:%S} UTC) is active in process "
        f"{process} on {host}; wait for its end and run again"
    )
