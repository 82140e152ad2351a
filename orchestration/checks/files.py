"""Checks of what was landed: every file taken, every row accounted for, few rows refused."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.ingest.contract import load_contracts
from orchestration.resources.landing import lies_in
from orchestration.resources.warehouse import Session
from orchestration.settings import Settings

QUARANTINE_LIMIT_FROM_ROWS = 50


@dataclass(frozen=True)
class FileLine:
    """The newest ledger line of a file."""

    name: str
    state: str
    reason: str | None
    rows_seen: int
    rows_loaded: int
    rows_quarantined: int
    rows_exact_duplicate: int
    rows_in_table: int
    physical_lines: int | None = None
    continuation_lines: int | None = None
    blank_lines: int | None = None
    rows_corrected: int = 0

    @property
    def lines_explained(self) -> int:
        """The header, the rows, and lines that continue a row or are blank."""
        return 1 + self.rows_seen + (self.continuation_lines or 0) + (self.blank_lines or 0)


def source_has_landed(session: Session, source: str) -> bool:
    """Whether any file of the source was ever loaded."""
    rows = session.execute(
        "select count(*) from ops.files where source = ? and state = 'loaded'", [source]
    )
    return rows[0][0] > 0


def idle_entities(session: Session, source: str) -> frozenset[str]:
    """Entities of a source that has not sold yet whose every export was empty but for its header.

    Once it sells, an export without rows beside others with rows is a fault of the export.
    """
    found = session.execute(
        "select entity, sum(rows_seen) from ops.files where source = ? and state = 'loaded' "
        "group by entity",
        [source],
    )
    seen = {str(entity): int(rows) for entity, rows in found}
    sales = (
        contract.entity
        for contract in load_contracts().values()
        if contract.source == source and (contract.currency or contract.sign)
    )
    if any(seen.get(entity) for entity in sales):
        return frozenset()
    return frozenset(entity for entity, rows in seen.items() if not rows)


def file_faults(
    settings: Settings, session: Session, source: str, entity: str
) -> tuple[list[str], int]:
    """What is wrong with the files of an entity, and how many files were looked at.

    A refused file counts as long as it lies in the landing folder: replace it, or take it away.
    """
    folder = settings.landing_folder / source
    lines = _newest_lines(session, source, entity)
    limit = settings.quarantine_limit
    return [fault for line in lines for fault in faults_of(line, folder, limit)], len(lines)


def _newest_lines(session: Session, source: str, entity: str) -> Sequence[FileLine]:
    rows = session.execute(
        f"""
        with held as (
            select _file_id, count(*) as row_count from raw.{source}_{entity} group by _file_id
        ), corrected as (
            select file_id, count(*) as corrected_count
            from ops.quarantine where state = 'corrected' group by file_id
        ), lines as (
            select *, max(file_id) over (partition by file_name) as last_id
            from ops.files
            where source = ? and entity = ?
        ), newest as (
            select *, row_number() over (partition by file_name order by file_id desc) as position
            from lines
            where state not in ('duplicate', 'refused', 'held')
                or (state in ('refused', 'held') and file_id = last_id)
        )
        select
            file_name, state, reason, rows_seen, rows_loaded, rows_quarantined,
            rows_exact_duplicate, coalesce(row_count, 0), physical_lines, continuation_lines,
            blank_lines, coalesce(corrected_count, 0)
        from newest
        left join held on newest.file_id = held._file_id
        left join corrected on newest.file_id = corrected.file_id
        where position = 1
        order by file_name
        """,
        [source, entity],
    )
    return [FileLine(*row) for row in rows]


def faults_of(line: FileLine, folder: Path, quarantine_limit: float) -> Iterator[str]:
    """What is wrong with a file, in sentences that say what to do.

    A share of its rows above `quarantine_limit`, from 0 to 1, is too much of a file in quarantine.
    """
    if line.state == "accepted":
        return
    if line.state in ("refused", "held"):
        if lies_in(folder, line.name):
            yield f"{line.reason} (or take {line.name} out of {folder})"
        return
    accounted = line.rows_loaded + line.rows_quarantined + line.rows_exact_duplicate
    if line.rows_seen != accounted:
        yield (
            f"{line.name}: {line.rows_seen:,} rows seen, {accounted:,} accounted for; "
            "report this as a defect: no row may go missing"
        )
    if line.physical_lines not in (None, line.lines_explained):
        yield (
            f"{line.name}: {line.physical_lines:,} physical lines, {line.lines_explained:,} "
            "explained by its header, rows, continuation and blank lines; report this as a "
            "defect: no line may go missing"
        )
    if line.rows_in_table != line.rows_loaded:
        yield (
            f"{line.name}: {line.rows_loaded:,} rows loaded, {line.rows_in_table:,} in the raw "
            "table; the build file was changed by hand: remove it and run again"
        )
    if line.rows_seen >= QUARANTINE_LIMIT_FROM_ROWS:
        still_open = line.rows_quarantined - line.rows_corrected
        rate = still_open / line.rows_seen
        if rate > quarantine_limit:
            yield (
                f"{line.name}: {still_open:,} of {line.rows_seen:,} rows "
                f"({rate:.1%}) are quarantined, more than {quarantine_limit:.1%}; see `habitue "
                "quarantine list`, correct the export and send it again (or, if these rows may be "
                "left out, raise HABITUE_QUARANTINE_LIMIT)"
            )
