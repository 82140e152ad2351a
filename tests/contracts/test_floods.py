"""Whatever the file, it is refused within bounded memory, measured in a process of its own."""

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from shop import ITEM, Shop, items

NAME = "sales_order_item_20250302.csv"
HEADER = (",".join(ITEM) + "\n").encode()
ROW = items({}).encode().split(b"\n")[1] + b"\n"
# All floods in one process, whose libraries alone take about 200; a clean million rows take 830.
MOST_MEGABYTES = 600
# Generous: it ends a process that would never end, and measures nothing.
HANG_SECONDS = 300

LOAD = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from shop import ITEMS, Shop, multiline
shop = Shop(Path(sys.argv[1]), contracts=multiline() if sys.argv[3] == "multiline" else None)
report = shop.ingest(*ITEMS)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
megabytes = peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
refused = (f"{r.file_name}:{r.reason_code}" for r in report.refused)
print(report.rows_loaded, round(megabytes), *refused)
"""


def many(part: bytes, size: int) -> Callable[[BinaryIO], None]:
    """Writes a text over and over, up to a size in bytes."""

    def write(stream: BinaryIO) -> None:
        block = part * max(1, (1 << 20) // len(part))
        for _ in range(max(1, size // len(block))):
            stream.write(block)

    return write


def one_field(size: int) -> Callable[[BinaryIO], None]:
    """Writes a row with one field of so many bytes."""

    def write(stream: BinaryIO) -> None:
        many(b"x" * 1024, size)(stream)
        stream.write(b"\n")

    return write


def columns(count: int) -> Callable[[BinaryIO], None]:
    """Writes so many more columns behind a header, and a row."""

    def write(stream: BinaryIO) -> None:
        stream.seek(len(HEADER) - 1)
        stream.write(b",c" + b",c".join(b"%d" % at for at in range(count)) + b"\n" + ROW)

    return write


def hole(size: int) -> Callable[[BinaryIO], None]:
    """Writes a line of so many NUL bytes, which take no room on the disk."""

    def write(stream: BinaryIO) -> None:
        stream.seek(size, 1)
        stream.write(b"\n")

    return write


def bad_values(rows: int) -> Callable[[BinaryIO], None]:
    """Writes rows of which every one has a number that is none."""

    def write(stream: BinaryIO) -> None:
        bad = ROW.split(b",", 1)[1].replace(b"78.0000", b"no")
        stream.write(b"".join(b"%d,%s" % (at, bad) for at in range(rows)))

    return write


def packed(part: bytes) -> Callable[[BinaryIO], None]:
    """Writes gzip that unpacks to 10 GB of a text."""
    member = gzip.compress(part * ((64 << 20) // len(part)))

    def write(stream: BinaryIO) -> None:
        for _ in range(160):
            stream.write(member)

    return write


def outcome(home: Path, contracts: str) -> tuple[int, int, dict[str, str]]:
    """Rows loaded, peak memory in MB, and the reason why each file was refused."""
    arguments = [str(home), str(Path(__file__).parent), contracts]
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *arguments],
        capture_output=True, text=True, check=True, timeout=HANG_SECONDS,
    )  # fmt: skip
    rows, peak, *refused = done.stdout.split()
    return int(rows), int(peak), dict(item.split(":") for item in refused)


FLOODS = {
    "lines in an open quote": (many(b'"open\n' + b"x\n" * 100_000, 2 << 20), "MOSTLY_BAD"),
    "short lines": (many(b"x\n", 2 << 20), "MOSTLY_BAD"),
    "quotes": (many(b'"\n', 2 << 20), "MOSTLY_BAD"),
    "every second line": (many(ROW + b"x\n", 4 << 20), "MOSTLY_BAD"),
    "odd quotes": (many(b'",,"\n' + b'"\n', 2 << 20), "MOSTLY_BAD"),
    "wide rows": (many(b"," * 400 + b"\n", 16 << 20), "MOSTLY_BAD"),
    "no UTF-8": (many(b"\xff\n", 2 << 20), "ENC_INVALID"),
    "NUL bytes": (many(b"\0\n", 2 << 20), "MOSTLY_BAD"),
    "blank lines": (many(b"\n", 16 << 20), "MOSTLY_BAD"),
    "bad values": (bad_values(20_000), "MOSTLY_BAD"),
    "a field of 50 MB": (one_field(50 << 20), "LINE_TOO_LONG"),
    "100,000 columns": (columns(100_000), "HEADER_TOO_WIDE"),
    "a line of 1 GB": (hole(1 << 30), "LINE_TOO_LONG"),
    "10 GB of blank lines in gzip": (packed(b"\n"), "MOSTLY_BAD"),
    "a line of 10 GB in gzip": (packed(b"0"), "LINE_TOO_LONG"),
    "10 GB of one row in gzip": (packed(ROW), "GZ_BOMB"),
}


@pytest.mark.parametrize("contracts", ["one line", "multiline"])
def test_a_flood_is_refused_in_bounded_memory(tmp_path: Path, contracts: str) -> None:
    names: dict[str, str] = {}
    for at, (flood, (write, _)) in enumerate(FLOODS.items()):
        name = f"sales_order_item_20250302_{at:04}.csv{'.gz' * ('gzip' in flood)}"
        names[name] = flood
        with Shop(tmp_path).land(name, b"").open("wb") as stream:
            stream.write(gzip.compress(HEADER) if "gzip" in flood else HEADER)
            write(stream)
    rows, peak, found = outcome(tmp_path, contracts)
    assert {names[name]: reason for name, reason in found.items()} == {
        flood: reason for flood, (_, reason) in FLOODS.items()
    }
    assert rows == 0
    assert peak < MOST_MEGABYTES


def test_as_many_bad_rows_as_a_file_may_have_are_quarantined(tmp_path: Path) -> None:
    bad = [{"qty_ordered": "two", "name": f"n{at}"} for at in range(300)]
    shop = Shop(tmp_path)
    shop.land(NAME, items(*bad))
    assert shop.ingest("magento", "sales_order_item").rows_quarantined == 300
