"""A command that is told to end: one sentence, an exit code of its own, nothing left running."""

import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import dagster as dg
import psutil
import pytest
from click.testing import CliRunner
from rich.console import Console

from orchestration.cli import Sentences
from orchestration.progress import RunProgress
from orchestration.settings import PROJECT_ROOT

HABITUE = "from orchestration.cli import main; main()"
SIGNALS = [
    pytest.param(signal.SIGTERM, 143, "ended by SIGTERM", id="SIGTERM"),
    pytest.param(signal.SIGINT, 130, "ended by Ctrl+C", id="SIGINT"),
]


def deaf() -> None:
    """As a shell without job control starts what stands before an &: deaf to Ctrl+C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def hearing() -> None:
    """As a terminal starts it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def of_home(home: Path) -> list[psutil.Process]:
    """The processes that belong to a home."""

    def belongs(process: psutil.Process) -> bool:
        try:
            return process.environ().get("HABITUE_HOME") == str(home)
        except psutil.Error:
            return False

    return [process for process in psutil.process_iter() if belongs(process)]


@pytest.mark.parametrize("begun", [deaf, hearing])
@pytest.mark.parametrize(("number", "code", "words"), SIGNALS)
def test_a_run_that_is_told_to_end_says_so_and_leaves_nobody_behind(
    number: int, code: int, words: str, begun: Callable[[], None], tmp_path: Path
) -> None:
    """It is told while a process of its own parses the project."""
    stores = tmp_path / "landing" / "cashmere"
    stores.mkdir(parents=True)
    shutil.copy(PROJECT_ROOT / "seeds/samples/cashmere/stores_20251031.csv", stores)
    with subprocess.Popen(
        [sys.executable, "-c", HABITUE, "run"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "HABITUE_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=begun,
    ) as run:
        assert run.stdout is not None
        while "habitue runs everything" not in run.stdout.readline():
            assert run.poll() is None
        while not psutil.Process(run.pid).children():
            assert run.poll() is None
        run.send_signal(number)
        _, told = run.communicate(timeout=60)
    assert run.returncode == code, told
    assert words in told.splitlines()[-1]
    assert "Traceback" not in told
    _, alive = psutil.wait_procs(of_home(tmp_path), timeout=60)
    assert alive == []


def test_whatever_a_library_makes_of_it_a_command_says_that_it_was_told_to_end() -> None:
    """As Python does in `__set_name__`, and DuckDB amid a query."""

    def interrupted() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        except BaseException:
            raise RuntimeError("Query interrupted") from None

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        group = Sentences(commands={"run": click.Command("run", callback=interrupted)})
        done = CliRunner().invoke(group, ["run"])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert done.exit_code == 143
    assert "ended by SIGTERM" in done.stderr


def test_what_a_command_becomes_hears_both_signals() -> None:
    """Dagster's server gives SIGTERM the handler of Ctrl+C; deaf to one, it is deaf to both."""
    said = "from signal import *; print(SIG_IGN in map(getsignal, (SIGINT, SIGTERM)))"
    become = (
        "import os, sys; from orchestration.ending import listen; listen(); "
        f"os.execv(sys.executable, [sys.executable, '-c', {said!r}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", become],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=deaf,
    )
    assert done.stdout == "False\n"


def test_a_step_that_is_told_to_end_is_no_unnamed_failure() -> None:
    @dg.op
    def ended() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()

    @dg.job
    def job() -> None:
        ended()

    progress = RunProgress(Console(file=io.StringIO()))
    with dg.DagsterInstance.ephemeral() as instance:
        run = job.execute_in_process(instance=instance, raise_on_error=False)
        for entry in instance.all_logs(run.run_id):
            progress(entry)
    assert all("the run was ended by Ctrl+C or SIGTERM" in text for text in progress.failures)
    assert progress.failures
