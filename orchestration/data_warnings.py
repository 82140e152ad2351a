"""What is in doubt about the data although nothing stopped, in one sentence each.

Files warn when they are loaded, and the ledger keeps it; published rows warn in
`marts.data_warnings`. The run, its report, `habitue status` and Dagster all say it in these words.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestration.resources.target import build_warehouse
from orchestration.settings import Settings

SHOWN_FOR = timedelta(days=7)

# What was found, to be read after a number, and what to do.
FILE_TEXTS: Mapping[str, tuple[str, str]] = {
    "MOJIBAKE": (
        "lines hold text that was written in one encoding and read in another",
        "export in the contract's encoding, or correct the contract",
    ),
    "SCHEMA_DRIFT": (
        "columns that the contract does not know were left out",
        "add them to the contract if they are wanted",
    ),
    "EMPTY_DAY": (
        "files hold no row, on a day that usually has some",
        "if the shops were open, send the export again",
    ),
    "MANY_ROWS": (
        "files hold far more rows than usual",
        "nothing, if more was sent again than a day; else look at the export",
    ),
    "UTF8_MARK": (
        "files begin with the mark of UTF-8 though their contract says otherwise",
        "correct the encoding in the contract",
    ),
    "EMAIL_MALFORMED": (
        "e-mail addresses cannot be ones, so they identify nobody",
        "correct them in the source system",
    ),
    "PHONE_MALFORMED": (
        "telephone numbers cannot be ones, so they identify nobody",
        "correct them in the source system",
    ),
    "PERSONAL_DATA_MASKED": (
        "values held an e-mail address, a telephone or a card number, which was masked",
        "clean them in the source system; if they are the shop's own numbers, say "
        "`holds_numbers: true` in the contract, if the column is about people, `personal`",
    ),
}


@dataclass(frozen=True)
class Warned:
    """A warning of loaded files: of which entity, of what kind, how often, in which column."""

    source: str
    entity: str
    code: str
    column: str
    count: int

    def __str__(self) -> str:
        found, remedy = FILE_TEXTS.get(self.code, ("rows", "look at ops.files"))
        place = f"{self.source} {self.entity}" + (f", {self.column}" if self.column else "")
        return f"{self.code}: {place}: {self.count:,} {found}; {remedy}"


def warned(source: str, entity: str, warnings: Mapping[str, int]) -> list[Warned]:
    """The warnings of one entity's files, each named by its code, or by code and column.

    Args:
        source: The source of the files.
        entity: Their entity.
        warnings: How often each was met, under `CODE` or `CODE:column`.
    """
    return [
        Warned(source, entity, *_parts(name), count)
        for name, count in sorted(warnings.items())
        if count
    ]


def _parts(name: str) -> tuple[str, str]:
    code, _, column = name.partition(":")
    return code, column


def data_warnings(settings: Settings, run_id: str | None = None) -> list[str]:
    """Every warning in one sentence, without personal data.

    Args:
        settings: The installation.
        run_id: The run whose files are meant; without one, those loaded in the last 7 days.
    """
    return [*map(str, file_warnings(settings, run_id)), *published_warnings(settings)]


def file_warnings(settings: Settings, run_id: str | None = None) -> list[Warned]:
    """What the files of a run, or of the last 7 days, had to warn of, from the ledger."""
    warehouse = build_warehouse(settings)
    if not warehouse.exists():
        return []
    since = datetime.now(UTC).replace(tzinfo=None) - SHOWN_FOR
    with warehouse.session() as session:
        rows = session.execute(
            "select source, entity, warnings from ops.files where state = 'loaded' "
            "and warnings <> '{}' and run_id = coalesce(?, run_id) "
            "and (recorded_at >= ? or cast(? as varchar) is not null) order by source, entity",
            [run_id, since, run_id],
        )
    return _added_up(rows)


def _added_up(rows: Iterable[tuple[Any, ...]]) -> list[Warned]:
    found: dict[tuple[str, str], Counter[str]] = {}
    for source, entity, warnings in rows:
        found.setdefault((source, entity), Counter()).update(json.loads(warnings))
    return [one for (source, entity), all_ in found.items() for one in warned(source, entity, all_)]


def published_warnings(settings: Settings) -> list[str]:
    """What `marts.data_warnings` of the publication says; nothing when it has no such table."""
    if settings.target == "postgres":
        with build_warehouse(settings, "publisher").session() as session:
            return _published(session.execute)
    from orchestration.resources.warehouse import published

    if not settings.published_file.exists():
        return []
    with published(settings.published_file) as execute:
        return _published(execute)


def _published(execute: Callable[[str], list[tuple[Any, ...]]]) -> list[str]:
    known = execute(
        "select 1 from information_schema.tables "
        "where table_schema = 'marts' and table_name = 'data_warnings'"
    )
    if not known:
        return []
    rows = execute(
        "select warning_code, row_count, subject, message, example_key, remedy "
        "from marts.data_warnings order by warning_code, subject"
    )
    return [
        f"{code}: {count:,} {subject}: {message} (for example {key}); {remedy}"
        for code, count, subject, message, key, remedy in rows
    ]
