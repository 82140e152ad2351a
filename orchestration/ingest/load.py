"""Files from the landing folder into the warehouse, each wholly or not at all."""

import logging
import re
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
from orchestration.ingest.correction import Corrections, records_of
from orchestration.ingest.landed_bytes import FileMoved, LandedBytes, require_declared
from orchestration.ingest.personal_data import masked_name
from orchestration.ingest.quarantine import BadRow, QuarantinedRow, QuarantineOrigin
from orchestration.ingest.raw_table import raw_rows
from orchestration.ingest.reader import Block, FileReader, Header, Limits, unpacked
from orchestration.ingest.reasons import REMEDIES, FileRefused, Reason, RefusedFile
from orchestration.ingest.retry import RetryReport, retry_quarantine
from orchestration.ingest.row_hash import DuplicateFinder, row_hashes
from orchestration.ingest.validation import Checked, Rules, validate
from orchestration.ingest.vault import Vault
from orchestration.ingest.volume import usual_rows
from orchestration.resources.landing import (
    LandedFile,
    Scan,
    Stranger,
    is_vouched_for,
    landing_of,
)
from orchestration.resources.warehouse import Session, Warehouse, WarehouseBusy
from orchestration.settings import Settings

__all__ = [
    "EntityReport",
    "RetryReport",
    "arriving_files",
    "entities_of",
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
_PLAIN_COLUMN, MOST_COLUMNS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}"), 20
# Of fewer usual rows chance alone makes none, or halves them.
EMPTY_FROM_ROWS, HOLD_FROM_ROWS = 5, 50

Progress = Callable[[str], None]


class LandingUnreadable(RuntimeError):
    """The folder of a source cannot be read; the message says why and what to do."""


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
    quarantined_corrected: int = 0
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
        self.quarantined_corrected += entry.quarantined_corrected
        self.warnings += entry.warnings
        self.drift_columns = sorted({*self.drift_columns, *entry.drift_columns})


def quiet(_message: str) -> None:
    """Progress that nobody watches."""


def bad_lines(block: Block) -> list[BadRow]:
    """The lines of a block that are no rows."""
    return [BadRow(b.line_no, b.reason, None, b.detail, "", b.raw) for b in block.bad]


