"""What is published, what the last runs loaded, and what waits: read, never computed anew."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from orchestration.resources.replacing import write_whole
from orchestration.resources.target import build_warehouse
from orchestration.settings import Settings
from orchestration.source_days import delays

Row = tuple[Any, ...]


class ReportedStep(BaseModel):
    """What is read of a step of the last run."""

    failures: list[str]


class Report(BaseModel):
    """What is read of the last run's report; it holds more."""

    success: bool
    ended_at: str
    seconds: float
    job: str
    run_id: str
    steps: list[ReportedStep]


class ReportUnreadable(ValueError):
    """The last run's report is damaged; the message says the remedy."""


@dataclass(frozen=True)
class PublishedFacts:
    """The headline of the published file. Amounts in the reporting currency, without tax.

    `delays` says which source holds the as-of date back.
    """

    as_of: str
    published_at: datetime
    run_id: str
    tables: int
    customers: int
    buyers: int
    orders: int
    net_amount: str
    delays: Sequence[str] = ()

    @property
    def age(self) -> timedelta:
        """How long ago it was published."""
        return datetime.now(UTC).replace(tzinfo=None) - self.published_at


@dataclass(frozen=True)
class LoadFacts:
    """What the ledger says: rows and files of one run, or of all."""

    files: int
    rows_loaded: int
    rows_exact_duplicate: int
    files_sent_again: int
    quarantined: Sequence[tuple[str, int]]


def published_facts(settings: Settings) -> PublishedFacts | None:
    """The headline of what is published, or None when nothing was published yet."""
    if settings.target == "postgres":
        with build_warehouse(settings, "publisher").session() as session:
            known = "select to_regclass('serving.publication') is not null"
            if not session.execute(known)[0][0]:
                return None
            return _published_facts(session.execute, "serving.publication")
    from orchestration.resources.warehouse import published

    if not settings.published_file.exists():
        return None
    with published(settings.published_file) as execute:
        return _published_facts(execute, "ops.publication")


def _published_facts(execute: Callable[[str], list[Row]], record: str) -> PublishedFacts:
    as_of, published_at, run_id, tables = execute(
        "select min(cast(as_of as varchar)), min(published_at), min(run_id), count(*) "
        f"from {record}"
    )[0]
    customers, buyers = execute(
        "select count(*), count(*) filter (where order_count > 0) "
        "from golden_customer.golden_customers"
    )[0]
    orders, net_amount = execute(
        "select coalesce(sum(order_count), 0), coalesce(sum(net_amount), 0) from marts.sales_daily"
    )[0]
    return PublishedFacts(
        as_of, published_at, run_id, tables, customers, buyers, int(orders), f"{net_amount:,.2f}",
        delays(execute),
    )  # fmt: skip


def load_facts(settings: Settings, run_id: str | None = None) -> LoadFacts:
    """What a run loaded and quarantined, from the ledger; without a run, what all runs did."""
    with build_warehouse(settings).session() as session:
        files, loaded, duplicate, again = session.execute(
            "select count(*) filter (where state = 'loaded'), coalesce(sum(rows_loaded), 0), "
            "coalesce(sum(rows_exact_duplicate), 0), count(*) filter (where state = 'duplicate') "
            "from ops.files where state in ('loaded', 'duplicate') "
            "and run_id = coalesce(?, run_id)",
            [run_id],
        )[0]
        quarantined = session.execute(
            "select q.reason_code, count(*) from ops.quarantine as q join ops.files as f "
            "using (file_id) where q.state = 'open' and f.run_id = coalesce(?, f.run_id) "
            "group by q.reason_code order by count(*) desc, q.reason_code",
            [run_id],
        )
    reasons = [(str(reason), int(count)) for reason, count in quarantined]
    return LoadFacts(int(files), int(loaded), int(duplicate), int(again), reasons)


def kept_out_files(settings: Settings, state: Literal["refused", "held"]) -> list[str]:
    """Why each file that still lies in the landing folder was refused, or is held."""
    from orchestration.ingest.ledger import kept_out
    from orchestration.resources.landing import lies_in

    with build_warehouse(settings).session() as session:
        files = kept_out(session, state)
    folder = settings.landing_folder
    return [
        f"{file.source}/{file.reason}".lstrip("/")
        for file in files
        if lies_in(folder / file.source, file.file_name)
    ]


def last_run_path(settings: Settings) -> Path:
    """Where the last run's report lies."""
    return settings.home / "last_run.json"


def write_last_run(settings: Settings, report: dict[str, Any]) -> None:
    """Keep the report of the run that has just ended."""
    write_whole(last_run_path(settings), json.dumps(report, indent=2) + "\n", "report")


def read_last_run(settings: Settings) -> dict[str, Any] | None:
    """The last run's report, or None.

    Raises:
        ReportUnreadable: it is damaged.
    """
    path = last_run_path(settings)
    if not path.exists():
        return None
    try:
        if not path.is_file():
            raise ValueError("no file")
        report = json.loads(path.read_text(encoding="utf-8"))
        Report.model_validate(report)
    except (ValueError, RecursionError):
        raise ReportUnreadable(
            f"{path} is damaged: `habitue run` sets it aside and writes it anew"
        ) from None
    return report


def age_text(age: timedelta) -> str:
    """An age for people: minutes, hours or days."""
    minutes = int(age.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"
