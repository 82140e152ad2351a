"""Dagster's event log in SQLite files, with connections that stay open.

Dagster's own storage makes an engine, opens the file, waits for the disk and closes the file again
for each event; a run that reports some hundred dbt tests then spends most of its time there. This
one keeps a connection per file, remembers which tables there are, and leaves syncing to SQLite's
checkpoints: after a power cut the last events of a run may be missing, the file stays sound. It
rests on a part of Dagster that is not public (`_connect`), and a test watches it.
"""

from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as db
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy.pool import StaticPool

from orchestration.resources.fault_points import fault_point

MAX_OPEN_FILES = 16
BUSY_SECONDS = 60


class KeptSqliteEventLogStorage(SqliteEventLogStorage):
    """`SqliteEventLogStorage` that keeps its connections."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, db.Engine] = OrderedDict()
        self._initialized_dbs: set[str] = set()
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls, inst_data: ConfigurableClassData | None, config_value: dict[str, Any]
    ) -> "KeptSqliteEventLogStorage":
        """The storage that dagster.yaml describes."""
        return cls(inst_data=inst_data, **config_value)

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; what was found once is not looked for again."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    @contextmanager
    def _connect(self, shard: str) -> Generator[db.Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            with engine.connect() as connection:
                with connection.begin():
                    yield connection
                    fault_point("history.before_commit")
                fault_point("history.after_commit")

    def _engine(self, shard: str) -> db.Engine:
        if shard in self._engines:
            self._engines.move_to_end(shard)
            return self._engines[shard]
        engine = db.create_engine(
            self.conn_string_for_shard(shard),
            poolclass=StaticPool,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        )
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        with engine.connect() as connection:
            connection.execute(db.text("pragma synchronous = normal"))
        self._engines[shard] = engine
        if len(self._engines) > MAX_OPEN_FILES:
            self._engines.popitem(last=False)[1].dispose()
        return engine

    def dispose(self) -> None:
        """Close every file."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()
