"""Where a PostgreSQL server's time goes, from its own log and its own counters.

Only for a server that belongs to a benchmark: it logs every statement.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg

from orchestration.resources.roles import ORCHESTRATOR_DATABASE

# Every line tells the database, because Dagster's runs and events lie in one of their own.
_PREFIX = "%m [%p] %d "
_STATEMENT = re.compile(r"\] (\S*) LOG:  duration: ([0-9.]+) ms  (?:statement|execute [^:]*): (.*)")
_NODE = re.compile(r'"node_id": "([a-z_]+)\.habitue\.(\w+)')
# What a statement is for, by how it begins; the first that fits counts.
_KINDS = (
    ("raw rows (COPY)", re.compile(r"copy raw\.", re.I)),
    ("publication (COPY)", re.compile(r'copy "', re.I)),
    ("indexes", re.compile(r"create (unique )?index", re.I)),
    ("statistics", re.compile(r"analyze", re.I)),
    ("commits", re.compile(r"commit", re.I)),
    ("gates", re.compile(r"select .*(unexpected_count|table\.row_count|column_\w+\.)", re.I)),
    ("look-ups in the catalogue", re.compile(r"select .*pg_catalog\.", re.I)),
    ("content hashes", re.compile(r"select\s+count\(\*\).*(hash|md5)", re.I)),
)


DBT_NODES = {"model": "models", "test": "dbt tests"}


@dataclass(frozen=True)
class _Statement:
    database: str
    seconds: float
    text: str


@dataclass
class ServerTime:
    """Seconds that statements took, by what they were for and by dbt model; they may overlap."""

    by_kind: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    by_model: dict[str, float] = field(default_factory=lambda: defaultdict(float))


def observe(address: str) -> None:
    """Make the server log every statement and time its writes to the log of changes."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"alter system set log_line_prefix = '{_PREFIX}'".encode())
        connection.execute("alter system set log_min_duration_statement = 0")
        connection.execute("alter system set track_wal_io_timing = on")
        connection.execute("select pg_reload_conf()")


def server_time(log: Path) -> ServerTime:
    """What the statements in the server's log took."""
    spent = ServerTime()
    for statement in _statements(log.read_text(errors="replace").splitlines()):
        _count(spent, statement)
    return spent


def wal(address: str) -> dict[str, float]:
    """The log of changes since the server was made: MB written, seconds of writing and syncing."""
    with psycopg.connect(address) as connection:
        written: Any = connection.execute("select wal_bytes from pg_stat_wal").fetchone()
        waited: Any = connection.execute(
            "select coalesce(sum(write_time), 0), coalesce(sum(fsync_time), 0) "
            "from pg_stat_io where object = 'wal'"
        ).fetchone()
    return {
        "MB": float(written[0]) / 1e6,
        "write seconds": float(waited[0]) / 1000,
        "sync seconds": float(waited[1]) / 1000,
    }


def _statements(lines: Iterable[str]) -> Iterator[_Statement]:
    """Each statement of the log, which goes on with it on lines that begin with a tab."""
    last: _Statement | None = None
    for line in lines:
        if line.startswith("\t"):
            last = replace(last, text=f"{last.text} {line.strip()}") if last else None
            continue
        if last:
            yield last
        found = _STATEMENT.search(line)
        last = _Statement(found[1], float(found[2]) / 1000, found[3]) if found else None
    if last:
        yield last


def _count(spent: ServerTime, statement: _Statement) -> None:
    text = statement.text
    if "to stdout" in text.lower():
        return  # the other end of a copy within the server, which waits for the one counted
    if node := _NODE.search(text):
        kind, name = node.groups()
        spent.by_kind[DBT_NODES.get(kind, "seeds")] += statement.seconds
        if kind == "model":
            spent.by_model[name] += statement.seconds
        return
    spent.by_kind[_kind(statement)] += statement.seconds


def _kind(statement: _Statement) -> str:
    if statement.database == ORCHESTRATOR_DATABASE:
        return "Dagster's runs and events"
    if '"app": "dbt"' in statement.text:
        return "dbt's look-ups and schemas"
    return next((name for name, begins in _KINDS if begins.match(statement.text)), "other")
