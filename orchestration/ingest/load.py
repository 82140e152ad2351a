"""Files from the landing folder into the warehouse, each wholly or not at all."""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import numpy as np
import pyarrow as pa

from orchestration.ingest import ledger, quarantine
from orchestration.ingest.context import Clock, Context, context_of, prepare, utc_now, warehouse_of
from orchestration.ingest.contract import Contract, Contracts, load_contracts
from orchestration.ingest.quarantine import BadRow, QuarantinedRow, QuarantineOrigin
from orchestration.ingest.raw_table import raw_rows
from orchestration.ingest.reader import Block, FileReader, Header, Limits, open_file
from orchestration.ingest.reasons import REMEDIES, FileRefused, Reason, RefusedFile
from orchestration.ingest.retry import RetryReport, retry_quarantine
from orchestration.ingest.row_hash import DuplicateFinder, row_hashes
from orchestration.ingest.validation import Checked, Rules, validate
from orchestration.resources.landing import (
    LandedFile,
    Stranger,
    checksum,
    declared_checksum,
    landing_of,
)
from orchestration.resources.warehouse import Session, Warehouse, WarehouseBusy
from orchestration.settings import Settings

__all__ = [
    "EntityReport",
    "RetryReport",
    "ingest_entity",
    "list_quarantine",
    "load_contracts",
    "pending_files",
    "prepare_warehouse",
    "retry_quarantine",
    "unclaimed_files",
]

_LOG = logging.getLogger(__name__)
_MOJIBAKE_SHARE = 0.001

Progress = Callable[[str], None]


@dataclass
class EntityReport:
    """What one ingestion of one entity did: counts of rows and files, and what was refused."""

    source: str
    entity: str
    files_taken: int = 0
    files_duplicate: int = 0
    rows_seen: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_exact_duplicate: int = 0
    refused: list[RefusedFile] = field(default_factory=list[RefusedFile])
    still_arriving: list[str] = field(default_factory=list[str])
    warnings: Counter[str] = field(default_factory=Counter[str])
    drift_columns: list[str] = field(default_factory=list[str])

    def add(self, entry: ledger.Entry) -> None:
        """Count a loaded file."""
        self.files_taken += 1
        self.rows_seen += entry.rows_seen
        self.rows_loaded += entry.rows_loaded
        self.rows_quarantined += entry.rows_quarantined
        self.rows_exact_duplicate += entry.rows_exact_duplicate
        self.warnings += entry.warnings
        self.drift_columns = sorted({*self.drift_columns, *entry.drift_columns})


def quiet(_message: str) -> None:
    """Progress that nobody watches."""


def _bad_lines(block: Block) -> list[BadRow]:
    """The lines of a block that are no rows."""
    return [BadRow(b.line_no, b.reason, None, b.detail, "", b.raw) for b in block.bad]


def _bad_rows(block: Block, checked: Checked) -> list[BadRow]:
    """The rows of a block that its contract refuses."""
    return [
        BadRow(
            int(block.line_no[fault.row]),
            fault.reason,
            fault.column,
            fault.detail,
            fault.value,
            block.raw(fault.row),
        )
        for fault in checked.faults
    ]


