"""Readers' time limit, kept from outside: any login may lift the one that its role was given."""

import logging
import threading
from typing import TYPE_CHECKING

from orchestration.resources.roles import READER_SECONDS, READERS, STORE_MANAGER
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.resources.postgres import PostgresWarehouse

_LOG = logging.getLogger(__name__)
PAUSE_SECONDS = 15.0
# A session is ended rather than its statement: a block of code can catch the end of a statement.
_END = f"""
    select activity.usename, pg_catalog.pg_terminate_backend(activity.pid)
    from pg_catalog.pg_stat_activity as activity
    where activity.datname = current_database()
        and activity.backend_type = 'client backend'
        and (
            activity.usename in ({", ".join(f"'{name}'" for name in READERS)})
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
        )
"""


def end_overlong(warehouse: "PostgresWarehouse", seconds: float = READER_SECONDS) -> list[str]:
    """End readers' sessions that run one statement, or idle in a transaction, for too long.

    Returns:
        The logins whose sessions were ended. Nobody's where the administrator could not give the
        publisher the right to see and end them.
    """
    limit = f"make_interval(secs => {float(seconds)})"
    with warehouse.as_role("publisher").session() as session:
        ended = [str(login) for login, done in session.execute(_END.format(limit)) if done]
    for login in ended:
        _LOG.warning("a session of %s was ended: it ran for more than %g s", login, seconds)
    return ended


def end_overlong_of(settings: Settings) -> None:
    """The same for an installation on PostgreSQL. That it failed is told, and stops nothing."""
    from orchestration.resources.target import postgres_warehouse

    try:
        end_overlong(postgres_warehouse(settings, "publisher"))
    except Exception as error:
        _LOG.warning("readers' time limit was not looked after: %s", str(error).partition("\n")[0])


def keep_ending_overlong(settings: Settings) -> threading.Event:
    """Look every few seconds, in a thread of this process, until what is returned is set."""
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(PAUSE_SECONDS):
            end_overlong_of(settings)

    threading.Thread(target=look, name="readers' limits", daemon=True).start()
    return stop
