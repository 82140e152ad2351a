"""Where tables live: one interface, and DuckDB behind it."""

import re
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import duckdb
import pyarrow as pa

from orchestration.resources.fault_points import fault_point

Row = tuple[Any, ...]
Engine = Literal["duckdb", "postgres"]
SIGNS_OF_DAMAGE = (
    "Corrupt database file",
    "not a valid DuckDB database file",
    "deserialize",
    "Could not read enough bytes",
    "Is a directory",
)
_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$")


class WarehouseBusy(RuntimeError):
    """Another process holds the warehouse; the message says which file and what to do."""


class WarehouseUnreadable(RuntimeError):
    """The file is damaged, or a newer DuckDB wrote it; the message says which and what to do."""


class Session(Protocol):
    """An open connection to the warehouse."""

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement with `?` parameters; gives its rows, none for a statement."""
        ...

    def append(self, table: str, rows: pa.Table) -> None:
        """Add Arrow rows to a table, matched by column name."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing: commits at the end, rolls back on any exception."""
        ...


class Warehouse(Protocol):
    """A place that holds tables."""

    @property
    def engine(self) -> Engine:
        """Which database it is."""
        ...

    @property
    def place(self) -> str:
        """Where it is, fit for messages."""
        ...

    def exists(self) -> bool:
        """Whether anything was ever stored."""
        ...

    def session(self) -> AbstractContextManager[Session]:
        """Open a connection; what was written is safe on disk when it is closed."""
        ...


def checked_name(name: str) -> str:
    """`name` itself, when it is a plain `schema.table` or identifier.

    Raises:
        ValueError: the name would need quoting.
    """
    if not _NAME.match(name):
        raise ValueError(f"{name!r} is no plain table or column name")
    return name


def literal(path: Path) -> str:
    """A path as a text of SQL, where no parameter may stand; people's folders have apostrophes."""
    return "'" + str(path).replace("'", "''") + "'"


def is_damage(error: BaseException) -> bool:
    """Whether an error says that a DuckDB file is not as it was written."""
    return any(sign in str(error) for sign in SIGNS_OF_DAMAGE)


def opened(file: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Connect to a DuckDB file; a pipe in its place, which would be waited at, is no such file.

    Raises:
        duckdb.Error: it cannot be opened.
    """
    if file.is_fifo():
        raise duckdb.IOException(f"{file} is a pipe, not a valid DuckDB database file")
    return duckdb.connect(str(file), read_only=read_only)


@contextmanager
def published(file: Path) -> Generator[Callable[[str], list[Row]]]:
    """Read the published file: gives what runs a query.

    Raises:
        WarehouseUnreadable: it is damaged, or lacks what every publication holds.
    """
    try:
        with opened(file, read_only=True) as connection:
            yield lambda sql: connection.execute(sql).fetchall()
    except duckdb.Error as error:
        if not is_damage(error) and not isinstance(error, duckdb.CatalogException):
            raise
        raise WarehouseUnreadable(
            f"{file} is damaged ({str(error).splitlines()[0]}): `habitue run` sets it aside and "
            "publishes it anew"
        ) from None


class DuckDBSession:
    """One DuckDB connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement with `?` parameters; gives its rows, none for a statement."""
        return self._connection.execute(sql, list(parameters)).fetchall()

    def append(self, table: str, rows: pa.Table) -> None:
        """Add Arrow rows to a table, matched by column name."""
        columns = ", ".join(f'"{checked_name(name)}"' for name in rows.column_names)
        self._connection.register("incoming_rows", rows)
        try:
            self._connection.execute(
                f"insert into {checked_name(table)} ({columns}) select {columns} from incoming_rows"
            )
        finally:
            self._connection.unregister("incoming_rows")

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All or nothing: commits at the end, rolls back on any exception."""
        self._connection.begin()
        try:
            yield
            fault_point("transaction.before_commit")
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()
        fault_point("transaction.after_commit")

    def checkpoint(self) -> None:
        """Move what was committed from the log into the file itself."""
        try:
            self._connection.execute("checkpoint")
        except duckdb.TransactionException:
            # Another connection of this process is writing: the last one to close checkpoints.
            return


class DuckDBWarehouse:
    """Tables in one DuckDB file.

    The same plain connection options everywhere, because DuckDB refuses to open a file twice in one
    process with different ones.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def engine(self) -> Engine:
        """DuckDB."""
        return "duckdb"

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self.file)

    def exists(self) -> bool:
        """Whether the file is there."""
        return self.file.exists()

    @contextmanager
    def session(self) -> Generator[DuckDBSession]:
        """Open a connection; on a clean close the file is checkpointed, no log stays beside it.

        Raises:
            WarehouseBusy: another process has the file open.
            WarehouseUnreadable: the file is damaged, or a newer DuckDB wrote it.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        connection = self._connected()
        try:
            session = DuckDBSession(connection)
            yield session
            session.checkpoint()
        except duckdb.Error as error:
            if is_damage(error):
                raise self._damaged(error) from None
            raise
        finally:
            connection.close()

    def _damaged(self, error: duckdb.Error) -> "WarehouseUnreadable":
        return WarehouseUnreadable(
            f"{self.file} is damaged ({str(error).splitlines()[0]}): `habitue run` sets it aside "
            "and makes it anew; what is published is still served"
        )

    def _connected(self) -> duckdb.DuckDBPyConnection:
        try:
            return opened(self.file)
        except duckdb.Error as error:
            said = str(error)
            if is_damage(error):
                raise self._damaged(error) from None
            if "lock" in said.lower() and isinstance(error, duckdb.IOException):
                raise WarehouseBusy(
                    f"{self.file} is open in another process; wait for its run to end, then retry"
                ) from None
            if "newer version of DuckDB" in said:
                raise WarehouseUnreadable(
                    f"{self.file} was written by a newer DuckDB than this one "
                    f"({duckdb.__version__}): install the habitue that wrote it, or restore the "
                    "copy from before its upgrade; nothing was changed"
                ) from None
            raise
