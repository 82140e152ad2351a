"""A CSV file as blocks of rows: exact on every line, fast on the clean ones.

Lines without any trait that could mislead a parser go to Arrow in one piece. What is odd is a bad
line, or, where a field may hold line ends, parsed one record at a time.
"""

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from orchestration.ingest.contract import Contract, FileFormat
from orchestration.ingest.physical_lines import (
    FIELD_SEPARATOR,
    NEWLINE,
    Flags,
    Lines,
    Positions,
    Unreadable,
    decode,
)
from orchestration.ingest.reasons import FileRefused, Reason

_BOM = b"\xef\xbb\xbf"
# A capital A with tilde, then a sign up to U+00BF: UTF-8 read as Latin-1 and written again.
_MOJIBAKE = b"\xc3\x83\xc2"
_WIDE_MARKS = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_WIDE_ENCODINGS = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_ARCHIVES = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip"}
_OTHER_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Limits:
    """Sizes, in bytes unless named otherwise, that bound memory and stop implausible files."""

    block: int = 8 << 20
    block_lines: int = 200_000
    line: int = 4 << 20
    record: int = 1 << 20
    record_lines: int = 100
    columns: int = 1_000
    unpacked: int = 64 << 30
    unpacked_unsuspected: int = 64 << 20
    ratio: int = 200
    invalid_line_share: float = 0.05
    flood_lines: int = 10_000
    flood_share: float = 0.5
    blank_share: float = 0.9

    def is_flood(self, bad: int, rows: int) -> bool:
        """Whether so many of the rows read so far, half of them, are bad that it is of no use."""
        return bad > self.flood_lines and bad >= self.flood_share * rows


@dataclass(frozen=True, slots=True)
class BadLine:
    """A row that is no row: where it begins, why, and its bytes as they stand in the file."""

    line_no: int
    reason: Reason
    detail: str
    raw: bytes


@dataclass
class Block:
    """Rows of one stretch of a file. `rows` holds the contract's columns as text, '' for empty.

    Each of its `line_count` physical lines begins a row or is bad, continues a row, or is blank.
    `plain_text` is set where every line is its row's fields joined by 0x1f, and nothing else.
    """

    rows: pa.Table
    line_no: Positions
    _data: bytes
    _starts: Positions
    _ends: Positions
    bad: list[BadLine] = field(default_factory=list[BadLine])
    line_count: int = 0
    continuation_count: int = 0
    blank_count: int = 0
    mojibake_lines: int = 0
    plain_text: bytes = b""

    def joined_fields(self) -> list[bytes]:
        """The fields of each row, joined by 0x1f; from the lines themselves where they are that."""
        if self.plain_text:
            text = self.plain_text
            if b"\r" in text:
                text = text.replace(b"\r\n", b"\n").removesuffix(b"\r")
            lines = text.removesuffix(b"\n").split(b"\n")
            return lines if len(lines) == len(self.line_no) else [line for line in lines if line]
        return joined_fields(self.rows)

    def take(self, at: Positions) -> "Block":
        """The block with only the rows at the given places; its bad lines stay."""
        return replace(
            self,
            rows=self.rows.take(pa.array(at)),
            line_no=self.line_no[at],
            _starts=self._starts[at],
            _ends=self._ends[at],
            plain_text=b"",
        )

    def raw(self, row: int) -> bytes:
        """The bytes of a row, without its line end (UTF-8, whatever the file's encoding)."""
        return self._data[int(self._starts[row]) : int(self._ends[row])].rstrip(b"\r\n")


