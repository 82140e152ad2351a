"""The fast way through a file and the exact way give the same rows, whatever the bytes."""

import csv
import io
from contextlib import suppress
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestration.ingest.contract import Column, Contract, FileFormat
from orchestration.ingest.reader import FileReader, Limits, joined_fields
from orchestration.ingest.reasons import FileRefused, Reason

CONTRACT = Contract(
    source="till",
    entity="lines",
    description="Three columns.",
    format=FileFormat(encoding="utf-8"),
    key=("a",),
    columns={name: Column() for name in "abc"},
)
Outcome = tuple[dict[int, tuple[str, ...]], dict[int, Reason], Reason | None]


def read(data: bytes, *, exact: bool = False, block: int = 1 << 20) -> Outcome:
    """Rows and faults by line number, and the refusal if any."""
    rows: dict[int, tuple[str, ...]] = {}
    bad: dict[int, Reason] = {}
    try:
        stream: Any = io.BytesIO(data)
        for part in FileReader(stream, CONTRACT, Limits(block=block), exact=exact).blocks():
            texts = [part.rows.column(name).to_pylist() for name in "abc"]
            for at, fields in zip(part.line_no.tolist(), zip(*texts, strict=True), strict=True):
                assert at not in rows
                rows[at] = fields
            for line in part.bad:
                assert line.line_no not in bad
                bad[line.line_no] = line.reason
    except FileRefused as error:
        return {}, {}, error.reason
    assert not rows.keys() & bad.keys()
    return rows, bad, None


fields = st.sampled_from(
    ["", "x", "é", '"q"', '"a,b"', '"d""q"', '""', '"', 'i"n', '"two\nlines"', '"\r\n"', "\r", " "]
)
well_formed = st.lists(fields, min_size=3, max_size=3).map(",".join)
lines = st.one_of(
    well_formed, well_formed, well_formed,
    st.lists(fields, max_size=5).map(",".join),
    st.text(alphabet='a,"\r \n', max_size=12),
)  # fmt: skip
files = st.tuples(
    st.lists(lines.map(str.encode) | st.just(b"x,\xff,y") | st.just(b"n,\0,n"), max_size=12),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
).map(lambda f: f[1].join([b"a,b,c", *f[0]]) + (f[1] if f[2] else b""))


@settings(max_examples=400, deadline=None)
@given(files)
def test_fast_and_exact_agree(data: bytes) -> None:
    assert read(data) == read(data, exact=True)


@settings(max_examples=200, deadline=None)
@given(files, st.integers(min_value=8, max_value=40))
def test_the_size_of_a_block_changes_nothing(data: bytes, block: int) -> None:
    assert read(data, block=block) == read(data)


good_fields = st.text(alphabet='ab1é ",;\n', max_size=6)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(good_fields, min_size=3, max_size=3), max_size=20))
def test_what_the_csv_module_writes_comes_back_whole(rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([["a", "b", "c"], *rows])
    found, bad, refused = read(text.getvalue().encode())
    assert (bad, refused) == ({}, None)
    assert [list(found[line]) for line in sorted(found)] == rows


@settings(max_examples=200, deadline=None)
@given(files)
@example(b"a,b,c\n\r")
@example(b"a,b,c\r\n1,2,3\r\n\r")
def test_the_fields_of_a_row_are_joined_alike_on_either_way(data: bytes) -> None:
    stream: Any = io.BytesIO(data)
    with suppress(FileRefused):
        for block in FileReader(stream, CONTRACT, Limits()).blocks():
            assert block.joined_fields() == joined_fields(block.rows)


def test_an_unterminated_quote_swallows_nothing() -> None:
    good = "".join(f"{n},x,y\n" for n in range(1000))
    rows, bad, _ = read(f'a,b,c\n1,"open,2\n{good}'.encode())
    assert bad == {2: Reason.QUOTE}
    assert sorted(rows) == list(range(3, 1003))


def test_the_later_lines_keep_their_true_numbers() -> None:
    rows, bad, _ = read(b'a,b,c\n1,"x\ny\nz",3\n\n4,5\n7,8,9\n')
    assert rows == {2: ("1", "x\ny\nz", "3"), 7: ("7", "8", "9")}
    assert bad == {6: Reason.COLS_MISSING}
