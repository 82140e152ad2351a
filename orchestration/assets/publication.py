"""Publication: a closed copy of what readers may see, put in place by one rename."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.assets.names import (
    DEFAULT_OWNER,
    PUBLICATION,
    PUBLISHED_LAYERS,
    models_of,
    node_group,
    node_key,
)
from orchestration.settings import Settings
from orchestration.stopwatch import measured

if TYPE_CHECKING:
    import duckdb

GOLDEN_KEY_COLUMNS = (
    "customer_key varchar, anchor_source_customer_key varchar, event varchar, "
    "merged_into varchar, publication_number bigint"
)
STORAGE_VERSION = "v1.2.0"  # the newest that BI clients with DuckDB 1.x can read


@dataclass(frozen=True)
class PublishedTable:
    """A published table: its rows, and a hash of them that does not depend on their order."""

    name: str
    row_count: int
    content_hash: str


@dataclass(frozen=True)
class Publication:
    """What a run published, and for which last day of data."""

    run_id: str
    as_of: str
    published_at: str
    tables: Sequence[PublishedTable]


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
        description=f"The file that BI tools open: {settings.published_file}. Replaced whole.",
        owners=[DEFAULT_OWNER],
        kinds={"duckdb"},
        tags={"layer": "published"},
        required_resource_keys={"lease"},
    )
    def publish_file(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        with measured("publish"):
            publication = publish(settings, manifest, context.run.run_id)
            prepare_golden_keys(settings)
        rows = "\n".join(
            f"| {t.name} | {t.row_count} | `{t.content_hash}` |" for t in publication.tables
        )
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(table.row_count for table in publication.tables),
                "as_of": publication.as_of,
                "published_at": publication.published_at,
                "file": dg.MetadataValue.path(str(settings.published_file)),  # pyright: ignore[reportUnknownMemberType]
                "bytes": settings.published_file.stat().st_size,
                "tables": dg.MetadataValue.md(f"| table | rows | hash |\n|---|--:|---|\n{rows}"),
            }
        )

    return [publish_file]


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
    _sync(shadow)
    shadow.replace(target)
    _sync(target.parent)
    return publication


def _write(
    settings: Settings, manifest: Mapping[str, Any], run_id: str, shadow: Path
) -> Publication:
    import duckdb

    with duckdb.connect(str(settings.build_file)) as connection:
        connection.execute(f"attach '{shadow}' as published (storage_version '{STORAGE_VERSION}')")
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
        connection.commit()
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
    query = content_hash_sql(connection, schema, name)
    row_count, content_hash = connection.execute(query).fetchall()[0]
    return PublishedTable(f"{schema}.{name}", int(row_count), str(content_hash))


def content_hash_sql(connection: "duckdb.DuckDBPyConnection", schema: str, name: str) -> str:
    r"""A query for a table's row count and content hash.

    The hash is the sum over all rows of the first 60 bits of the md5 of the row's text: columns
    in order of name, as text, null as \N, joined by 0x1f. Another engine can compute the same.
    """
    columns = connection.execute(
        "select column_name from information_schema.columns where table_catalog = "
        "current_database() and table_schema = ? and table_name = ? order by column_name",
        [schema, name],
    ).fetchall()
    parts = ", ".join(f"coalesce(cast({column} as varchar), '\\N')" for (column,) in columns)
    text = f"md5(concat_ws(chr(31), {parts}))"
    return (
        f"select count(*), cast(coalesce(sum(cast(cast('0x' || substr({text}, 1, 15) as bigint) "
        f"as hugeint)), 0) as varchar) from {schema}.{name}"
    )


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


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def prepare_golden_keys(settings: Settings) -> int:
    """Bring the history of golden keys in the build file up to what readers have seen.

    The published file carries the whole history with it, so a crash between its rename and the
    note in the build file, or the loss of the build file, costs no key. Gives how many were new.
    """
    import duckdb

    settings.build_file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.build_file)) as connection:
        connection.execute("create schema if not exists ops")
        connection.execute(f"create table if not exists ops.golden_keys ({GOLDEN_KEY_COLUMNS})")
        if not settings.published_file.exists():
            return 0
        connection.execute(f"attach '{settings.published_file}' as published (read_only)")
        added = connection.execute(
            """
            insert into ops.golden_keys
            select seen.* from published.ops.golden_keys as seen
            anti join ops.golden_keys as known
                on known.customer_key = seen.customer_key and known.event = seen.event
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
