"""A keyed hash for every row, and the rows of a file that repeat an earlier one."""

import hashlib
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Words = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

_DIGEST_BYTES = 16


@dataclass(frozen=True)
class RowHashes:
    """128-bit hashes, one a row, as raw bytes."""

    digests: bytes

    def __len__(self) -> int:
        return len(self.digests) // _DIGEST_BYTES

    def text(self) -> pa.Array:
        """Hexadecimal, 32 characters each."""
        count, width = len(self), 2 * _DIGEST_BYTES
        offsets = np.arange(count + 1, dtype=np.int32) * width
        data = self.digests.hex().encode()
        return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data))

    def words(self) -> tuple[Words, Words]:
        """The two halves as numbers."""
        pairs = np.frombuffer(self.digests, dtype=np.uint64).reshape(-1, 2)
        return pairs[:, 0].copy(), pairs[:, 1].copy()


def row_hashes(rows: list[bytes], key: bytes) -> RowHashes:
    """Hash rows, each given as its fields joined by 0x1f."""
    # A copy of one keyed hash costs half of what setting the key again for every row does.
    keyed = hashlib.blake2b(key=key, digest_size=_DIGEST_BYTES).copy
    digests: list[bytes] = []
    for row in rows:
        hashed = keyed()
        hashed.update(row)
        digests.append(hashed.digest())
    return RowHashes(b"".join(digests))


@dataclass
class DuplicateFinder:
    """Finds rows seen before in the same file, in 16 bytes a row.

    Runs of sorted hashes are merged when the newer has grown as long as the older, so a row is
    looked up in few of them and sorted few times.
    """

    _runs: list[tuple[Words, Words]] = field(default_factory=list[tuple[Words, Words]])

    def repeats(self, hashes: RowHashes, line_no: npt.NDArray[np.int64]) -> Mask:
        """Which rows repeat another one, of this block (an earlier line) or an earlier block."""
        high, low = hashes.words()
        order = np.argsort(high)
        if bool((np.diff(high[order]) == 0).any()):
            order = np.lexsort((line_no, low, high))
        high, low = high[order], low[order]
        again = np.zeros(len(order), dtype=np.bool_)
        again[1:] = (high[1:] == high[:-1]) & (low[1:] == low[:-1])
        for run_high, run_low in self._runs:
            again |= _is_in(high, low, run_high, run_low)
        self._add(high[~again], low[~again])
        result = np.zeros(len(order), dtype=np.bool_)
        result[order] = again
        return result

    def _add(self, high: Words, low: Words) -> None:
        while self._runs and len(self._runs[-1][0]) <= len(high):
            older_high, older_low = self._runs.pop()
            high, low = np.concatenate((older_high, high)), np.concatenate((older_low, low))
            order = np.argsort(high, kind="stable")
            high, low = high[order], low[order]
        self._runs.append((high, low))


def _is_in(high: Words, low: Words, run_high: Words, run_low: Words) -> Mask:
    found = np.zeros(len(high), dtype=np.bool_)
    if not len(run_high):
        return found
    begin = np.searchsorted(run_high, high, side="left")
    candidates = np.flatnonzero(run_high[np.minimum(begin, len(run_high) - 1)] == high)
    ends = np.searchsorted(run_high, high[candidates], side="right")
    for index, end in zip(candidates.tolist(), ends.tolist(), strict=True):
        found[index] = bool((run_low[begin[index] : end] == low[index]).any())
    return found
