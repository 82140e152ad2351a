"""A run that is carried on elsewhere counts the days that it was started with."""

from datetime import date
from pathlib import Path

import dagster as dg

from orchestration.run_tags import settings_of_run, tags_of
from orchestration.settings import Settings

GIVEN = date(2025, 10, 31)


@dg.op
def fail_at_first(context: dg.OpExecutionContext) -> str:
    """Fail, but not when re-executed."""
    if context.run.parent_run_id is None:
        raise dg.Failure
    return settings_of_run(Settings(), context.instance, context.run).model_dump_json(
        include={"as_of"}
    )


@dg.job(executor_def=dg.in_process_executor)
def carried_on() -> None:
    """One op, so that a run of it can be re-executed."""
    fail_at_first()


def test_a_re_execution_counts_the_day_that_the_run_was_given(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        job = dg.reconstructable(_the_job)
        with dg.execute_job(job, instance, tags=tags_of(Settings(as_of=GIVEN))) as first:
            assert not first.success
        options = dg.ReexecutionOptions.from_failure(first.run_id, instance)
        with dg.execute_job(job, instance, reexecution_options=options) as second:
            assert second.success
            assert second.output_for_node("fail_at_first") == '{"as_of":"2025-10-31"}'


def _the_job() -> dg.JobDefinition:
    return carried_on


def test_without_a_day_given_no_tag_is_written() -> None:
    assert tags_of(Settings(as_of=None)) == {}
