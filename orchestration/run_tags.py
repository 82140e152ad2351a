"""What a run carries with it as tags, so that carrying it on elsewhere counts the same days."""

from collections.abc import Mapping
from datetime import date

import dagster as dg

from orchestration.settings import Settings

AS_OF = "habitue/as_of"
_STARTED_BY = ("dagster/schedule_name", "dagster/sensor_name")


def tags_of(settings: Settings) -> dict[str, str]:
    """The last day to count, when the run was given one."""
    return {AS_OF: settings.as_of.isoformat()} if settings.as_of else {}


def settings_of_run(
    settings: Settings, instance: dg.DagsterInstance, run: dg.DagsterRun
) -> Settings:
    """The settings as the run, or the first run that it carries on, was given them."""
    # Not every way to re-execute a run copies its tags.
    first = instance.get_run_by_id(run.root_run_id) if run.root_run_id else None
    given = run.tags.get(AS_OF) or (first.tags.get(AS_OF) if first else None)
    if given is None:
        return settings
    return settings.model_copy(update={"as_of": date.fromisoformat(given)})


def is_unattended(tags: Mapping[str, str]) -> bool:
    """Whether a schedule or a sensor started the run, so that no person waits for it."""
    return any(name in tags for name in _STARTED_BY)