def bad_rows(block: Block, checked: Checked, contract: Contract, record_key: bytes) -> list[BadRow]:
    """The rows of a block that its contract refuses; of what record, unless its key is bad."""
    if not checked.faults:
        return []
    faulty = checked.rows.take([fault.row for fault in checked.faults])
    records = records_of(faulty, contract, record_key)
    return [
        BadRow(
            int(block.line_no[fault.row]),
            fault.reason,
            fault.column,
            fault.detail,
            fault.value,
            block.raw(fault.row),
            None if fault.column in contract.key else record,
        )
        for fault, record in zip(checked.faults, records, strict=True)
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


def _flood_detail(entry: ledger.Entry, bad: Collection[BadRow]) -> str:
    """How many rows are bad, and for example of which the newest are."""
    reason, column = Counter((row.reason, row.column) for row in bad).most_common(1)[0][0]
    return (
        f"{entry.rows_quarantined} of its first {entry.rows_seen} rows cannot be used, many of "
        f"them for {reason}{f' in {column}' if column else ''}"
    )


def shown_columns(header: Header) -> tuple[str, ...]:
    """The columns of no contract, fit for logs: by place where the name is no plain identifier.

    A line of data where the header should be puts people's names and addresses there.
    """
    shown = tuple(
        name
        if _PLAIN_COLUMN.fullmatch(name) and masked_name(name) == name
        else f"(column {header.names.index(name) + 1})"
        for name in header.drift[:MOST_COLUMNS]
    )
    more = len(header.drift) - len(shown)
    return (*shown, f"and {more} more") if more else shown


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
    vault: Vault
    duplicates: DuplicateFinder = field(default_factory=DuplicateFinder)
    mojibake_lines: int = 0

    def run(self, reader: FileReader) -> None:
        """Load every block, and complete the ledger's line.

        Raises:
            FileRefused: the caller must roll back.
        """
        key = self.context.pseudonymiser.record_hash_key
        corrections = Corrections.before(self.session, self.contract, self.exported_at, key)
        self.entry.drift_columns = shown_columns(reader.header)
        if reader.header.drift:
            self.entry.warnings["SCHEMA_DRIFT"] = len(reader.header.drift)
        if reader.has_foreign_bom:
            self.entry.warnings["UTF8_MARK"] = 1
        with _Writer() as writer, closing(_read_ahead(reader.blocks())) as blocks:
            for block in blocks:
                writer.write(self._take(block, reader, corrections))
                self.progress(f"{self.entry.file_name}: {self.entry.rows_seen:,} rows")
        self.entry.quarantined_corrected = corrections.close(self.session)
        self.entry.physical_lines = reader.physical_lines
        self.entry.continuation_lines = reader.continuation_lines
        self.entry.blank_lines = reader.blank_lines
        if self.mojibake_lines > _MOJIBAKE_SHARE * max(1, self.entry.rows_seen):
            self.entry.warnings["MOJIBAKE"] = self.mojibake_lines

    def _take(
        self, block: Block, reader: FileReader, corrections: Corrections
    ) -> Callable[[], None]:
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
        key = self.context.pseudonymiser.record_hash_key
        bad = [*bad_lines(block), *bad_rows(block, checked, self.contract, key)]
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
        if self.context.limits.is_flood(entry.rows_quarantined, entry.rows_seen):
            raise FileRefused(Reason.MOSTLY_BAD, _flood_detail(entry, bad))
        self.mojibake_lines += block.mojibake_lines
        corrections.see(good)
        return partial(self._store, good, line_no, hash_text, bad, reader)

    def _store(
        self,
        good: pa.Table,
        line_no: pa.Array,
        hashes: pa.Array,
        bad: list[BadRow],
        reader: FileReader,
    ) -> None:
        if len(good):
            rows = raw_rows(good, self.file_id, line_no, self.exported_at, self.loaded_at, hashes)
            self.session.append(self.contract.table, rows)
        origin = QuarantineOrigin(
            self.file_id,
            self.contract.source,
            self.contract.entity,
            self.entry.file_name,
            reader.header.names,
            reader.encoding,
            reader.has_bom,
        )
        bad.sort(key=lambda row: row.line_no)
        key = self.context.pseudonymiser
        quarantine.store(self.session, origin, bad, key, self.vault, self.loaded_at)


def _is_whole(file: LandedFile) -> bool:
    """Whether something else than its last line end says that a file is complete."""
    return file.name.endswith(".gz") or is_vouched_for(file)


@dataclass
class _Taking:
    """One ingestion of one entity: what it needs for each of its files."""

    context: Context
    session: Session
    contract: Contract
    run_id: str
    progress: Progress

    def take(self, file: LandedFile) -> tuple[ledger.Entry, RefusedFile | None]:
        """Load a file in one transaction, or refuse it: its ledger line, and the refusal.

        Raises:
            FileMoved: nothing was kept or recorded.
        """
        try:
            with LandedBytes(file) as landed:
                try:
                    return self._load(file, landed), None
                except FileRefused as error:
                    return self._refuse_read(file, landed, error)
        except FileRefused as error:
            return self._refuse(ledger.entry_of(file, "refused", None), error)

    def _load(self, file: LandedFile, landed: LandedBytes) -> ledger.Entry:
        vault = self.context.vault
        try:
            return self._load_with(file, landed, vault)
        except (FileRefused, FileMoved):
            vault.discard()
            raise

    def _load_with(self, file: LandedFile, landed: LandedBytes, vault: Vault) -> ledger.Entry:
        now = self.context.moment()
        with self.session.transaction():
            file_id = ledger.next_file_id(self.session)
            entry = self._duplicate(file, landed)
            if entry is None:
                entry = ledger.entry_of(file, "loaded", None)
                self._read(landed, entry, file_id, now, vault)
                entry.sha256 = landed.sha256()
                require_declared(file.path, entry.sha256)
                self._weigh(entry)
            landed.require_unchanged()
            ledger.record(self.session, file_id, entry, self.run_id, now)
        return entry

    def _duplicate(self, file: LandedFile, landed: LandedBytes) -> ledger.Entry | None:
        """The line of a file whose bytes say nothing new."""
        if not ledger.may_be_loaded(self.session, file):
            return None
        sha256 = landed.sha256()
        if ledger.is_loaded(self.session, file, sha256):
            require_declared(file.path, sha256)
            return ledger.entry_of(file, "duplicate", sha256)
        landed.rewind()
        return None

    def _read(
        self,
        landed: LandedBytes,
        entry: ledger.Entry,
        file_id: int,
        now: datetime,
        vault: Vault,
    ) -> None:
        context, limits = self.context, self.context.limits
        file = landed.file
        stream = unpacked(landed.stream(), file.name, limits)
        reader = FileReader(stream, self.contract, limits, is_whole=_is_whole(file))
        _FileLoad(
            context, self.session, self.contract, entry, file_id, file.exported_at,
            context.rules(), now, self.progress, vault,
        ).run(reader)  # fmt: skip

    def _weigh(self, entry: ledger.Entry) -> None:
        """Compare a file's rows with what is usual.

        Raises:
            FileRefused: HELD; it has far too few, and nobody has accepted these bytes.
        """
        settings, usual = self.context.settings, usual_rows(self.session, entry)
        if usual is None or usual.least < EMPTY_FROM_ROWS:
            return
        is_large = usual.least >= HOLD_FROM_ROWS
        if not entry.rows_seen:
            entry.warnings["EMPTY_DAY"] = 1
        elif is_large and entry.rows_seen > settings.warn_above * usual.most:
            entry.warnings["MANY_ROWS"] = 1
        elif is_large and entry.rows_seen < settings.hold_below * usual.least:
            bytes_of = (entry.source, entry.entity, entry.sha256 or "")
            if not ledger.is_accepted(self.session, *bytes_of):
                raise FileRefused(
                    Reason.HELD,
                    f"it has {entry.rows_seen:,} rows, where {usual.files} {usual.least:,.0f}",
                )

    def _refuse_read(
        self, file: LandedFile, landed: LandedBytes, error: FileRefused
    ) -> tuple[ledger.Entry, RefusedFile]:
        """Refuse what was read; bytes that are not those declared are the better reason."""
        sha256 = landed.sha256()
        landed.require_unchanged()
        try:
            require_declared(file.path, sha256)
        except FileRefused as other:
            error = other
        state = "held" if error.reason is Reason.HELD else "refused"
        return self._refuse(ledger.entry_of(file, state, sha256), error)

    def _refuse(self, entry: ledger.Entry, error: FileRefused) -> tuple[ledger.Entry, RefusedFile]:
        message = f"{entry.file_name}: {error.reason}: {error}"
        refused = RefusedFile(
            entry.source, entry.entity, entry.file_name, str(error.reason), message
        )
        with self.session.transaction():
            ledger.record_refusal(self.session, refused, entry, self.run_id, self.context.moment())
        return entry, refused


def _refused_stranger(stranger: Stranger) -> RefusedFile:
    reason = Reason(stranger.reason_code)
    message = f"{stranger.shown_name}: {reason}: {stranger.detail}; {REMEDIES[reason]}"
    return RefusedFile(stranger.source, stranger.entity, stranger.shown_name, str(reason), message)


def entities_of(contracts: Contracts) -> dict[str, Collection[str]]:
    """The entities of each source."""
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
    unattended: bool = False,
) -> EntityReport:
    """Load every file of an entity that has fully arrived and was not loaded before.

    Each file is one transaction: rows, quarantine and ledger together. A refused file that still
    lies in the landing folder is tried, and reported, every time. An `unattended` ingestion, which
    no person waits for, gives files more time to arrive.

    Raises:
        UnusableKey, InvalidContract, WarehouseBusy, LandingUnreadable: with the remedy.
        KeyError: no contract for this source and entity.
    """
    context = context_of(settings, contracts, clock, limits)
    contract = context.contracts[source, entity]
    report = EntityReport(source, entity)
    with context.warehouse.session() as session:
        prepare(session, context)
        taking = _Taking(context, session, contract, run_id, progress)
        for file in _files_to_take(taking, report, settings.settled_after(unattended=unattended)):
            _take(taking, file, report)
    _log_report(report)
    return report