def joined_fields(rows: pa.Table) -> list[bytes]:
    """The fields of each row, joined by 0x1f, in the table's column order."""
    columns = [rows.column(name) for name in rows.column_names]
    joined = pc.binary_join_element_wise(*columns, FIELD_SEPARATOR.decode())
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
    present = set(names)
    missing = [name for name in contract.columns if name not in present]
    if missing:
        delimiter = contract.format.delimiter
        for other in _OTHER_DELIMITERS:
            if other != delimiter and len(names) == 1 and other in line:
                raise FileRefused(
                    Reason.DELIM, f"the header is split by {other!r}, not by {delimiter!r}"
                )
        if not any(names):
            raise FileRefused(Reason.HEADER_MISSING, "the first line is blank")
        raise FileRefused(Reason.HEADER_MISSING, f"the header lacks {', '.join(missing)}")
    doubled = sorted(name for name, times in Counter(names).items() if times > 1)
    if doubled:
        shown = "; ".join(_doubled(name, names, contract) for name in doubled)
        raise FileRefused(Reason.HEADER_DUP, f"the header names {shown}")
    return Header(tuple(names), tuple(name for name in names if name not in contract.columns))


def _doubled(name: str, names: list[str], contract: Contract) -> str:
    """How a header names columns alike; by their places, where the name is none of ours."""
    if name in contract.columns:
        return f"{name} more than once"
    places = " and ".join(str(at + 1) for at, other in enumerate(names) if other == name)
    return f"columns {places} alike" if name else f"columns {places} not at all"


