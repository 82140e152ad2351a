"""Counts a landing folder without the product's reader, and compares with a home's ledger.

Plain Python on purpose: it shares no code with the product, so that an agreement means something.
A record is a line that is not blank, which holds for contracts without `multiline`.
Usage: python -m tests.landing_count LANDING HOME
"""

import gzip
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

SIDE_FILES = (".done", ".sha256", ".part", ".filepart")
LEDGER = """
select source, file_name, sha256, state, file_id, physical_lines, rows_seen, blank_lines,
    continuation_lines, rows_loaded, rows_quarantined, rows_exact_duplicate, entity
from ops.files
"""


@dataclass(frozen=True)
class Count:
    """Lines of a file, and those of them that are records."""

    lines: int
    records: int


def counted(data: bytes) -> Count:
    """Lines and records of an unpacked file; the first line is its header."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    records = sum(line not in (b"", b"\r") for line in lines[1:])
    return Count(len(lines), records)


def exports(landing: Path) -> list[Path]:
    """Every export in the folders of the sources."""
    return sorted(
        path
        for path in landing.glob("*/*.csv*")
        if path.is_file() and not path.name.endswith(SIDE_FILES)
    )


def faults(landing: Path, home: Path) -> Iterator[str]:
    """What the ledger of a DuckDB home says otherwise than the files, a sentence each."""
    file = home / "warehouse" / "habitue_build.duckdb"
    with duckdb.connect(str(file), read_only=True) as warehouse:
        ledger = warehouse.execute(LEDGER).fetchall()
        for path in exports(landing):
            yield from _faults_of(path, ledger)
        for line in ledger:
            if line[3] == "loaded":
                yield from _faults_of_tables(warehouse, line)


def _faults_of(path: Path, ledger: list[tuple]) -> Iterator[str]:
    data = path.read_bytes()
    sha256, source = hashlib.sha256(data).hexdigest(), path.parent.name
    lines = [line for line in ledger if (line[0], line[2]) == (source, sha256)]
    loaded = [line for line in lines if line[3] == "loaded"]
    if not loaded:
        if not any(line[1] == path.name and line[3] == "refused" for line in ledger):
            yield f"{source}/{path.name} is neither loaded nor refused"
        return
    if path.name not in {line[1] for line in lines}:
        yield f"{source}/{path.name} is in no line of the ledger"
    count = counted(gzip.decompress(data) if path.suffix == ".gz" else data)
    _, _, _, _, _, physical, seen, blank, continued, good, bad, again, _ = loaded[0]
    if (physical, seen) != (count.lines, count.records):
        yield f"{source}/{path.name}: {count}, the ledger has {physical} lines and {seen} rows"
    if physical != 1 + seen + blank + continued:
        yield f"{source}/{path.name}: its lines are not explained by each other"
    if seen != good + bad + again:
        yield f"{source}/{path.name}: its rows are not accounted for"


def _faults_of_tables(warehouse: duckdb.DuckDBPyConnection, line: tuple) -> Iterator[str]:
    source, name, file_id, loaded, entity = line[0], line[1], line[4], line[9], line[12]
    held = warehouse.execute(
        f"select count(*) from raw.{source}_{entity} where _file_id = ?", [file_id]
    ).fetchall()[0][0]
    if held != loaded:
        yield f"{source}/{name}: {loaded} rows loaded, {held} in the raw table"


def main(landing: str, home: str) -> int:
    """Print every fault; gives 1 when there is one."""
    found = list(faults(Path(landing), Path(home)))
    print("\n".join(found) or f"{len(exports(Path(landing)))} files agree with the ledger")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
