"""A night is run exactly once, whatever happened to the daemon."""

from datetime import UTC, datetime

import dagster as dg
import pytest
from scheduler import die_while_looking, look

from orchestration.settings import Settings

pytestmark = pytest.mark.postgres

EVENING = datetime(2026, 3, 9, 20, 0, tzinfo=UTC)
# 02:00 in Paris, in winter.
NIGHT = datetime(2026, 3, 10, 1, 0, 1, tzinfo=UTC)
TWO_NIGHTS_LATER = datetime(2026, 3, 12, 7, 30, tzinfo=UTC)
SCHEDULED = ".dagster/scheduled_execution_time"


def nights(instance: dg.DagsterInstance) -> list[str]:
    """The nights for which a run was made, in UTC."""
    times = [datetime.fromisoformat(run.tags[SCHEDULED]) for run in instance.get_runs()]
    return sorted(f"{time.astimezone(UTC):%d %H:%M}" for time in times)


def test_a_tick_queues_one_run_of_everything(instance: dg.DagsterInstance) -> None:
    look(instance, EVENING)
    look(instance, NIGHT)
    look(instance, NIGHT)
    (run,) = instance.get_runs()
    assert run.job_name == "everything"
    assert run.status == dg.DagsterRunStatus.QUEUED
    assert nights(instance) == ["10 01:00"]


def test_missed_nights_are_caught_up_by_one_run_for_the_last(instance: dg.DagsterInstance) -> None:
    look(instance, EVENING)
    look(instance, TWO_NIGHTS_LATER)
    look(instance, TWO_NIGHTS_LATER)
    assert nights(instance) == ["12 01:00"]


def test_a_first_start_makes_up_for_nothing(instance: dg.DagsterInstance) -> None:
    look(instance, TWO_NIGHTS_LATER)
    assert instance.get_runs() == []


@pytest.mark.parametrize(
    "moment", ["TICK_CREATED", "TICK_HELD", "RUN_CREATED", "RUN_LAUNCHED", "RUN_ADDED"]
)
def test_a_daemon_killed_at_the_tick_has_launched_the_run_once_after_its_restart(
    settings: Settings, instance: dg.DagsterInstance, moment: str
) -> None:
    look(instance, EVENING)
    die_while_looking(settings, NIGHT, moment)
    look(instance, TWO_NIGHTS_LATER.replace(day=10))
    assert nights(instance) == ["10 01:00"]
    (run,) = instance.get_runs()
    assert run.status == dg.DagsterRunStatus.QUEUED
