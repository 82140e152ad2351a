"""RFM against pandas: every method, rolling and anchored, on random bases and on a whole run."""

import csv
import os
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import rfm_oracle as oracle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pipeline.home import Home
from rfm_sql import TABLES, CompiledRfm, compile_rfm, reference

DECEMBER, JANUARY = date(2025, 12, 1), date(2026, 1, 1)
METHODS = tuple(oracle.METHODS)
# Month ends, one of them of a leap year's window, days between them, and one that is not over yet.
DAYS = (
    date(2025, 2, 28),
    date(2025, 12, 31),
    date(2026, 2, 28),
    date(2026, 3, 17),
    date(2027, 1, 1),
)
# The segments of R's own test of rfm_segment, in its order: recency, frequency, monetary.
R_SEGMENTS: tuple[oracle.Range, ...] = (
    ("champions", (4, 5), (4, 5), (4, 5)),
    ("loyal customers", (2, 5), (3, 5), (3, 5)),
    ("potential loyalist", (3, 5), (1, 3), (1, 3)),
    ("new customers", (4, 5), (1, 1), (1, 1)),
    ("promising", (3, 4), (1, 1), (1, 1)),
    ("need attention", (2, 3), (2, 3), (2, 3)),
    ("about to sleep", (2, 3), (1, 2), (1, 2)),
    ("at risk", (1, 2), (2, 5), (2, 5)),
    ("can't lose them", (1, 1), (4, 5), (4, 5)),
    ("lost", (1, 2), (1, 2), (1, 2)),
)
# What it and its documentation publish: customers, orders, revenue.
R_PUBLISHED = {
    "champions": (158, 1234, 120_178),
    "loyal customers": (278,),
    "potential loyalist": (229,),
    "lost": (111,),
    "at risk": (86,),
    "about to sleep": (50,),
    "others": (48,),
    "need attention": (35,),
}
ORDERS_OF_R = "HABITUE_TEST_R_RFM_ORDERS"

# Few values, so that ties are the rule and not the exception.
customers = st.tuples(
    st.one_of(st.integers(0, 9), st.integers(0, 400)),
    st.one_of(st.integers(1, 3), st.integers(1, 60)),
    st.one_of(st.sampled_from([-500, 0, 4999, 5000, 5001, 30000]), st.integers(-9999, 99999)),
)
bases = st.one_of(
    st.lists(customers, min_size=1, max_size=40),
    st.tuples(customers, st.integers(2, 12)).map(lambda drawn: [drawn[0]] * drawn[1]),
)


def frame(rows: list[tuple[int, int, int]]) -> oracle.Base:
    """A base from days, orders and cents."""
    base = pd.DataFrame(rows, columns=["recency", "frequency", "monetary"])
    base["monetary"] = base["monetary"] / 100
    return base


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, CompiledRfm]:
    variants: dict[str, dict[str, object]] = {
        method: {"rfm_method": method, "rfm_anchor_least_customers": 1} for method in METHODS
    }
    variants["ranges"] = {
        "rfm_method": "quantile",
        "rfm_segment_rule": "ranges",
        "rfm_segment_default": "others",
        "rfm_anchor_least_customers": 1,
    }
    variants["days"] = {"rfm_days": [day.isoformat() for day in DAYS]}
    return compile_rfm(tmp_path_factory.mktemp("rfm") / "project", variants)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database under the name that the compiled SQL uses, with the tables it reads."""
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as rfm; use rfm")
        connection.execute(TABLES)
        connection.execute("insert into int_as_of values (?, null)", [date(2025, 1, 1)])
        for table in ("rfm_fixed_cut_points", "rfm_segment_map"):
            rows = reference(table)
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"insert into {table} values ({marks})", rows)
        for priority, (name, *bounds) in enumerate(R_SEGMENTS, 1):
            connection.execute(
                "insert into rfm_segment_ranges values (?, ?, ?, ?, ?, ?, ?, ?)",
                [priority, name, *(bound for pair in bounds for bound in pair)],
            )
        yield connection


def scored_by_sql(
    database: duckdb.DuckDBPyConnection, models: CompiledRfm, months: Mapping[date, oracle.Base]
) -> pd.DataFrame:
    """marts.rfm_scores of the months' bases, in their order."""
    database.execute("delete from int_customer_snapshots")
    for month, base in months.items():
        snapshots = pd.DataFrame(  # noqa: F841  DuckDB reads it by its name
            {
                "key": np.arange(len(base)),
                "days": base["recency"],
                "orders": base["frequency"],
                "cents": np.round(base["monetary"] * 100).astype(int),
            }
        )
        database.execute(
            f"""
            insert into int_customer_snapshots
            select format('{{:06d}}', key), date '{month}', last_day(date '{month}'), days, orders,
                cast(cents as decimal(18, 0)) * 0.01, cast(cents as decimal(18, 0)) * 0.01,
                date '{month}'
            from snapshots
            """
        )
    models.build(database, "int_rfm_segments", "rfm_thresholds", "int_rfm_anchor", "rfm_scores")
    return database.execute("select * from rfm_scores order by snapshot_month, customer_key").df()


