"""The project's schedules over a job that does nothing, in the place of the real one."""

import dagster as dg

from orchestration.automation.schedules import schedules
from orchestration.settings import Settings


@dg.op
def nothing() -> None:
    """Do nothing."""


@dg.job
def everything() -> None:
    nothing()


defs = dg.Definitions(jobs=[everything], schedules=schedules(Settings(automation=True)))
