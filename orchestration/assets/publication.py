"""Publication: a closed copy of what readers may see, put in place by one rename."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.assets.names import (
    PUBLICATION,
    PUBLISHED_LAYERS,
    models_of,
    node_group,
    node_key,
)
from orchestration.data_warnings import published_warnings
from orchestration.mending import note_digest
from orchestration.migrations.upgrade import upgrade
from orchestration.resources.content_hash import content_hash_sql
from orchestration.resources.fault_points import fault_point
from orchestration.resources.owners import DEFAULT_OWNER
from orchestration.resources.publication import Publication, PublishedTable
from orchestration.resources.replacing import put_in_place
from orchestration.resources.target import build_warehouse, postgres_warehouse
from orchestration.resources.warehouse import literal
from orchestration.settings import Settings
from orchestration.stopwatch import measured

if TYPE_CHECKING:
    import duckdb

    from orchestration.resources.postgres_lease import PostgresLease
    from orchestration.resources.postgres_publication import PostgresPublication

GOLDEN_KEY_COLUMNS = (
    "customer_key varchar, anchor_source_customer_key varchar, event varchar, "
    "merged_into varchar, publication_number bigint"
)
STORAGE_VERSION = "v1.2.0"  # the newest that BI clients with DuckDB 1.x can read


def golden_keys_asset(manifest: Mapping[str, Any]) -> dg.AssetSpec:
    """The history of golden keys: written after a publication, read by the next run's models.

    It stands outside the graph of runs, which would otherwise run in a circle.
    """
    table = next(s for s in manifest["sources"].values() if s["identifier"] == "golden_keys")
    return dg.AssetSpec(
        node_key(table),
        group_name=node_group(table),
        description=table["description"],
        owners=[DEFAULT_OWNER],
        kinds={"duckdb"},
    )


def publication_assets(
    settings: Settings, manifest: Mapping[str, Any]
) -> list[dg.AssetsDefinition]:
    """The published file, downstream of every table it holds and so of their gates."""
    keys = [node_key(model) for layer in PUBLISHED_LAYERS for model in published(manifest, layer)]

    @dg.asset(
        key=PUBLICATION,
        group_name="published",
        deps=keys,
        description=_description(settings),
        owners=[DEFAULT_OWNER],
        kinds={settings.target},
        tags={"layer": "published"},
        required_resource_keys={"lease"},
    )
    def publish_file(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        place: dict[str, Any]
        with measured("publish"):
            if settings.target == "postgres":
                done = publish_on_postgres(settings, manifest, context.resources.lease)
                publication = done.publication
                place = {
                    "swap_seconds": round(done.swap_seconds, 3),
                    "kept_schemas": list(done.kept_schemas),
                }
            else:
                publication = publish(settings, manifest, context.run.run_id)
                place = {
                    "file": dg.MetadataValue.path(str(settings.published_file)),  # pyright: ignore[reportUnknownMemberType]
                    "bytes": settings.published_file.stat().st_size,
                }
            prepare_golden_keys(settings)
        rows = "\n".join(
            f"| {t.name} | {t.row_count} | `{t.content_hash}` |" for t in publication.tables
        )
        warnings = "\n".join(f"- {warning}" for warning in published_warnings(settings))
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(table.row_count for table in publication.tables),
                "as_of": publication.as_of,
                "published_at": publication.published_at,
                "tables": dg.MetadataValue.md(f"| table | rows | hash |\n|---|--:|---|\n{rows}"),
                "warnings": dg.MetadataValue.md(warnings),
                **place,
            }
        )

    return [publish_file]


def _description(settings: Settings) -> str:
    if settings.target == "postgres":
        return "The schemas that BI tools read, swapped in one transaction."
    return f"The file that BI tools open: {settings.published_file}. Replaced whole."


def publish_on_postgres(
    settings: Settings, manifest: Mapping[str, Any], lease: "PostgresLease"
) -> "PostgresPublication":
    """Publish every model of the published layers on PostgreSQL, as of the last day of data."""
    from orchestration.resources import postgres_publication

    warehouse = postgres_warehouse(settings, "publisher")
    with warehouse.session() as session:
        as_of = session.execute("select as_of_date from golden_customer_build.int_as_of")[0][0]
    nodes = [model for layer in PUBLISHED_LAYERS for model in published(manifest, layer)]
    return postgres_publication.publish(warehouse, nodes, str(as_of), lease)


def published(manifest: Mapping[str, Any], layer: str) -> list[Mapping[str, Any]]:
    """The models of a layer that readers see: all but the intermediate ones."""
    return [m for m in models_of(manifest, layer) if not m["name"].startswith("int_")]


def publish(settings: Settings, manifest: Mapping[str, Any], run_id: str) -> Publication:
    """Copy the published layers into a new file and rename it over the old one.

    A reader that has the old file open keeps it; the next one opens the new. A failure at any
    point before the rename leaves the old file as it was.
    """
    target = settings.published_file
    target.parent.mkdir(parents=True, exist_ok=True)
    shadow = target.with_name(f".{target.stem}.next.duckdb")
    for leftover in (shadow, shadow.with_name(shadow.name + ".wal")):
        leftover.unlink(missing_ok=True)
    publication = _write(settings, manifest, run_id, shadow)
    note_digest(settings, shadow)
    shadow.chmod(settings.published_bits)
    put_in_place(shadow, target, "publish")
    return publication


def _write(
    settings: Settings, manifest: Mapping[str, Any], run_id: str, shadow: Path
) -> Publication:
    import duckdb

    with measured("sql"), duckdb.connect(str(settings.build_file)) as connection:
        connection.execute(
            f"attach {literal(shadow)} as published (storage_version '{STORAGE_VERSION}')"
        )
        connection.begin()
        tables = [
            _copy_table(connection, model)
            for layer in PUBLISHED_LAYERS
            for model in published(manifest, layer)
        ]
        publication = Publication(
            run_id, _as_of(connection), f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}", tables
        )
        _write_publication(connection, publication)
        _write_golden_keys(connection)
        fault_point("publish.before_commit")
        connection.commit()
        fault_point("publish.after_commit")
        connection.execute("detach published")
    return publication


def _copy_table(
    connection: "duckdb.DuckDBPyConnection", model: Mapping[str, Any]
) -> PublishedTable:
    schema, name = model["schema"], model["name"]
    connection.execute(f"create schema if not exists published.{schema}")
    connection.execute(f"create table published.{schema}.{name} as select * from {schema}.{name}")
    for column, props in model["columns"].items():
        if props["description"]:
            text = props["description"].strip().replace("'", "''")
            connection.execute(f"comment on column published.{schema}.{name}.{column} is '{text}'")
    columns = [row[0] for row in connection.execute(f"describe {schema}.{name}").fetchall()]
    query = content_hash_sql("duckdb", f"{schema}.{name}", columns)
    row_count, content_hash = connection.execute(query).fetchall()[0]
    return PublishedTable(f"{schema}.{name}", int(row_count), str(content_hash))


def _as_of(connection: "duckdb.DuckDBPyConnection") -> str:
    rows = connection.execute("select as_of_date from golden_customer.int_as_of").fetchall()
    return str(rows[0][0])


def _write_publication(connection: "duckdb.DuckDBPyConnection", publication: Publication) -> None:
    connection.execute("create schema published.ops")
    connection.execute(
        "create table published.ops.publication (run_id varchar, as_of date, "
        "published_at timestamp, table_name varchar, row_count bigint, content_hash varchar)"
    )
    connection.executemany(
        "insert into published.ops.publication values (?, ?, ?, ?, ?, ?)",
        [
            [
                publication.run_id,
                publication.as_of,
                publication.published_at,
                table.name,
                table.row_count,
                table.content_hash,
            ]
            for table in publication.tables
        ],
    )


def prepare_golden_keys(settings: Settings) -> int:
    """Bring the history of golden keys in the build file up to what readers have seen.

    The published file carries the whole history with it, so a crash between its rename and the
    note in the build file, or the loss of the build file, costs no key. Gives how many were new.
    """
    import duckdb

    upgrade(build_warehouse(settings))
    if settings.target == "postgres":
        # The publisher notes new keys in the transaction that shows them to readers.
        return 0
    if not settings.published_file.exists():
        return 0
    with duckdb.connect(str(settings.build_file)) as connection:
        connection.execute(f"attach {literal(settings.published_file)} as published (read_only)")
        added = connection.execute(
            """
            insert into ops.golden_keys
            select seen.* from published.ops.golden_keys as seen
            anti join ops.golden_keys as known
                on known.customer_key = seen.customer_key and known.event = seen.event
                and known.anchor_source_customer_key = seen.anchor_source_customer_key
            returning customer_key
            """
        ).fetchall()
        connection.execute("detach published")
    return len(added)


def _write_golden_keys(connection: "duckdb.DuckDBPyConnection") -> None:
    """Put the history of golden keys into the publication, with the events it brings."""
    connection.execute(f"create table published.ops.golden_keys ({GOLDEN_KEY_COLUMNS})")
    connection.execute("insert into published.ops.golden_keys select * from ops.golden_keys")
    connection.execute(
        """
        insert into published.ops.golden_keys
        select
            customer_key,
            anchor_source_customer_key,
            event,
            merged_into,
            (select coalesce(max(publication_number), 0) + 1 from ops.golden_keys)
        from golden_customer.int_golden_key_events
        """
    )