def agree(scored: pd.DataFrame, expected: oracle.Scores, prefix: str = "") -> None:
    for letter in "rfm":
        assert scored[f"{prefix}{letter}_score"].tolist() == expected[letter].tolist(), letter


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(december=bases, january=bases)
@pytest.mark.parametrize("method", METHODS)
def test_scores_are_those_of_pandas(
    database: duckdb.DuckDBPyConnection,
    compiled: Mapping[str, CompiledRfm],
    method: str,
    december: list[tuple[int, int, int]],
    january: list[tuple[int, int, int]],
) -> None:
    """December fills the first window and is the anchor; January has values it never had."""
    months = {DECEMBER: frame(december), JANUARY: frame(january)}
    scored = scored_by_sql(database, compiled[method], months)
    pairs = {(int(r), int(fm)): name for r, fm, name in reference("rfm_segment_map")}
    assert set(scored["anchor_month"].dt.date) == {DECEMBER}
    for month, base in months.items():
        rows = scored[scored["snapshot_month"].dt.date == month].reset_index(drop=True)
        rolling = oracle.scores(base, base, method)
        anchored = oracle.scores(base, months[DECEMBER], method)
        agree(rows, rolling)
        agree(rows, anchored, "anchored_")
        assert rows["rfm_segment"].tolist() == oracle.mapped(rolling, pairs).tolist()
        assert rows["anchored_rfm_segment"].tolist() == oracle.mapped(anchored, pairs).tolist()


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(base=bases)
def test_segments_from_ranges_are_those_of_pandas(
    database: duckdb.DuckDBPyConnection,
    compiled: Mapping[str, CompiledRfm],
    base: list[tuple[int, int, int]],
) -> None:
    scored = scored_by_sql(database, compiled["ranges"], {DECEMBER: frame(base)})
    expected = oracle.scores(frame(base), frame(base), "quantile")
    named = oracle.ranged(expected, R_SEGMENTS, "others")
    assert scored["rfm_segment"].tolist() == named.tolist()


@pytest.mark.skipif(
    ORDERS_OF_R not in os.environ,
    reason=f"the package's data are not ours to ship: {ORDERS_OF_R} names rfm_data_orders as CSV",
)
def test_rs_published_figures_come_out(
    database: duckdb.DuckDBPyConnection, compiled: Mapping[str, CompiledRfm]
) -> None:
    """`write.csv(rfm::rfm_data_orders, "orders.csv")` in R gives the file."""
    with Path(os.environ[ORDERS_OF_R]).open(encoding="utf-8", newline="") as file:
        orders = pd.DataFrame(csv.DictReader(file))
    days = pd.Timestamp(2006, 12, 31) - pd.to_datetime(orders["order_date"])
    orders["days"], orders["revenue"] = days.dt.days, orders["revenue"].astype(float)
    grouped = orders.groupby("customer_id")
    base = pd.DataFrame(
        {
            "recency": grouped["days"].min(),
            "frequency": grouped.size(),
            "monetary": grouped["revenue"].sum(),
        }
    ).reset_index(drop=True)
    scored = scored_by_sql(database, compiled["ranges"], {DECEMBER: base})
    by_segment = scored.groupby("rfm_segment")
    found = pd.DataFrame(
        {
            "customers": by_segment.size(),
            "orders": by_segment["frequency_order_count"].sum(),
            "revenue": by_segment["monetary_net_amount"].sum(),
        }
    )
    assert {
        name: tuple(int(figure) for figure in found.loc[name])[: len(R_PUBLISHED[name])]
        for name in found.index
    } == R_PUBLISHED


