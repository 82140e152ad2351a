"""Which column of which table a column comes from, read out of the compiled SQL."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.assets.names import node_key

if TYPE_CHECKING:
    from sqlglot import Expr
    from sqlglot.lineage import Node

log = logging.getLogger(__name__)

Place = tuple[str, str]


def column_lineage(
    sql: str, node: Mapping[str, Any], manifest: Mapping[str, Any], dialect: str
) -> dg.TableColumnLineage | None:
    """The parents of every column of a model, from its compiled SQL.

    Args:
        sql: The compiled SQL.
        node: The model in dbt's manifest.
        manifest: dbt's manifest, parsed for the same engine.
        dialect: The engine's SQL, as sqlglot and the settings call it: duckdb, postgres.

    Returns:
        None when the SQL cannot be read: lineage is an aid and never stops a build.
    """
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage  # pyright: ignore[reportUnknownVariableType]

    nodes = {**manifest["nodes"], **manifest["sources"]}
    parents = {
        _place(nodes[unique_id]): nodes[unique_id] for unique_id in node["depends_on"]["nodes"]
    }
    try:
        roots = lineage(
            None,
            _without_catalog(sql, dialect),
            _schema(parents),
            dialect=dialect,
            trim_selects=False,
            copy=False,
        )
    except (SqlglotError, KeyError, ValueError) as error:
        log.warning("no column lineage for %s: %s", node["name"], error)
        return None
    keys = {place: node_key(parent) for place, parent in parents.items()}
    deps = {name: _column_deps(root, keys) for name, root in roots.items()}
    return dg.TableColumnLineage(deps_by_column=deps)


def _place(node: Mapping[str, Any]) -> Place:
    """The schema, which is private to the build on PostgreSQL, and the table."""
    table = node["identifier"] if node["resource_type"] == "source" else node["alias"]
    return str(node["schema"]), str(table)


def _schema(parents: Mapping[Place, Mapping[str, Any]]) -> dict[str, dict[str, dict[str, str]]]:
    """The parents' columns as the project describes them; only their names matter here."""
    nested: dict[str, dict[str, dict[str, str]]] = {}
    for (schema, table), parent in parents.items():
        nested.setdefault(schema, {})[table] = dict.fromkeys(parent["columns"], "unknown")
    return nested


def _without_catalog(sql: str, dialect: str) -> "Expr":
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(sql, dialect=dialect)
    for table in tree.find_all(exp.Table):
        table.set("catalog", None)
    return tree


def _column_deps(root: "Node", keys: Mapping[Place, dg.AssetKey]) -> list[dg.TableColumnDep]:
    from sqlglot import exp

    deps: set[tuple[Place, str]] = set()
    for leaf in root.walk():
        if leaf.downstream or not isinstance(leaf.source, exp.Table):
            continue
        place = (leaf.source.db, leaf.source.name)
        if place in keys:
            deps.add((place, exp.to_column(leaf.name).name.lower()))
    return [dg.TableColumnDep(keys[place], column) for place, column in sorted(deps)]
