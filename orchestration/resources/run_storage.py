"""Dagster's runs, events and schedules in PostgreSQL, with connections that stay open.

Dagster's own storage logs in again for each event; a run that reports some thousand events then
spends seconds on logins. This one keeps a small pool for all three storages, and proves that a
connection is alive before it is used, so that a restarted server costs no event. Events do not
wait for the disk one by one: a power cut may lose the last half second of them. What starts runs
and says how they ended does wait, and takes the events before it along. It rests on a part of
Dagster that is not public (`_engine`), and a test watches it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as db
import sqlalchemy.event
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import pg_url_from_config

from orchestration.resources.postgres import NETWORK, PostgresAddress

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection

KEPT_CONNECTIONS = 1
MORE_CONNECTIONS = 20
RECYCLE_SECONDS = 3600


class KeptPostgresStorage(DagsterPostgresStorage):
    """`DagsterPostgresStorage` that keeps its connections."""

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(postgres_url, inst_data=inst_data)
        runs, events = _kept_engine(postgres_url), _kept_engine(postgres_url)
        sqlalchemy.event.listens_for(events, "connect")(_do_not_wait_for_the_disk)
        self._run_storage._engine = runs  # pyright: ignore[reportPrivateUsage]
        self._schedule_storage._engine = runs  # pyright: ignore[reportPrivateUsage]
        self._event_log_storage._engine = events  # pyright: ignore[reportPrivateUsage]

    @classmethod
    def from_config_value(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "KeptPostgresStorage":
        """The storage that dagster.yaml describes."""
        return cls(pg_url_from_config(config_value), inst_data)


def _kept_engine(url: str) -> db.Engine:
    return db.create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=KEPT_CONNECTIONS,
        max_overflow=MORE_CONNECTIONS,
        pool_recycle=RECYCLE_SECONDS,
        pool_pre_ping=True,
    )


def _do_not_wait_for_the_disk(connection: "DBAPIConnection", _record: object) -> None:
    # After the login rather than with it: connection poolers refuse options at the login.
    cursor = connection.cursor()
    cursor.execute("set synchronous_commit = off")
    cursor.close()
    connection.commit()


def storage_url(address: PostgresAddress) -> str:
    """The address in SQLAlchemy's form, with the password; for the environment, never for a file.

    A server that vanishes without a word is noticed as it is by the warehouse's connections.
    """
    parts = {**{key: str(value) for key, value in NETWORK.items()}, **address.parts}
    known = {key: parts.pop(key, None) for key in ("user", "password", "port", "dbname")}
    return db.URL.create(
        "postgresql+psycopg2",
        username=known["user"],
        password=known["password"],
        port=int(known["port"]) if known["port"] else None,
        database=known["dbname"],
        query=parts,
    ).render_as_string(hide_password=False)
