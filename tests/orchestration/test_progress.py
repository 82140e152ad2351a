"""What the command line understands of a run's events."""

import io

import dagster as dg
from rich.console import Console

from orchestration.progress import RunProgress


def test_a_run_that_was_ended_from_outside_keeps_the_reason() -> None:
    @dg.job
    def nothing() -> None: ...

    progress = RunProgress(Console(file=io.StringIO()))
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(nothing)
        instance.report_run_failed(run, message="it took longer than six hours")
        for entry in instance.all_logs(run.run_id):
            progress(entry)
    assert progress.run_error == "it took longer than six hours"
