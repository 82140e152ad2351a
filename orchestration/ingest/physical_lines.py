"""The physical lines of a stretch of a file: where they begin and end, and which are odd.

A physical line ends with a line feed, or with the file. A carriage return before that belongs to
the line's end; anywhere else it is odd.
"""

import numpy as np
import numpy.typing as npt

from orchestration.ingest.reasons import Reason

Positions = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

NEWLINE, RETURN, QUOTE = 10, 13, 34
FIELD_SEPARATOR = b"\x1f"
# What stands for a line that cannot be read, so that the line keeps its place.
_UNREADABLE = b"?"

# Why a line cannot be read, in words, and its bytes as they stand in the file.
Unreadable = dict[int, tuple[Reason, str, bytes]]


def _why_unreadable(line: bytes, encoding: str) -> tuple[Reason, str] | None:
    if b"\0" in line:
        return Reason.NUL_BYTE, "the line holds a NUL byte"
    if FIELD_SEPARATOR in line:
        return Reason.CONTROL_BYTE, "the line holds the byte 0x1f"
    try:
        line.decode(encoding)
    except UnicodeDecodeError as error:
        return Reason.ENC_INVALID, f"byte {error.start} of the line is not {encoding}"
    return None


def decode(data: bytes, encoding: str) -> tuple[bytes, Unreadable]:
    """The text in UTF-8, and its unreadable lines by their place, each replaced by a mark."""
    if b"\0" not in data and FIELD_SEPARATOR not in data:
        if data.isascii():
            return data, {}
        try:
            text = data.decode(encoding)
            return (data if encoding == "utf-8" else text.encode()), {}
        except UnicodeDecodeError:
            pass
    lines = data.split(b"\n")
    unreadable: Unreadable = {}
    for index, line in enumerate(lines):
        why = _why_unreadable(line, encoding)
        if why is not None:
            unreadable[index] = (*why, line.removesuffix(b"\r"))
            lines[index] = _UNREADABLE
    return b"\n".join(lines).decode(encoding).encode(), unreadable


class Lines:
    """The physical lines of a text in UTF-8, as offsets into it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.array: Bytes = np.frombuffer(data, dtype=np.uint8)
        newlines = np.flatnonzero(self.array == NEWLINE)
        ends = newlines + 1
        if data and not data.endswith(b"\n"):
            ends = np.append(ends, len(data))
        self.ends: Positions = ends.astype(np.int64)
        self.starts: Positions = np.concatenate(([0], self.ends[:-1])).astype(np.int64)[
            : len(self.ends)
        ]

    def __len__(self) -> int:
        return len(self.ends)

    def of(self, positions: Positions) -> Positions:
        """The line index of each byte position."""
        return np.searchsorted(self.ends, positions, side="right").astype(np.int64)

    def raw(self, index: int) -> bytes:
        """A line without its line end."""
        raw = self.data[int(self.starts[index]) : int(self.ends[index])]
        return raw.removesuffix(b"\n").removesuffix(b"\r")

    def longest(self) -> int:
        """Bytes of the longest line, with its line end."""
        return int((self.ends - self.starts).max(initial=0))

    def blank(self) -> Flags:
        """Which lines hold nothing but their line end."""
        length = self.ends - self.starts
        first = self.array[self.starts]
        lone = (length == 1) & ((first == NEWLINE) | (first == RETURN))
        if not bool((length == 2).any()):
            return lone
        second = self.array[np.minimum(self.starts + 1, len(self.array) - 1)]
        return lone | ((length == 2) & (first == RETURN) & (second == NEWLINE))

    def with_odd_returns(self) -> Positions:
        """Lines with a carriage return elsewhere than in their line end."""
        if b"\r" not in self.data or self.data.count(b"\r") == self.data.count(b"\r\n"):
            return np.empty(0, dtype=np.int64)
        returns = np.flatnonzero(self.array == RETURN)
        following = np.append(self.array, np.uint8(NEWLINE))[returns + 1]
        return np.unique(self.of(returns[following != NEWLINE].astype(np.int64)))

    def with_odd_quotes(self, delimiter: int) -> Positions:
        """Lines whose quotes are not all those of well-formed fields that end on the line."""
        if b'"' not in self.data:
            return np.empty(0, dtype=np.int64)
        quotes = np.flatnonzero(self.array == QUOTE).astype(np.int64)
        lines = self.of(quotes)
        first = np.searchsorted(lines, lines, side="left")
        opens = (np.arange(len(quotes)) - first) % 2 == 0
        padded = np.concatenate((np.array([NEWLINE], np.uint8), self.array, [np.uint8(NEWLINE)]))
        before, after = padded[quotes], padded[quotes + 2]
        good_open = (before == delimiter) | (before == NEWLINE) | (before == QUOTE)
        good_close = (
            (after == delimiter) | (after == NEWLINE) | (after == RETURN) | (after == QUOTE)
        )
        unclosed = np.append(lines[1:] != lines[:-1], True) & opens
        stray = (opens & (~good_open | unclosed)) | (~opens & ~good_close)
        return np.unique(lines[stray])

    def delimiters(self, delimiter: int) -> Positions:
        """How many delimiters each line holds outside its quotes."""
        hits = self.array == delimiter
        if not len(self):
            return np.empty(0, dtype=np.int64)
        if b'"' in self.data:
            inside = np.logical_xor.accumulate(self.array == QUOTE)
            before = np.concatenate(([False], inside[self.ends[:-1] - 1]))
            hits &= inside == np.repeat(before, self.ends - self.starts)
        return np.add.reduceat(hits, self.starts, dtype=np.int64)
