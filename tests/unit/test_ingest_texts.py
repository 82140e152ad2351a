"""The quick looks agree with the slow checks that they spare."""

import re

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.ingest.texts import all_have_decimals, may_need_trimming

numbers = st.lists(st.text(alphabet="019.-,e", max_size=5) | st.just("1.5"), max_size=4)
texts = st.lists(st.text(alphabet="ab \t\u00a0\u202f\x1cé", max_size=4), max_size=4)


@settings(deadline=None)
@given(numbers, st.integers(0, 2))
def test_what_looks_decimal_is_decimal(values: list[str], start: int) -> None:
    array = pa.array(["", "x", *values], pa.string())[min(start, 2) :]
    if all_have_decimals(array, ".", 2):
        assert all(re.fullmatch(r"[0-9]{1,2}\.[0-9]+", value) for value in array.to_pylist())


def test_plain_decimals_are_seen_at_once() -> None:
    assert all_have_decimals(pa.array(["0.5", "12.0000"]), ".", 2)
    assert not all_have_decimals(pa.array(["0.5", "123.0"]), ".", 2)


@settings(deadline=None)
@given(texts)
def test_what_is_not_trimmed_needs_no_trimming(values: list[str]) -> None:
    array = pa.array(values, pa.string())
    if not may_need_trimming(array):
        assert pc.utf8_trim_whitespace(array).to_pylist() == values
