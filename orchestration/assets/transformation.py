"""The models as assets: one set per layer, staging one per source."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DbtProject, dbt_assets

from orchestration.assets.column_lineage import column_lineage
from orchestration.assets.dbt_events import DagsterEvent, to_dagster_events
from orchestration.assets.names import groups, models_of, node_key
from orchestration.assets.translator import LayerTranslator
from orchestration.project import PROFILES_FOLDER, DbtEvent, DbtProcess
from orchestration.run_tags import settings_of_run
from orchestration.settings import PROJECT_ROOT, Settings


def transformation_assets(
    settings: Settings, manifest: Mapping[str, Any]
) -> list[dg.AssetsDefinition]:
    """One asset set per group of models, from left to right, seeds first."""
    project = DbtProject(
        project_dir=PROJECT_ROOT,
        target_path=settings.dbt_target,
        profiles_dir=PROFILES_FOLDER,
        target=settings.target,
    )
    translator = LayerTranslator()
    return [_layer(settings, manifest, project, translator, group) for group in groups(manifest)]


def _layer(
    settings: Settings,
    manifest: Mapping[str, Any],
    project: DbtProject,
    translator: LayerTranslator,
    group: str,
) -> dg.AssetsDefinition:
    names = [node["name"] for node in models_of(manifest, group)]

    @dbt_assets(
        manifest=manifest,
        select=" ".join(names),
        name=group,
        project=project,
        dagster_dbt_translator=translator,
        required_resource_keys={"lease"},
    )
    def build(context: dg.AssetExecutionContext) -> Iterator[DagsterEvent]:
        selected = _selected_names(context, manifest, group)
        as_started = settings_of_run(settings, context.instance, context.run)
        for event in DbtProcess(as_started).build(selected):
            for result in to_dagster_events(event, manifest, translator, project, context):
                yield _with_facts(settings, manifest, event, result)

    return build


def _selected_names(
    context: dg.AssetExecutionContext, manifest: Mapping[str, Any], group: str
) -> list[str]:
    keys = context.selected_asset_keys
    return [node["name"] for node in models_of(manifest, group) if node_key(node) in keys]


def _with_facts(
    settings: Settings, manifest: Mapping[str, Any], event: DbtEvent, result: DagsterEvent
) -> DagsterEvent:
    """Add rows, column types and lineage to a materialisation, broken rules to a check."""
    if isinstance(result, dg.AssetCheckResult) and event.broken:
        return result._replace(description="; ".join(map(str, event.broken)))
    if isinstance(result, dg.AssetCheckResult) and not (result.passed or result.description):
        return result._replace(description=_what_a_test_holds(manifest, event))
    if not isinstance(result, dg.Output) or event.facts is None:
        return result
    node = manifest["nodes"][event.unique_id]
    metadata: dict[str, Any] = {
        **result.metadata,
        "dagster/row_count": event.facts.row_count,
        "dagster/column_schema": _column_schema(node, event.facts.columns),
    }
    if lineage := _lineage(settings, manifest, node):
        metadata["dagster/column_lineage"] = lineage
    return dg.Output(value=None, output_name=result.output_name, metadata=metadata)


def _what_a_test_holds(manifest: Mapping[str, Any], event: DbtEvent) -> str | None:
    """The description of a dbt test that failed, and on how many rows."""
    described = str(manifest["nodes"][event.unique_id].get("description") or "").strip()
    count = event.raw["data"].get("num_failures")
    return f"not so on {count} rows: {described}" if described and count else described or None


def _lineage(
    settings: Settings, manifest: Mapping[str, Any], node: Mapping[str, Any]
) -> dg.TableColumnLineage | None:
    compiled = settings.dbt_target / "compiled" / "habitue" / node["original_file_path"]
    if node["resource_type"] != "model" or not compiled.exists():
        return None
    return column_lineage(compiled.read_text(), node, manifest, settings.target)


def _column_schema(node: Mapping[str, Any], columns: Mapping[str, str]) -> dg.TableSchema:
    described = node["columns"]
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name, type_name, description=described.get(name, {}).get("description") or None
            )
            for name, type_name in columns.items()
        ]
    )
