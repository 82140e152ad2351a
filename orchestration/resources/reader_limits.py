"""Readers' limits, kept from outside: any login may lift the ones that its role was given."""

import logging
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from orchestration.resources.kept_logins import has_keeper, lately_put_back, put_back_logins
from orchestration.resources.roles import (
    ENDING_SESSIONS,
    PRIVACY_OFFICER,
    READER_SECONDS,
    READERS,
    SERVERS_OWN_DATABASES,
    STORE_MANAGER,
)
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.resources.postgres import PostgresSession, PostgresWarehouse

_LOG = logging.getLogger(__name__)
PAUSE_SECONDS = 15.0
# Many short statements in one transaction keep old rows and replaced tables on the disk as well.
TRANSACTION_SECONDS = 15 * READER_SECONDS
TOLD_FOR = timedelta(days=1)
# A session is ended rather than its statement: a block of code can catch the end of a statement.
_END = f"""
    select activity.usename, pg_catalog.pg_terminate_backend(activity.pid)
    from pg_catalog.pg_stat_activity as activity
    where activity.datname = current_database()
        and activity.backend_type = 'client backend'
        and (
            activity.usename in ({", ".join(f"'{name}'" for name in (*READERS, PRIVACY_OFFICER))})
            or activity.usesysid in (
                select membership.member
                from pg_catalog.pg_auth_members as membership
                inner join pg_catalog.pg_roles as role on membership.roleid = role.oid
                where role.rolname = '{STORE_MANAGER}'
            )
        )
        and (
            (activity.state = 'active' and activity.query_start < clock_timestamp() - {{0}})
            or (
                activity.state like 'idle in transaction%'
                and activity.state_change < clock_timestamp() - {{0}}
            )
            or activity.xact_start < clock_timestamp() - {{1}}
        )
"""
_MAY = f"""
    select
        {" and ".join(f"pg_has_role('publisher', '{name}', 'usage')" for name in ENDING_SESSIONS)},
        has_function_privilege('bi_reader', 'pg_catalog.pg_advisory_lock(bigint)', 'execute'),
        {" or ".join(f"has_database_privilege('bi_reader', '{name}', 'connect')"
                     for name in SERVERS_OWN_DATABASES)}
"""  # fmt: skip


def end_overlong(
    warehouse: "PostgresWarehouse",
    seconds: float = READER_SECONDS,
    transaction_seconds: float = TRANSACTION_SECONDS,
) -> list[str]:
    """End readers' sessions whose statement, or idling in a transaction, lasts too long.

    Args:
        warehouse: The warehouse.
        seconds: How long one statement may last, or a transaction do nothing.
        transaction_seconds: How long a transaction may last in all.

    Returns:
        The logins whose sessions were ended. Nobody's where the administrator could not give the
        publisher the right to see and end them.
    """
    with warehouse.as_role("publisher").session() as session:
        return _end_overlong(session, seconds, transaction_seconds)


def _end_overlong(
    session: "PostgresSession", seconds: float, transaction_seconds: float
) -> list[str]:
    limits = [f"make_interval(secs => {float(limit)})" for limit in (seconds, transaction_seconds)]
    ended = [str(login) for login, done in session.execute(_END.format(*limits)) if done]
    for login in ended:
        _LOG.warning(
            "a session of %s was ended: a statement, or its idling in a transaction, took more "
            "than %g s, or its transaction more than %g s",
            login, seconds, transaction_seconds,
        )  # fmt: skip
    return ended


def look_after_readers(settings: Settings) -> None:
    """End what takes too long, and put back what logins changed of themselves.

    For an installation on PostgreSQL. That it failed is told, and stops nothing.
    """
    from orchestration.resources.target import postgres_warehouse

    try:
        with postgres_warehouse(settings, "publisher").session() as session:
            _end_overlong(session, READER_SECONDS, TRANSACTION_SECONDS)
            if put_back_logins(session):
                for text in lately_put_back(session, timedelta(minutes=1)):
                    _LOG.warning("%s", text)
    except Exception as error:
        _LOG.warning("readers' limits were not looked after: %s", str(error).partition("\n")[0])


def keep_looking_after_readers(settings: Settings) -> threading.Event:
    """Look every few seconds, in a thread of this process, until what is returned is set."""
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(PAUSE_SECONDS):
            look_after_readers(settings)

    threading.Thread(target=look, name="readers' limits", daemon=True).start()
    return stop


def unguarded(warehouse: "PostgresWarehouse") -> str | None:
    """What readers are not kept from on this server, and the remedy; None when all is guarded."""
    with warehouse.as_role("publisher").session() as session:
        may_end, takes_locks, reaches_others = session.execute(_MAY)[0]
        is_put_back = has_keeper(session)
    missing = {
        "running longer than their limit": not may_end,
        "changing the password and the settings of a shared login for all": not is_put_back,
        "taking the lock that decides who writes": takes_locks,
        f"the databases {' and '.join(SERVERS_OWN_DATABASES)}": reaches_others,
    }
    names = [name for name, is_missing in missing.items() if is_missing]
    if not names:
        return None
    return (
        f"readers are not kept from {'; '.join(names)}: let a superuser run `habitue postgres "
        "roles`, or put a pooler in front that refuses it (docs/operations.md)"
    )


def told_of_readers(settings: Settings) -> list[str]:
    """What logins changed of themselves in the last day, of an installation on PostgreSQL."""
    from orchestration.resources.target import postgres_warehouse

    with postgres_warehouse(settings, "publisher").session() as session:
        return lately_put_back(session, TOLD_FOR)
