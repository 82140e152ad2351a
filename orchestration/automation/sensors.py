"""What starts when files have landed."""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

import dagster as dg

from orchestration.automation.jobs import EVERYTHING
from orchestration.resources.lease import read_lease
from orchestration.settings import Settings

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

    from orchestration.resources.landing import LandedFile

LOOK_EVERY_SECONDS = 60


def landing_sensor(
    settings: Settings, jobs: "Sequence[UnresolvedAssetJobDefinition]"
) -> dg.SensorDefinition:
    """A sensor that starts a source's job when its files have arrived.

    When files of several sources wait, one run of everything takes them all. The run's key names
    the waiting files, so the same files start one run only; while a run is active it waits.
    """

    @dg.sensor(  # pyright: ignore[reportUnknownMemberType]
        name="landing",
        jobs=jobs,
        minimum_interval_seconds=LOOK_EVERY_SECONDS,
        default_status=(
            dg.DefaultSensorStatus.RUNNING
            if settings.automation
            else dg.DefaultSensorStatus.STOPPED
        ),
        description="Starts a source's job when its exports have arrived.",
    )
    def landing(_context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        from orchestration.ingest.load import pending_files

        if (lease := read_lease(settings.home)) is not None:
            yield dg.SkipReason(f"run {lease.run_id} is active since {lease.since}")
            return
        waiting = pending_files(settings, unattended=True)
        found = sorted({file.source for file in waiting})
        if not found:
            yield dg.SkipReason(f"nothing new in {settings.landing_folder}")
            return
        job = found[0] if len(found) == 1 else EVERYTHING
        yield dg.RunRequest(run_key=_run_key(waiting), job_name=job)

    return landing


def _run_key(files: "Sequence[LandedFile]") -> str:
    """A key that stands for these files in this state."""
    digest = blake2b(digest_size=12)
    for file in sorted(files, key=lambda item: (item.source, item.name)):
        digest.update(f"{file.source}/{file.name}/{file.size}/{file.changed_ns}\n".encode())
    return digest.hexdigest()
