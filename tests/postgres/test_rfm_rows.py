"""RFM by every method gives the same rows on both engines: the same SQL on the same random base."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from rfm_sql import TABLES, compile_rfm, reference

from orchestration.resources.embedded_postgres import EmbeddedPostgres

pytestmark = pytest.mark.postgres

VARIANTS: dict[str, dict[str, object]] = {
    "percent_rank": {"rfm_method": "percent_rank"},
    "quantile": {"rfm_method": "quantile", "rfm_segment_rule": "ranges"},
    "fixed": {"rfm_method": "fixed"},
    "no_anchor": {"rfm_anchor_least_customers": 1000},
}
MODELS = (
    "int_rfm_segments", "rfm_thresholds", "int_rfm_anchor", "rfm_scores",
    "int_customer_snapshots_on_day", "rfm_thresholds_on_day", "rfm_scores_on_day",
)  # fmt: skip
MONTHS = (date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1))
# Beside the as-of day; the last is not over yet.
AS_OF, DAYS = date(2026, 2, 20), ("2025-12-31", "2026-01-17", "2026-09-01")
SALES = """
create table main.customer_identities (source_customer_key varchar, customer_key varchar);
create table main.unified_orders (
    source_customer_key varchar, order_date date, is_valid_sale boolean
);
create table main.unified_order_lines (
    source_customer_key varchar, order_date date, is_valid boolean, line_type varchar,
    net_amount decimal(18, 2)
);
"""
Row = Sequence[Any]


def snapshots() -> list[Row]:
    """Three months of 137 customers with many ties and some negative money."""
    draw = random.Random(20260131)
    return [
        (
            f"g{customer:03}", month, month,
            draw.choice((draw.randint(0, 9), draw.randint(0, 365))),
            draw.choice((1, 1, 2, draw.randint(1, 40))), money, money, month,
        )
        for month in MONTHS
        for customer in range(137)
        for money in (draw.choice((-50, 5000, 5000, draw.randint(-999, 99999))) / 100,)
    ]  # fmt: skip


def sales() -> dict[str, list[Row]]:
    """Orders of two years, each with a sale and sometimes a return; two cards make a customer."""
    draw = random.Random(20260220)
    cards = [f"c{number:03}" for number in range(220)]
    orders: list[Row] = []
    lines: list[Row] = []
    for _ in range(1500):
        card, day = draw.choice(cards), date(2024, 6, 1) + timedelta(draw.randint(0, 640))
        is_valid = draw.random() < 0.9
        orders.append((card, day, is_valid))
        lines.append(
            (card, day, is_valid, "sale", draw.choice((1000, 5000, draw.randint(0, 9999))) / 100)
        )
        if draw.random() < 0.2:
            back = day + timedelta(draw.randint(0, 60))
            lines.append((card, back, is_valid, "return", -draw.randint(1, 9999) / 100))
    return {
        "customer_identities": [(card, f"g{int(card[1:]) // 2:03}") for card in cards],
        "unified_orders": orders,
        "unified_order_lines": lines,
    }


def fill(connection: Any, mark: str) -> None:  # noqa: ANN401  DuckDB's or psycopg's
    """The tables that the models read, in a schema main."""
    for statement in filter(str.strip, (TABLES + SALES).split(";")):
        connection.execute(statement)
    tables: dict[str, Sequence[Row]] = {
        "int_customer_snapshots": snapshots(),
        "int_as_of": [(date(2025, 1, 1), AS_OF)],
        **sales(),
        **{
            name: reference(name)
            for name in ("rfm_fixed_cut_points", "rfm_segment_map", "rfm_segment_ranges")
        },
    }
    for table, rows in tables.items():
        marks = ", ".join([mark] * len(rows[0]))
        for row in rows:
            connection.execute(f"insert into main.{table} values ({marks})", row)


def test_every_method_gives_the_same_rows_on_both_engines(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    variants = {name: {**own, "rfm_days": DAYS} for name, own in VARIANTS.items()}
    on_duckdb = compile_rfm(tmp_path / "duckdb", variants)
    on_postgres = compile_rfm(
        tmp_path / "postgres", variants, HABITUE_TARGET="postgres", HABITUE_PG_DATABASE="rfm"
    )
    with psycopg.connect(server.address(), autocommit=True) as administrator:
        administrator.execute("create database rfm")
    with (
        duckdb.connect() as duck,
        psycopg.connect(server.address(database="rfm"), autocommit=True) as postgres,
    ):
        duck.execute("attach ':memory:' as rfm; use rfm")
        postgres.execute("create schema main")
        fill(duck, "?")
        fill(postgres, "%s")
        for name in VARIANTS:
            on_duckdb[name].build(duck, *MODELS)
            on_postgres[name].build(postgres, *MODELS)
            for table in MODELS:
                question = f"select * from main.{table}"
                expected = sorted(duck.execute(question).fetchall(), key=repr)
                assert sorted(postgres.execute(question).fetchall(), key=repr) == expected, name
                assert expected
        for table in ("rfm_scores", "rfm_scores_on_day"):
            question = f"select count(anchored_r_score) from main.{table}"
            assert duck.execute(question).fetchall() == [(0,)]
        days = duck.execute("select distinct snapshot_date from main.rfm_scores_on_day order by 1")
        assert [day for (day,) in days.fetchall()] == [
            date(2025, 12, 31), date(2026, 1, 17), AS_OF,
        ]  # fmt: skip