def _take(taking: _Taking, file: LandedFile, report: EntityReport) -> None:
    try:
        entry, refused = taking.take(file)
    except FileMoved as moved:
        report.still_arriving.append(f"{moved}; the next run takes it if it is there")
        return
    if refused is not None:
        report.refused.append(refused)
    elif entry.state == "duplicate":
        report.files_duplicate += 1
    else:
        report.add(entry)


def _require_readable(scan: Scan, source: str) -> None:
    for item in scan.strangers:
        if (item.source, item.entity, item.reason_code) == (source, "", "UNREADABLE"):
            raise LandingUnreadable(_refused_stranger(item).message)


def _files_to_take(
    taking: _Taking, report: EntityReport, settle_seconds: float
) -> list[LandedFile]:
    """Files of the entity to load now; strangers named after it and late ones go to the report."""
    context, session, run_id = taking.context, taking.session, taking.run_id
    source, entity = taking.contract.source, taking.contract.entity
    scan = context.landing.scan(entities_of(context.contracts))
    _require_readable(scan, source)
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
        settle_seconds,
        lambda: fresh(context.landing.scan(entities_of(context.contracts)).files),
        lambda text: _LOG.warning("%s: %s", source, text),
    )
    uploads = [item for item in scan.uploads if (item.source, item.entity) == (source, entity)]
    report.still_arriving = [
        *(f"{item.shown_name} is being uploaded" for item in uploads),
        *(f"{file.name} changed less than {settle_seconds:g} s ago" for file in moving),
    ]
    return arrived


