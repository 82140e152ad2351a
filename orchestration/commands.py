"""What the command line does, once it is clear what is wanted."""

import gc
import logging
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration import stopwatch
from orchestration.data_warnings import data_warnings
from orchestration.failures import EXIT_CODE_BUSY, exit_code, sentence
from orchestration.mending import look_deeper_path, mend_state, names_damage
from orchestration.plain_text import PlainFormatter, plain
from orchestration.preflight import check_home, require_ready
from orchestration.resources.lease import read_lease
from orchestration.resources.target import build_warehouse, hold_write, readers_address
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.summary import (
    PublishedFacts,
    age_text,
    kept_out_files,
    load_facts,
    published_facts,
    read_last_run,
    write_last_run,
)
from orchestration.terminal import say, styled

if TYPE_CHECKING:
    from orchestration.progress import RunProgress
    from orchestration.runs import RunOutcome


def run_job(settings: Settings, job_name: str, console: Console) -> bool:
    """Run a job with visible progress; says at the end what came of it, gives its success.

    The owners of what failed get a mail, when there is a mail server.

    Raises:
        AnotherRunActive: another process is writing.
        NotReady: the home folder cannot be written, or its disk has too little room.
    """
    run_id = str(uuid.uuid4())
    check_home(settings)
    log_to_file(settings)
    try:
        success = _run_alone(settings, job_name, run_id, console)
    except Exception as error:
        if _met_damage(settings):
            return _run_again(job_name, console)
        _tell_owners(settings, job_name, run_id, console, error)
        raise
    if not success and _met_damage(settings):
        return _run_again(job_name, console)
    _tell_owners(settings, job_name, run_id, console, success)
    return success


def _met_damage(settings: Settings) -> bool:
    """Whether this run, unless it is the second already, left the mark that it met damage."""
    return look_deeper_path(settings).exists() and SECOND_LOOK not in os.environ


def _run_again(job_name: str, console: Console) -> bool:
    """The same run in a process of its own, which holds none of the damaged files open."""
    words = "[yellow]![/] the run met a damaged file: everything is read now, and it begins again"
    say(console, words)
    source = [] if job_name == EVERYTHING else ["--source", job_name]
    command = [sys.executable, "-c", "from orchestration.cli import main; main()", "run", *source]
    environment = {**os.environ, SECOND_LOOK: "1"}
    return subprocess.run(command, env=environment, check=False).returncode == 0


def _run_alone(settings: Settings, job_name: str, run_id: str, console: Console) -> bool:
    began = time.perf_counter()
    stopwatch.reset()
    with hold_write(settings, run_id):
        mend_state(settings)
        require_ready(settings)
        words = "[bold]habitue[/] runs [bold]{job}[/] in {home}"
        say(console, words, job=job_name, home=settings.home)
        progress, outcome = _execute(settings, job_name, run_id, console)
        seconds = time.perf_counter() - began
        if any(names_damage(text) for text in progress.failures):
            look_deeper_path(settings).touch()
        warnings = data_warnings(settings, run_id) if progress.steps else []
        _keep_report(settings, job_name, outcome, progress, seconds, warnings)
        _summarise(settings, outcome, progress, warnings, console)
    return outcome.success


def _tell_owners(
    settings: Settings, job_name: str, run_id: str, console: Console, ending: bool | Exception
) -> None:
    if settings.smtp_host is None:
        return
    from orchestration.automation.alerts import tell_owners

    for line in tell_owners(settings, job_name, run_id, ending):
        say(console, "[bold]Mail[/]       {line}", line=line)