class _Packed:
    """A stream that knows how much of it was read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self.size += len(data)
        return data


class _Unpacked(io.RawIOBase):
    """A gzip stream that refuses damage and bombs; reads like any binary file."""

    def __init__(self, packed: BinaryIO, limits: Limits) -> None:
        self._packed = _Packed(packed)
        self._stream = gzip.GzipFile(fileobj=cast(BinaryIO, self._packed), mode="rb")
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
            suspicious and self._size > self._limits.ratio * self._packed.size
        ):
            raise FileRefused(
                Reason.GZ_BOMB, f"its first {self._packed.size} bytes unpack to {self._size}"
            )
        return data

    def close(self) -> None:
        self._stream.close()
        super().close()


def unpacked(stream: BinaryIO, name: str, limits: Limits) -> BinaryIO:
    """The bytes of a file of this name, unpacked when it ends in .gz."""
    if name.endswith(".gz"):
        return cast(BinaryIO, _Unpacked(stream, limits))
    return stream


@dataclass
class _Exact:
    """What the exact parser made of the lines it was given."""

    records: list[list[str]] = field(default_factory=list[list[str]])
    spans: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    bad: list[tuple[int, Reason, str]] = field(default_factory=list[tuple[int, Reason, str]])
    carry_from: int | None = None

    def refuse(self, at: int, why: tuple[Reason, str]) -> None:
        """Note a bad line."""
        self.bad.append((at, *why))


def _ragged(found: int, width: int) -> tuple[Reason, str]:
    reason = Reason.COLS_MISSING if found < width else Reason.COLS_EXTRA
    return reason, f"the row has {found} fields, the header {width}"


_BROKEN_QUOTE = (Reason.QUOTE, "a quote does not open, close or double as it must")
_ODD_RETURN = (Reason.LONE_CR, "a carriage return stands alone in the line")


class _ExactParser:
    """Records one at a time; a broken quote costs its own line only.

    A record of several lines ends within limits, and holds no line that is a row by itself: such
    lines were swallowed by two stray quotes.
    """

    def __init__(self, fmt: FileFormat, width: int, limits: Limits) -> None:
        self._format, self._width, self._limits = fmt, width, limits
        csv.field_size_limit(limits.line)
        delimiter = re.escape(fmt.delimiter)
        line_end = "" if fmt.multiline else r"\r\n"
        one = rf'(?:"(?:[^"{line_end}]++|"")*+"|[^"\r\n{delimiter}]*+)'
        end = r"(?:\r?\n|\r?\Z)"
        self._record = re.compile(f"{one}(?:{delimiter}{one})*+{end}".encode())
        row = rf'(?:"(?:[^"\r\n]++|"")*+"|[^"\r\n{delimiter}]*+)'
        self._row = re.compile(f"{row}(?:{delimiter}{row}){{{width - 1}}}{end}".encode())

    def parse(self, lines: Lines, suspects: Positions, stops: Positions, last: bool) -> _Exact:
        """The records that begin at the suspect lines; none reaches into a line of `stops`."""
        out, done = _Exact(), -1
        for start in np.unique(suspects).tolist():
            if start <= done:
                continue
            most = self._reach(lines, start, stops)
            found = self._record.match(lines.data, int(lines.starts[start]), int(lines.ends[most]))
            if found is None:
                if self._may_go_on(lines, start, most) and not last:
                    out.carry_from = start
                    return out
                out.refuse(start, self._why(lines.raw(start)))
            else:
                done = self._take(lines, start, found, out)
        return out

    def _reach(self, lines: Lines, start: int, stops: Positions) -> int:
        """The last line that a record beginning at `start` may hold."""
        if not self._format.multiline:
            return start
        furthest = int(lines.starts[start]) + self._limits.record
        by_size = int(np.searchsorted(lines.ends, furthest, side="right")) - 1
        at = int(np.searchsorted(stops, start))
        by_stop = int(stops[at]) - 1 if at < len(stops) else len(lines) - 1
        return max(start, min(start + self._limits.record_lines - 1, by_size, by_stop))

    def _may_go_on(self, lines: Lines, start: int, most: int) -> bool:
        """Whether more text could complete the record that begins at `start`."""
        return (
            self._format.multiline
            and most == len(lines) - 1
            and most < start + self._limits.record_lines - 1
            and len(lines.data) - int(lines.starts[start]) < self._limits.record
        )

    def _take(self, lines: Lines, start: int, found: re.Match[bytes], out: _Exact) -> int:
        """Note a well-formed record as good or bad; gives the last line that is done with."""
        end = int(np.searchsorted(lines.ends, found.end(), side="left")) + 1
        if end > start + 1 and self._holds_a_row(lines, start + 1, end - 1):
            out.refuse(start, _BROKEN_QUOTE)
            return start
        text = found.group().decode()
        (record,) = csv.reader([text], delimiter=self._format.delimiter, strict=True)
        if len(record) == self._width:
            out.records.append(record)
            out.spans.append((start, end))
            return end - 1
        out.refuse(start, _BROKEN_QUOTE if end > start + 1 else _ragged(len(record), self._width))
        return start

    def _holds_a_row(self, lines: Lines, first: int, end: int) -> bool:
        return self._width > 1 and any(
            self._row.fullmatch(lines.data, int(lines.starts[at]), int(lines.ends[at]))
            for at in range(first, end)
        )

    @staticmethod
    def _why(line: bytes) -> tuple[Reason, str]:
        return _ODD_RETURN if b"\r" in line else _BROKEN_QUOTE


def _arrow_rows(data: bytes, header: Header, contract: Contract) -> pa.Table | None:
    """The rows of clean text, or None when one is of another width."""
    ragged = False

    def note(_row: object) -> str:
        nonlocal ragged
        ragged = True
        return "error"

    if not data:
        return _empty_rows(contract)
    if data.startswith(_BOM):
        # Arrow drops a mark at the start of what it is given, which is not the start of a file.
        data = _BOM + data
    try:
        return _read_csv(data, header, contract, note)
    except pa.ArrowInvalid:
        if ragged:
            return None
        raise


def _read_csv(
    data: bytes, header: Header, contract: Contract, note: Callable[[object], str]
) -> pa.Table:
    return pacsv.read_csv(
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


def _keep(lines: Lines, clean: Flags) -> bytes:
    """The text of the clean lines, in one piece."""
    if bool(clean.all()):
        return lines.data
    edges = np.flatnonzero(np.diff(np.concatenate(([0], clean.astype(np.int8), [0]))))
    view = memoryview(lines.data)
    return b"".join(
        view[int(lines.starts[first]) : int(lines.ends[end - 1])]
        for first, end in edges.reshape(-1, 2).tolist()
    )


@dataclass(frozen=True)
class _Kinds:
    """What the lines of a block are, before any is parsed."""

    lines: Lines
    unreadable: Positions
    blank: Flags

    @property
    def usable(self) -> Flags:
        """Lines that may hold a row, or a part of one."""
        flags = ~self.blank
        flags[self.unreadable] = False
        return flags


class BlockParser:
    """Turns stretches of a file's bytes into blocks; keeps what a stretch leaves unfinished.

    Clean lines go to Arrow. With `exact`, which tests compare with it, every line goes one by one.
    """

    def __init__(
        self, header: Header, contract: Contract, encoding: str, limits: Limits, exact: bool = False
    ) -> None:
        self._header = header
        self._contract = contract
        self._encoding = encoding
        self._limits = limits
        self._exact = exact
        self._delimiter = ord(contract.format.delimiter)
        self._exactly = _ExactParser(contract.format, len(header.names), limits)

    def parse(self, data: bytes, first_line: int, last: bool) -> tuple[Block, bytes]:
        """The block of `data`, whose first line has the given number, and the bytes to carry.

        Raises:
            FileRefused: LINE_TOO_LONG.
        """
        utf8, unreadable = decode(data, self._encoding)
        lines = Lines(utf8)
        if lines.longest() > self._limits.line:
            raise _endless(self._limits)
        kinds = _Kinds(lines, np.array(sorted(unreadable), dtype=np.int64), lines.blank())
        block, carry_from = self._block(kinds, last)
        kept = len(lines) if carry_from is None else carry_from
        self._complete(block, kinds, unreadable, kept, first_line)
        return block, _from_line(data, kept) if carry_from is not None else b""

    def _complete(
        self, block: Block, kinds: _Kinds, unreadable: Unreadable, kept: int, first_line: int
    ) -> None:
        """Add the unreadable lines and the counts; number lines as the file does."""
        block.line_no += first_line
        block.bad += [BadLine(at, *why) for at, why in unreadable.items() if at < kept]
        block.bad = [replace(bad, line_no=bad.line_no + first_line) for bad in block.bad]
        block.line_count = kept
        utf8 = kinds.lines.data
        block.mojibake_lines = 0 if utf8.isascii() else utf8.count(_MOJIBAKE)

    def _block(self, kinds: _Kinds, last: bool) -> tuple[Block, int | None]:
        if self._exact:
            everything = self._exactly.parse(
                kinds.lines, np.flatnonzero(kinds.usable), kinds.unreadable, last
            )
            built = self._assemble(kinds, everything)
        else:
            everything = self._odd_lines(kinds, last, wide=False)
            built = self._assemble(kinds, everything)
            if built is None:
                everything = self._odd_lines(kinds, last, wide=True)
                built = self._assemble(kinds, everything)
        if built is None:
            raise AssertionError("a row of the wrong width escaped the count of delimiters")
        return built, everything.carry_from

    def _odd_lines(self, kinds: _Kinds, last: bool, wide: bool) -> _Exact:
        """What the lines are that Arrow must not see; of another width only when asked for."""
        lines, usable = kinds.lines, kinds.usable
        returns, quotes = lines.with_odd_returns(), lines.with_odd_quotes(self._delimiter)
        width = len(self._header.names)
        found = lines.delimiters(self._delimiter) + 1 if wide else np.full(len(lines), width)
        other_width = np.flatnonzero(found != width)
        if self._contract.format.multiline:
            suspects = np.concatenate((returns, quotes, other_width))
            return self._exactly.parse(lines, suspects[usable[suspects]], kinds.unreadable, last)
        out = _Exact()
        for places, why in ((returns, _ODD_RETURN), (quotes, _BROKEN_QUOTE)):
            for at in places[usable[places]].tolist():
                out.refuse(at, why)
            usable[places] = False
        for at in other_width[usable[other_width]].tolist():
            out.refuse(at, _ragged(int(found[at]), width))
        return out

    def _assemble(self, kinds: _Kinds, odd: _Exact) -> Block | None:
        """The block, or None when Arrow met a row of another width among the clean lines."""
        lines, clean, droppable = kinds.lines, kinds.usable, kinds.blank.copy()
        clean[np.array([at for at, *_ in odd.bad], dtype=np.int64)] = False
        for first, end in odd.spans:
            clean[first:end] = droppable[first:end] = False
        if odd.carry_from is not None:
            clean[odd.carry_from :] = droppable[odd.carry_from :] = False
        # Blank lines that go along with the clean ones let the text stay in one piece.
        text = _keep(lines, clean | droppable) if clean.any() else b""
        table = _arrow_rows(text, self._header, self._contract)
        if table is None:
            return None
        spans = np.array(odd.spans, dtype=np.int64).reshape(-1, 2)
        firsts = np.concatenate((np.flatnonzero(clean), spans[:, 0]))
        lasts = np.concatenate((np.flatnonzero(clean), spans[:, 1] - 1))
        if odd.records:
            records = rows_of(odd.records, self._header, self._contract)
            table = pa.concat_tables([table, records])
        block = Block(
            table.combine_chunks(), firsts, lines.data, lines.starts[firsts], lines.ends[lasts]
        )
        block.bad = [BadLine(at, why, detail, lines.raw(at)) for at, why, detail in odd.bad]
        block.continuation_count = int((lasts - firsts).sum())
        block.blank_count = int(droppable.sum())
        if not odd.records and b'"' not in text and self._header.names == self._contract.names:
            block.plain_text = text.replace(bytes([self._delimiter]), FIELD_SEPARATOR)
        return block


def read_row(
    raw: bytes, line_no: int, header: Header, contract: Contract, encoding: str, limits: Limits
) -> Block:
    """One row, by its bytes as they stand in the file, judged as amid its file.

    Raises:
        FileRefused: it is no row; the reason says why.
    """
    # With LF alone, a carriage return at its end would become a part of the line's end.
    block, _ = BlockParser(header, contract, encoding, limits).parse(raw + b"\r\n", line_no, True)
    for bad in block.bad:
        raise FileRefused(bad.reason, bad.detail)
    if len(block.rows) != 1:
        raise FileRefused(Reason.QUOTE, f"it would be {len(block.rows)} rows now")
    return block


def _from_line(data: bytes, index: int) -> bytes:
    """The text from the line with the given place on."""
    return data[_offset_of_line(data, index) :]


def _endless(limits: Limits) -> FileRefused:
    return FileRefused(Reason.LINE_TOO_LONG, f"a line is longer than {limits.line} bytes")


class _Counted:
    """A stream that counts the line ends that pass, whatever a parser makes of them."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._ends = 0
        self._newest = b"\n"

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        if data:
            self._ends += data.count(b"\n")
            self._newest = data[-1:]
        return data

    @property
    def lines(self) -> int:
        """Physical lines so far; the last may lack its end."""
        return self._ends + (self._newest != b"\n")


