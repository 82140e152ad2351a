"""The resource that every step needs: the right to write, with the warehouse made ready."""

from collections.abc import Generator

import dagster as dg

from orchestration.assets.publication import prepare_golden_keys
from orchestration.resources.lease import Lease, hold_lease
from orchestration.settings import Settings


def run_lease(settings: Settings) -> dg.ResourceDefinition:
    """A resource that holds the lease for the length of a run.

    A run started anywhere (command line, UI, schedule, sensor) meets the same lock.
    """

    @dg.resource(description="The right to write, held by one run at a time.")
    def lease(context: dg.InitResourceContext) -> Generator[Lease]:
        from orchestration.ingest.load import prepare_warehouse

        run_id = context.run.run_id if context.run else "unknown"
        with hold_lease(settings.home, run_id) as held:
            prepare_warehouse(settings)
            prepare_golden_keys(settings)
            yield held

    return lease
