"""A CSV file as blocks of rows: exact on every line, fast on the clean ones.

Lines without any trait that could mislead a parser go to Arrow in one piece; every other line goes
through the standard csv module alone, which gives up on a broken quote at the end of its line.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from orchestration.ingest.contract import Contract, FileFormat
from orchestration.ingest.reasons import FileRefused, Reason

Positions = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

NEWLINE, RETURN, QUOTE = 10, 13, 34
_BOM = b"\xef\xbb\xbf"
# A capital A with tilde, then a sign up to U+00BF: UTF-8 read as Latin-1 and written again.
_MOJIBAKE = b"\xc3\x83\xc2"
_FIELD_SEPARATOR = b"\x1f"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_CUT = (Reason.COLS_MISSING, Reason.QUOTE, Reason.ENC_INVALID)
_OTHER_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Limits:
    """Sizes, in bytes, that bound memory and stop implausible files."""

    block: int = 8 << 20
    record: int = 1 << 20
    line: int = 64 << 20
    unpacked: int = 64 << 30
    unpacked_unsuspected: int = 256 << 20
    ratio: int = 200
    invalid_line_share: float = 0.05


@dataclass(frozen=True)
class BadLine:
    """A row that is no row: where it begins, why, and its bytes as they stand in the file."""

    line_no: int
    reason: Reason
    detail: str
    raw: bytes


@dataclass
class Block:
    """Rows of one stretch of a file. `rows` holds the contract's columns as text, '' for empty.

    `plain_text` is set where every line is its row's fields joined by 0x1f, and nothing else.
    """

    rows: pa.Table
    line_no: Positions
    _data: bytes
    _starts: Positions
    _ends: Positions
    bad: list[BadLine] = field(default_factory=list[BadLine])
    line_count: int = 0
    mojibake_lines: int = 0
    plain_text: bytes = b""

    def joined_fields(self) -> list[bytes]:
        """The fields of each row, joined by 0x1f; from the lines themselves where they are that."""
        if self.plain_text:
            text = self.plain_text
            if b"\r" in text:
                text = text.replace(b"\r\n", b"\n")
            lines = text.removesuffix(b"\n").split(b"\n")
            if len(lines) == len(self.line_no):
                return lines
            # A lone carriage return at the end of the file is a blank line too.
            return [line for line in lines if line not in (b"", b"\r")]
        return joined_fields(self.rows)

    def take(self, at: Positions) -> "Block":
        """The block with only the rows at the given places; its bad lines stay."""
        return Block(
            self.rows.take(pa.array(at)),
            self.line_no[at],
            self._data,
            self._starts[at],
            self._ends[at],
            self.bad,
            self.line_count,
            self.mojibake_lines,
        )

    def raw(self, row: int) -> bytes:
        """The bytes of a row, without its line end (UTF-8, whatever the file's encoding)."""
        return self._data[int(self._starts[row]) : int(self._ends[row])].rstrip(b"\r\n")


def joined_fields(rows: pa.Table) -> list[bytes]:
    """The fields of each row, joined by 0x1f, in the table's column order."""
    columns = [rows.column(name) for name in rows.column_names]
    joined = pc.binary_join_element_wise(*columns, _FIELD_SEPARATOR.decode())
    return joined.cast(pa.binary()).to_pylist()


@dataclass(frozen=True)
class Header:
    """The header line: the file's column names in file order, and those of no contract."""

    names: tuple[str, ...]
    drift: tuple[str, ...]


def check_header(names: list[str], line: str, contract: Contract) -> Header:
    """The header, when it serves the contract.

    Raises:
        FileRefused: DELIM, HEADER_MISSING or HEADER_DUP.
    """
    missing = [name for name in contract.columns if name not in names]
    if missing:
        delimiter = contract.format.delimiter
        for other in _OTHER_DELIMITERS:
            if other != delimiter and len(names) == 1 and other in line:
                raise FileRefused(
                    Reason.DELIM, f"the header is split by {other!r}, not by {delimiter!r}"
                )
        raise FileRefused(Reason.HEADER_MISSING, f"the header lacks {', '.join(missing)}")
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        shown = ", ".join(name if name in contract.columns else "(another)" for name in doubled)
        raise FileRefused(Reason.HEADER_DUP, f"the header names {shown} more than once")
    return Header(tuple(names), tuple(name for name in names if name not in contract.columns))


class _Unpacked(io.RawIOBase):
    """A gzip stream that refuses damage and bombs; reads like any binary file."""

    def __init__(self, packed: BinaryIO, packed_size: int, limits: Limits) -> None:
        self._stream = gzip.GzipFile(fileobj=packed, mode="rb")
        self._packed_size = packed_size
        self._limits = limits
        self._size = 0

    def read(self, size: int = -1, /) -> bytes:
        try:
            data = self._stream.read(size)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise FileRefused(
                Reason.GZ_CORRUPT, f"unpacking fails after {self._size} bytes ({error})"
            ) from None
        self._size += len(data)
        suspicious = self._size > self._limits.unpacked_unsuspected
        if self._size > self._limits.unpacked or (
            suspicious and self._size > self._limits.ratio * self._packed_size
        ):
            raise FileRefused(
                Reason.GZ_BOMB, f"{self._packed_size} bytes unpack to more than {self._size}"
            )
        return data

    def close(self) -> None:
        self._stream.close()
        super().close()


def unpacked(stream: BinaryIO, name: str, size: int, limits: Limits) -> BinaryIO:
    """The bytes of a file of this name and size, unpacked when its name ends in .gz."""
    if name.endswith(".gz"):
        return cast(BinaryIO, _Unpacked(stream, size, limits))
    return stream


def _invalid_lines(lines: list[bytes], encoding: str) -> dict[int, tuple[Reason, str]]:
    """Line index → why it cannot be decoded."""
    found: dict[int, tuple[Reason, str]] = {}
    for index, line in enumerate(lines):
        if b"\0" in line:
            found[index] = (Reason.NUL_BYTE, "the line holds a NUL byte")
        elif not line.isascii():
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                found[index] = (
                    Reason.ENC_INVALID,
                    f"byte {error.start} of the line is not {encoding}",
                )
    return found


def _decode(
    data: bytes, encoding: str
) -> tuple[bytes, dict[int, tuple[Reason, str]], list[bytes] | None]:
    """The block in UTF-8, undecodable lines emptied; those lines; and the block's lines if any."""
    if data.isascii() and b"\0" not in data:
        return data, {}, None
    if b"\0" not in data:
        try:
            text = data.decode(encoding)
            return (data if encoding == "utf-8" else text.encode()), {}, None
        except UnicodeDecodeError:
            pass
    lines = data.split(b"\n")
    invalid = _invalid_lines(lines, encoding)
    kept = [b"" if index in invalid else line for index, line in enumerate(lines)]
    utf8 = b"\n".join(kept).decode(encoding).encode()
    return utf8, invalid, lines


class _Lines:
    """The physical lines of a block of UTF-8 text, as offsets."""

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

    def text(self, index: int) -> str:
        """A line without its line end, then one newline."""
        raw = self.data[int(self.starts[index]) : int(self.ends[index])]
        return raw.removesuffix(b"\n").removesuffix(b"\r").decode() + "\n"

    def blank(self) -> npt.NDArray[np.bool_]:
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
        following = np.append(self.array, np.uint8(0))[returns + 1]
        return self.of(returns[following != NEWLINE].astype(np.int64))

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
        return lines[stray]

    def with_other_width(self, delimiter: int, width: int) -> Positions:
        """Lines whose count of delimiters outside quotes is not that of a row."""
        at = np.flatnonzero(self.array == delimiter).astype(np.int64)
        quotes = np.flatnonzero(self.array == QUOTE)
        if len(quotes):
            before_line = np.searchsorted(quotes, self.starts)[self.of(at)]
            at = at[(np.searchsorted(quotes, at) - before_line) % 2 == 0]
        counts = np.diff(np.searchsorted(at, np.append(self.starts, len(self.array))))
        return np.flatnonzero(counts != width - 1).astype(np.int64)


@dataclass
class _Exact:
    """What the exact parser made of the lines it was given."""

    records: list[list[str]] = field(default_factory=list[list[str]])
    spans: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    bad: list[tuple[int, Reason, str]] = field(default_factory=list[tuple[int, Reason, str]])
    carry_from: int | None = None


class _Feed:
    """Lines for one record: stops at an undecodable line, the limit or the end of the block."""

    def __init__(self, lines: _Lines, start: int, stops: set[int], limit: int) -> None:
        self.lines, self.at, self.stops, self.limit = lines, start, stops, limit
        self.begin = int(lines.starts[start])
        self.ran_out = False

    def __iter__(self) -> Iterator[str]:
        while self.at < len(self.lines):
            is_first = int(self.lines.starts[self.at]) == self.begin
            too_far = int(self.lines.ends[self.at]) - self.begin > self.limit
            if not is_first and (too_far or self.at in self.stops):
                return
            self.at += 1
            yield self.lines.text(self.at - 1)
        self.ran_out = True


def _ragged(found: int, width: int) -> tuple[Reason, str]:
    reason = Reason.COLS_MISSING if found < width else Reason.COLS_EXTRA
    return reason, f"the row has {found} fields, the header {width}"


_BROKEN_QUOTE = (Reason.QUOTE, "a quote does not open, close or double as it must")


def _parse_exactly(
    lines: _Lines, suspects: Positions, stops: set[int], width: int, fmt: FileFormat, last: bool,
    limits: Limits,
) -> _Exact:  # fmt: skip
    """Parse the suspect lines one record at a time; a broken quote costs one line only."""
    out = _Exact()
    done = -1
    csv.field_size_limit(limits.line)
    for start in np.unique(suspects).tolist():
        if start <= done or start in stops:
            continue
        feed = _Feed(lines, start, stops, limits.record)
        try:
            record = next(csv.reader(feed, delimiter=fmt.delimiter, strict=True))
        except csv.Error:
            if feed.ran_out and not last:
                out.carry_from = start
                return out
            out.bad.append((start, *_BROKEN_QUOTE))
            continue
        spans_lines = feed.at > start + 1
        if len(record) == width:
            out.records.append(record)
            out.spans.append((start, feed.at))
            done = feed.at - 1
        elif spans_lines:
            out.bad.append((start, *_BROKEN_QUOTE))
        elif record:
            out.bad.append((start, *_ragged(len(record), width)))
    return out


def _arrow_rows(data: bytes, header: Header, contract: Contract) -> tuple[pa.Table, bool]:
    """The rows of clean text, and whether a row of another width was left out."""
    ragged = False

    def note(_row: object) -> str:
        nonlocal ragged
        ragged = True
        return "skip"

    if not data:
        return _empty_rows(contract), False
    table = pacsv.read_csv(
        pa.BufferReader(data),
        read_options=pacsv.ReadOptions(
            column_names=list(header.names), block_size=len(data) + 1, use_threads=True
        ),
        parse_options=pacsv.ParseOptions(
            delimiter=contract.format.delimiter, invalid_row_handler=note
        ),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(contract.names, pa.string()),
            include_columns=list(contract.names),
            strings_can_be_null=False,
            check_utf8=False,
        ),
    )
    return table, ragged


