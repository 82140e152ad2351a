"""The fast way through a file and the exact way give the same rows, whatever the bytes."""

import csv
import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from orchestration.ingest.contract import Column, Contract, FileFormat
from orchestration.ingest.reader import FileReader, Limits, joined_fields
from orchestration.ingest.reasons import FileRefused, Reason


def contract(**layout: bool) -> Contract:
    """Three columns of text."""
    return Contract(
        source="till",
        entity="lines",
        description="Three columns.",
        format=FileFormat.model_validate(layout),
        key=("a",),
        columns={name: Column() for name in "abc"},
    )


CONTRACT = contract()
MULTILINE = contract(multiline=True)
contracts = st.sampled_from([CONTRACT, MULTILINE])
Outcome = tuple[dict[int, tuple[str, ...]], dict[int, Reason], Reason | None]


def read(
    data: bytes, layout: Contract = CONTRACT, *, exact: bool = False, **limits: int
) -> Outcome:
    """Rows and faults by line number, and the refusal if any."""
    rows: dict[int, tuple[str, ...]] = {}
    bad: dict[int, Reason] = {}
    try:
        stream: Any = io.BytesIO(data)
        reader = FileReader(stream, layout, Limits(**limits), is_whole=True, exact=exact)
        for part in reader.blocks():
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
    explained = 1 + len(rows) + len(bad) + reader.continuation_lines + reader.blank_lines
    assert reader.physical_lines == explained
    assert reader.physical_lines == data.count(b"\n") + (not data.endswith(b"\n"))
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
    st.lists(
        lines.map(str.encode) | st.sampled_from([b"x,\xff,y", b"n,\0,n", b"s,\x1f,s"]), max_size=12
    ),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
).map(lambda f: f[1].join([b"a,b,c", *f[0]]) + (f[1] if f[2] else b""))


@settings(max_examples=400, deadline=None)
@given(files, contracts)
def test_fast_and_exact_agree(data: bytes, layout: Contract) -> None:
    assert read(data, layout) == read(data, layout, exact=True)


@settings(max_examples=200, deadline=None)
@given(files, contracts, st.integers(min_value=8, max_value=40), st.integers(1, 4))
def test_the_size_of_a_block_changes_nothing(
    data: bytes, layout: Contract, block: int, block_lines: int
) -> None:
    assert read(data, layout, block=block, block_lines=block_lines) == read(data, layout)


good_fields = st.text(alphabet='ab1é ",;\n', max_size=6)


def written(row: list[str]) -> str:
    """A row as the csv module writes it."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(row)
    return text.getvalue()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(good_fields, min_size=3, max_size=3), max_size=8))
def test_what_the_csv_module_writes_comes_back_whole(rows: list[list[str]]) -> None:
    texts = [written(row) for row in [["a", "b", "c"], *rows]]
    # A line in a field that may be a row by itself is taken for one that stray quotes swallowed.
    assume(all(line.count(",") < 2 for text in texts for line in text.split("\n")[1:-2]))
    found, bad, refused = read("".join(texts).encode(), MULTILINE)
    assert (bad, refused) == ({}, None)
    assert [list(found[line]) for line in sorted(found)] == rows


@settings(max_examples=200, deadline=None)
@given(files, contracts)
@example(b"a,b,c\n\r", CONTRACT)
@example(b"a,b,c\r\n1,2,3\r\n\r", CONTRACT)
@example(b"a,b,c\r\n1,2,3\r", CONTRACT)
def test_the_fields_of_a_row_are_joined_alike_on_either_way(data: bytes, layout: Contract) -> None:
    stream: Any = io.BytesIO(data)
    with suppress(FileRefused):
        for block in FileReader(stream, layout, Limits(), is_whole=True).blocks():
            assert block.joined_fields() == joined_fields(block.rows)


@pytest.mark.parametrize("layout", [CONTRACT, MULTILINE], ids=["one line", "multiline"])
def test_an_unterminated_quote_swallows_nothing(layout: Contract) -> None:
    good = "".join(f"{n},x,y\n" for n in range(1000))
    rows, bad, _ = read(f'a,b,c\n1,"open,2\n{good}'.encode(), layout)
    assert bad == {2: Reason.QUOTE}
    assert sorted(rows) == list(range(3, 1003))


@pytest.mark.parametrize("layout", [CONTRACT, MULTILINE], ids=["one line", "multiline"])
@pytest.mark.parametrize("between", [1, 5, 50, 380])
def test_rows_between_two_stray_quotes_are_not_swallowed(layout: Contract, between: int) -> None:
    good = "".join(f"{n},x,y\n" for n in range(between))
    rows, bad, _ = read(f'a,b,c\n1,"Promo,2\n{good}3,TV 32",4\n'.encode(), layout)
    assert bad == {2: Reason.QUOTE, between + 3: Reason.QUOTE}
    assert sorted(rows) == list(range(3, between + 3))


def test_a_field_reaches_over_so_many_lines_and_no_further() -> None:
    def lines(count: int) -> bytes:
        return b'a,b,c\n1,"' + b"x\n" * (count - 1) + b'x",3\n'

    rows, bad, _ = read(lines(100), MULTILINE)
    assert rows == {2: ("1", "x\n" * 99 + "x", "3")} and not bad
    rows, bad, _ = read(lines(101), MULTILINE)
    assert not rows and bad[2] == Reason.QUOTE and len(bad) == 101
    rows, bad, _ = read(lines(50), MULTILINE, record=80)
    assert not rows and len(bad) == 50


def test_the_later_lines_keep_their_true_numbers() -> None:
    rows, bad, _ = read(b'a,b,c\n1,"x\ny\nz",3\n\n4,5\n7,8,9\n', MULTILINE)
    assert rows == {2: ("1", "x\ny\nz", "3"), 7: ("7", "8", "9")}
    assert bad == {6: Reason.COLS_MISSING}
