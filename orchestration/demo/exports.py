"""The files of a landing folder: history and daily files, with dirty rows mixed in."""

import csv
import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from orchestration.demo.calendar import Calendar

PART_ROWS = 2_000_000
HISTORY = 0


class Fault(NamedTuple):
    """A way to break a row: the reason expected, the column and the value put there."""

    reason: str
    column: str = ""
    value: str = ""


class Layout(NamedTuple):
    """How an entity is written: its source's dialect, its columns and how its rows may break."""

    source: str
    entity: str
    columns: tuple[str, ...]
    key: str
    faults: tuple[Fault, ...]

    @property
    def delimiter(self) -> str:
        """Comma or semicolon."""
        return "," if self.source == "magento" else ";"

    @property
    def encoding(self) -> str:
        """The code page of the source."""
        return "utf-8" if self.source == "magento" else "cp1252"


class DirtyRow(NamedTuple):
    """A row that must end in the quarantine: where it lies and why."""

    source: str
    entity: str
    file_name: str
    line_no: int
    reason_code: str


@dataclass
class _OpenFile:
    path: Path
    stream: IO[bytes]
    rows: int = 0


@dataclass
class Exports:
    """Writes rows to the file of their entity and slot: 0 is the history, n the n-th daily file."""

    folder: Path
    calendar: Calendar
    rng: np.random.Generator
    is_big: bool = False
    dirty_share: float = 0.003
    dirty_rows: list[DirtyRow] = field(default_factory=list[DirtyRow])
    row_counts: dict[str, int] = field(default_factory=dict[str, int])
    resent_rows: int = 0
    _open: dict[tuple[str, str, int], _OpenFile] = field(
        default_factory=dict[tuple[str, str, int], _OpenFile]
    )
    _parts: dict[tuple[str, str, int], int] = field(default_factory=dict[tuple[str, str, int], int])
    _again: dict[tuple[str, str, int], list[str]] = field(
        default_factory=dict[tuple[str, str, int], list[str]]
    )
    _dirty_count: int = 0

    def write(self, layout: Layout, slot: int, rows: list[str], *, may_resend: bool = True) -> None:
        """Append rows, already in the source's form; some of a daily file come again next day."""
        target = self._file(layout, slot)
        if may_resend and slot != HISTORY and rows:
            again = rows[:: max(1, 200 // max(1, min(200, len(rows))))][: len(rows) // 100 + 1]
            self._again.setdefault((layout.source, layout.entity, slot), []).extend(again)
        lines = self._with_dirty(layout, rows, target)
        text = "\n".join(lines) + "\n" if lines else ""
        target.stream.write(text.encode(layout.encoding, "surrogateescape"))
        target.rows += len(lines)
        self.row_counts[target.path.name] = target.rows

    def resend(self, layout: Layout) -> None:
        """Write the rows kept by `write` once more, each in the daily file after its own."""
        for slot in range(2, self.calendar.delta_days + 1):
            rows = self._again.pop((layout.source, layout.entity, slot - 1), [])
            self.resent_rows += len(rows)
            self.write(layout, slot, rows, may_resend=False)

    def close(self) -> list[Path]:
        """Finish every file and mark it done; returns the data files in a stable order."""
        for opened in self._open.values():
            _finish(opened)
        paths = sorted(self.folder.glob("*/*.csv*"))
        return [path for path in paths if path.suffix != ".done"]

    def _file(self, layout: Layout, slot: int) -> _OpenFile:
        key = (layout.source, layout.entity, slot)
        opened = self._open.get(key)
        if opened and opened.rows >= PART_ROWS:
            _finish(self._open.pop(key))
            opened = None
        if opened is None:
            opened = self._start(layout, slot)
            self._open[key] = opened
        return opened

    def _start(self, layout: Layout, slot: int) -> _OpenFile:
        key = (layout.source, layout.entity, slot)
        part = self._parts.get(key, 0)
        self._parts[key] = part + 1
        # Shops export a day in the night that follows it.
        day = self.calendar.date_of(self.calendar.history_end + slot + 1)
        clock = f"_{part // 60:02d}{part % 60:02d}" if self.is_big else ""
        suffix = ".csv.gz" if self.is_big else ".csv"
        path = self.folder / layout.source / f"{layout.entity}_{day:%Y%m%d}{clock}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = _gzip_stream(path) if self.is_big else path.open("wb")
        stream.write((layout.delimiter.join(layout.columns) + "\n").encode(layout.encoding))
        return _OpenFile(path, stream)

    def _with_dirty(self, layout: Layout, rows: list[str], target: _OpenFile) -> list[str]:
        count = int(self.rng.poisson(len(rows) * self.dirty_share)) if layout.faults else 0
        if not count:
            return rows
        lines: list[str] = []
        last = 0
        places: list[int] = self.rng.integers(0, len(rows), count).tolist()
        for place in sorted(places):
            lines += rows[last:place]
            last = place
            fault = layout.faults[self._dirty_count % len(layout.faults)]
            lines.append(self._spoil(layout, rows[place], fault))
            self.dirty_rows.append(
                DirtyRow(
                    layout.source,
                    layout.entity,
                    target.path.name,
                    target.rows + len(lines) + 1,
                    fault.reason,
                )
            )
        return lines + rows[last:]

    def _spoil(self, layout: Layout, row: str, fault: Fault) -> str:
        """A broken copy of a row under a key of its own, so that no clean row depends on it."""
        fields = next(csv.reader([row], delimiter=layout.delimiter))
        self._dirty_count += 1
        fields[layout.columns.index(layout.key)] = str(8_000_000_000 + self._dirty_count)
        if fault.reason == "COLS_MISSING":
            fields = fields[:-2]
        elif fault.reason == "COLS_EXTRA":
            fields.append("stray")
        else:
            fields[layout.columns.index(fault.column)] = fault.value
        return layout.delimiter.join(_quoted(each, layout.delimiter) for each in fields)


def _quoted(text: str, delimiter: str) -> str:
    if delimiter in text or '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def _gzip_stream(path: Path) -> IO[bytes]:
    return gzip.GzipFile(path, "wb", compresslevel=1, mtime=0)  # pyright: ignore[reportReturnType]


def _finish(opened: _OpenFile) -> None:
    opened.stream.close()
    opened.path.with_name(opened.path.name + ".done").touch()


def join_rows(delimiter: str, columns: Iterable[Sequence[str]]) -> list[str]:
    """One text per row from one sequence per column."""
    return list(map(delimiter.join, zip(*columns, strict=True)))