def _empty_rows(contract: Contract) -> pa.Table:
    return pa.table({name: pa.array([], pa.string()) for name in contract.names})


def rows_of(records: list[list[str]], header: Header, contract: Contract) -> pa.Table:
    """Parsed records as a table of the contract's columns, every line break as one newline."""
    places = [header.names.index(name) for name in contract.names]
    return pa.table(
        {
            name: pa.array(
                [r[at].replace("\r\n", "\n").replace("\r", "\n") for r in records], pa.string()
            )
            for name, at in zip(contract.names, places, strict=True)
        }
    )


def _keep(lines: _Lines, clean: npt.NDArray[np.bool_]) -> bytes:
    """The text of the clean lines, in one piece."""
    if bool(clean.all()):
        return lines.data
    edges = np.flatnonzero(np.diff(np.concatenate(([0], clean.astype(np.int8), [0]))))
    view = memoryview(lines.data)
    return b"".join(
        view[int(lines.starts[first]) : int(lines.ends[end - 1])]
        for first, end in edges.reshape(-1, 2).tolist()
    )


class BlockParser:
    """Turns stretches of a file's bytes into blocks; keeps what a stretch leaves unfinished."""

    def __init__(
        self, header: Header, contract: Contract, encoding: str, limits: Limits, exact: bool = False
    ) -> None:
        self._header = header
        self._contract = contract
        self._encoding = encoding
        self._limits = limits
        self._exact = exact

    def parse(self, data: bytes, first_line: int, last: bool) -> tuple[Block, bytes]:
        """The block of `data`, whose first line has the given number, and the bytes to carry."""
        utf8, invalid, raw_lines = _decode(data, self._encoding)
        lines = _Lines(utf8)
        width, fmt = len(self._header.names), self._contract.format
        delimiter = ord(fmt.delimiter)
        live = ~lines.blank()
        suspects = np.concatenate(
            (lines.with_odd_returns(), lines.with_odd_quotes(delimiter))
            if not self._exact
            else (np.arange(len(lines), dtype=np.int64),)
        )
        suspects = suspects[live[suspects]]
        block = self._assemble(lines, live, suspects, set(invalid), last)
        if block is None:
            wide = lines.with_other_width(delimiter, width)
            suspects = np.concatenate((suspects, wide[live[wide]]))
            block = self._assemble(lines, live, suspects, set(invalid), last)
        if block is None:
            raise AssertionError("a row of the wrong width escaped the count of delimiters")
        built, carry_from = block
        kept_lines = len(lines) if carry_from is None else carry_from
        built.line_no += first_line
        built.bad = [
            BadLine(bad.line_no + first_line, bad.reason, bad.detail, bad.raw) for bad in built.bad
        ]
        for index, (reason, detail) in invalid.items():
            if index < kept_lines and raw_lines is not None:
                built.bad.append(BadLine(index + first_line, reason, detail, raw_lines[index]))
        built.line_count = kept_lines
        built.mojibake_lines = 0 if utf8.isascii() else utf8.count(_MOJIBAKE)
        return built, self._rest(data, kept_lines, carry_from)

    @staticmethod
    def _rest(data: bytes, kept_lines: int, carry_from: int | None) -> bytes:
        if carry_from is None:
            return b""
        return b"\n".join(data.split(b"\n")[kept_lines:])

    def _assemble(
        self,
        lines: _Lines,
        live: npt.NDArray[np.bool_],
        suspects: Positions,
        stops: set[int],
        last: bool,
    ) -> tuple[Block, int | None] | None:
        """The block, or None when Arrow met a row of another width among the clean lines."""
        width = len(self._header.names)
        exact = _parse_exactly(
            lines, suspects, stops, width, self._contract.format, last, self._limits
        )
        clean = live.copy()
        clean[suspects] = False
        for first, end in exact.spans:
            clean[first:end] = False
        if exact.carry_from is not None:
            clean[exact.carry_from :] = False
        text = _keep(lines, clean | ~live) if exact.carry_from is None else _keep(lines, clean)
        table, ragged = _arrow_rows(text if clean.any() else b"", self._header, self._contract)
        if ragged:
            return None
        at = np.flatnonzero(clean).astype(np.int64)
        starts, ends = lines.starts[at], lines.ends[at]
        if exact.records:
            spans = np.array(exact.spans, dtype=np.int64)
            table = pa.concat_tables([table, rows_of(exact.records, self._header, self._contract)])
            at = np.concatenate((at, spans[:, 0]))
            starts = np.concatenate((starts, lines.starts[spans[:, 0]]))
            ends = np.concatenate((ends, lines.ends[spans[:, 1] - 1]))
        block = Block(table.combine_chunks(), at, lines.data, starts, ends)
        if not exact.records and b'"' not in text and self._header.names == self._contract.names:
            delimiter = self._contract.format.delimiter.encode()
            block.plain_text = text.replace(delimiter, _FIELD_SEPARATOR)
        for index, reason, detail in exact.bad:
            raw = lines.data[int(lines.starts[index]) : int(lines.ends[index])]
            block.bad.append(BadLine(index, reason, detail, raw.rstrip(b"\r\n")))
        return block, exact.carry_from


