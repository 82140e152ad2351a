"""Launches runs, and knows which of them are still alive.

Dagster's default launcher cannot tell a run that works from one whose process is gone, and with
it nothing would ever free the queue after a crash.
"""

import json
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import GetCurrentRunsResult
from dagster._serdes import ConfigurableClassData, deserialize_value

from orchestration.resources.target import active_run
from orchestration.settings import get_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

CODE_SERVER_TAG = ".dagster/grpc_info"


class WatchfulRunLauncher(DefaultRunLauncher):
    """`DefaultRunLauncher` that Dagster's run monitoring can ask about a run's process."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: "Mapping[str, Any]"
    ) -> "WatchfulRunLauncher":
        """The launcher that dagster.yaml describes."""
        return cls(inst_data=inst_data, **config_value)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Always."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether a process still carries out a run that has started."""
        if is_alive(run):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "its process is gone")


def is_alive(run: dg.DagsterRun) -> bool:
    """Whether a started run holds the lease, or its code server still has a process for it.

    A run of the command line takes the lease before it starts. A launched run may wait for the
    lease; its code server knows of it meanwhile.
    """
    return active_run(get_settings()) == run.run_id or _has_worker(run)


def _has_worker(run: dg.DagsterRun) -> bool:
    if CODE_SERVER_TAG not in run.tags:
        return False
    place = json.loads(run.tags[CODE_SERVER_TAG])
    client = DagsterGrpcClient(
        host=place.get("host"), port=place.get("port"), socket=place.get("socket")
    )
    try:
        known = deserialize_value(client.get_current_runs(), GetCurrentRunsResult)
    except dg.DagsterError:
        return False
    return run.run_id in known.current_runs
