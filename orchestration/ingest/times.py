"""Dates and times as text, checked and rewritten in bulk.

Every declared format has fixed width, so a column is a matrix of characters: one row a value.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.ingest.texts import buffers_of

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

_DIRECTIVES = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
_ISO = re.compile(
    r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d{1,9})?(Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?$",
    re.ASCII,
)
_DAYS_IN_MONTH = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)
_CANONICAL_TIMESTAMP = "%Y-%m-%d %H:%M:%S"
_CANONICAL_DATE = "%Y-%m-%d"


@dataclass(frozen=True)
class Layout:
    """A fixed-width format: where each part stands, and what stands between them."""

    width: int
    parts: dict[str, int]
    literals: dict[int, int]


def layout_of(date_format: str) -> Layout:
    """The layout of a format such as `%d/%m/%Y %H:%M:%S`.

    Raises:
        ValueError: a directive other than Y m d H M S, or a missing day, month or year.
    """
    parts: dict[str, int] = {}
    literals: dict[int, int] = {}
    at = index = 0
    while index < len(date_format):
        char = date_format[index]
        if char == "%":
            directive = date_format[index + 1 : index + 2]
            if directive not in _DIRECTIVES:
                raise ValueError(f"{date_format!r}: %{directive} is not one of %Y %m %d %H %M %S")
            parts[directive] = at
            at += _DIRECTIVES[directive]
            index += 2
        else:
            literals[at] = ord(char)
            at += 1
            index += 1
    if not {"Y", "m", "d"} <= parts.keys():
        raise ValueError(f"{date_format!r} lacks %Y, %m or %d")
    return Layout(at, parts, literals)


@dataclass
class Times:
    """A parsed column.

    `stamp` is YYYYMMDDHHMMSS as a number, 0 where nothing was parsed; `shaped` says which values
    have a declared shape, `real` which name a day and time that exist.
    """

    text: pa.Array
    stamp: Numbers
    shaped: Mask
    real: Mask


def stamp_of(moment: datetime) -> int:
    """A moment as the number YYYYMMDDHHMMSS."""
    return int(moment.strftime("%Y%m%d%H%M%S"))


def _matrix(values: pa.Array, at: Numbers, width: int) -> npt.NDArray[np.uint8]:
    """The characters of the values at the given places, one column a value."""
    offsets, data = buffers_of(values)
    if len(at) == len(values):
        block = data[int(offsets[0]) : int(offsets[-1])].reshape(len(at), width)
    else:
        block = data[offsets[at][:, None] + np.arange(width)]
    return np.ascontiguousarray(block.T)


def _number(matrix: npt.NDArray[np.uint8], at: int, width: int) -> tuple[Numbers, Mask]:
    total = np.zeros(matrix.shape[1], dtype=np.int64)
    digits = np.ones(matrix.shape[1], dtype=np.bool_)
    for row in range(at, at + width):
        digit = matrix[row] - np.uint8(48)
        digits &= digit <= 9
        total = total * 10 + digit
    return total, digits


def _rewritten(matrix: npt.NDArray[np.uint8], source: Layout, target: Layout) -> pa.Array:
    """The values in another layout; parts that the source lacks are zeros."""
    count = matrix.shape[1]
    out = np.full((target.width, count), ord("0"), dtype=np.uint8)
    for at, char in target.literals.items():
        out[at] = char
    for part, at in target.parts.items():
        if part in source.parts:
            size, begin = _DIRECTIVES[part], source.parts[part]
            out[at : at + size] = matrix[begin : begin + size]
    offsets = np.arange(count + 1, dtype=np.int32) * target.width
    data = np.ascontiguousarray(out.T)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data))


def _exists(parts: dict[str, Numbers]) -> Mask:
    year, month, day = parts["Y"], parts["m"], parts["d"]
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    length = _DAYS_IN_MONTH[np.clip(month, 0, 12)] + ((month == 2) & leap)
    good = (year > 0) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= length)
    for part, limit in (("H", 24), ("M", 60), ("S", 60)):
        if part in parts:
            good &= parts[part] < limit
    return good


def _scatter(base: pa.Array, at: Numbers, values: pa.Array) -> pa.Array:
    if len(at) == len(base):
        return values
    mask = np.zeros(len(base), dtype=np.bool_)
    mask[at] = True
    return pc.replace_with_mask(base, pa.array(mask), values)


def _take_format(values: pa.Array, times: Times, date_format: str, canonical: str) -> None:
    """Parse what is not yet parsed and has this format."""
    layout, target = layout_of(date_format), layout_of(canonical)
    lengths = pc.binary_length(values).to_numpy(zero_copy_only=False)
    at = np.flatnonzero((lengths == layout.width) & ~times.shaped).astype(np.int64)
    if not len(at):
        return
    matrix = _matrix(values, at, layout.width)
    shaped = np.ones(len(at), dtype=np.bool_)
    for row, char in layout.literals.items():
        shaped &= matrix[row] == char
    parts: dict[str, Numbers] = {}
    for part, begin in layout.parts.items():
        parts[part], digits = _number(matrix, begin, _DIRECTIVES[part])
        shaped &= digits
    if not bool(shaped.all()):
        at, matrix = at[shaped], np.ascontiguousarray(matrix[:, shaped])
        parts = {part: numbers[shaped] for part, numbers in parts.items()}
    stamp = np.zeros(len(at), dtype=np.int64)
    for part in "YmdHMS":
        stamp = stamp * 100 + parts[part] if part in parts else stamp * 100
    times.stamp[at], times.shaped[at], times.real[at] = stamp, True, _exists(parts)
    if date_format == canonical and len(at) == len(values):
        times.text = values
    else:
        times.text = _scatter(times.text, at, _rewritten(matrix, layout, target))


def _iso_to_utc(value: str) -> str | None:
    """An ISO date and time, with or without T, fraction and offset, as UTC; None if it is none."""
    match = _ISO.match(value)
    if match is None:
        return None
    day, clock, offset = match.groups()
    if offset is None:
        return f"{day} {clock}"
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{offset}")
        return moment.astimezone(UTC).strftime(_CANONICAL_TIMESTAMP)
    except (ValueError, OverflowError):
        return f"{day} {clock}"


def _take_iso(values: pa.Array, times: Times) -> None:
    """Parse what is not yet parsed and is ISO 8601; few values, so one distinct value at a time."""
    lengths = pc.binary_length(values).to_numpy(zero_copy_only=False)
    at = np.flatnonzero(~times.shaped & (lengths > 0))
    if not len(at):
        return
    encoded = pc.dictionary_encode(values.take(pa.array(at)))
    converted = [_iso_to_utc(value) for value in encoded.dictionary.to_pylist()]
    known = pa.array(converted, pa.string()).take(encoded.indices)
    found = known.is_valid().to_numpy(zero_copy_only=False)
    at, known = at[found].astype(np.int64), known.filter(pa.array(found))
    if len(at):
        inner = parse(known, (_CANONICAL_TIMESTAMP,), is_date=False)
        times.stamp[at], times.shaped[at], times.real[at] = inner.stamp, inner.shaped, inner.real
        times.text = _scatter(times.text, at, inner.text)


def parse(values: pa.Array, formats: tuple[str, ...], *, is_date: bool) -> Times:
    """Parse a text column ('' where empty) by the declared formats, in their order.

    The text of the result is `YYYY-MM-DD`, or `YYYY-MM-DD HH:MM:SS`; null where not parsed.
    """
    count = len(values)
    nothing = np.zeros(count, dtype=np.bool_)
    times = Times(pa.nulls(count, pa.string()), np.zeros(count, np.int64), nothing, nothing.copy())
    canonical = _CANONICAL_DATE if is_date else _CANONICAL_TIMESTAMP
    for date_format in formats:
        if date_format == "iso":
            _take_iso(values, times)
        else:
            _take_format(values, times, date_format, canonical)
        if bool(times.shaped.all()):
            break
    return times