class FileReader:
    """Reads one file: the header when made, then its blocks.

    Raises:
        FileRefused: EMPTY_FILE, DELIM, HEADER_*, ENC_INVALID, GZ_*, TRUNCATED or LINE_TOO_LONG,
            some only while the blocks are read.
    """

    def __init__(
        self, stream: BinaryIO, contract: Contract, limits: Limits, *, exact: bool = False
    ) -> None:
        self._stream = stream
        self._limits = limits
        self._rest = stream.read(limits.block)
        self.encoding = contract.format.encoding
        self.has_foreign_bom = False
        self._offset = 0
        self._strip_bom()
        self.header_line, self.header = self._read_header(contract)
        self._parser = BlockParser(self.header, contract, self.encoding, limits, exact)

    def _strip_bom(self) -> None:
        if self._rest.startswith(_UTF16_BOMS):
            raise FileRefused(Reason.ENC_INVALID, "byte 0: the file is in UTF-16")
        if self._rest.startswith(_BOM):
            self._rest = self._rest[len(_BOM) :]
            self._offset = len(_BOM)
            self.has_foreign_bom = self.encoding != "utf-8"
            self.encoding = "utf-8"
        if not self._rest.strip():
            raise FileRefused(Reason.EMPTY_FILE, "the file is empty")

    def _read_header(self, contract: Contract) -> tuple[str, Header]:
        head, newline, self._rest = self._rest.partition(b"\n")
        self._offset += len(head) + len(newline)
        if len(head) > self._limits.record:
            raise FileRefused(Reason.LINE_TOO_LONG, "the header line has no end")
        try:
            line = head.removesuffix(b"\r").decode(self.encoding)
            parsed = csv.reader([line], delimiter=contract.format.delimiter, strict=True)
            names: list[str] = next(parsed, list[str]())
        except UnicodeDecodeError as error:
            raise FileRefused(
                Reason.ENC_INVALID, f"byte {error.start}: the header is not {self.encoding}"
            ) from None
        except csv.Error:
            raise FileRefused(Reason.HEADER_MISSING, "the header line cannot be read") from None
        return line, check_header([name.strip() for name in names], line, contract)

    def _stretches(self) -> Generator[tuple[bytes, bool]]:
        """Bytes up to a line end, about a block each; the last may lack its line end."""
        pending = [self._rest]
        size = len(self._rest)
        self._rest = b""
        while data := self._stream.read(self._limits.block):
            cut = data.rfind(b"\n") + 1
            if cut:
                yield b"".join([*pending, data[:cut]]), False
                pending, size = [data[cut:]], len(data) - cut
            else:
                pending.append(data)
                size += len(data)
            if size > self._limits.line:
                raise FileRefused(
                    Reason.LINE_TOO_LONG, f"a line is longer than {self._limits.line} bytes"
                )
        yield b"".join(pending), True

    def blocks(self) -> Generator[Block]:
        """The rows, block by block, in file order (within a block, repaired rows come last)."""
        line, carry = 2, b""
        lines = invalid = 0
        first_invalid: int | None = None
        for data, last in self._stretches():
            data = carry + data
            if not data:
                continue
            block, carry = self._parser.parse(data, line, last)
            if last:
                self._refuse_truncated(data, block, line)
            for bad in block.bad:
                if bad.reason is Reason.ENC_INVALID and first_invalid is None:
                    first_invalid = self._offset + _offset_of_line(data, bad.line_no - line)
            invalid += sum(bad.reason is Reason.ENC_INVALID for bad in block.bad)
            line += block.line_count
            lines += block.line_count
            self._offset += len(data) - len(carry)
            yield block
        # One bad line says nothing about the file's encoding, however short the file.
        if first_invalid is not None and invalid > max(1, self._limits.invalid_line_share * lines):
            raise FileRefused(
                Reason.ENC_INVALID,
                f"{invalid} of {lines} lines are not {self.encoding}, the first at byte "
                f"{first_invalid}",
            )

    def _refuse_truncated(self, data: bytes, block: Block, first_line: int) -> None:
        """A file that ends without line end must at least end with a whole row."""
        if data.endswith(b"\n"):
            return
        last_line = first_line + data.count(b"\n")
        for bad in block.bad:
            if bad.line_no == last_line and bad.reason in _CUT:
                raise FileRefused(Reason.TRUNCATED, f"the last line has no end, and {bad.detail}")


def _offset_of_line(data: bytes, index: int) -> int:
    at = 0
    for _ in range(index):
        at = data.index(b"\n", at) + 1
    return at
