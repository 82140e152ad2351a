"""When runs start by themselves."""

from collections.abc import Mapping

import dagster as dg

from orchestration.automation.jobs import EVERYTHING
from orchestration.settings import Settings

NIGHTLY = "nightly"
CRONS: Mapping[str, str] = {NIGHTLY: "0 2 * * *", "four_times_a_day": "0 0,6,12,18 * * *"}
WORDS: Mapping[str, str] = {NIGHTLY: "every night", "four_times_a_day": "every six hours"}


def schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """The schedules of the whole job, in the project's time zone.

    The nightly one runs unasked where the services run; otherwise all are stopped until somebody
    starts one in the UI: the demo, and a look at the UI, must not begin to run by themselves. What
    was started or stopped in the UI stays so.
    """
    unasked = {NIGHTLY} if settings.automation else set[str]()
    return [
        dg.ScheduleDefinition(
            name=name,
            job_name=EVERYTHING,
            cron_schedule=cron,
            execution_timezone=settings.time_zone,
            default_status=(
                dg.DefaultScheduleStatus.RUNNING
                if name in unasked
                else dg.DefaultScheduleStatus.STOPPED
            ),
            description=f"Runs everything {WORDS[name]}, in the project's time zone.",
        )
        for name, cron in CRONS.items()
    ]
