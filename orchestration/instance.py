"""Dagster's instance: where runs, events and schedules are kept, and how runs are looked after."""

import os
from collections.abc import Collection
from typing import TYPE_CHECKING

from orchestration.resources.replacing import write_whole
from orchestration.resources.target import postgres_address
from orchestration.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

    from orchestration.resources.postgres import PostgresAddress

# The variable by which dagster.yaml names the database: a password never stands in the file.
STORAGE_ADDRESS = "HABITUE_ORCHESTRATOR_URL"
KEPT_TICK_DAYS = 30
ORCHESTRATOR = "orchestrator"

_COMMON = f"""\
# Written at every start of habitue.
telemetry:
  enabled: false
nux:
  enabled: false
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
python_logs:
  python_log_level: WARNING
run_coordinator:
  module: dagster
  class: QueuedRunCoordinator
concurrency:
  runs:
    max_concurrent_runs: 1
run_launcher:
  module: orchestration.resources.launcher
  class: WatchfulRunLauncher
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
  cancel_timeout_seconds: 120
  max_runtime_seconds: 21600
  poll_interval_seconds: 20
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false
scheduler:
  module: dagster._core.scheduler
  class: DagsterDaemonScheduler
  config:
    max_catchup_runs: 1
    max_tick_retries: 2
retention:
  schedule:
    purge_after_days: {KEPT_TICK_DAYS}
  sensor:
    purge_after_days:
      skipped: 2
      started: {KEPT_TICK_DAYS}
      success: {KEPT_TICK_DAYS}
      failure: {KEPT_TICK_DAYS}
code_servers:
  local_startup_timeout: 300
"""
_IN_POSTGRES = f"""\
storage:
  custom:
    module: orchestration.resources.run_storage
    class: KeptPostgresStorage
    config:
      postgres_url:
        env: {STORAGE_ADDRESS}
"""
_IN_FILES = """\
event_log_storage:
  module: orchestration.resources.event_storage
  class: KeptSqliteEventLogStorage
  config:
    base_dir: "{events}"
"""


def open_instance(settings: Settings) -> "dg.DagsterInstance":
    """The instance of an installation, from this process's environment on.

    Raises:
        PostgresLoginRefused: the server refuses the login `orchestrator`.
        PostgresUnreachable: the server does not answer.
    """
    import dagster as dg

    prepare_instance(settings)
    return dg.DagsterInstance.from_config(str(settings.dagster_home))


def prepare_instance(settings: Settings) -> None:
    """Write dagster.yaml, and set what this process and its children need to load it.

    Raises:
        PostgresLoginRefused: the server refuses the login `orchestrator`. Dagster itself would
            try a wrong password until the account is locked.
        PostgresUnreachable: the server does not answer.
    """
    folder = settings.dagster_home
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(DAGSTER_HOME=str(folder), HABITUE_HOME=str(settings.home))
    storage = _IN_FILES.format(events=folder / "history" / "runs")
    if settings.target == "postgres":
        from orchestration.resources.postgres import PostgresWarehouse
        from orchestration.resources.run_storage import storage_url

        address = orchestrator_address(settings)
        with PostgresWarehouse(address).session():
            os.environ[STORAGE_ADDRESS] = storage_url(address)
        storage = _IN_POSTGRES
    write_whole(folder / "dagster.yaml", _COMMON + storage, "dagster_yaml")


def orchestrator_address(settings: Settings) -> "PostgresAddress":
    """The login of Dagster's own database, on the server of the warehouse."""
    from psycopg import conninfo

    from orchestration.resources.postgres import PostgresAddress
    from orchestration.resources.roles import ORCHESTRATOR_DATABASE

    service = postgres_address(settings).parts
    service.pop("password", None)
    secret = settings.password_orchestrator
    own: dict[str, str] = {"password": secret.get_secret_value()} if secret else {}
    parts = {**service, **own, "user": ORCHESTRATOR, "dbname": ORCHESTRATOR_DATABASE}
    return PostgresAddress(conninfo.make_conninfo("", **parts))


def close_dead_runs(
    instance: "dg.DagsterInstance", statuses: "Collection[dg.DagsterRunStatus]"
) -> list[str]:
    """Mark runs of these statuses whose process is gone as ended; gives their ids.

    A run that still works, on this machine or, with PostgreSQL, on another, is left alone.
    """
    import dagster as dg

    from orchestration.resources.launcher import is_alive

    found = instance.get_runs(dg.RunsFilter(statuses=list(statuses)))
    dead = [run for run in found if not is_alive(run)]
    for run in dead:
        if run.status == dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, message="its process is gone")
        else:
            instance.report_run_failed(run, message="its process ended without a word; run again")
    return [run.run_id for run in dead]