def test_the_whole_run_is_scored_as_in_pandas(loaded: Home) -> None:
    """Every month of a run, from its orders and lines, by the settings as they come."""
    scored = pd.DataFrame(
        loaded.rows(
            """
            select snapshot_month, customer_key, recency_days, frequency_order_count,
                monetary_amount, r_score, f_score, m_score,
                anchored_r_score, anchored_f_score, anchored_m_score, anchor_month
            from marts.rfm_scores order by 1, 2
            """
        ),
        columns=[
            "month", "customer", "days", "orders", "money", "r_score", "f_score", "m_score",
            "anchored_r_score", "anchored_f_score", "anchored_m_score", "anchor_month",
        ],
    )  # fmt: skip
    bases = {month: base_of(loaded, month_end(month)) for month in set(scored["month"])}
    anchors = {month for month, base in bases.items() if len(base) >= 100}
    first_month = min(bases)
    full = [month for month in anchors if months_between(first_month, month) >= 11]
    assert set(scored["anchor_month"]) == {min(full)}
    assert len(bases) > 12
    for month, base in bases.items():
        rows = scored[scored["month"] == month]
        assert rows["customer"].tolist() == base.index.tolist()
        assert rows["days"].tolist() == base["recency"].tolist()
        assert rows["orders"].tolist() == base["frequency"].tolist()
        assert [float(money) for money in rows["money"]] == base["monetary"].tolist()
        agree(rows, oracle.scores(base, base, "percent_rank"))
        agree(rows, oracle.scores(base, bases[min(full)], "percent_rank"), "anchored_")


def test_a_day_is_counted_from_what_happened_up_to_it(
    loaded: Home, compiled: Mapping[str, CompiledRfm]
) -> None:
    """Chosen days up to the as-of day, which is always there; a month end is that of the months."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{loaded.build}' as build (read_only)")
        connection.execute("attach ':memory:' as rfm; use rfm")
        for schema, table in (
            ("unified", "unified_orders"),
            ("unified", "unified_order_lines"),
            ("golden_customer", "customer_identities"),
            ("golden_customer", "int_as_of"),
        ):
            connection.execute(f"create view main.{table} as from build.{schema}.{table}")
        compiled["days"].build(connection, "int_customer_snapshots_on_day")
        columns = "customer_key, recency_days, order_count, net_amount, monetary_amount"
        found = {
            day: connection.execute(
                f"""
                select {columns} from int_customer_snapshots_on_day
                where snapshot_date = ? order by customer_key
                """,
                [day],
            ).fetchall()
            for (day,) in connection.execute(
                "select distinct snapshot_date from int_customer_snapshots_on_day"
            ).fetchall()
        }
        months = {
            day: connection.execute(
                f"""
                select {columns} from build.golden_customer.int_customer_snapshots
                where snapshot_date = ? order by customer_key
                """,
                [day],
            ).fetchall()
            for day in DAYS[:3]
        }
    as_of = loaded.rows("select max(snapshot_date) from marts.rfm_scores_on_day")[0][0]
    assert set(found) == {*DAYS[:4], as_of}
    for day, rows in found.items():
        base = base_of(loaded, day)
        assert [row[0] for row in rows] == base.index.tolist()
        assert [row[1] for row in rows] == base["recency"].tolist()
        assert [row[2] for row in rows] == base["frequency"].tolist()
        assert [float(row[3]) for row in rows] == base["monetary"].tolist()
        assert rows == months.get(day, rows)


def months_between(earlier: date, later: date) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def month_end(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def base_of(home: Home, day: date) -> oracle.Base:
    """Who had bought in the twelve months up to a day, by golden key; figures as of that day."""
    begin = pd.Timestamp(day) + pd.DateOffset(days=1) - pd.DateOffset(months=12)
    orders = pd.DataFrame(
        home.rows(
            """
            select customer_key, order_date from enriched.enriched_orders
            where is_valid_sale and customer_key is not null
            """
        ),
        columns=["customer", "day"],
    )
    lines = pd.DataFrame(
        home.rows(
            """
            select customer_key, order_date, net_amount from enriched.enriched_order_lines
            where is_valid and customer_key is not null
            """
        ),
        columns=["customer", "day", "net"],
    )
    orders["day"], lines["day"] = pd.to_datetime(orders["day"]), pd.to_datetime(lines["day"])
    orders = orders[orders["day"].between(begin, pd.Timestamp(day))]
    lines = lines[lines["day"].between(begin, pd.Timestamp(day))]
    grouped = orders.groupby("customer")["day"]
    base = pd.DataFrame(
        {"recency": (pd.Timestamp(day) - grouped.max()).dt.days, "frequency": grouped.size()}
    )
    base["monetary"] = lines.groupby("customer")["net"].sum().reindex(base.index, fill_value=0)
    base["monetary"] = base["monetary"].astype(float)
    return base.sort_index()
