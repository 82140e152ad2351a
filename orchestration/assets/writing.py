"""The resource that every step needs: the right to write, with the warehouse made ready."""

from collections.abc import Generator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import dagster as dg

from orchestration.assets.publication import prepare_golden_keys
from orchestration.passing_faults import may_pass
from orchestration.preflight import require_ready
from orchestration.resources.lease import Lease
from orchestration.resources.target import hold_write
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.resources.postgres_lease import PostgresLease


# Whoever writes now comes to an end; a run that is started by itself waits for that.
PATIENCE_SECONDS = 1800
NO_RETRY = {"dagster/max_retries": "0"}


def run_lease(settings: Settings) -> dg.ResourceDefinition:
    """A resource that holds the lease for the length of a run.

    A run started anywhere (command line, UI, schedule, sensor) meets the same lock.
    """

    @dg.resource(description="The right to write, held by one run at a time.")
    def lease(context: dg.InitResourceContext) -> "Generator[Lease | PostgresLease]":
        from orchestration.ingest.load import prepare_warehouse

        run_id = context.run.run_id if context.run else "unknown"
        with ExitStack() as stack:
            try:
                held = stack.enter_context(hold_write(settings, run_id, PATIENCE_SECONDS))
                require_ready(settings)
                prepare_warehouse(settings)
                prepare_golden_keys(settings)
            except Exception as error:
                # Outside steps Dagster would retry whatever failed, a wrong password included.
                if context.instance and not may_pass(error):
                    context.instance.add_run_tags(run_id, NO_RETRY)
                raise
            yield held

    return lease