class FileReader:
    """Reads one file: the header when made, then its blocks.

    `is_whole` says that something else than its last byte vouches for the file's end: a side file
    of its sender, or the end mark of gzip. Without, a last line that has no end was cut off.
    After the blocks, `physical_lines`, counted apart, must be the header's line, one for each row
    and bad line, `continuation_lines` and `blank_lines`.

    Raises:
        FileRefused: any reason of a whole file but those of its name and checksum, some only while
            the blocks are read.
    """

    def __init__(
        self,
        stream: BinaryIO,
        contract: Contract,
        limits: Limits,
        *,
        is_whole: bool = False,
        exact: bool = False,
    ) -> None:
        self._stream = _Counted(stream)
        self._limits = limits
        self._is_whole = is_whole
        self._may_lack_end = is_whole or not contract.format.final_newline
        self.encoding = contract.format.encoding
        self.has_bom = self.has_foreign_bom = False
        self.continuation_lines = self.blank_lines = 0
        self._offset = 0
        self._rest = self._first_bytes()
        self._refuse_foreign(contract)
        self._strip_bom()
        self.header_line, self.header = self._read_header(contract)
        self._parser = BlockParser(self.header, contract, self.encoding, limits, exact)

    @property
    def physical_lines(self) -> int:
        """Lines of the bytes read so far, the header's among them."""
        return self._stream.lines

    def _first_bytes(self) -> bytes:
        """Enough of the file to hold its header line, or as much as a header line may hold."""
        data = self._stream.read(self._limits.block)
        while b"\n" not in data and len(data) <= self._limits.record:
            more = self._stream.read(self._limits.block)
            if not more:
                break
            data += more
        return data

    def _refuse_foreign(self, contract: Contract) -> None:
        """Refuse what is no text in a known encoding, by its first bytes."""
        for mark, kind in _ARCHIVES.items():
            if self._rest.startswith(mark):
                raise FileRefused(Reason.NAME, f"it is a {kind} archive, which its name hides")
        for mark, encoding in _WIDE_MARKS.items():
            if self._rest.startswith(mark):
                raise FileRefused(Reason.ENC_INVALID, f"byte 0: the file is in {encoding}")
        start = self._rest[:4096]
        for encoding in _WIDE_ENCODINGS if b"\0" in start else ():
            text = start[: len(start) // 4 * 4].decode(encoding, errors="ignore")
            if any(name in text for name in contract.columns):
                detail = f"byte 0: the file is in {encoding.upper()}, without a mark"
                raise FileRefused(Reason.ENC_INVALID, detail)

    def _strip_bom(self) -> None:
        if self._rest.startswith(_BOM):
            self._rest = self._rest[len(_BOM) :]
            self._offset = len(_BOM)
            self.has_bom = True
            self.has_foreign_bom = self.encoding != "utf-8"
            self.encoding = "utf-8"
        if not self._rest.strip():
            raise FileRefused(Reason.EMPTY_FILE, "the file is empty")

    def _read_header(self, contract: Contract) -> tuple[str, Header]:
        head, newline, self._rest = self._rest.partition(b"\n")
        self._offset += len(head) + len(newline)
        self._refuse_odd_header(head, newline)
        try:
            line = head.removesuffix(b"\r").decode(self.encoding)
            parsed = csv.reader([line], delimiter=contract.format.delimiter, strict=True)
            names: list[str] = next(parsed, list[str]())
        except UnicodeDecodeError as error:
            raise FileRefused(
                Reason.ENC_INVALID, f"byte {error.start}: the header is not {self.encoding}"
            ) from None
        except csv.Error:
            raise FileRefused(
                Reason.HEADER_MISSING, "a quote in the header line stands astray"
            ) from None
        if len(names) > self._limits.columns:
            raise FileRefused(
                Reason.HEADER_TOO_WIDE,
                f"the header has {len(names)} columns, more than {self._limits.columns}",
            )
        return line, check_header([name.strip() for name in names], line, contract)

    def _refuse_odd_header(self, head: bytes, newline: bytes) -> None:
        if b"\r" in head.removesuffix(b"\r"):
            raise FileRefused(Reason.LONE_CR, "the header line holds a carriage return alone")
        if len(head) > self._limits.record:
            raise FileRefused(Reason.LINE_TOO_LONG, "the header line has no end")
        if b"\0" in head:
            raise FileRefused(Reason.NUL_BYTE, "the header line holds a NUL byte")
        if FIELD_SEPARATOR in head:
            raise FileRefused(Reason.CONTROL_BYTE, "the header line holds the byte 0x1f")
        if not newline and not self._may_lack_end:
            raise FileRefused(Reason.TRUNCATED, "the header line, its last, has no end")

    def _chunks(self) -> Iterator[bytes]:
        """The bytes behind the header, as they come."""
        chunk, self._rest = self._rest, b""
        while chunk or (chunk := self._stream.read(self._limits.block)):
            yield chunk
            chunk = b""

    def _stretches(self) -> Generator[tuple[bytes, bool]]:
        """Bytes up to a line end, about a block each; the last may lack its line end."""
        pending: list[bytes] = []
        for data in self._chunks():
            cut = data.rfind(b"\n") + 1
            if cut:
                yield from ((piece, False) for piece in self._pieces([*pending, data[:cut]]))
                pending = []
            pending.append(data[cut:])
            if sum(map(len, pending)) > self._limits.line:
                raise _endless(self._limits)
        tail = b"".join(pending)
        if tail and not self._may_lack_end:
            raise FileRefused(Reason.TRUNCATED, "the last line has no end")
        yield tail, True

    def _pieces(self, parts: list[bytes]) -> Iterator[bytes]:
        """The text in pieces of no more lines than a block may hold."""
        data, most = b"".join(parts), self._limits.block_lines
        if data.count(b"\n") <= most:
            yield data
            return
        ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == NEWLINE) + 1
        cuts = [0, *ends[most - 1 : -1 : most].tolist(), len(data)]
        yield from (data[begin:end] for begin, end in pairwise(cuts))

    def blocks(self) -> Generator[Block]:
        """The rows, block by block, in file order (within a block, repaired rows come last)."""
        line, carry = 2, b""
        tally = _Tally(self._limits, self.encoding)
        for data, last in self._stretches():
            data = carry + data
            if not data:
                continue
            block, carry = self._parser.parse(data, line, last)
            if last and not self._is_whole:
                _refuse_cut(data, block, line)
            tally.add(block, data, line, self._offset)
            self.blank_lines += block.blank_count
            self.continuation_lines += block.continuation_count
            line += block.line_count
            self._offset += len(data) - len(carry)
            yield block
        tally.judge_encoding()


