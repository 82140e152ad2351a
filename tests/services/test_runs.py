"""Runs whose process is gone, runs that are alive, and runs that are tried once more."""

from collections.abc import Iterator

import dagster as dg
import pytest
from small import everything

from orchestration.automation.retries import retry_what_may_pass
from orchestration.instance import close_dead_runs
from orchestration.project import DbtFailed
from orchestration.resources.lease import hold_lease
from orchestration.resources.postgres import (
    PostgresConnectionLost,
    PostgresLoginRefused,
    PostgresUnreachable,
)
from orchestration.resources.postgres_lease import hold_postgres_lease
from orchestration.resources.target import active_run, postgres_warehouse
from orchestration.runs import NOT_RETRIED, job_origin
from orchestration.settings import Settings

pytestmark = pytest.mark.postgres

STARTED, QUEUED = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.QUEUED
UNFINISHED = [dg.DagsterRunStatus.STARTING, STARTED, dg.DagsterRunStatus.CANCELING]
ENDED = "PostgreSQL ended the connection habitue@localhost:5432/habitue"


@pytest.fixture
def started(instance: dg.DagsterInstance) -> Iterator[dg.DagsterRun]:
    """A run that says it has started, and no process for it."""
    yield instance.create_run_for_job(everything, status=STARTED)


def status_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def test_a_run_that_died_with_the_machine_is_marked_as_failed_and_retried(
    instance: dg.DagsterInstance, started: dg.DagsterRun
) -> None:
    assert close_dead_runs(instance, UNFINISHED) == [started.run_id]
    assert status_of(instance, started) == dg.DagsterRunStatus.FAILURE
    assert will_retry(instance, started.run_id)


def test_a_run_of_the_command_line_that_died_is_left_to_who_typed_it(
    instance: dg.DagsterInstance,
) -> None:
    run = instance.create_run_for_job(everything, status=STARTED, tags=NOT_RETRIED)
    close_dead_runs(instance, UNFINISHED)
    assert not will_retry(instance, run.run_id)


def test_a_run_that_was_being_cancelled_ends_as_cancelled(instance: dg.DagsterInstance) -> None:
    run = instance.create_run_for_job(everything, status=dg.DagsterRunStatus.CANCELING)
    close_dead_runs(instance, UNFINISHED)
    assert status_of(instance, run) == dg.DagsterRunStatus.CANCELED


def test_a_run_that_holds_the_lease_is_alive(
    settings: Settings, instance: dg.DagsterInstance, started: dg.DagsterRun
) -> None:
    with hold_lease(settings.home, started.run_id):
        assert close_dead_runs(instance, UNFINISHED) == []
    assert status_of(instance, started) == STARTED


def test_a_run_of_another_machine_is_alive_while_it_holds_the_servers_lease(
    settings: Settings, instance: dg.DagsterInstance, started: dg.DagsterRun
) -> None:
    warehouse = postgres_warehouse(settings, "publisher")
    with hold_postgres_lease(warehouse, started.run_id):
        assert active_run(settings) == started.run_id
        assert close_dead_runs(instance, UNFINISHED) == []
    assert active_run(settings) is None
    assert close_dead_runs(instance, UNFINISHED) == [started.run_id]


def test_a_queued_run_waits_for_the_daemon_through_a_restart(instance: dg.DagsterInstance) -> None:
    origin = job_origin("everything")
    run = instance.create_run_for_job(everything, status=QUEUED, remote_job_origin=origin)
    assert close_dead_runs(instance, UNFINISHED) == []
    assert status_of(instance, run) == QUEUED


def test_one_run_at_a_time_leaves_the_queue(instance: dg.DagsterInstance) -> None:
    queue = instance.get_concurrency_config().run_queue_config
    assert queue is not None
    assert queue.max_concurrent_runs == 1


@pytest.mark.parametrize(
    ("error", "retried"),
    [
        (PostgresConnectionLost(ENDED), True),
        (PostgresUnreachable("PostgreSQL does not answer"), True),
        (PostgresLoginRefused("PostgreSQL refuses the login"), False),
        (DbtFailed("dbt build failed:\nDatabase Error: deadlock detected"), True),
        (DbtFailed("dbt build failed:\nserver closed the connection unexpectedly"), True),
        (DbtFailed("dbt build failed:\ncolumn net_amount does not exist"), False),
        (ValueError("a contract that cannot be used"), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_only_what_another_try_may_mend_is_retried(
    instance: dg.DagsterInstance, error: Exception, retried: bool
) -> None:
    @dg.op
    def fail() -> None:
        raise error

    @dg.job(hooks={retry_what_may_pass})
    def failing() -> None:
        fail()

    result = failing.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    assert will_retry(instance, result.run_id) == retried


def test_a_run_is_retried_once(instance: dg.DagsterInstance) -> None:
    first = instance.create_run_for_job(everything, status=STARTED)
    instance.report_run_failed(first)
    again = instance.create_run_for_job(
        everything,
        status=STARTED,
        parent_run_id=first.run_id,
        root_run_id=first.run_id,
        tags={"dagster/root_run_id": first.run_id},
    )
    instance.report_run_failed(again)
    assert will_retry(instance, first.run_id)
    assert not will_retry(instance, again.run_id)


def will_retry(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.tags["dagster/will_retry"] == "true"
