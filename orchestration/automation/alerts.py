"""Alerts: a failed run tells the owners of what failed, once, whoever notices it first."""

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from orchestration.resources.letter import Alert, Cause, one_line, without_addresses
from orchestration.resources.mailer import deliver, store
from orchestration.resources.outbox import outbox_in
from orchestration.resources.owners import (
    DEFAULT_OWNER,
    Owners,
    owners_of,
    recipients,
    table_owners,
)
from orchestration.served import (
    Served,
    installation_name,
    known_manifest,
    late_letters,
    lateness,
    read_served,
)
from orchestration.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

    from orchestration.automation.failed_run import FailedRun, Fault

BUSY = frozenset({"AnotherRunActive", "WarehouseBusy"})
_LOG = logging.getLogger(__name__)


def tell_owners(settings: Settings, job: str, run_id: str, ending: bool | Exception) -> list[str]:
    """After a run of the command line: mail who has to know, and send what waits.

    Whatever goes wrong here is said and logged; it never changes what the run came to.

    Args:
        settings: The installation.
        job: The job that ran.
        run_id: Its run.
        ending: Whether it succeeded, or why it ended outside its steps.

    Returns:
        What was sent, and warnings, in sentences.
    """
    try:
        warnings = _store_alerts(settings, job, run_id, ending)
        done = deliver(settings, outbox_in(settings.home))
    except Exception as fault:
        _LOG.exception("alerts of run %s", run_id)
        return [f"no mail was stored or sent: {one_line(str(fault))}"]
    return [*done.sent, *warnings, *done.warnings]


def _store_alerts(settings: Settings, job: str, run_id: str, ending: bool | Exception) -> list[str]:
    if isinstance(ending, Exception):
        return report_broken_run(settings, job, run_id, ending)
    if ending:
        report_lateness(settings)
        return []
    from orchestration.instance import open_instance

    try:
        with open_instance(settings) as instance:
            return report_failed_run(settings, instance, run_id)
    except Exception as unreadable:
        _LOG.exception("the events of run %s", run_id)
        return report_broken_run(settings, job, run_id, unreadable)


def report_failed_run(settings: Settings, instance: "dg.DagsterInstance", run_id: str) -> list[str]:
    """Store a mail for every owner of what failed in a run; gives warnings in sentences."""
    from orchestration.automation.failed_run import read_failed_run

    manifest = known_manifest(settings)
    failed = read_failed_run(instance, run_id, _test_texts(manifest))
    letters, warnings = letters_of(settings, failed, table_owners(manifest), read_served(settings))
    _store(settings, letters)
    return warnings


