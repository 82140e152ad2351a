"""A clean file, damaged at random: every line and every row stays accounted for, or it is refused.

HABITUE_MUTATIONS says how many damaged files are tried: 2,000 unless told otherwise.
"""

import csv
import io
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.ingest.contract import Column, Contract, FileFormat
from orchestration.ingest.pseudonym import Pseudonymiser
from orchestration.ingest.reader import FileReader, Limits
from orchestration.ingest.reasons import FileRefused
from orchestration.ingest.row_hash import DuplicateFinder, row_hashes
from orchestration.ingest.validation import Rules, validate

EXAMPLES = int(os.environ.get("HABITUE_MUTATIONS", "2000"))
KEY = bytes(range(32))
RULES = Rules(Pseudonymiser(KEY), "EUR", frozenset(), "Europe/Paris", datetime(2026, 1, 1, tzinfo=UTC))  # fmt: skip  # noqa: E501
COLUMNS = {
    "id": Column(type="id", required=True),
    "label": Column(),
    "amount": Column(type="decimal"),
    "at": Column(type="timestamp"),
}


def contract(encoding: str, multiline: bool) -> Contract:
    """Four columns, one of each kind that parsing may hurt."""
    layout = FileFormat.model_validate({"encoding": encoding, "multiline": multiline})
    return Contract(
        source="till", entity="lines", description="", format=layout, key=("id",), columns=COLUMNS
    )


CONTRACTS = {
    (encoding, multiline): contract(encoding, multiline)
    for encoding in ("utf-8", "cp1252")
    for multiline in (False, True)
}

Mutation = Callable[[bytes], bytes]
LABELS = st.sampled_from(["bra", "été", '"a, b"', '"say ""hi"""', "", "x" * 30])
rows = st.tuples(st.integers(1, 30), LABELS, st.integers(-999, 999)).map(
    lambda r: f"{r[0]},{r[1]},{r[2] / 100:.2f},2025-03-01 09:00:0{r[0] % 10}"
)
places = st.integers(0, 10_000)
PIECES = [b'"', b'""', b"\n", b"\r", b"\r\n", b"\0", b"\x1f", b"\xff", b"\xe9", b",", b"\n\n", b" ",
          "é".encode("utf-16"), "é".encode(), b"\xef\xbb\xbf", b'"\n"', b"\x1a", b"\xe2\x80\xa8"]  # fmt: skip  # noqa: E501


def at_place(data: bytes, place: int) -> int:
    return place % (len(data) + 1)


def flip(place: int, bits: int) -> Mutation:
    def change(data: bytes) -> bytes:
        at = at_place(data, place)
        return data[:at] + bytes(byte ^ bits for byte in data[at : at + 1]) + data[at + 1 :]

    return change


def insert(place: int, piece: bytes) -> Mutation:
    return lambda data: data[: at_place(data, place)] + piece + data[at_place(data, place) :]


def remove(place: int, size: int) -> Mutation:
    return lambda data: data[: at_place(data, place)] + data[at_place(data, place) + size :]


def end_at(place: int) -> Mutation:
    return lambda data: data[: at_place(data, place)]


def swap_lines(one: int, other: int) -> Mutation:
    def change(data: bytes) -> bytes:
        lines = data.split(b"\n")
        first, second = one % len(lines), other % len(lines)
        lines[first], lines[second] = lines[second], lines[first]
        return b"\n".join(lines)

    return change


def join_lines(place: int) -> Mutation:
    def change(data: bytes) -> bytes:
        lines = data.split(b"\n")
        at = place % len(lines)
        return b"\n".join([*lines[:at], b"".join(lines[at : at + 2]), *lines[at + 2 :]])

    return change


def recode_line(place: int, encoding: str) -> Mutation:
    def change(data: bytes) -> bytes:
        lines = data.split(b"\n")
        at = place % len(lines)
        lines[at] = lines[at].decode("latin-1").encode(encoding)
        return b"\n".join(lines)

    return change


mutations = st.one_of(
    st.builds(flip, places, st.integers(1, 255)),
    st.builds(insert, places, st.sampled_from(PIECES)),
    st.builds(remove, places, st.integers(1, 40)),
    st.builds(end_at, places),
    st.builds(swap_lines, places, places),
    st.builds(join_lines, places),
    st.builds(recode_line, places, st.sampled_from(["utf-8", "utf-16", "utf-32"])),
)


def damaged(clean: list[str], encoding: str, changes: list[Mutation], end: bytes) -> bytes:
    """A clean export, then changed in every given way."""
    lines = ["id,label,amount,at", *clean]
    data = b"".join(line.encode(encoding) + end for line in lines)
    return reduce(lambda before, change: change(before), changes, data)


