"""Raw tables as assets: one per entity of a source, fed from the source's landing folder."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.assets.names import LEDGER, landing_key, raw_key, raw_sources
from orchestration.data_warnings import warned
from orchestration.resources.owners import DEFAULT_OWNER
from orchestration.run_tags import is_unattended
from orchestration.settings import Settings
from orchestration.stopwatch import measured

if TYPE_CHECKING:
    from orchestration.ingest.load import EntityReport

QUARANTINED = "rows_quarantined"


def landing_assets(settings: Settings, manifest: Mapping[str, Any]) -> list[dg.AssetSpec]:
    """The landing folder of each source: filled from outside, watched by the sensor."""
    return [
        dg.AssetSpec(
            landing_key(source),
            group_name="landing",
            description=f"Exports of {source} as they land in {settings.landing_folder / source}.",
            owners=[DEFAULT_OWNER],
            kinds={"csv"},
        )
        for source in raw_sources(manifest)
    ]


def ingestion_assets(settings: Settings, manifest: Mapping[str, Any]) -> list[dg.AssetsDefinition]:
    """One asset per raw table, and the ledger of files that all of them write."""
    tables = [table for tables in raw_sources(manifest).values() for table in tables]
    return [*(_raw_asset(settings, table) for table in tables), _ledger_asset(settings, tables)]


def _raw_asset(settings: Settings, table: Mapping[str, Any]) -> dg.AssetsDefinition:
    source, entity = table["source_name"], table["name"]
    columns = [
        dg.TableColumn(name, "varchar", description=column["description"])
        for name, column in table["columns"].items()
    ]

    @dg.asset(
        key=raw_key(source, entity),
        group_name=f"raw_{source}",
        deps=[landing_key(source)],
        description=table["description"],
        owners=[DEFAULT_OWNER],
        kinds={"python", "csv", "duckdb"},
        tags={"layer": "raw", "source": source},
        metadata={
            "dagster/column_schema": dg.TableSchema(columns),
            "dagster/table_name": f"raw.{table['identifier']}",
        },
        required_resource_keys={"lease"},
    )
    def load(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        from orchestration.ingest.load import ingest_entity

        with measured("load"):
            report = ingest_entity(
                settings,
                source,
                entity,
                run_id=context.run.run_id,
                unattended=is_unattended(context.run.tags),
            )
        row_count = _row_count(settings, f"raw.{table['identifier']}")
        return dg.MaterializeResult(
            metadata={"dagster/row_count": row_count, **report_metadata(report)}
        )

    return load


def report_metadata(report: "EntityReport") -> dict[str, Any]:
    """What an ingest report says, as metadata: counts, and each refused file with its reason."""
    metadata: dict[str, Any] = {
        "files_loaded": report.files_taken,
        "files_sent_again": report.files_duplicate,
        "rows_seen": report.rows_seen,
        "rows_loaded": report.rows_loaded,
        QUARANTINED: report.rows_quarantined,
        "rows_exact_duplicate": report.rows_exact_duplicate,
        "quarantined_rows_corrected": report.quarantined_corrected,
    }
    if report.refused:
        metadata["refused_files"] = _list(file.message for file in report.refused)
    if report.still_arriving:
        metadata["files_still_arriving"] = _list(report.still_arriving)
    if report.warnings:
        found = warned(report.source, report.entity, report.warnings)
        metadata["warnings"] = _list(map(str, found))
    if report.drift_columns:
        metadata["columns_outside_the_contract"] = _list(report.drift_columns)
    return metadata


def _list(items: Iterable[str]) -> dg.JsonMetadataValue:
    """A list as data: Dagster would read a Markdown text's links and images out of a file name."""
    return dg.MetadataValue.json(list(items))


def _row_count(settings: Settings, table: str) -> int:
    from orchestration.resources.target import build_warehouse

    with measured("sql"), build_warehouse(settings).session() as session:
        return int(session.execute(f"select count(*) from {table}")[0][0])


def _ledger_asset(settings: Settings, tables: list[Mapping[str, Any]]) -> dg.AssetsDefinition:
    @dg.asset(
        key=LEDGER,
        group_name="ops",
        deps=[raw_key(table["source_name"], table["name"]) for table in tables],
        description="Every file ever taken, by content, with what became of each of its rows.",
        owners=[DEFAULT_OWNER],
        kinds={"python", "duckdb"},
        tags={"layer": "ops"},
        required_resource_keys={"lease"},
    )
    def ledger() -> dg.MaterializeResult[Any]:
        from orchestration.resources.target import build_warehouse

        with build_warehouse(settings).session() as session:
            states = session.execute("select state, count(*) from ops.files group by state")
        counts = {str(state): int(count) for state, count in states}
        return dg.MaterializeResult(metadata={"dagster/row_count": sum(counts.values()), **counts})

    return ledger
