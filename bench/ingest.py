"""What exact loading costs: ours against DuckDB's own reader on the same file.

Each contender runs in a process of its own. DuckDB reads every column as text into a table and
checks nothing; ours also checks every value and row, hashes rows, and keeps the ledger.
Usage: python -m bench.ingest [rows]
"""

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from orchestration.ingest.contract import load_contracts

DEFAULT_ROWS = 1_000_000
LIMIT = 3.0

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
    """A clean export of order items, as Magento writes it."""
    header = ",".join(load_contracts()["magento", "sales_order_item"].names)
    rng = random.Random(1)
    with path.open("w", encoding="utf-8") as stream:
        stream.write(header + "\n")
        for number in range(1, rows + 1):
            product, units = rng.randint(1, 5000), rng.randint(1, 4)
            price = rng.randint(500, 9999) / 100
            moment = f"2025-{rng.randint(1, 9):02}-{rng.randint(1, 28):02} 1{number % 10}:30:00"
            stream.write(
                f"{number},{number // 2 + 1},,{product},simple,SKU-{product:05},Bra,{units}.0000,"
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


def compare(folder: Path, rows: int) -> tuple[Cost, Cost, int]:
    """Costs of DuckDB's reader and of ours, and the file's size in bytes."""
    landing = folder / "landing" / "magento"
    landing.mkdir(parents=True)
    export = landing / "sales_order_item_20251001.csv"
    write_items(export, rows)
    export.with_name(f"{export.name}.done").touch()
    export.read_bytes()
    plain = measured(PLAIN, [str(export), str(folder / "plain.duckdb")], {})
    home = {"HABITUE_HOME": str(folder), "HABITUE_LANDING": str(folder / "landing")}
    return plain, measured(OURS, [], home), export.stat().st_size


def main(rows: int = DEFAULT_ROWS) -> int:
    """Print the comparison; gives 1 when ours takes more than three times DuckDB's time."""
    with tempfile.TemporaryDirectory() as folder:
        plain, ours, size = compare(Path(folder), rows)
    print(f"{rows:,} order items, {size / 1e6:.0f} MB")
    print(f"{'':22}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'rows':>12}")
    for name, cost in (("DuckDB read_csv, text", plain), ("habitue ingest", ours)):
        print(f"{name:22}{cost.wall:8.2f}{cost.cpu:8.2f}{cost.peak:9.0f}{cost.rows:12,}")
    ratio = ours.wall / plain.wall
    print(f"{'ratio':22}{ratio:8.2f}{ours.cpu / plain.cpu:8.2f}  (limit {LIMIT:.0f} on wall)")
    return int(ratio > LIMIT or ours.rows != plain.rows)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_ROWS))
