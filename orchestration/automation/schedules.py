"""When runs start by themselves."""

from collections.abc import Mapping

import dagster as dg

from orchestration.automation.jobs import EVERYTHING

CRONS: Mapping[str, str] = {"nightly": "0 2 * * *", "four_times_a_day": "0 0,6,12,18 * * *"}


def schedules(time_zone: str) -> list[dg.ScheduleDefinition]:
    """The schedules of the whole job, in the project's time zone.

    All are stopped until somebody starts one in the UI: a fresh installation, and the demo, must
    not begin to run by itself.
    """
    return [
        dg.ScheduleDefinition(
            name=name,
            job_name=EVERYTHING,
            cron_schedule=cron,
            execution_timezone=time_zone,
            default_status=dg.DefaultScheduleStatus.STOPPED,
            description=f"Runs everything at `{cron}`, {time_zone}.",
        )
        for name, cron in CRONS.items()
    ]
