"""How many rows a file of its kind usually has: one that was cut between two rows looks whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from orchestration.ingest.ledger import Entry
from orchestration.resources.warehouse import Session

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Exports of longer ago, such as a history in yearly files, say nothing about a day.
WITHIN = timedelta(days=56)
WEEKS, LEAST_WEEKS, A_WEEK = 8, 4, 7


@dataclass(frozen=True)
class Usual:
    """How many rows a file of its kind has, at least and at most, and whence that is known."""

    least: float
    most: float
    files: str


def usual_of(days: Sequence[tuple[date, int]], day: date) -> Usual | None:
    """What is usual on a day, given the rows of the days before it, newest first.

    The median of the last 8 of the same weekday, of which there must be 4; before, the smallest of
    the last 7 days, so that a day on which shops are closed is measured by its like.
    """
    same = [rows for of, rows in days if of.weekday() == day.weekday()][:WEEKS]
    if len(same) >= LEAST_WEEKS:
        files = f"the median of the last {len(same)} of a {WEEKDAYS[day.weekday()]} is"
        return Usual(median(same), median(same), files)
    last = [rows for _, rows in days][:A_WEEK]
    if len(last) == A_WEEK:
        return Usual(min(last), max(last), f"the smallest of the last {A_WEEK} days has")
    return None


def usual_rows(session: Session, entry: Entry) -> Usual | None:
    """What is usual for a file: judged by those of its entity and hour from the 8 weeks before it.

    Of a day that came in several files the smallest counts.
    """
    if entry.exported_at is None:
        return None
    found = session.execute(
        "select cast(exported_at as date) as day, min(rows_seen) from ops.files "
        "where source = ? and entity = ? and state = 'loaded' and exported_at >= ? "
        "and exported_at < ? and extract(hour from exported_at) = ? "
        "group by cast(exported_at as date) order by day desc",
        [
            entry.source,
            entry.entity,
            entry.exported_at - WITHIN,
            _midnight(entry.exported_at),
            entry.exported_at.hour,
        ],
    )
    return usual_of([(day, int(rows)) for day, rows in found], entry.exported_at.date())


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
