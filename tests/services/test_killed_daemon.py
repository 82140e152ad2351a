"""The real daemon, killed at random moments around its ticks."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest

pytestmark = [pytest.mark.postgres, pytest.mark.faults]

KILLS = 4
SCHEDULED = ".dagster/scheduled_execution_time"
Process = subprocess.Popen[bytes]


@pytest.fixture
def start(instance: dg.DagsterInstance) -> Iterator[Callable[[], Process]]:
    """Starts the daemon over the instance; whatever was started is ended."""
    started: list[Process] = []

    def one() -> Process:
        folder = str(Path(__file__).parent)
        started.append(
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "dagster._daemon",
                    "run",
                    "-m",
                    "every_minute",
                    "-d",
                    folder,
                ],
                env={**os.environ, "PYTHONPATH": folder},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        return started[-1]

    yield one
    for process in started:
        process.kill()
        process.wait()


def runs_per_minute(instance: dg.DagsterInstance) -> Counter[int]:
    """How many runs were made for each minute, counted since 1970."""
    times = [datetime.fromisoformat(run.tags[SCHEDULED]) for run in instance.get_runs()]
    return Counter(int(time.timestamp() // 60) for time in times)


def test_a_minute_at_whose_tick_the_daemon_was_killed_is_run_once(
    instance: dg.DagsterInstance, start: Callable[[], Process]
) -> None:
    chance = random.Random(7)
    daemon = start()
    wait_until(lambda: bool(instance.get_runs()))
    killed: list[int] = []
    for _ in range(KILLS):
        minute = int(time.time() // 60) + 1
        time.sleep(max(0.0, minute * 60 + chance.uniform(-0.5, 2) - time.time()))
        daemon.kill()
        daemon.wait()
        killed.append(minute)
        daemon = start()
        wait_until(lambda: runs_per_minute(instance)[killed[-1]] > 0)
    counts = runs_per_minute(instance)
    assert [counts[minute] for minute in killed] == [1] * KILLS
    assert max(counts.values()) == 1


def wait_until(true: Callable[[], bool], seconds: float = 150) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.5)
