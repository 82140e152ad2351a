"""Old runs and their events are deleted, the newest stay."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import psycopg
import pytest
from small import everything

from orchestration.automation.retention import NEWEST_RUNS_KEPT, forget_old_runs
from orchestration.resources.embedded_postgres import EmbeddedPostgres

pytestmark = pytest.mark.postgres


def test_runs_that_ended_long_ago_are_deleted_with_their_events(
    server: EmbeddedPostgres, instance: dg.DagsterInstance
) -> None:
    old = [ended_run(instance) for _ in range(3)]
    unfinished = instance.create_run_for_job(everything, status=dg.DagsterRunStatus.STARTED)
    age(server, timedelta(days=100))
    recent = [ended_run(instance) for _ in range(NEWEST_RUNS_KEPT)]
    assert forget_old_runs(instance, kept_days=90, limit=2) == 2
    assert forget_old_runs(instance, kept_days=90, limit=2) == 1
    assert forget_old_runs(instance, kept_days=90) == 0
    assert {run.run_id for run in instance.get_runs()} == {*recent, unfinished.run_id}
    assert [instance.all_logs(run_id) for run_id in old] == [[], [], []]


def test_the_newest_runs_stay_whatever_their_age(
    server: EmbeddedPostgres, instance: dg.DagsterInstance
) -> None:
    run_id = ended_run(instance)
    age(server, timedelta(days=1000))
    assert forget_old_runs(instance, kept_days=90) == 0
    assert instance.get_run_by_id(run_id) is not None


def ended_run(instance: dg.DagsterInstance) -> str:
    run = instance.create_run_for_job(everything, status=dg.DagsterRunStatus.STARTED)
    instance.report_run_failed(run)
    return run.run_id


def age(server: EmbeddedPostgres, by: timedelta) -> None:
    """Make every run look as if it had last changed that long ago."""
    then = datetime.now(UTC).replace(tzinfo=None) - by
    with psycopg.connect(server.address("orchestrator", "dagster")) as connection:
        connection.execute("update public.runs set update_timestamp = %s", [then])
