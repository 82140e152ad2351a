"""DuckDB and PostgreSQL side by side: the same exports, built and published on both.

PostgreSQL is an embedded server of the benchmark's own, as `make demo TARGET=postgres` has one.
Usage: python -m bench.engines [order lines]
"""

import json
import os
import resource
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.ingest import peak_megabytes
from bench.server_time import observe, server_time, wal
from orchestration.demo.generate import generate
from orchestration.resources.embedded_postgres import EmbeddedPostgres, running
from orchestration.settings import PROJECT_ROOT

DEFAULT_LINES = 200_000
SLOWEST_MODELS = 10
SAMPLE_SECONDS = 0.25
# One for both engines, or no pseudonym would be the same.
KEY = secrets.token_hex(32)
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
# Steps by how their names begin; what fits none (seeds, landing, golden keys) is `other`.
PHASES = {
    "load": "raw__",
    "staging": "staging",
    "unified": "unified",
    "golden_customer": "golden_customer",
    "enriched": "enriched",
    "marts": "marts",
    "gates": "gate_",
    "publish": "published",
}


@dataclass(frozen=True)
class Cost:
    """What a run took: wall and CPU seconds, peak MB, step seconds by phase, content hashes."""

    wall: float
    cpu: float
    peak: float
    phases: Mapping[str, float]
    published: Mapping[str, str]


class ServerMeter:
    """CPU seconds and peak MB of a server and the processes it made; Linux only, else 0."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._pid = int((server.folder / "postmaster.pid").read_text().split()[0])
        self.peak = 0.0

    @property
    def cpu(self) -> float:
        """CPU seconds so far, sessions that ended included."""
        return sum(map(_cpu_seconds, [self._pid, *_children(self._pid)]))

    @contextmanager
    def watching(self) -> Generator[None]:
        """Look at the memory every now and then, for as long as the block lasts."""
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(done,), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def _watch(self, done: threading.Event) -> None:
        while not done.wait(SAMPLE_SECONDS):
            now = sum(map(_megabytes, [self._pid, *_children(self._pid)]))
            self.peak = max(self.peak, now)


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in text.split()]


def _cpu_seconds(pid: int) -> float:
    """A process's own CPU and that of its ended children."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / CLOCK_TICKS


def _megabytes(pid: int) -> float:
    """Memory, that which processes share divided among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def build(home: Path, landing: Path, target: str) -> Cost:
    """Load, build, judge and publish the exports of `landing` in a home of their own.

    Raises:
        RuntimeError: the run failed; its output is in the message.
    """
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("habitue"), "run"],
            env={
                **os.environ,
                "HABITUE_HOME": str(home),
                "HABITUE_LANDING": str(landing),
                "HABITUE_TARGET": target,
                "HABITUE_PSEUDONYM_KEY": KEY,
            },
            cwd=PROJECT_ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        if process.returncode:
            raise RuntimeError(f"the run on {target} failed:\n{output.read()}")
    return _cost(home, target, time.perf_counter() - began, usage)


def _cost(home: Path, target: str, wall: float, usage: resource.struct_rusage) -> Cost:
    report: dict[str, Any] = json.loads((home / "last_run.json").read_text())
    phases: dict[str, float] = defaultdict(float)
    for step in report["steps"]:
        key = str(step["key"])
        phase = next((name for name, start in PHASES.items() if key.startswith(start)), "other")
        phases[phase] += float(step["seconds"])
    phases["starting, ending"] = wall - sum(phases.values())
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(wall, cpu, peak_megabytes(usage), phases, _published(home, target))


def _published(home: Path, target: str) -> dict[str, str]:
    """The content hash of every published table."""
    if target == "duckdb":
        import duckdb

        file = home / "published" / "habitue.duckdb"
        with duckdb.connect(str(file), read_only=True) as connection:
            rows = connection.execute("select table_name, content_hash from ops.publication")
            return dict(rows.fetchall())
    import psycopg

    with psycopg.connect(running(home).address(database="habitue")) as connection:
        served = "select table_name, content_hash from serving.publication"
        return dict(connection.execute(served).fetchall())


def print_side_by_side(duck: Cost, postgres: Cost, meter: ServerMeter) -> None:
    """The costs of both, a line a phase."""
    same = sum(postgres.published.get(name) == text for name, text in duck.published.items())
    print(f"{'':28}{'DuckDB':>10}{'PostgreSQL':>12}")
    for name in (*PHASES, "other", "starting, ending"):
        here, there = duck.phases.get(name, 0.0), postgres.phases.get(name, 0.0)
        print(f"{name + ', s':28}{here:10.1f}{there:12.1f}")
    print(f"{'whole run, s':28}{duck.wall:10.1f}{postgres.wall:12.1f}")
    print(f"{'CPU of habitue, s':28}{duck.cpu:10.1f}{postgres.cpu:12.1f}")
    print(f"{'CPU of the server, s':28}{'':>10}{meter.cpu:12.1f}")
    print(f"{'peak of habitue, MB':28}{duck.peak:10.0f}{postgres.peak:12.0f}")
    print(f"{'peak of the server, MB':28}{'':>10}{meter.peak:12.0f}")
    print(f"published tables with the same content: {same} of {len(duck.published)}")


def print_server_time(server: EmbeddedPostgres) -> None:
    """Where PostgreSQL's time goes: kinds of statements, the slowest models, the log of changes."""
    spent = server_time(server.log)
    print("\nPostgreSQL's statements, s (they overlap where two run at once)")
    for name, seconds in _largest(spent.by_kind):
        print(f"  {name:38}{seconds:8.1f}")
    print(f"\nthe {SLOWEST_MODELS} slowest models, s")
    for name, seconds in _largest(spent.by_model)[:SLOWEST_MODELS]:
        print(f"  {name:38}{seconds:8.1f}")
    print("\nwrite-ahead log")
    for name, value in wal(server.address()).items():
        print(f"  {name:38}{value:8.1f}")


def _largest(spent: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(spent.items(), key=lambda item: -item[1])


def main(lines: int = DEFAULT_LINES) -> int:
    """Print both engines' costs; gives 1 when a published table differs."""
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        place = Path(folder)
        generate(place / "landing", place / "truth", lines, progress=lambda _: None)
        duck = build(place / "duckdb", place / "landing", "duckdb")
        server = running(place / "postgres")
        try:
            observe(server.address())
            meter = ServerMeter(server)
            with meter.watching():
                postgres = build(place / "postgres", place / "landing", "postgres")
            print(f"{lines:,} order lines")
            print_side_by_side(duck, postgres, meter)
            print_server_time(server)
        finally:
            server.stop()
    return int(duck.published != postgres.published)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_LINES))
