"""Which source holds the as-of date back, in one sentence each (D5)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

Execute = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class SourceDay:
    """One row of `marts.source_days`: how far a source is complete, and who waits for it."""

    source: str
    last_shown: date
    complete: date
    as_of: date
    is_selling: bool
    is_holding_back: bool

    @property
    def text(self) -> str | None:
        """Why the day is no later, or that nobody waits for the source; None when all is well."""
        waited_for = self.complete + timedelta(days=1)
        if not self.is_selling:
            return (
                f"{self.source} has shown nothing since {self.complete} and is no longer waited for"
            )
        if not self.is_holding_back:
            return None
        if self.last_shown < waited_for:
            return f"as of {self.as_of}: {self.source} has shown nothing of {waited_for}"
        return (
            f"as of {self.as_of}: {self.source} has not shown the end of {waited_for}: no document "
            "of the day after, and no export that was made later"
        )


def delays(execute: Execute) -> list[str]:
    """What there is to say of the sources of a publication; nothing of one without that table."""
    known = execute(
        "select 1 from information_schema.tables "
        "where table_schema = 'marts' and table_name = 'source_days'"
    )
    if not known:
        return []
    rows = execute(
        "select source_system, last_shown_date, complete_date, as_of_date, is_selling, "
        "is_holding_back from marts.source_days order by source_system"
    )
    return [text for row in rows if (text := SourceDay(*row).text) is not None]
