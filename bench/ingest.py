"""What exact loading costs: ours against DuckDB's own reader on the same file.

Each contender runs in a process of its own, in turn, several times. DuckDB reads every column as
text into a table and checks nothing; ours also checks every value and row, looks for personal data
in every text, hashes rows, and keeps the ledger. The limit is on the median ratio of CPU seconds:
wall time depends on whatever else the machine does.
Usage: python -m bench.ingest [rows]
"""

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from orchestration.ingest.contract import load_contracts

DEFAULT_ROWS = 1_000_000
TIMES = 3
LIMIT = 3.0

# Long numbers are what the search for personal data must take a closer look at.
_FIRST_ARTICLE = 3_600_000_000_000

PLAIN = """
import sys, duckdb
with duckdb.connect(sys.argv[2]) as connection:
    connection.execute(
        "create table items as select * from read_csv(?, all_varchar = true)", [sys.argv[1]])
    print(connection.execute("select count(*) from items").fetchone()[0])
"""

OURS = """
from orchestration.ingest.load import ingest_entity
from orchestration.settings import load_settings
print(ingest_entity(load_settings(), "magento", "sales_order_item", run_id="bench").rows_loaded)
"""


@dataclass(frozen=True)
class Cost:
    """What a process took: wall and CPU seconds, peak memory in MB, rows that it loaded."""

    wall: float
    cpu: float
    peak: float
    rows: int


def write_items(path: Path, rows: int) -> None:
    """A clean export of order items, as Magento writes it; every name holds an article number."""
    header = ",".join(load_contracts()["magento", "sales_order_item"].names)
    rng = random.Random(1)
    with path.open("w", encoding="utf-8") as stream:
        stream.write(header + "\n")
        for number in range(1, rows + 1):
            product, units = rng.randint(1, 5000), rng.randint(1, 4)
            price = rng.randint(500, 9999) / 100
            moment = f"2025-{rng.randint(1, 9):02}-{rng.randint(1, 28):02} 1{number % 10}:30:00"
            stream.write(
                f"{number},{number // 2 + 1},,{product},simple,SKU-{product:05},"
                f"Bra {_FIRST_ARTICLE + product} 85B,{units}.0000,"
                f"0.0000,0.0000,{price},{price},0.0000,{price * units * 0.2:.2f},"
                f"{price * units:.2f},{moment},{moment}\n"
            )


def measured(program: str, arguments: list[str], environment: dict[str, str]) -> Cost:
    """Run a Python program in a process of its own.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, program)
    return Cost(
        wall, usage.ru_utime + usage.ru_stime, peak_megabytes(usage), int(output.split()[-1])
    )


def peak_megabytes(usage: resource.struct_rusage) -> float:
    """Peak memory; Linux counts in kilobytes, macOS in bytes."""
    return usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def compare(export: Path) -> tuple[Cost, Cost]:
    """Costs of DuckDB's reader and of ours, on a file in a landing folder of its own."""
    landing = export.parents[1]
    with tempfile.TemporaryDirectory(dir=landing.parent) as folder:
        plain = measured(PLAIN, [str(export), f"{folder}/plain.duckdb"], {})
        home = {"HABITUE_HOME": folder, "HABITUE_LANDING": str(landing)}
        return plain, measured(OURS, [], home)


def main(rows: int = DEFAULT_ROWS) -> int:
    """Print the comparisons; gives 1 when ours takes more than three times DuckDB's CPU."""
    costs_of = "wall s   CPU s  peak MB"
    print(f"{'DuckDB read_csv, text':>30}{'habitue':>30}{'ratio':>16}")
    print(f"{costs_of:>30}{costs_of:>30}{'wall     CPU':>16}")
    ratios: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder, "landing", "magento", "sales_order_item_20251001.csv")
        export.parent.mkdir(parents=True)
        write_items(export, rows)
        export.with_name(f"{export.name}.done").touch()
        for _ in range(TIMES):
            plain, ours = compare(export)
            if ours.rows != plain.rows:
                print(f"{ours.rows:,} rows where DuckDB has {plain.rows:,}")
                return 1
            ratios.append(ours.cpu / plain.cpu)
            costs = "".join(f"{c.wall:14.2f}{c.cpu:8.2f}{c.peak:8.0f}" for c in (plain, ours))
            print(f"{costs}{ours.wall / plain.wall:8.2f}{ratios[-1]:8.2f}")
        size = export.stat().st_size
    middle = statistics.median(ratios)
    print(f"{rows:,} rows, {size / 1e6:.0f} MB: {middle:.2f} times the CPU (limit {LIMIT:.0f})")
    return int(middle > LIMIT)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_ROWS))
