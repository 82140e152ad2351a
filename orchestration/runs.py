"""Runs started from the command line, kept where the UI finds them.

The UI re-executes a run only if the run knows the code location it belongs to. Dagster's public
`execute_job` does not note it, so this module creates the run itself: the one place that uses
Dagster's run creation, which is not public.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableJob, ReconstructableRepository
from dagster._core.execution.api import execute_run
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from orchestration.settings import PROJECT_ROOT

CODE_LOCATION = "orchestration.definitions"
REPOSITORY = "__repository__"
QUIET_CONSOLE = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
# Whoever typed the command is there to type it again.
NOT_RETRIED = {"dagster/max_retries": "0"}

Listener = Callable[[dg.EventLogEntry], None]


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended."""

    run_id: str
    success: bool
    steps_not_run: list[str]


def execute(
    instance: dg.DagsterInstance,
    job_name: str,
    run_id: str,
    listener: Listener,
    tags: Mapping[str, str] | None = None,
) -> RunOutcome:
    """Run a job of the definitions in this process; `listener` gets each event as it happens."""
    job = reconstructable_job(job_name)
    run = instance.create_run_for_job(
        job_def=job.get_definition(),
        run_id=run_id,
        run_config=QUIET_CONSOLE,
        tags={**NOT_RETRIED, **(tags or {})},
        remote_job_origin=job_origin(job_name),
        job_code_origin=job.get_python_origin(),
        repository_load_data=None,
    )
    instance.add_event_listener(run_id, listener)  # pyright: ignore[reportUnknownMemberType]
    execute_run(job, run, instance)
    finished = instance.get_run_by_id(run_id)
    begun = {
        entry.step_key
        for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_START)
    }
    planned = [node.name for node in job.get_definition().graph.nodes_in_topological_order]
    return RunOutcome(
        run_id,
        success=finished is not None and finished.is_success,
        steps_not_run=[name for name in planned if name not in begun],
    )


def reconstructable_job(job_name: str) -> ReconstructableJob:
    """A job of the definitions in the form that Dagster can load again by itself."""
    repository = ReconstructableRepository.for_module(CODE_LOCATION, "defs", str(PROJECT_ROOT))
    return repository.get_reconstructable_job(job_name)


def job_origin(job_name: str) -> RemoteJobOrigin:
    """Where a job is defined, in the form by which the daemon finds it."""
    target = LoadableTargetOrigin(
        executable_path=sys.executable,
        module_name=CODE_LOCATION,
        working_directory=str(PROJECT_ROOT),
    )
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, location_name=CODE_LOCATION)
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, REPOSITORY), job_name)
