"""Which column of which table a column comes from, read out of the compiled SQL."""

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.assets.names import node_key

if TYPE_CHECKING:
    from sqlglot import Expr
    from sqlglot.lineage import Node

log = logging.getLogger(__name__)


def column_lineage(
    sql: str, node: Mapping[str, Any], manifest: Mapping[str, Any]
) -> dg.TableColumnLineage | None:
    """The parents of every column of a model, from its compiled SQL.

    Returns:
        None when the SQL cannot be read: lineage is an aid and never stops a build.
    """
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage  # pyright: ignore[reportUnknownVariableType]

    nodes = {**manifest["nodes"], **manifest["sources"]}
    parents = [nodes[unique_id] for unique_id in node["depends_on"]["nodes"]]
    keys = {".".join(node_key(parent).path): node_key(parent) for parent in parents}
    try:
        roots = lineage(
            None,
            _without_catalog(sql),
            _schema(parents),
            dialect="duckdb",
            trim_selects=False,
            copy=False,
        )
    except (SqlglotError, KeyError, ValueError) as error:
        log.warning("no column lineage for %s: %s", node["name"], error)
        return None
    deps = {name: _column_deps(root, keys) for name, root in roots.items()}
    return dg.TableColumnLineage(deps_by_column=deps)


def _schema(parents: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, dict[str, str]]]:
    """The parents' columns as the project describes them; only their names matter here."""
    nested: dict[str, dict[str, dict[str, str]]] = {}
    for parent in parents:
        schema, table = node_key(parent).path
        nested.setdefault(schema, {})[table] = dict.fromkeys(parent["columns"], "unknown")
    return nested


def _without_catalog(sql: str) -> "Expr":
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for table in tree.find_all(exp.Table):
        table.set("catalog", None)
    return tree


def _column_deps(root: "Node", keys: Mapping[str, dg.AssetKey]) -> list[dg.TableColumnDep]:
    from sqlglot import exp

    deps: set[tuple[str, str]] = set()
    for leaf in root.walk():
        if leaf.downstream or not isinstance(leaf.source, exp.Table):
            continue
        relation = f"{leaf.source.db}.{leaf.source.name}"
        if relation in keys:
            deps.add((relation, exp.to_column(leaf.name).name.lower()))
    return [dg.TableColumnDep(keys[relation], column) for relation, column in sorted(deps)]