class _Tally:
    """Lines of a file so far, and how many of them are of no use."""

    def __init__(self, limits: Limits, encoding: str) -> None:
        self._limits, self._encoding = limits, encoding
        self._lines = self._blank = self._rows = 0
        self._bad: Counter[Reason] = Counter()
        self._first_invalid: int | None = None
        self._first_bad = 0

    def add(self, block: Block, data: bytes, first_line: int, offset: int) -> None:
        """Count a block, whose text begins at the given line and byte of the file.

        Raises:
            FileRefused: ENC_INVALID or MOSTLY_BAD.
        """
        self._lines += block.line_count
        self._blank += block.blank_count
        self._rows += len(block.rows) + len(block.bad)
        for bad in block.bad:
            self._bad[bad.reason] += 1
            self._first_bad = self._first_bad or bad.line_no
            if bad.reason is Reason.ENC_INVALID and self._first_invalid is None:
                self._first_invalid = offset + _offset_of_line(data, bad.line_no - first_line)
        if self._bad[Reason.ENC_INVALID] > self._limits.flood_lines:
            self.judge_encoding()
        self._judge_flood()

    def judge_encoding(self) -> None:
        """Refuse a file much of which is in another encoding.

        One bad line says nothing about the file's encoding, however short the file.
        """
        invalid = self._bad[Reason.ENC_INVALID]
        if invalid > max(1, self._limits.invalid_line_share * self._lines):
            raise FileRefused(
                Reason.ENC_INVALID,
                f"{invalid} of {self._lines} lines are not {self._encoding}, the first at byte "
                f"{self._first_invalid}",
            )

    def _judge_flood(self) -> None:
        limits, bad = self._limits, self._bad.total()
        if self._blank > max(limits.flood_lines, limits.blank_share * self._lines):
            raise FileRefused(
                Reason.MOSTLY_BAD, f"{self._blank} of its first {self._lines} lines are blank"
            )
        if limits.is_flood(bad, self._rows):
            raise FileRefused(
                Reason.MOSTLY_BAD,
                f"{bad} of its first {self._rows} rows cannot be read, most of them for "
                f"{self._bad.most_common(1)[0][0]}, the first on line {self._first_bad}",
            )


def _refuse_cut(data: bytes, block: Block, first_line: int) -> None:
    """A last line without an end, which its contract allows, must at least be a whole row."""
    last_line = first_line + data.count(b"\n")
    if data.endswith(b"\n"):
        return
    for bad in block.bad:
        if bad.line_no == last_line:
            raise FileRefused(Reason.TRUNCATED, f"the last line has no end, and {bad.detail}")


def _offset_of_line(data: bytes, index: int) -> int:
    at = 0
    for _ in range(index):
        at = data.index(b"\n", at) + 1
    return at
