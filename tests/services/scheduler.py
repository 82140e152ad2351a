"""Dagster's scheduler, one look at a time, at whatever hour a test wants."""

import logging
import multiprocessing
import signal
import sys
from datetime import datetime
from pathlib import Path

import dagster as dg
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.scheduler import DagsterDaemonScheduler
from dagster._core.test_utils import freeze_time
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._scheduler.scheduler import launch_scheduled_runs

from orchestration.instance import open_instance
from orchestration.settings import Settings

FORK = multiprocessing.get_context("fork")


def look(instance: dg.DagsterInstance, now: datetime, kill_at: str | None = None) -> None:
    """Let the scheduler see what is due at `now`; with `kill_at`, be killed at that point."""
    target = LoadableTargetOrigin(
        executable_path=sys.executable,
        module_name="small",
        working_directory=str(Path(__file__).parent),
    )
    place = InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(target, "small"))
    flags = {"nightly": {kill_at: signal.SIGKILL}} if kill_at else None
    scheduler = instance.scheduler
    assert isinstance(scheduler, DagsterDaemonScheduler)
    with WorkspaceProcessContext(instance, place) as context, freeze_time(now):
        for _ in launch_scheduled_runs(
            context,
            logging.getLogger("scheduler"),
            now,
            {},
            max_catchup_runs=scheduler.max_catchup_runs,
            max_tick_retries=scheduler.max_tick_retries,
            debug_crash_flags=flags,
        ):
            pass


def die_while_looking(settings: Settings, now: datetime, kill_at: str) -> None:
    """Look in another process, which is killed at that point."""
    process = FORK.Process(target=_look_anew, args=(settings, now, kill_at))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def _look_anew(settings: Settings, now: datetime, kill_at: str) -> None:
    with open_instance(settings) as instance:
        look(instance, now, kill_at)
