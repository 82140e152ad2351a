"""What is held of random documents: the model's SQL against a few lines of plain Python (D6)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.settings import PROJECT_ROOT

MODEL = "unified_documents"
OPENED = {"A": date(2020, 1, 1), "B": date(2023, 6, 1), "C": None}
GAP, SHARE, LEAST = timedelta(days=365), 0.01, 20
COLUMNS = (
    "order_key varchar, source_system varchar, source_document_id varchar, order_number varchar, "
    "document_type varchar, original_order_key varchar, channel varchar, store_key varchar, "
    "employee_key varchar, source_customer_key varchar, order_status varchar, "
    "payment_method varchar, coupon_code varchar, currency varchar, country varchar, city varchar, "
    "shipping_amount decimal(18, 4), fx_rate decimal(18, 8), is_valid boolean, "
    "is_dst_gap boolean, is_dst_overlap boolean, ordered_at timestamp, "
    "ordered_at_local timestamp, order_date date"
)


@dataclass(frozen=True)
class Document:
    """A document of one of two sources."""

    source: str
    store: str
    day: date
    is_valid: bool


sources = st.sampled_from(("cashmere", "magento"))
stores = st.sampled_from(sorted(OPENED))
validity = st.sampled_from((True, True, True, False))
odd_ones = st.builds(
    Document, sources, stores, st.dates(date(1999, 1, 1), date(2024, 12, 31)), validity
)
usual = st.builds(
    Document, sources, stores, st.dates(date(2023, 7, 1), date(2024, 12, 31)), validity
)
histories = st.tuples(st.lists(odd_ones, max_size=4), st.lists(usual, max_size=120)).map(
    lambda pair: [*pair[0], *pair[1]]
)


def early(document: Document) -> bool:
    opened = OPENED[document.store]
    return opened is not None and document.day < opened


def last_far_day(days: list[date]) -> date | None:
    """The last day before a long gap with no more than a few documents up to it."""
    few = max(1, SHARE * len(days))
    far = [
        day
        for day in set(days)
        if len(days) >= LEAST
        and any(later > day for later in days)
        and min(later for later in days if later > day) - day > GAP
        and sum(other <= day for other in days) <= few
    ]
    return max(far, default=None)


def expected(history: list[Document]) -> list[str | None]:
    counting = [one for one in history if one.is_valid]
    far = {
        source: last_far_day([one.day for one in counting if one.source == source])
        for source in ("cashmere", "magento")
    }
    reasons: list[str | None] = []
    for one in history:
        own = [other for other in counting if other.store == one.store]
        is_believed = sum(early(other) for other in own) <= max(1, SHARE * len(own))
        until = far[one.source]
        if one.is_valid and early(one) and is_believed:
            reasons.append("before_store_opened")
        elif one.is_valid and until is not None and one.day <= until:
            reasons.append("far_before_others")
        else:
            reasons.append(None)
    return reasons


@dataclass(frozen=True)
class Model:
    """The compiled model over two tables."""

    connection: duckdb.DuckDBPyConnection
    sql: str

    def held(self, history: list[Document]) -> list[str | None]:
        self.connection.execute("delete from unified.unified_received_documents")
        for number, one in enumerate(history):
            self.connection.execute(
                "insert into unified.unified_received_documents "
                "(order_key, source_system, store_key, is_valid, order_date) "
                "values (?, ?, ?, ?, ?)",
                [f"{number:04}", one.source, one.store, one.is_valid, one.day],
            )
        rows = self.connection.execute(
            f"select hold_reason from ({self.sql}) order by order_key"
        ).fetchall()
        return [row[0] for row in rows]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    home = tmp_path_factory.mktemp("compiled")
    build = home / "habitue_build.duckdb"
    places = {"HABITUE_BUILD_FILE": build, "DBT_TARGET_PATH": home, "DBT_LOG_PATH": home}
    dbt = Path(sys.executable).with_name("dbt")
    subprocess.run(
        [dbt, "compile", "--profiles-dir", "dbt_project", "--select", MODEL],
        cwd=PROJECT_ROOT,
        env={**os.environ, **{name: str(place) for name, place in places.items()}},
        check=True,
        capture_output=True,
    )
    (compiled,) = home.glob(f"compiled/**/{MODEL}.sql")
    connection = duckdb.connect(build)
    connection.execute("create schema if not exists unified")
    connection.execute(f"create table unified.unified_received_documents ({COLUMNS})")
    connection.execute("create table unified.unified_stores (store_key varchar, opened_date date)")
    for store, opened in OPENED.items():
        connection.execute("insert into unified.unified_stores values (?, ?)", [store, opened])
    yield Model(connection, compiled.read_text())
    connection.close()


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories)
def test_a_document_is_held_exactly_when_its_date_cannot_be_right(
    model: Model, history: list[Document]
) -> None:
    assert model.held(history) == expected(history)


@pytest.mark.parametrize("others", [19, 20, 100, 250])
def test_one_ticket_of_2000_is_held_once_its_source_has_usual_dates(
    model: Model, others: int
) -> None:
    usual_days = [date(2024, 1, 1) + timedelta(days=number) for number in range(others - 1)]
    history = [Document("cashmere", "C", day, True) for day in [date(2000, 1, 1), *usual_days]]
    reasons = model.held(history)
    assert reasons[0] == (None if others < LEAST else "far_before_others")
    assert set(reasons[1:]) == {None}