@dataclass
class Books:
    """What became of a file: counts, the rows that are good, and why the others are not."""

    seen: int = 0
    loaded: int = 0
    quarantined: int = 0
    repeated: int = 0
    good: dict[int, tuple[str, ...]] = field(default_factory=dict[int, tuple[str, ...]])
    reasons: Counter[str] = field(default_factory=Counter[str])
    lines: tuple[int, int, int] = (0, 0, 0)
    refused: str = ""


def load(data: bytes, layout: Contract, exact: bool, block: int, is_whole: bool) -> Books:
    """The file through reader, duplicates and validation, as loading does it."""
    books, duplicates = Books(), DuplicateFinder()
    stream: Any = io.BytesIO(data)
    try:
        reader = FileReader(stream, layout, Limits(block=block), is_whole=is_whole, exact=exact)
        for part in reader.blocks():
            seen = len(part.rows) + len(part.bad)
            again = duplicates.repeats(row_hashes(part.joined_fields(), KEY), part.line_no)
            kept = part.take((~again).nonzero()[0])
            checked = validate(kept.rows, layout, RULES)
            bad = {fault.row for fault in checked.faults}
            books.seen += seen
            books.repeated += int(again.sum())
            books.quarantined += len(bad) + len(part.bad)
            books.loaded += len(kept.rows) - len(bad)
            books.reasons.update(str(line.reason) for line in part.bad)
            books.reasons.update(str(fault.reason) for fault in checked.faults)
            for row, values in enumerate(zip(*checked.rows.to_pydict().values(), strict=True)):
                if row not in bad:
                    books.good[int(kept.line_no[row])] = values
    except FileRefused as error:
        return Books(refused=str(error.reason))
    books.lines = (reader.physical_lines, reader.continuation_lines, reader.blank_lines)
    return books


def check(data: bytes, layout: Contract, block: int, is_whole: bool) -> Books:
    """Both ways through a file agree, and nothing is left unexplained."""
    fast = load(data, layout, False, block, is_whole)
    exact = load(data, layout, True, 1 << 20, is_whole)
    if fast.refused and exact.refused:
        # A file with several faults is refused for the first that is met, and a header is judged
        # by as much of the file as has been read: blocks of a few bytes may name another one.
        return fast
    assert fast == exact
    physical, continued, blank = fast.lines
    assert physical == data.count(b"\n") + (not data.endswith(b"\n"))
    assert physical == 1 + fast.seen + continued + blank
    assert fast.seen == fast.loaded + fast.quarantined + fast.repeated
    if not layout.format.multiline:
        assert continued == 0
        assert fast.seen == sum(line not in (b"", b"\r") for line in data.split(b"\n")[1:])
    return fast


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(rows, max_size=12),
    st.sampled_from(sorted(CONTRACTS)),
    st.lists(mutations, max_size=4),
    st.sampled_from([b"\n", b"\r\n"]),
    st.integers(16, 200),
    st.booleans(),
)
def test_a_damaged_file_is_accounted_for_or_refused(
    clean: list[str],
    kind: tuple[str, bool],
    changes: list[Mutation],
    end: bytes,
    block: int,
    is_whole: bool,
) -> None:
    layout = CONTRACTS[kind]
    books = check(damaged(clean, kind[0], changes, end), layout, block, is_whole)
    if not changes:
        assert (books.refused, books.quarantined) == ("", 0)


@pytest.mark.parametrize("multiline", [False, True])
def test_what_is_good_in_a_damaged_file_is_what_another_reader_reads(multiline: bool) -> None:
    layout = CONTRACTS["utf-8", multiline]
    data = b'id,label,amount,at\n1,"a ""b""",1.50,2025-03-01 09:00:00\n2,"o,1,\n3,x,2.00,\n'
    books = check(data, layout, 64, True)
    lines = data.decode().splitlines()
    assert books.good == {
        number: tuple(value or None for value in next(csv.reader([lines[number - 1]])))
        for number in (2, 4)
    }
    assert books.reasons == {"QUOTE": 1}


def test_a_byte_order_mark_amid_a_file_stays_where_it_stands() -> None:
    data = b"label,id,amount,at\na,1,,\n\xef\xbb\xbfb,2,,\n"
    for block in (16, 24, 1 << 20):
        books = check(data, CONTRACTS["utf-8", False], block, False)
        assert [row[1] for row in books.good.values()] == ["a", "\ufeffb"]