def _read_ahead(blocks: Iterator[Block]) -> Generator[Block]:
    """The blocks, each read while the one before is being judged."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        coming = thread.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = thread.submit(next, blocks, None)
            yield block


class _Writer:
    """Writes one block while the next is being judged; never more than one at a time."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._writing: Future[None] | None = None

    def write(self, work: Callable[[], None]) -> None:
        """Start writing, once what was being written is done.

        Raises:
            Exception: whatever the writing before raised.
        """
        self.wait()
        self._writing = self._thread.submit(work)

    def wait(self) -> None:
        """Until nothing is being written."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # The caller rolls back next, so nothing may still be writing, whatever happened.
        self._thread.shutdown(wait=True)
        if kind is None:
            self.wait()


@dataclass
class _FileLoad:
    """One file on its way into the warehouse, within one transaction."""

    context: Context
    session: Session
    contract: Contract
    entry: ledger.Entry
    file_id: int
    exported_at: datetime
    rules: Rules
    loaded_at: datetime
    progress: Progress
    duplicates: DuplicateFinder = field(default_factory=DuplicateFinder)
    mojibake_lines: int = 0

    def run(self, reader: FileReader) -> None:
        """Load every block, and complete the ledger's line.

        Raises:
            FileRefused: the caller must roll back.
        """
        self.entry.drift_columns = reader.header.drift
        if reader.header.drift:
            self.entry.warnings["SCHEMA_DRIFT"] = len(reader.header.drift)
        if reader.has_foreign_bom:
            self.entry.warnings["UTF8_MARK"] = 1
        with _Writer() as writer, closing(_read_ahead(reader.blocks())) as blocks:
            for block in blocks:
                writer.write(self._take(block, reader.header))
                self.progress(f"{self.entry.file_name}: {self.entry.rows_seen:,} rows")
        if self.mojibake_lines > _MOJIBAKE_SHARE * max(1, self.entry.rows_seen):
            self.entry.warnings["MOJIBAKE"] = self.mojibake_lines

    def _take(self, block: Block, header: Header) -> Callable[[], None]:
        """Judge a block; gives what remains to be done: writing it."""
        entry, rows = self.entry, block.rows
        hashes = row_hashes(block.joined_fields(), self.context.pseudonymiser.row_hash_key)
        repeated = self.duplicates.repeats(hashes, block.line_no)
        hash_text, line_no = hashes.text(), pa.array(block.line_no)
        if repeated.any():
            block = block.take(np.flatnonzero(~repeated))
            kept = pa.array(~repeated)
            hash_text, line_no = hash_text.filter(kept), line_no.filter(kept)
        checked = validate(block.rows, self.contract, self.rules)
        bad = [*_bad_lines(block), *_bad_rows(block, checked)]
        good = checked.rows
        if checked.faults:
            keep = np.ones(len(good), dtype=np.bool_)
            keep[[fault.row for fault in checked.faults]] = False
            mask = pa.array(keep)
            good, hash_text, line_no = (part.filter(mask) for part in (good, hash_text, line_no))
        entry.rows_seen += len(rows) + len(block.bad)
        entry.rows_loaded += len(good)
        entry.rows_quarantined += len(bad)
        entry.rows_exact_duplicate += int(repeated.sum())
        entry.warnings += checked.warnings
        self.mojibake_lines += block.mojibake_lines
        return partial(self._store, good, line_no, hash_text, bad, header)

    def _store(
        self, good: pa.Table, line_no: pa.Array, hashes: pa.Array, bad: list[BadRow], header: Header
    ) -> None:
        if len(good):
            rows = raw_rows(good, self.file_id, line_no, self.exported_at, self.loaded_at, hashes)
            self.session.append(self.contract.table, rows)
        origin = QuarantineOrigin(
            self.file_id,
            self.contract.source,
            self.contract.entity,
            self.entry.file_name,
            header.names,
        )
        bad.sort(key=lambda row: row.line_no)
        quarantine.store(self.session, origin, bad, self.context.pseudonymiser, self.loaded_at)


def _load_file(
    context: Context,
    session: Session,
    contract: Contract,
    file: LandedFile,
    run_id: str,
    progress: Progress,
) -> ledger.Entry:
    """Load one file in one transaction; gives its ledger line, of state loaded or duplicate.

    Raises:
        FileRefused: nothing was kept.
    """
    sha256 = checksum(file.path)
    declared = declared_checksum(file.path)
    if declared not in (None, sha256):
        raise FileRefused(Reason.CHECKSUM, f"its bytes have the SHA-256 {sha256[:12]}…")
    now = context.moment()
    with session.transaction():
        file_id = ledger.next_file_id(session)
        if ledger.is_loaded(session, file.source, file.entity, sha256):
            entry = ledger.entry_of(file, "duplicate", sha256)
        else:
            entry = ledger.entry_of(file, "loaded", sha256)
            with open_file(file.path, context.limits) as stream:
                reader = FileReader(stream, contract, context.limits)
                _FileLoad(
                    context, session, contract, entry, file_id, file.exported_at,
                    context.rules(), now, progress,
                ).run(reader)  # fmt: skip
        ledger.record(session, file_id, entry, run_id, now)
    return entry


def _refuse(
    context: Context, session: Session, file: LandedFile, error: FileRefused, run_id: str
) -> RefusedFile:
    refused = RefusedFile(
        file.source, file.entity, file.name, str(error.reason),
        f"{file.name}: {error.reason}: {error}",
    )  # fmt: skip
    entry = ledger.entry_of(file, "refused", checksum(file.path))
    with session.transaction():
        ledger.record_refusal(session, refused, entry, run_id, context.moment())
    return refused


def _refused_stranger(stranger: Stranger) -> RefusedFile:
    reason = Reason(stranger.reason_code)
    message = f"{stranger.shown_name}: {reason}: {stranger.detail}; {REMEDIES[reason]}"
    return RefusedFile(stranger.source, stranger.entity, stranger.shown_name, str(reason), message)


def _entities(contracts: Contracts) -> dict[str, Collection[str]]:
    found: dict[str, set[str]] = {}
    for source, entity in contracts:
        found.setdefault(source, set()).add(entity)
    return dict(found)


def _record_strangers(
    context: Context, session: Session, refused: Collection[RefusedFile], run_id: str
) -> None:
    for item in refused:
        entry = ledger.Entry(item.source, item.entity, item.file_name, "refused")
        with session.transaction():
            ledger.record_refusal(session, item, entry, run_id, context.moment())


def ingest_entity(
    settings: Settings,
    source: str,
    entity: str,
    *,
    run_id: str,
    progress: Progress = quiet,
    contracts: Contracts | None = None,
    clock: Clock = utc_now,
    limits: Limits | None = None,
) -> EntityReport:
    """Load every file of an entity that has fully arrived and was not loaded before.

    Each file is one transaction: rows, quarantine and ledger together. A refused file that still
    lies in the landing folder is tried, and reported, every time.

    Raises:
        UnusableKey, InvalidContract, WarehouseBusy: with the remedy.
        KeyError: no contract for this source and entity.
    """
    context = context_of(settings, contracts, clock, limits)
    contract = context.contracts[source, entity]
    report = EntityReport(source, entity)
    with context.warehouse.session() as session:
        prepare(session, context)
        files = _files_to_take(context, session, contract, report, run_id)
        for file in files:
            try:
                entry = _load_file(context, session, contract, file, run_id, progress)
            except FileRefused as error:
                report.refused.append(_refuse(context, session, file, error, run_id))
                continue
            if entry.state == "duplicate":
                report.files_duplicate += 1
            else:
                report.add(entry)
    _log_report(report)
    return report


def _files_to_take(
    context: Context, session: Session, contract: Contract, report: EntityReport, run_id: str
) -> list[LandedFile]:
    """Files of the entity to load now; strangers named after it and late ones go to the report."""
    source, entity = contract.source, contract.entity
    scan = context.landing.scan(_entities(context.contracts))
    strangers = [
        _refused_stranger(item)
        for item in scan.strangers
        if item.source == source and item.entity == entity
    ]
    _record_strangers(context, session, strangers, run_id)
    report.refused += strangers
    known = ledger.known_looks(session, source, ("loaded", "duplicate"))

    def fresh(files: Collection[LandedFile]) -> list[LandedFile]:
        return [
            file
            for file in files
            if (file.source, file.entity) == (source, entity)
            and (file.entity, file.name, file.size, file.changed_ns) not in known
        ]

    arrived, moving = context.landing.settle(
        fresh(scan.files),
        context.settings.settle_seconds,
        lambda: fresh(context.landing.scan(_entities(context.contracts)).files),
    )
    report.still_arriving = [file.name for file in moving]
    return arrived


def _log_report(report: EntityReport) -> None:
    _LOG.info(
        "%s %s: %d files, %d rows seen, %d loaded, %d quarantined, %d exact duplicates, "
        "%d files refused, %d sent again",
        report.source,
        report.entity,
        report.files_taken,
        report.rows_seen,
        report.rows_loaded,
        report.rows_quarantined,
        report.rows_exact_duplicate,
        len(report.refused),
        report.files_duplicate,
    )


def prepare_warehouse(
    settings: Settings, contracts: Contracts | None = None, *, run_id: str = ""
) -> list[RefusedFile]:
    """Create the schemas, the ledger, the quarantine and every raw table; check the key.

    Gives the landed files that belong to no entity; they are logged, and refused in the ledger.

    Raises:
        UnusableKey: missing, weak, or not the key that the warehouse was built with.
    """
    context = context_of(settings, contracts)
    unclaimed = unclaimed_files(settings, contracts=context.contracts)
    with context.warehouse.session() as session:
        prepare(session, context)
        _record_strangers(context, session, unclaimed, run_id)
    for refused in unclaimed:
        _LOG.warning("landing/%s", f"{refused.source}/{refused.message}".lstrip("/"))
    return unclaimed


def unclaimed_files(
    settings: Settings, source: str | None = None, contracts: Contracts | None = None
) -> list[RefusedFile]:
    """What lies in the landing folder for no entity: UNKNOWN_SOURCE, UNKNOWN_ENTITY or NAME.

    Files whose name begins with an entity's are in that entity's report instead.
    """
    known = load_contracts() if contracts is None else contracts
    scan = landing_of(settings.landing_folder).scan(_entities(known))
    return [
        _refused_stranger(item)
        for item in scan.strangers
        if not item.entity and source in (None, item.source)
    ]


def pending_files(
    settings: Settings, source: str | None = None, contracts: Contracts | None = None
) -> list[LandedFile]:
    """Files that have arrived and that no run has judged yet, in export order.

    Never waits: a file that may still be changing is left for the next look. Empty while another
    process holds the warehouse, because that run takes what has arrived.
    """
    known = load_contracts() if contracts is None else contracts
    landing = landing_of(settings.landing_folder)
    files = [
        file
        for file in landing.scan(_entities(known)).files
        if source in (None, file.source)
        and landing.arrival(file, settings.settle_seconds) == "settled"
    ]
    try:
        judged = _judged(warehouse_of(settings), {file.source for file in files})
    except WarehouseBusy:
        return []
    return [
        file
        for file in files
        if (file.source, file.entity, file.name, file.size, file.changed_ns) not in judged
    ]


def _judged(warehouse: Warehouse, sources: Collection[str]) -> set[tuple[str, str, str, int, int]]:
    """(source, entity, name, size, change time) of every file in the ledger."""
    if not sources or not warehouse.exists():
        return set()
    with warehouse.session() as session:
        if not ledger.is_there(session):
            return set()
        return {
            (source, *look)
            for source in sources
            for look in ledger.known_looks(session, source, ("loaded", "duplicate", "refused"))
        }


def list_quarantine(
    settings: Settings,
    source: str | None = None,
    entity: str | None = None,
    state: str | None = "open",
) -> list[QuarantinedRow]:
    """Rows of the quarantine, oldest first, without their content; none without a warehouse."""
    warehouse = warehouse_of(settings)
    if not warehouse.exists():
        return []
    with warehouse.session() as session:
        if not ledger.is_there(session):
            return []
        return quarantine.listed(session, source, entity, state)
