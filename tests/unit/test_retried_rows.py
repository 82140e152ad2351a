"""Rows of the quarantine, tried again: judged as the reader of files judges them, no other way."""

import base64
import io
import json
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_mutated_files import (
    COLUMNS,
    CONTRACTS,
    EXAMPLES,
    KEY,
    PIECES,
    RULES,
    damaged,
    mutations,
    rows,
)

from orchestration.ingest.contract import Column, Contract
from orchestration.ingest.load import bad_lines, bad_rows
from orchestration.ingest.pseudonym import Pseudonymiser
from orchestration.ingest.quarantine import Envelope, QuarantineOrigin, Sealed
from orchestration.ingest.reader import Block, FileReader, Limits
from orchestration.ingest.reasons import FileRefused
from orchestration.ingest.retry import read_again
from orchestration.ingest.row_hash import row_hashes
from orchestration.ingest.validation import validate

LAX = Limits(invalid_line_share=1, flood_share=1)
ODD = [*PIECES, "\u2028".encode(), b"\x85", b"\f", b"\v", b"\x1c", b"\r\r\n", b'x"y', b"\xa0"]
ENVELOPE = Envelope(Pseudonymiser(KEY))
Row = tuple[tuple[str | None, ...], bytes]
bad_values = st.tuples(
    st.sampled_from(["", "1", "2"]),
    st.sampled_from(["bra", "été", '"a, b"', "a\u2028b", "a\x85b", "a\fb", "€"]),
    st.sampled_from(["1.00", "1,00", "x"]),
    st.sampled_from(["2025-03-01 09:00:00", "soon", ""]),
).map(",".join)


@dataclass
class Judged:
    """A file's good rows with their hashes, and its bad ones with their reasons, by line."""

    good: dict[int, Row]
    bad: dict[int, tuple[str, Sealed]]


def rows_of(block: Block, layout: Contract) -> tuple[dict[int, Row], set[int]]:
    """The good rows of a block, and the places of the others."""
    checked = validate(block.rows, layout, RULES)
    faulty = {fault.row for fault in checked.faults}
    digests = row_hashes(block.joined_fields(), KEY).digests
    values = zip(*checked.rows.to_pydict().values(), strict=True)
    return {
        int(block.line_no[at]): (row, digests[16 * at : 16 * at + 16])
        for at, row in enumerate(values)
        if at not in faulty
    }, faulty


def judge(data: bytes, layout: Contract) -> Judged | None:
    """What loading makes of a file; None when it is refused."""
    judged = Judged({}, {})
    stream: Any = io.BytesIO(data)
    try:
        reader = FileReader(stream, layout, LAX, is_whole=True)
        origin = QuarantineOrigin(
            1, "till", "lines", "f", reader.header.names, reader.encoding, reader.has_bom
        )
        for block in reader.blocks():
            good, _ = rows_of(block, layout)
            judged.good |= good
            checked = validate(block.rows, layout, RULES)
            for row in [*bad_lines(block), *bad_rows(block, checked, layout, KEY)]:
                sealed = ENVELOPE.seal(origin.sealed(row))
                opened = ENVELOPE.open(sealed, str(row.reason))
                judged.bad[row.line_no] = (str(row.reason), opened)
    except FileRefused:
        return None
    return judged


def retried(sealed: Sealed, line_no: int, layout: Contract) -> Row | str:
    """The row as a retry would load it, or why it would not."""
    try:
        block = read_again(sealed, line_no, layout, LAX)
    except FileRefused as error:
        return str(error.reason)
    checked = validate(block.rows, layout, RULES)
    if checked.faults:
        return str(checked.faults[0].reason)
    return rows_of(block, layout)[0][line_no]


def corrected(layout: Contract, encoding: str, is_lenient: bool) -> Contract:
    """The same contract in another encoding, or with columns that hold anything."""
    columns = {name: Column() for name in COLUMNS} if is_lenient else COLUMNS
    fmt = layout.format.model_copy(update={"encoding": encoding})
    return layout.model_copy(update={"columns": columns, "format": fmt})


@settings(max_examples=EXAMPLES // 5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(rows | bad_values, max_size=8),
    st.sampled_from(sorted(CONTRACTS)),
    st.lists(mutations, max_size=2),
    st.lists(st.tuples(st.integers(20, 999), st.sampled_from(ODD)), max_size=2),
    st.sampled_from([b"\n", b"\r\n"]),
    st.sampled_from(["utf-8", "cp1252", "latin-1"]),
    st.booleans(),
)
def test_a_row_is_judged_alone_as_amid_its_file(
    clean: list[str],
    kind: tuple[str, bool],
    changes: list[Any],
    odd: list[tuple[int, bytes]],
    end: bytes,
    encoding: str,
    is_lenient: bool,
) -> None:
    layout = CONTRACTS[kind]
    written = kind[0] if all(map(is_western, clean)) else "utf-8"
    data = damaged(clean, written, changes, end)
    data = reduce(lambda text, at: text[: at[0]] + at[1] + text[at[0] :], odd, data)
    judged = judge(data, layout)
    if judged is None:
        return
    for line_no, (reason, sealed) in judged.bad.items():
        assert retried(sealed, line_no, layout) == reason
    other = corrected(layout, encoding, is_lenient)
    fresh = judge(data, other)
    if fresh is None:
        return
    for line_no, (_, sealed) in judged.bad.items():
        found = retried(sealed, line_no, other)
        if not isinstance(found, str):
            assert fresh.good[line_no] == found
        elif line_no in fresh.bad:
            assert found == fresh.bad[line_no][0]


def is_western(text: str) -> bool:
    """Whether the till's encoding has all signs of a text."""
    return text.encode("cp1252", errors="ignore").decode("cp1252") == text


LINE = b"1,a%sb,1.00,2025-03-01 09:00:00"


@pytest.mark.parametrize(
    ("piece", "reason"),
    [
        (b"\0", "NUL_BYTE"), (b"\x1f", "CONTROL_BYTE"), (b'"', "QUOTE"), (b'",x"', "QUOTE"),
        (b"\xe9", "ENC_INVALID"), (b"\r", "LONE_CR"), (b",", "COLS_EXTRA"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_row_stays_out_when_it_is_tried_again(piece: bytes, reason: str) -> None:
    sealed = Sealed(tuple(COLUMNS), LINE % piece, None)
    for multiline in (False, True):
        assert retried(sealed, 2, CONTRACTS["utf-8", multiline]) == reason


@pytest.mark.parametrize("sign", ["\u2028", "\x85", "\f", "\v", "\x1c", "€", "é"])
def test_a_row_with_a_sign_that_splits_lines_elsewhere_can_be_tried_again(sign: str) -> None:
    sealed = Sealed(tuple(COLUMNS), LINE % sign.encode(), None)
    found = retried(sealed, 2, CONTRACTS["utf-8", False])
    assert not isinstance(found, str)
    assert found[0][1] == f"a{sign}b"


def test_a_row_sealed_by_an_earlier_version_is_read_as_it_was_kept() -> None:
    sealed = ENVELOPE.seal(Sealed(tuple(COLUMNS), LINE % "é".encode(), None))
    token = ENVELOPE.open(sealed, "NUM_FORMAT")
    assert token.encoding is None
    content = {"header": list(COLUMNS), "raw": base64.b64encode(token.raw).decode()}
    earlier = ENVELOPE._fernet.encrypt(json.dumps(content).encode()).decode()
    assert ENVELOPE.open(earlier, "NUM_FORMAT") == replace(token, encoding="utf-8")
    assert ENVELOPE.open(earlier, "CONTROL_BYTE") == token
