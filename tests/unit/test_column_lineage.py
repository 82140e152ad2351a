"""Which columns a column comes from, read out of either engine's SQL."""

import logging

import dagster as dg
import pytest

from orchestration.assets.column_lineage import column_lineage

ORDERS = {
    "resource_type": "model", "name": "enriched_orders", "alias": "enriched_orders",
    "config": {"schema": "enriched"}, "columns": {"net_amount": {}, "order_count": {}, "day": {}},
}  # fmt: skip
DUCKDB = """
select day, cast((net_amount * 100) // order_count as bigint) as average_cents
from "habitue_build"."enriched"."enriched_orders"
"""
POSTGRES = """
select day, cast(div(cast(net_amount * 100 as decimal(38, 0)), order_count) as bigint)
    as average_cents
from "habitue"."enriched_build"."enriched_orders"
"""


def lineage(sql: str, dialect: str, schema: str) -> dg.TableColumnLineage | None:
    orders = {**ORDERS, "schema": schema}
    node = {"name": "sales", "depends_on": {"nodes": ["model.habitue.enriched_orders"]}}
    manifest = {"nodes": {"model.habitue.enriched_orders": orders}, "sources": {}}
    return column_lineage(sql, node, manifest, dialect)


@pytest.mark.parametrize(
    ("sql", "dialect", "schema"),
    [(DUCKDB, "duckdb", "enriched"), (POSTGRES, "postgres", "enriched_build")],
    ids=["duckdb", "postgres"],
)
def test_a_column_names_its_parents_by_the_layer_they_belong_to(
    sql: str, dialect: str, schema: str
) -> None:
    found = lineage(sql, dialect, schema)
    assert found
    key = dg.AssetKey(["enriched", "enriched_orders"])
    assert found.deps_by_column == {
        "day": [dg.TableColumnDep(key, "day")],
        "average_cents": [
            dg.TableColumnDep(key, "net_amount"), dg.TableColumnDep(key, "order_count"),
        ],
    }  # fmt: skip


def test_sql_that_cannot_be_read_is_told_and_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        assert lineage("select from where", "duckdb", "enriched") is None
    assert "no column lineage for sales" in caplog.text
