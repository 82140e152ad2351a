"""What readers see now, how old it is, and whether that is later than allowed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from orchestration.resources.letter import Alert, Cause
from orchestration.resources.owners import owners_of, recipients, table_owners
from orchestration.settings import Settings
from orchestration.summary import PublishedFacts, age_text, published_facts

STALE_AFTER = timedelta(days=2)
# Whose errors mean that what is published cannot be read; any other is a defect of ours.
UNREADABLE = ("orchestration.", "psycopg.", "duckdb", "_duckdb")


@dataclass(frozen=True)
class Served:
    """What is published, or why that cannot be known."""

    facts: PublishedFacts | None
    unreadable: str | None = None

    @property
    def sentence(self) -> str:
        """What readers see and how old it is."""
        if self.unreadable:
            return f"What is served cannot be read: {self.unreadable}."
        if self.facts is None:
            return "Nothing was ever published, so there is nothing to read."
        return (
            f"Still served: data as of {self.facts.as_of}, published "
            f"{age_text(self.facts.age)} ago ({self.facts.published_at:%Y-%m-%d %H:%M} UTC)."
        )


def read_served(settings: Settings) -> Served:
    """Look at what is published; a server that is down is not started for it."""
    from orchestration.resources.embedded_postgres import embedded_postgres

    if settings.target == "postgres" and settings.postgres_address is None:
        server = embedded_postgres(settings.home)
        if not server.is_running:
            return Served(None, f"the embedded PostgreSQL in {server.folder} does not run")
    try:
        return Served(published_facts(settings))
    except Exception as error:
        if not type(error).__module__.startswith(UNREADABLE):
            raise
        return Served(None, str(error).strip().splitlines()[0].rstrip("."))


def lateness(settings: Settings, served: Served, now: datetime) -> str | None:
    """Why what is served is late, or None when it is not or cannot be read.

    Late is a publication older than HABITUE_PUBLISHED_WITHIN hours, and one whose last counted
    day ended over two days ago: the runs go on, but exports have stopped.
    """
    facts = served.facts
    if facts is None:
        return None if served.unreadable else "nothing was ever published"
    age = now.astimezone(UTC).replace(tzinfo=None) - facts.published_at
    if age > timedelta(hours=settings.published_within):
        return (
            f"published {age_text(age)} ago, {settings.published_within:g} h are allowed: "
            "the runs since then failed, or none was started"
        )
    today = now.astimezone(ZoneInfo(settings.time_zone)).date()
    return exports_stopped(date.fromisoformat(facts.as_of), today, settings.demo_folder.is_dir())


def exports_stopped(as_of: date, today: date, is_demo: bool = False) -> str | None:
    """Why the last counted day is too long ago, or None; a demo's data end where they end."""
    age = today - as_of
    if age <= STALE_AFTER or is_demo:
        return None
    return f"the last counted day is {as_of}, {age.days} days ago: have exports stopped?"


def late_letters(
    settings: Settings, served: Served, reason: str, now: datetime
) -> dict[str, Alert]:
    """For the owners of the marts a mail about those that are late, and why."""
    owners = table_owners(known_manifest(settings))
    marts = [name for name in owners if name.startswith("marts.") and ".int_" not in name]
    letters: dict[str, Alert] = {}
    for owner in owners_of(marts or ["marts"], owners):
        own = [name for name in marts if owner in owners[name]]
        alert = _late_alert(settings, served, reason, owner, own, now)
        letters |= dict.fromkeys(recipients(settings, owner), alert)
    return letters


def _late_alert(
    settings: Settings, served: Served, reason: str, owner: str, marts: list[str], now: datetime
) -> Alert:
    day = now.astimezone(ZoneInfo(settings.time_zone)).date()
    names = ", ".join(sorted(name.removeprefix("marts.") for name in marts))
    return Alert(
        kind="late",
        period=day.isoformat(),
        title=f"The marts are late: {reason.split(':')[0]}",
        causes=[Cause(f"marts: {names}" if names else "marts", [f"{reason}."])],
        effects=[served.sentence, "Dashboards, exports and reports show that state."],
        next_steps=[
            "`habitue status` says what the last run came to and what waits in the landing folder.",
            "`habitue run` publishes what has landed; nothing else is needed.",
        ],
        link=f"{settings.ui_address}/runs",
        reason=f"You get this for owner {owner}, once a day while it lasts.",
    )


def known_manifest(settings: Settings) -> Mapping[str, Any]:
    """dbt's manifest, or an empty one when the project was never parsed."""
    from orchestration.project import ManifestMissing, load_manifest

    try:
        return load_manifest(settings)
    except ManifestMissing:
        return {"nodes": {}, "groups": {}}


def installation_name(home: Path) -> str:
    """The installation in mails: where its state lies, on which machine."""
    import socket

    return f"{home} on {socket.gethostname()}"
