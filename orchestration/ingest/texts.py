"""Quick looks at the bytes of a text column, to spare most columns a slower check."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int32]

_FIRST_PRINTABLE, _FIRST_NON_ASCII = ord("!"), 128
_BLANK, _DELETE = ord(" "), 127


def buffers_of(values: pa.Array) -> tuple[Offsets, Bytes]:
    """Where each value begins (and the last ends), and the bytes of all."""
    buffers = values.buffers()
    offsets = np.frombuffer(buffers[1], dtype=np.int32)[values.offset :][: len(values) + 1]
    data = np.frombuffer(buffers[2], dtype=np.uint8) if buffers[2] else np.empty(0, np.uint8)
    return offsets, data


def may_need_trimming(values: pa.Array) -> bool:
    """Whether any value begins or ends with a character that could be white space."""
    offsets, data = buffers_of(values)
    filled = offsets[1:] > offsets[:-1]
    for edge in (data[offsets[:-1][filled]], data[offsets[1:][filled] - 1]):
        if bool(((edge < _FIRST_PRINTABLE) | (edge >= _FIRST_NON_ASCII)).any()):
            return True
    return False


def may_hold_controls(values: pa.Array) -> bool:
    """Whether any value may hold a control character: of ASCII, or beyond it."""
    offsets, data = buffers_of(values)
    data = data[offsets[0] : offsets[-1]] if len(values) else data[:0]
    return bool(len(data)) and bool(data.min() < _BLANK or data.max() >= _DELETE)


def all_have_decimals(values: pa.Array, mark: str, most_digits: int) -> bool:
    """Whether every value is digits, the mark, digits; at most so many before the mark."""
    offsets, data = buffers_of(values)
    if not len(values) or offsets[0] == offsets[-1]:
        return False
    data = data[offsets[0] : offsets[-1]]
    at = np.flatnonzero(data == ord(mark)) + offsets[0]
    if len(at) != len(values) or np.count_nonzero(data - np.uint8(48) > 9) != len(at):
        return False
    before, after = at - offsets[:-1], offsets[1:] - at - 1
    return bool(((before > 0) & (before <= most_digits) & (after > 0)).all())
