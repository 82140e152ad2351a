"""How long the history of runs is kept."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration.settings import Settings

LOOK_EVERY_SECONDS = 6 * 3600
RUNS_PER_LOOK = 50
# Whatever their age: the assets' last materialisations are part of these runs.
NEWEST_RUNS_KEPT = 30
FINISHED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]


def retention_sensor(settings: Settings) -> dg.SensorDefinition:
    """A sensor that deletes old runs with their events; it starts nothing."""

    @dg.sensor(  # pyright: ignore[reportUnknownMemberType]
        name="retention",
        minimum_interval_seconds=LOOK_EVERY_SECONDS,
        default_status=(
            dg.DefaultSensorStatus.RUNNING
            if settings.automation
            else dg.DefaultSensorStatus.STOPPED
        ),
        description=f"Deletes runs and their events after {settings.kept_days} days.",
    )
    def retention(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        count = forget_old_runs(context.instance, settings.kept_days)
        return dg.SkipReason(f"{count} runs older than {settings.kept_days} days deleted")

    return retention


def forget_old_runs(
    instance: dg.DagsterInstance, kept_days: int, limit: int | None = RUNS_PER_LOOK
) -> int:
    """Delete finished runs that ended more than `kept_days` ago, with their events, oldest first.

    Returns:
        How many were deleted, at most `limit`. The newest runs stay whatever their age.
    """
    newest = instance.get_run_records(limit=NEWEST_RUNS_KEPT)
    kept = {record.dagster_run.run_id for record in newest}
    before = datetime.now(UTC) - timedelta(days=kept_days)
    old = instance.get_run_records(
        dg.RunsFilter(statuses=FINISHED, updated_before=before), ascending=True, limit=limit
    )
    gone = [record.dagster_run.run_id for record in old if record.dagster_run.run_id not in kept]
    for run_id in gone:
        instance.delete_run(run_id)
    return len(gone)
