"""What a run says while it goes: a line per step, and what it amounts to."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster_shared.error import SerializableErrorInfo
from rich.console import Console
from rich.text import Text

from orchestration.assets.ingestion import QUARANTINED
from orchestration.checks.gates import GATE_PREFIX
from orchestration.failures import with_remedy
from orchestration.terminal import say, styled

_TOLD_TO_END = "DagsterExecutionInterruptedError"


@dataclass
class StepReport:
    """What one step did."""

    key: str
    seconds: float = 0.0
    tables: int = 0
    rows: int = 0
    quarantined: int = 0
    checks: int = 0
    state: str = "running"
    failures: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])

    @property
    def is_gate(self) -> bool:
        """Whether the step only judges."""
        return self.key.startswith(GATE_PREFIX)

    @property
    def title(self) -> str:
        """The step's name for people."""
        if self.is_gate:
            return f"gate {self.key.removeprefix(GATE_PREFIX)}"
        return self.key.replace("__", ".", 1)


class RunProgress:
    """Follows a run's events and prints a line when a step ends."""

    def __init__(self, console: Console) -> None:
        self.steps: dict[str, StepReport] = {}
        self.run_error: str | None = None
        self._console = console
        self._started: dict[str, float] = {}

    def __call__(self, entry: dg.EventLogEntry) -> None:
        """Take one event."""
        event = entry.dagster_event
        if event is None:
            return
        if event.event_type == dg.DagsterEventType.RUN_FAILURE:
            # Dagster's run monitoring gives a reason, and no data.
            data = event.event_specific_data and event.job_failure_data
            self.run_error = _root_cause(data.error if data else None) or event.message
        if event.step_key:
            self._step_event(event, self._step(event.step_key))

    @property
    def gates(self) -> list[StepReport]:
        """The gates that were judged."""
        return [step for step in self.steps.values() if step.is_gate]

    @property
    def failures(self) -> list[str]:
        """Every failure, with its remedy where one is known."""
        found = [with_remedy(text) for step in self.steps.values() for text in step.failures]
        return found or ([self.run_error] if self.run_error else [])

    def _step(self, key: str) -> StepReport:
        return self.steps.setdefault(key, StepReport(key))

    def _step_event(self, event: dg.DagsterEvent, step: StepReport) -> None:
        kind = event.event_type
        if kind == dg.DagsterEventType.STEP_START:
            self._started[step.key] = time.monotonic()
        elif kind == dg.DagsterEventType.ASSET_MATERIALIZATION:
            _count_table(step, event.step_materialization_data.materialization.metadata)
        elif kind == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            _count_check(step, event.asset_check_evaluation_data)
        elif kind in (dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.STEP_FAILURE):
            step.seconds = time.monotonic() - self._started.get(step.key, time.monotonic())
            step.state = "done" if kind == dg.DagsterEventType.STEP_SUCCESS else "failed"
            if step.state == "failed" and not step.failures:
                cause = _root_cause(event.step_failure_data.error)
                step.failures.append(f"{step.title}: {cause}")
            self._print(step)

    def _print(self, step: StepReport) -> None:
        facts = [
            f"{step.tables} tables" if step.tables > 1 else "",
            f"{step.rows:,} rows" if step.tables else "",
            f"{step.checks} checks" if step.checks else "",
            styled("[yellow]{count} quarantined[/]", count=step.quarantined)
            if step.quarantined
            else "",
        ]
        say(
            self._console,
            "{mark} {step.title:<42} {step.seconds:6.1f} s  {facts}",
            mark=styled("[green]✓[/]" if step.state == "done" else "[red]✗[/]"),
            step=step,
            facts=Text(", ").join(
                Text(fact) if isinstance(fact, str) else fact for fact in facts if fact
            ),
        )


def _count_table(step: StepReport, metadata: Mapping[str, Any]) -> None:
    step.tables += 1
    if "dagster/row_count" in metadata:
        step.rows += int(metadata["dagster/row_count"].value or 0)
    if QUARANTINED in metadata:
        step.quarantined += int(metadata[QUARANTINED].value or 0)


def _count_check(step: StepReport, check: dg.AssetCheckEvaluation) -> None:
    step.checks += 1
    if check.passed:
        return
    name = ".".join(check.asset_key.path)
    text = f"{name}: {check.description or check.check_name}"
    is_error = check.severity == dg.AssetCheckSeverity.ERROR
    (step.failures if is_error else step.warnings).append(text)


def _root_cause(error: SerializableErrorInfo | None) -> str | None:
    """The message of the innermost error, without its stack."""
    if error is None:
        return None
    while error.cause is not None:
        error = error.cause
    if error.cls_name == _TOLD_TO_END:
        return "the run was ended by Ctrl+C or SIGTERM"
    return str(error.message).strip()
