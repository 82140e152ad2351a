"""dbt's results as Dagster events: the one place that uses a private part of dagster-dbt."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from orchestration.project import DbtEvent

DagsterEvent = (
    dg.Output[Any]
    | dg.AssetMaterialization
    | dg.AssetObservation
    | dg.AssetCheckResult
    | dg.AssetCheckEvaluation
)


def to_dagster_events(
    event: DbtEvent,
    manifest: Mapping[str, Any],
    translator: DagsterDbtTranslator,
    project: DbtProject,
    context: dg.AssetExecutionContext,
) -> Iterator[DagsterEvent]:
    """Materialisations for models and seeds, check results for tests."""
    message = DbtCoreCliEventMessage(raw_event=event.raw, event_history_metadata={})
    yield from message.to_default_asset_events(  # pyright: ignore[reportUnknownMemberType]
        manifest=manifest,
        dagster_dbt_translator=translator,
        project=project,
        context=context,
    )
