"""Where a PostgreSQL server's time goes, from its own log and its own counters.

Only for a server that belongs to a benchmark: it logs every statement.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

_STATEMENT = re.compile(r"duration: ([0-9.]+) ms  (?:statement|execute [^:]*): (.*)")
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


@dataclass
class ServerTime:
    """Seconds that statements took, by what they were for and by dbt model; they may overlap."""

    by_kind: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    by_model: dict[str, float] = field(default_factory=lambda: defaultdict(float))


def observe(address: str) -> None:
    """Make the server log every statement and time its writes to the log of changes."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("alter system set log_min_duration_statement = 0")
        connection.execute("alter system set track_wal_io_timing = on")
        connection.execute("select pg_reload_conf()")


def server_time(log: Path) -> ServerTime:
    """What the statements in the server's log took."""
    spent = ServerTime()
    for milliseconds, text in _statements(log.read_text(errors="replace").splitlines()):
        _count(spent, milliseconds / 1000, text)
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


def _statements(lines: Iterable[str]) -> Iterable[tuple[float, str]]:
    """Each statement's milliseconds and its text; the log goes on with it on lines with a tab."""
    milliseconds, text = 0.0, ""
    for line in lines:
        if line.startswith("\t"):
            text += f" {line.strip()}"
            continue
        if text:
            yield milliseconds, text
        found = _STATEMENT.search(line)
        milliseconds, text = (float(found[1]), found[2]) if found else (0.0, "")
    if text:
        yield milliseconds, text


def _count(spent: ServerTime, seconds: float, text: str) -> None:
    if "to stdout" in text.lower():
        return  # the other end of a copy within the server, which waits for the one counted
    if node := _NODE.search(text):
        kind, name = node.groups()
        spent.by_kind[{"model": "models", "test": "dbt tests"}.get(kind, "seeds")] += seconds
        if kind == "model":
            spent.by_model[name] += seconds
        return
    if '"app": "dbt"' in text:
        spent.by_kind["dbt's look-ups and schemas"] += seconds
        return
    kind = next((name for name, pattern in _KINDS if pattern.match(text)), "everything else")
    spent.by_kind[kind] += seconds