def _log_report(report: EntityReport) -> None:
    for text in report.still_arriving:
        _LOG.warning("%s: not loaded yet: %s", report.source, text)
    _LOG.info(
        "%s %s: %d files, %d rows seen, %d loaded, %d quarantined, %d exact duplicates, "
        "%d files refused, %d sent again, %d quarantined rows corrected",
        report.source,
        report.entity,
        report.files_taken,
        report.rows_seen,
        report.rows_loaded,
        report.rows_quarantined,
        report.rows_exact_duplicate,
        len(report.refused),
        report.files_duplicate,
        report.quarantined_corrected,
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
    scan = landing_of(settings.landing_folder).scan(entities_of(known))
    return [
        _refused_stranger(item)
        for item in scan.strangers
        if not item.entity and source in (None, item.source)
    ]


def pending_files(
    settings: Settings,
    source: str | None = None,
    contracts: Contracts | None = None,
    *,
    unattended: bool = False,
) -> list[LandedFile]:
    """Files that have arrived and that no run has judged yet, in export order.

    Never waits: a file that may still be changing is left for the next look, which a look that is
    `unattended` does for longer. Empty while another process holds the warehouse, because that run
    takes what has arrived.
    """
    settle_seconds = settings.settled_after(unattended=unattended)
    known = load_contracts() if contracts is None else contracts
    landing = landing_of(settings.landing_folder)
    files = [
        file
        for file in landing.scan(entities_of(known)).files
        if source in (None, file.source) and landing.arrival(file, settle_seconds) == "settled"
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


def arriving_files(settings: Settings, contracts: Contracts | None = None) -> list[str]:
    """What has not arrived yet, as a run that a person starts sees it, in words."""
    known = load_contracts() if contracts is None else contracts
    landing = landing_of(settings.landing_folder)
    scan = landing.scan(entities_of(known))
    seconds = settings.settled_after(unattended=False)
    return [
        *(
            f"{file.source}/{file.name} changed less than {seconds:g} s ago"
            for file in scan.files
            if landing.arrival(file, seconds) == "moving"
        ),
        *(f"{item.source}/{item.shown_name} is being uploaded" for item in scan.uploads),
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
            for look in ledger.known_looks(
                session, source, ("loaded", "duplicate", "refused", "held")
            )
        }


def count_corrected(settings: Settings, source: str | None, entity: str | None) -> int:
    """Rows of the quarantine whose record has loaded since; none without a warehouse."""
    warehouse = warehouse_of(settings)
    if not warehouse.exists():
        return 0
    with warehouse.session() as session:
        if not ledger.is_there(session):
            return 0
        return quarantine.count_of(session, source, entity, "corrected")


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