def report_broken_run(settings: Settings, job: str, run_id: str, error: Exception) -> list[str]:
    """Store a mail about a run that ended outside its steps; one that has to wait is no failure."""
    if type(error).__name__ in BUSY:
        return []
    said = without_addresses(one_line(str(error))) or type(error).__name__
    addresses = recipients(settings, DEFAULT_OWNER)
    alert = Alert(
        kind="run",
        period=run_id,
        title=f"The run of {job} failed: {said}",
        causes=[Cause("the run itself", [said])],
        effects=["Nothing new is published.", _served_after(error, settings).sentence],
        next_steps=["When that is mended, `habitue run` is all that is needed."],
        facts=[
            ("Job", job),
            ("Run", run_id),
            ("Ended", f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"),
        ],
        link=f"{settings.ui_address}/runs/{run_id}",
        reason=_reason([DEFAULT_OWNER]),
    )
    _store(settings, dict.fromkeys(addresses, alert))
    return [] if addresses else [_nobody(DEFAULT_OWNER)]


def _served_after(error: Exception, settings: Settings) -> Served:
    """What is served; a server that has just been silent is not asked again, which takes time."""
    silent = {
        "PostgresUnreachable": "PostgreSQL does not answer, and nobody can read it until it does",
        "PostgresLoginRefused": "PostgreSQL refuses habitue's login, other logins may work",
    }
    reason = silent.get(type(error).__name__)
    return Served(None, reason) if reason else read_served(settings)


def report_lateness(settings: Settings) -> str | None:
    """Store a mail for the owners of marts that are late; gives why they are, if so."""
    now = datetime.now(UTC)
    served = read_served(settings)
    reason = lateness(settings, served, now)
    if reason is not None:
        _store(settings, late_letters(settings, served, reason, now))
    return reason


def _store(settings: Settings, letters: Mapping[str, Alert]) -> None:
    store(settings, outbox_in(settings.home), installation_name(settings.home), letters)


def letters_of(
    settings: Settings, failed: "FailedRun", owners: Owners, served: Served
) -> tuple[dict[str, Alert], list[str]]:
    """A mail for each recipient with the faults that are theirs, and what nobody gets."""
    shares: dict[str, list[str]] = {}
    warnings: list[str] = []
    for owner in _owners(failed.faults, owners):
        addresses = recipients(settings, owner)
        warnings += [] if addresses else [_nobody(owner)]
        for address in addresses:
            shares.setdefault(address, []).append(owner)
    letters = {
        address: _alert(settings, failed, _share(failed.faults, owners, named), named, served)
        for address, named in shares.items()
    }
    return letters, warnings


def _owners(faults: Iterable["Fault"], owners: Owners) -> list[str]:
    return owners_of((table for fault in faults for table in fault.tables or ("",)), owners)


def _share(faults: Iterable["Fault"], owners: Owners, named: list[str]) -> list["Fault"]:
    return [fault for fault in faults if set(_owners([fault], owners)) & set(named)]


def _alert(
    settings: Settings,
    failed: "FailedRun",
    faults: list["Fault"],
    named: list[str],
    served: Served,
) -> Alert:
    return Alert(
        kind="run",
        period=failed.run_id,
        title=f"{_failure(faults)}: {_consequence(failed)}",
        causes=[Cause(fault.place, fault.texts) for fault in faults],
        effects=[f"{_consequence(failed)}.".capitalize(), served.sentence, *_not_built(failed)],
        next_steps=_next_steps(faults),
        facts=_facts(failed),
        link=f"{settings.ui_address}/runs/{failed.run_id}",
        reason=_reason(named),
    )


def _failure(faults: list["Fault"]) -> str:
    first = faults[0].title
    tables = list(dict.fromkeys(table for fault in faults for table in fault.tables))
    others = len({fault.step for fault in faults}) - 1
    on = f" on {tables[0]}" if len(tables) == 1 and tables[0] not in first else ""
    on = f" on {len(tables)} tables" if len(tables) > 1 and not others else on
    return f"{first[:1].upper()}{first[1:]} failed{on}{f' and {others} more' if others else ''}"


def _consequence(failed: "FailedRun") -> str:
    if failed.has_published:
        return "it had published before"
    return "nothing new is published" if failed.would_publish else "this job publishes nothing"


def _not_built(failed: "FailedRun") -> list[str]:
    counts: dict[str, int] = {}
    for table in failed.not_built:
        layer = table.split(".")[0]
        counts[layer] = counts.get(layer, 0) + 1
    if not counts:
        return []
    layers = ", ".join(
        f"{layer} ({count} {'table' if count == 1 else 'tables'})"
        for layer, count in counts.items()
    )
    return [f"Not built because of it: {layers}."]


def _next_steps(faults: Iterable["Fault"]) -> list[str]:
    steps = ["Mend what is wrong above; each fault says how, where that is known."]
    if any("quarantine" in text for fault in faults for text in fault.texts):
        steps.append("`habitue quarantine list` shows the rows that could not be loaded, and why.")
    return [*steps, "Then `habitue run` is all that is needed, or re-execution in Dagster."]


def _facts(failed: "FailedRun") -> list[tuple[str, str]]:
    facts = [("Job", failed.job), ("Run", failed.run_id)]
    for name, moment in (("Began", failed.began_at), ("Ended", failed.ended_at)):
        if moment is not None:
            facts.append((name, f"{moment:%Y-%m-%d %H:%M:%S} UTC"))
    return facts


def _reason(owners: Iterable[str]) -> str:
    return f"You get this for owner {', '.join(owners)}: one mail for the run."


def _nobody(owner: str) -> str:
    return (
        f"nobody gets the mail of {owner}: set HABITUE_ALERTS_TO, or name the owner in "
        "HABITUE_ALERTS_OWNERS"
    )


def _test_texts(manifest: Mapping[str, Any]) -> dict[str, str]:
    nodes = (node for node in manifest["nodes"].values() if node["resource_type"] == "test")
    return {node["name"]: one_line(node["description"] or "") for node in nodes}