def log_to_file(settings: Settings) -> None:
    """Keep the libraries' talk in a file; what our own modules warn of is shown as well."""
    settings.home.mkdir(parents=True, exist_ok=True)
    # A log that cannot be written is no reason to show its trace, nor to stop.
    logging.raiseExceptions = False
    for logger in (logging.getLogger(), logging.getLogger("orchestration")):
        for handler in [one for one in logger.handlers if one.name == OWN_HANDLER]:
            logger.removeHandler(handler)
            handler.close()
    kept = logging.FileHandler(settings.home / "habitue.log", encoding="utf-8")
    kept.name = OWN_HANDLER
    kept.setFormatter(PlainFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.getLogger().addHandler(kept)
    logging.getLogger().setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    shown = logging.StreamHandler()
    shown.name = OWN_HANDLER
    shown.setLevel(logging.WARNING)
    shown.setFormatter(PlainFormatter())
    logging.getLogger("orchestration").addHandler(shown)


RARELY = (50_000, 20, 50)
OWN_HANDLER = "habitue"
SECOND_LOOK = "HABITUE_SECOND_LOOK"
EVERYTHING = "everything"


@contextmanager
def _without_collector() -> Generator[None]:
    """Start up without Python's garbage collector, and let it look more rarely from then on.

    Parsing makes millions of objects that live as long as the run; looking through them again and
    again costs several seconds.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.set_threshold(*RARELY)
        gc.enable()


def _execute(
    settings: Settings, job_name: str, run_id: str, console: Console
) -> "tuple[RunProgress, RunOutcome]":
    with console.status("reading the project"), _without_collector():
        with stopwatch.measured("parse and imports"):
            from orchestration.preparation import parsed_beside
            from orchestration.project import ensure_manifest

            with parsed_beside(settings):
                from dagster import DagsterRunStatus

                from orchestration import runs
                from orchestration.progress import RunProgress
                from orchestration.run_tags import tags_of

                for slow in ("dbt.cli.main", "orchestration.assets.transformation"):
                    import_module(slow)
            ensure_manifest(settings)
        with stopwatch.measured("definitions"):
            from orchestration import definitions
            from orchestration.instance import close_dead_runs, open_instance

            assert definitions.defs
            instance = open_instance(settings)
    progress = RunProgress(console)
    with instance:
        for dead in close_dead_runs(instance, [DagsterRunStatus.STARTED]):
            say(console, "[yellow]![/] run {id} had died; it is marked as failed", id=dead)
        return progress, runs.execute(instance, job_name, run_id, progress, tags_of(settings))


def _keep_report(
    settings: Settings,
    job_name: str,
    outcome: "RunOutcome",
    progress: "RunProgress",
    seconds: float,
    warnings: Sequence[str],
) -> None:
    spent = stopwatch.spent()
    report = {
        "run_id": outcome.run_id,
        "job": job_name,
        "success": outcome.success,
        "ended_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
        "seconds": round(seconds, 2),
        # All that is not SQL: loading counts as fixed, whatever SQL it holds.
        "fixed_seconds": round(seconds - spent.get("sql", 0.0), 2),
        "spent_seconds": {name: round(value, 2) for name, value in sorted(spent.items())},
        "steps": [asdict(step) for step in progress.steps.values()],
        "warnings": list(warnings),
    }
    write_last_run(settings, report)


def _summarise(
    settings: Settings,
    outcome: "RunOutcome",
    progress: "RunProgress",
    warnings: Sequence[str],
    console: Console,
) -> None:
    console.print()
    if build_warehouse(settings).exists() and progress.steps:
        _print_loaded(settings, outcome.run_id, console)
    passed = sum(gate.state == "done" for gate in progress.gates)
    words = "[bold]Gates[/]      {passed} of {judged} judged passed"
    say(console, words, passed=passed, judged=len(progress.gates))
    for step in progress.steps.values():
        for warning in step.warnings:
            say(console, "[yellow]![/] {warning}", warning=warning)
    _print_warnings(warnings, console)
    if not outcome.success:
        _print_failure(outcome, progress, console)
    _print_published(settings, outcome.success, console)


def _print_warnings(warnings: Sequence[str], console: Console) -> None:
    for warning in warnings:
        say(console, "[bold]Warning[/]    [yellow]![/] {warning}", warning=warning)


def _print_loaded(settings: Settings, run_id: str, console: Console) -> None:
    facts = load_facts(settings, run_id)
    total = sum(count for _, count in facts.quarantined)
    say(
        console,
        "[bold]Loaded[/]     {rows:,} rows of {files} new files, {repeated:,} exact duplicates "
        "left out{again}",
        again=f", {facts.files_sent_again} files sent again" if facts.files_sent_again else "",
        rows=facts.rows_loaded,
        files=facts.files,
        repeated=facts.rows_exact_duplicate,
    )
    reasons = ", ".join(f"{reason} {count}" for reason, count in facts.quarantined)
    if total:
        say(console, "[bold]Quarantine[/] {total:,} rows: {reasons}", total=total, reasons=reasons)


def _print_failure(outcome: "RunOutcome", progress: "RunProgress", console: Console) -> None:
    say(console, "\n[bold red]The run failed.[/]")
    for failure in progress.failures:
        say(console, "[red]✗[/] {failure}", failure=failure)
    if outcome.steps_not_run:
        names = ", ".join(name.replace("__", ".", 1) for name in outcome.steps_not_run)
        say(console, "Not run because of that: {names}", names=names)
    say(console, "When that is mended, run [bold]habitue run[/] again: nothing else is needed.")


def _print_published(settings: Settings, success: bool, console: Console) -> None:
    facts = published_facts(settings)
    if facts is None:
        say(console, "Nothing was published yet.")
        return
    if not success:
        words = "Still served: what was published {age} ago, as of {as_of}."
        say(console, words, age=age_text(facts.age), as_of=facts.as_of)
    console.print(_headline(facts, settings.currency))
    _print_delays(facts, console)
    say(console, "Open       {place}", place=readers_address(settings))
    say(console, "Next       [bold]make dev[/] shows the graph; [bold]habitue status[/] the state")


def _headline(facts: PublishedFacts, currency: str) -> Table:
    title = Text(plain(f"As of {facts.as_of}"), style="table.title")
    table = Table(title=title, show_header=False, title_justify="left")
    for name, value in (
        ("Customers", f"{facts.customers:,}"),
        ("  of whom bought", f"{facts.buyers:,}"),
        ("Orders", f"{facts.orders:,}"),
        (f"Net sales ({currency}, without tax)", facts.net_amount),
    ):
        table.add_row(Text(name), Text(plain(value)))
    return table


def show_status(settings: Settings, console: Console) -> bool:
    """What is published and how old, the last run, what waits, what was refused.

    Gives whether all of it could be read: what is damaged is named with its remedy instead.
    """
    sections = [_print_facts, _print_runs, _print_mails]
    if read_lease(settings.home) is None:
        sections.append(_print_waiting)
    readable = [_shown(section, settings, console) for section in sections]
    if read_lease(settings.home) is not None:
        say(console, "[bold]Landing[/]     judged when the active run has ended")
    return all(readable)


def _shown(
    section: Callable[[Settings, Console], None], settings: Settings, console: Console
) -> bool:
    try:
        section(settings, console)
    except Exception as error:
        if exit_code(error) == EXIT_CODE_BUSY:
            raise
        say(console, "[red]✗[/] {told}", told=sentence(error, settings.home))
        return False
    return True


def _print_facts(settings: Settings, console: Console) -> None:
    facts = published_facts(settings)
    if facts is None:
        say(console, "[bold]Published[/]   nothing yet")
    else:
        say(
            console,
            "[bold]Published[/]   as of {facts.as_of}, {age} ago "
            "({facts.published_at:%Y-%m-%d %H:%M} UTC), {facts.tables} tables\n"
            "            {facts.customers:,} customers, {facts.orders:,} orders, "
            "{facts.net_amount} {currency} net\n            {place}",
            facts=facts,
            age=age_text(facts.age),
            currency=settings.currency,
            place=readers_address(settings),
        )
        _print_delays(facts, console)
    if settings.target == "postgres":
        _print_readers(settings, console)


def _print_readers(settings: Settings, console: Console) -> None:
    from orchestration.resources.reader_limits import told_of_readers, unguarded
    from orchestration.resources.target import postgres_warehouse

    for text in filter(
        None, [*told_of_readers(settings), unguarded(postgres_warehouse(settings, "publisher"))]
    ):
        say(console, "[bold]Readers[/]     [yellow]![/] {text}", text=text)


def _print_delays(facts: PublishedFacts, console: Console) -> None:
    for text in facts.delays:
        say(console, "            [yellow]![/] {text}", text=text)


def _print_runs(settings: Settings, console: Console) -> None:
    if (lease := read_lease(settings.home)) is not None:
        say(console, "[bold]Active run[/]  {lease.run_id}, since {lease.since}", lease=lease)
    if (last := read_last_run(settings)) is not None:
        say(
            console,
            "[bold]Last run[/]    {word} at {ended_at} UTC after {seconds:.0f} s ({job}, {run_id})",
            word=styled("[green]succeeded[/]" if last["success"] else "[red]failed[/]"),
            **{name: last[name] for name in ("ended_at", "seconds", "job", "run_id")},
        )
        for step in last["steps"]:
            for failure in step["failures"]:
                say(console, "            [red]✗[/] {failure}", failure=failure)


def _print_mails(settings: Settings, console: Console) -> None:
    from orchestration.resources.outbox import outbox_in

    for mail in outbox_in(settings.home).mails():
        if mail.state != "sent":
            state = mail.state.replace("_", " ")
            text = f"{state}: to {mail.recipient} ({mail.last_error or 'not tried yet'})"
            say(console, "[bold]Mail[/]        [yellow]![/] {text}", text=text)


def _print_waiting(settings: Settings, console: Console) -> None:
    from orchestration.ingest.load import arriving_files, pending_files

    pending = pending_files(settings)
    words = "[bold]Landing[/]     {count} files wait in {folder}"
    say(console, words, count=len(pending), folder=settings.landing_folder)
    for file in pending[:10]:
        say(console, "            {file.source}/{file.name}", file=file)
    for text in arriving_files(settings):
        say(console, "            {text}", text=text)
    if not build_warehouse(settings).exists():
        return
    for reason in kept_out_files(settings, "held"):
        say(console, "[bold]Held[/]        [yellow]![/] {reason}", reason=reason)
    for reason in kept_out_files(settings, "refused"):
        say(console, "[bold]Refused[/]     [red]✗[/] {reason}", reason=reason)
    quarantined = load_facts(settings).quarantined
    reasons = ", ".join(f"{reason} {count}" for reason, count in quarantined) or "empty"
    say(console, "[bold]Quarantine[/]  {reasons}", reasons=reasons)
    _print_warnings(data_warnings(settings), console)


def show_quarantine(
    settings: Settings, console: Console, source: str | None, entity: str | None, limit: int
) -> None:
    """The open rows, oldest first, never their content."""
    from orchestration.ingest.load import count_corrected, list_quarantine

    rows = list_quarantine(settings, source, entity)
    for row in rows[:limit]:
        say(console, "{row.quarantine_id:>6}  {row.source}/{row.message}", row=row)
    if rows[:limit]:
        say(console, "Values are shown by their shape alone: digits as 9, letters as a.")
    words = "{open:,} rows are open, {shown:,} shown; {corrected:,} were corrected by later rows"
    corrected = count_corrected(settings, source, entity)
    say(console, words, open=len(rows), shown=min(len(rows), limit), corrected=corrected)


def retry_quarantined(
    settings: Settings, console: Console, source: str | None, entity: str | None
) -> None:
    """Check open rows again; those that are good now are loaded."""
    from orchestration.ingest.retry import retry_quarantine

    with hold_write(settings, "quarantine retry"):
        report = retry_quarantine(settings, source, entity)
    say(
        console,
        "{report.tried:,} rows tried: {report.loaded:,} loaded, {report.exact_duplicates:,} "
        "already there, {report.still_open:,} still bad, {report.expired:,} expired",
        report=report,
    )
    if report.loaded:
        say(console, "Next       [bold]habitue run[/] carries them into the marts")


def prepare(settings: Settings, console: Console) -> None:
    """Write what Dagster needs before it can load the definitions."""
    from orchestration.instance import prepare_instance
    from orchestration.project import ensure_manifest

    with console.status("parsing the dbt project"):
        path = ensure_manifest(settings)
    prepare_instance(settings)
    say(console, "ready: {path}", path=path)


def serve(settings: Settings, console: Console, port: int) -> None:
    """Become the Dagster UI and daemon of this installation."""
    prepare(settings, console)
    say(console, "[bold]http://127.0.0.1:{port}[/]  (Ctrl+C ends it)", port=port)
    command = [
        sys.executable, "-W", "ignore:Function `dev_command` is superseded",
        "-m", "dagster", "dev",
        "-h", "127.0.0.1", "-p", str(port),
        "-m", "orchestration.definitions", "-d", str(PROJECT_ROOT),
    ]  # fmt: skip
    os.execv(sys.executable, command)  # noqa: S606


def check_installation(settings: Settings, console: Console) -> bool:
    """Say of everything that a run needs whether it is there; gives whether all of it is."""
    from orchestration.preflight import CHECKS

    ready = True
    for name, check in CHECKS.items():
        try:
            say(console, "[green]✓[/] {name:<14} {found}", name=name, found=check(settings))
        except Exception as error:
            ready = False
            told = sentence(error, settings.home)
            say(console, "[red]✗[/] {name:<14} {told}", name=name, told=told)
    return ready
