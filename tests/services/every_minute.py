"""A schedule that is due every minute, over a job that does nothing."""

import dagster as dg
from small import everything

defs = dg.Definitions(
    jobs=[everything],
    schedules=[
        dg.ScheduleDefinition(
            name="every_minute",
            job=everything,
            cron_schedule="* * * * *",
            default_status=dg.DefaultScheduleStatus.RUNNING,
        )
    ],
)
