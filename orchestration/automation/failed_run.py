"""What went wrong in a run, read from the events that Dagster keeps of it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from orchestration.assets.names import LAYERS, PUBLICATION
from orchestration.checks.gates import GATE_PREFIX
from orchestration.failures import with_remedy
from orchestration.resources.letter import one_line, without_addresses

MOST_FAULTS = 10
MOST_LINES, MOST_CHARACTERS = 6, 400
_OWN_ERROR = re.compile(r"^orchestration\.[\w.]+: ")
# What a database adds to its message may quote a row.
_QUOTES_A_ROW = re.compile(r"^\s*(DETAIL|CONTEXT|LINE \d+)\b")


@dataclass(frozen=True)
class Fault:
    """Something that failed in a step, and the tables that it concerns."""

    step: str
    tables: tuple[str, ...]
    texts: Sequence[str]

    @property
    def title(self) -> str:
        """The step for people."""
        if self.step.startswith(GATE_PREFIX):
            return f"gate {self.step.removeprefix(GATE_PREFIX)}"
        return f"step {self.step.replace('__', '.', 1)}" if self.step else "the run itself"

    @property
    def place(self) -> str:
        """The step, and the table when it is one, for people."""
        named = len(self.tables) == 1 and self.tables[0] not in self.title
        return f"{self.title}, table {self.tables[0]}" if named else self.title


@dataclass
class FailedRun:
    """A run that failed: its faults, and the tables of layers that it left out. Times in UTC."""

    run_id: str
    job: str
    began_at: datetime | None
    ended_at: datetime | None
    faults: list[Fault] = field(default_factory=list[Fault])
    not_built: list[str] = field(default_factory=list[str])
    would_publish: bool = False
    has_published: bool = False


def read_failed_run(
    instance: dg.DagsterInstance, run_id: str, test_texts: Mapping[str, str]
) -> FailedRun:
    """Read a run's events.

    Args:
        instance: Where the run is kept.
        run_id: The run.
        test_texts: What each dbt test proves, by its name.

    Raises:
        LookupError: no such run.
    """
    record = instance.get_run_record_by_id(run_id)
    if record is None:
        raise LookupError(f"run {run_id} is not known to the Dagster instance")
    events = [
        entry.dagster_event
        for entry in instance.all_logs(run_id)
        if entry.dagster_event is not None
    ]
    planned = _tables(events, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    built = _tables(events, dg.DagsterEventType.ASSET_MATERIALIZATION)
    publication = ".".join(PUBLICATION.path)
    missing = [table for table in planned if table not in built]
    return FailedRun(
        run_id,
        record.dagster_run.job_name,
        _moment(record.start_time),
        _moment(record.end_time),
        faults=_faults(events, planned, built, test_texts),
        not_built=[table for layer in LAYERS for table in missing if table.startswith(f"{layer}.")],
        would_publish=publication in planned,
        has_published=publication in built,
    )


def _tables(events: Iterable[dg.DagsterEvent], kind: dg.DagsterEventType) -> dict[str, str]:
    """The tables that events of a kind name, each with its step."""
    found = (event for event in events if event.event_type == kind and event.asset_key)
    return {
        ".".join(event.asset_key.path): event.step_key or "" for event in found if event.asset_key
    }


def _faults(
    events: Sequence[dg.DagsterEvent],
    planned: Mapping[str, str],
    built: Mapping[str, str],
    test_texts: Mapping[str, str],
) -> list[Fault]:
    faults = _failed_checks(events, test_texts)
    judged = {fault.step for fault in faults}
    for event in events:
        if event.event_type == dg.DagsterEventType.STEP_FAILURE and event.step_key not in judged:
            step = event.step_key or ""
            missing = [table for table, of in planned.items() if of == step and table not in built]
            texts = error_texts(event.step_failure_data.error)
            faults.append(Fault(step, tuple(missing), texts))
    return faults or [Fault("", (), _run_error(events))]


def _failed_checks(events: Iterable[dg.DagsterEvent], test_texts: Mapping[str, str]) -> list[Fault]:
    found: dict[tuple[str, str], list[str]] = {}
    for event in events:
        if event.event_type != dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            continue
        check = event.asset_check_evaluation_data
        if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR:
            place = (event.step_key or "", ".".join(check.asset_key.path))
            found.setdefault(place, []).extend(_check_texts(check, test_texts))
    return [Fault(step, (table,), _shortened(texts)) for (step, table), texts in found.items()]


def _check_texts(check: dg.AssetCheckEvaluation, test_texts: Mapping[str, str]) -> list[str]:
    """A gate's failures or a test's broken rules one by one; else what the failed test proves."""
    for name in ("failures", "faults"):
        if name in check.metadata:
            texts: Any = check.metadata[name].value
            return [_cleaned(text) for text in texts]
    if check.description:
        return [_cleaned(text) for text in check.description.split("; ")]
    count = check.metadata.get("dagster_dbt/failed_row_count")
    rows = f" on {count.value} rows" if count is not None else ""
    proves = test_texts.get(check.check_name)
    text = f"test {check.check_name} fails{rows}"
    return [_cleaned(f"{text}; it proves: {proves}" if proves else text)]


def _run_error(events: Sequence[dg.DagsterEvent]) -> list[str]:
    """Why a run failed whose steps did not: what Dagster says of it."""
    for event in reversed(events):
        if event.event_type == dg.DagsterEventType.RUN_FAILURE:
            # Dagster's run monitoring gives a reason, and no data.
            if event.event_specific_data is None or event.job_failure_data.error is None:
                return [_cleaned(event.message or "no reason given")]
            return error_texts(event.job_failure_data.error)
    return ["its process ended without a word"]


def error_texts(error: SerializableErrorInfo | None) -> list[str]:
    """The innermost error without its stack; of an error that is not our own only one line."""
    if error is None:
        return ["no reason given"]
    while error.cause is not None:
        error = error.cause
    said = error.message.strip()
    lines = [line for line in said.splitlines() if line.strip() and not _QUOTES_A_ROW.match(line)]
    if not _OWN_ERROR.match(said):
        return [with_remedy(_cleaned(line)) for line in lines[:1]]
    lines[0] = _OWN_ERROR.sub("", lines[0])
    return [_cleaned(line) for line in lines[:MOST_LINES]]


def _shortened(texts: Sequence[str]) -> list[str]:
    more = len(texts) - MOST_FAULTS
    return [*texts[:MOST_FAULTS], *([f"and {more} more, see the run"] if more > 0 else [])]


def _cleaned(text: str) -> str:
    line = without_addresses(one_line(text))
    return line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 1]}…"


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
