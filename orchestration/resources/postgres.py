"""PostgreSQL as the warehouse: rows arrive by COPY, a session is one connection."""

import os
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, LiteralString, cast

import psycopg
import pyarrow as pa
import pyarrow.csv as pacsv
from psycopg import conninfo

from orchestration.resources.fault_points import fault_point
from orchestration.resources.warehouse import Engine, Row, checked_name
from orchestration.settings import PROJECT_ROOT

APPLICATION = "habitue"
COPY_CHUNK_BYTES = 1 << 20
CONNECT_SECONDS = 10
# A server that vanishes without a word is noticed after 10 + 3 * 10 seconds.
NETWORK: dict[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# Set after the login rather than with it: connection poolers refuse options at the login.
_SETTINGS = {
    "statement_timeout": "6h",
    "lock_timeout": "60s",
    "idle_in_transaction_session_timeout": "30min",
    "client_connection_check_interval": "10s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "timezone": "UTC",
    "datestyle": "ISO",
    "search_path": "",
}
_TLS = ("sslmode", "sslcert", "sslkey", "sslrootcert")
_SERVICE = "habitue"  # a section of the file below, read by libpq itself
_SERVICE_FILE = PROJECT_ROOT / "dbt_project" / "pg_service.conf"
_QUOTED_OR_MARK = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|[?%]")


class PostgresUnreachable(RuntimeError):
    """No connection was made; the message names the server and the remedy, never a password."""


class PostgresLoginRefused(PostgresUnreachable):
    """The server answered and refused the login: trying again would only lock the role out."""


class PostgresNotPrepared(RuntimeError):
    """The server lacks our roles, or the login may not act as them; the message has the remedy."""


class PostgresFull(RuntimeError):
    """The server's disk is full; the open transaction was rolled back."""


class WrittenTwice(RuntimeError):
    """Another run wrote the same meanwhile; the open transaction was rolled back."""


class PostgresConnectionLost(RuntimeError):
    """The server ended the connection or went away; the open transaction was rolled back."""


@dataclass(frozen=True)
class PostgresAddress:
    """Where a server is and who logs in; its text never shows the password."""

    conninfo: str

    def __post_init__(self) -> None:
        try:
            conninfo.conninfo_to_dict(self.conninfo)
        except psycopg.ProgrammingError:
            # The library's own message repeats parts of the text, which may hold a password.
            raise PostgresUnreachable(
                "HABITUE_POSTGRES_ADDRESS is no PostgreSQL address; write it as "
                "postgresql://user@host:5432/database"
            ) from None

    def __repr__(self) -> str:
        return f"PostgresAddress({self.shown})"

    @property
    def parts(self) -> dict[str, Any]:
        """The address by libpq keyword: host, port, user, password, dbname."""
        return {key: str(value) for key, value in conninfo.conninfo_to_dict(self.conninfo).items()}

    @property
    def shown(self) -> str:
        """user@host:port/database, fit for messages."""
        parts = self.parts
        return (
            f"{parts.get('user', '')}@{parts.get('host', 'localhost')}:"
            f"{parts.get('port', '5432')}/{parts.get('dbname', '')}"
        )

    def with_parts(self, **parts: str) -> "PostgresAddress":
        """The same address with some keywords changed."""
        return replace(self, conninfo=conninfo.make_conninfo(self.conninfo, **parts))

    def dbt_environment(self) -> dict[str, str]:
        """The variables that dbt's profile reads."""
        parts = self.parts
        return {
            "HABITUE_PG_HOST": parts.get("host", "127.0.0.1"),
            "HABITUE_PG_PORT": parts.get("port", "5432"),
            "HABITUE_PG_USER": parts.get("user", "habitue"),
            "HABITUE_PG_PASSWORD": parts.get("password", ""),
            "HABITUE_PG_DATABASE": parts.get("dbname", "habitue"),
            **{f"HABITUE_PG_{name.upper()}": parts[name] for name in _TLS if name in parts},
            **_service(),
        }


class PostgresSession:
    """One PostgreSQL connection."""

    def __init__(self, connection: psycopg.Connection, address: PostgresAddress) -> None:
        self.connection = connection
        self._address = address

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement with `?` parameters; gives its rows, none for a statement.

        Raises:
            PostgresConnectionLost: the server went away meanwhile.
        """
        with self._named_faults():
            text = cast("LiteralString", positional(sql) if parameters else sql)
            cursor = self.connection.execute(text, list(parameters) or None)
            return cursor.fetchall() if cursor.description else []

    def append(self, table: str, rows: pa.Table) -> None:
        """Add Arrow rows to a table by COPY, matched by column name.

        An empty text and a missing one stay apart: COPY reads only an unquoted nothing as null.

        Raises:
            PostgresConnectionLost: the server went away meanwhile.
        """
        if rows.num_rows == 0:
            return
        columns = ", ".join(f'"{checked_name(name)}"' for name in rows.column_names)
        statement = f"copy {checked_name(table)} ({columns}) from stdin (format csv)"
        data = memoryview(_as_csv(rows))
        with (
            self._named_faults(),
            self.connection.cursor() as cursor,
            cursor.copy(cast("LiteralString", statement)) as copy,
        ):
            for start in range(0, len(data), COPY_CHUNK_BYTES):
                copy.write(data[start : start + COPY_CHUNK_BYTES])

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All or nothing: commits at the end, rolls back on any exception."""
        with self._named_faults(), self.connection.transaction():
            yield
            fault_point("transaction.before_commit")
        fault_point("transaction.after_commit")

    @contextmanager
    def _named_faults(self) -> Generator[None]:
        try:
            yield
        except psycopg.errors.UniqueViolation as error:
            raise WrittenTwice(
                f"another run wrote the same line of {error.diag.schema_name}."
                f"{error.diag.table_name} meanwhile; nothing of this one was kept. See that one "
                "run is active, and run again"
            ) from error
        except psycopg.errors.DiskFull as error:
            raise PostgresFull(
                f"PostgreSQL {self._address.shown} has no room left ({_first_line(error)}); what "
                "was published is served on. Make room on the server's disk, and run again"
            ) from error
        except psycopg.OperationalError as error:
            if not self.connection.closed:
                raise
            raise PostgresConnectionLost(
                f"PostgreSQL ended the connection {self._address.shown} "
                f"({_first_line(error)}): it was restarted, or an administrator ended the "
                "session; nothing of the open transaction was kept, run again"
            ) from None


class PostgresWarehouse:
    """Tables in one PostgreSQL database, written as one role and under one run's name."""

    def __init__(
        self, address: PostgresAddress, role: str | None = None, run_id: str | None = None
    ) -> None:
        self.address = address
        self.role = role
        self.run_id = run_id

    @property
    def engine(self) -> Engine:
        """PostgreSQL."""
        return "postgres"

    @property
    def place(self) -> str:
        """user@host:port/database."""
        return self.address.shown

    def of_run(self, run_id: str) -> "PostgresWarehouse":
        """The same warehouse, its sessions marked as those of a run."""
        return PostgresWarehouse(self.address, self.role, run_id)

    def as_role(self, role: str) -> "PostgresWarehouse":
        """The same warehouse, its sessions acting as another role."""
        return PostgresWarehouse(self.address, role, self.run_id)

    def exists(self) -> bool:
        """Whether anything was ever stored: the fingerprint of a key is."""
        with self.session() as session:
            if not session.execute("select to_regclass('ops.pseudonym_keys') is not null")[0][0]:
                return False
            return bool(session.execute("select 1 from ops.pseudonym_keys"))

    @contextmanager
    def session(self) -> Generator[PostgresSession]:
        """Open a connection; each statement outside a transaction is committed at once.

        Raises:
            PostgresLoginRefused: the server refuses the user, the password or the database.
            PostgresUnreachable: the server does not answer.
            PostgresNotPrepared: the server lacks the role.
        """
        with self._connect() as connection:
            session = PostgresSession(connection, self.address)
            settings = {**_SETTINGS, **({"role": self.role} if self.role else {})}
            changes = ", ".join("pg_catalog.set_config(?, ?, false)" for _ in settings)
            try:
                session.execute(
                    f"select {changes}", [text for pair in settings.items() for text in pair]
                )
            except (psycopg.errors.InvalidParameterValue, psycopg.errors.InsufficientPrivilege):
                raise PostgresNotPrepared(
                    f"{self.address.shown} may not act as the role {self.role}, or there is none: "
                    "an administrator runs `habitue postgres roles` (docs/operations.md)"
                ) from None
            yield session

    def _connect(self) -> psycopg.Connection:
        name = application_name(self.run_id)
        try:
            return psycopg.connect(
                self.address.conninfo, autocommit=True, application_name=name, **NETWORK
            )
        except psycopg.OperationalError as error:
            raise _refusal(self.address, error) from None


def _service() -> dict[str, str]:
    """Point libpq at our section of defaults, unless the installation uses one of its own."""
    if os.environ.get("PGSERVICE", _SERVICE) != _SERVICE:
        return {}
    return {"PGSERVICE": _SERVICE, "PGSERVICEFILE": str(_SERVICE_FILE)}


def application_name(run_id: str | None) -> str:
    """What `pg_stat_activity` shows: `habitue:<run id>`, or `habitue` outside runs.

    PostgreSQL keeps 63 bytes of it.
    """
    return f"{APPLICATION}:{run_id}"[:63] if run_id else APPLICATION


def positional(sql: str) -> str:
    """A statement with `?` parameters in psycopg's notation; quoted text stays as it is."""

    def change(found: re.Match[str]) -> str:
        text = found.group()
        return "%s" if text == "?" else text.replace("%", "%%")

    return _QUOTED_OR_MARK.sub(change, sql)


def end_leftovers(warehouse: PostgresWarehouse, *, wait_seconds: int = 10) -> int:
    """End what earlier runs of the same login left running in this database.

    To be called by a run that holds the lease, so that no other run is alive: a killed run's
    query would otherwise go on, hold its locks, and write beside this run.

    Returns:
        How many sessions were ended.
    """
    login = PostgresWarehouse(warehouse.address, None, warehouse.run_id)
    with login.session() as session:
        rows = session.execute(
            """
            select pg_catalog.pg_terminate_backend(pid, cast(? as bigint))
            from pg_catalog.pg_stat_activity
            where datname = current_database()
                and usename = session_user
                and starts_with(application_name, ?)
                and application_name <> ?
                and pid <> pg_catalog.pg_backend_pid()
            """,
            [wait_seconds * 1000, f"{APPLICATION}:", application_name(warehouse.run_id)],
        )
    return sum(bool(ended) for (ended,) in rows)


def _as_csv(rows: pa.Table) -> pa.Buffer:
    buffer = pa.BufferOutputStream()
    pacsv.write_csv(rows, buffer, pacsv.WriteOptions(include_header=False))
    return buffer.getvalue()


def _refusal(address: PostgresAddress, error: psycopg.OperationalError) -> PostgresUnreachable:
    said = _first_line(error)
    if re.search("too many (clients|connections)|remaining connection slots", said):
        return PostgresUnreachable(
            f"PostgreSQL has no connection left for {address.shown} ({said}): end idle sessions "
            "(pg_stat_activity) or raise max_connections, and run again"
        )
    # A refused login carries no SQL state here; the server's word for it is FATAL.
    if "FATAL" in said and "starting up" not in said:
        return PostgresLoginRefused(
            f"PostgreSQL refuses the login {address.shown} ({said}): correct the user, the "
            "password or the database in HABITUE_POSTGRES_ADDRESS; it was tried once"
        )
    return PostgresUnreachable(
        f"PostgreSQL does not answer at {address.shown} ({said}): start it, or correct "
        "HABITUE_POSTGRES_ADDRESS"
    )


def _first_line(error: psycopg.Error) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
