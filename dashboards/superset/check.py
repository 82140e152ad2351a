"""Ask the running Superset what the database says itself: every chart to the cent, and no more.

Needs `make superset` in another window, and the same settings. Ends with code 1 when a chart shows
something else than psycopg reads, when a description is missing, or when SQL Lab reads what is
not published.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, LiteralString

import psycopg
import requests
from reader import reader_address

from orchestration.settings import get_settings

Record = tuple[str, ...]
Document = dict[str, Any]
SECONDS = 120
DASHBOARD = "sales-and-customers"
DATASETS = ("sales_daily", "rfm_scores", "cohort_retention")
# What each chart must show, asked without Superset and without its metrics.
CHARTS: Mapping[str, LiteralString] = {
    "Net sales": "select sum(net_amount) from marts.sales_daily",
    "Orders": "select sum(order_count) from marts.sales_daily",
    "Average ticket": """
        select sum(gross_amount - discount_amount) / sum(order_count) from marts.sales_daily
    """,
    "Net sales by month and channel": """
        select cast(date_trunc('month', sales_date) as date), channel, sum(net_amount)
        from marts.sales_daily
        group by 1, 2
    """,
    "Stores": """
        select
            store_key,
            sum(net_amount),
            sum(net_amount) filter (where has_previous_year)
                / nullif(sum(previous_year_net_amount) filter (where has_previous_year), 0) - 1,
            sum(order_count),
            sum(gross_amount - discount_amount) / nullif(sum(order_count), 0),
            sum(new_customer_count)
        from marts.sales_daily
        group by 1
    """,
    "Customers by RFM segment": """
        select snapshot_month, anchored_rfm_segment, count(distinct customer_key)
        from marts.rfm_scores
        group by 1, 2
    """,
    "Retention by cohort quarter and months since the first order": """
        select
            months_since_first,
            concat(extract(year from cohort_month), ' Q', extract(quarter from cohort_month)),
            cast(sum(active_customer_count) as decimal(18, 4)) / sum(cohort_customer_count)
        from marts.cohort_retention
        where is_complete_month and not is_left_censored and months_since_first between 1 and 12
        group by 1, 2
    """,
}
REFUSED = (
    "select * from raw.magento_sales_order",
    "select * from ops.files",
    "select * from staging.stg_magento__orders",
    "select * from unified.unified_orders",
    "select * from reference.order_status_map",
    "select * from marts_build.sales_daily",
    "select * from access.store_managers",
)


class Superset:
    """A session with Superset's REST API."""

    def __init__(self, address: str, login: str, password: str) -> None:
        self._api = f"{address}/api/v1/"
        self._session = requests.Session()
        self._session.headers["Referer"] = address
        secrets = {"username": login, "password": password, "provider": "db"}
        token = self.post("security/login", secrets)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._session.headers["X-CSRFToken"] = self.get("security/csrf_token/")["result"]

    def get(self, path: str) -> Document:
        """The answer to a question without a body."""
        return self._answer(self._session.get(self._api + path, timeout=SECONDS))

    def post(self, path: str, body: Document) -> Document:
        """The answer to a question with a body."""
        return self._answer(self._session.post(self._api + path, json=body, timeout=SECONDS))

    def query(self, database: int, statement: str) -> requests.Response:
        """What SQL Lab answers to a statement, refusals included."""
        body = {"database_id": database, "sql": statement, "runAsync": False, "queryLimit": 10}
        return self._session.post(self._api + "sqllab/execute/", json=body, timeout=SECONDS)

    def _answer(self, response: requests.Response) -> Document:
        if not response.ok:
            raise RuntimeError(f"{response.url}: {response.status_code} {response.text[:500]}")
        return response.json()


def chart_query(form: Mapping[str, Any]) -> Document:
    """The query that the browser makes of a chart's settings, by the parts that the charts use."""
    axis: list[Any] = [form["x_axis"]] if "x_axis" in form else []
    if "time_grain_sqla" in form:
        axis = [
            {
                "columnType": "BASE_AXIS",
                "expressionType": "SQL",
                "label": form["x_axis"],
                "sqlExpression": form["x_axis"],
                "timeGrain": form["time_grain_sqla"],
            }
        ]
    groups = form.get("groupby") or []
    filters = [
        {"col": one["subject"], "op": one["operator"], "val": one["comparator"]}
        for one in form["adhoc_filters"]
        if one["operator"] != "TEMPORAL_RANGE"
    ]
    return {
        "columns": axis + ([groups] if isinstance(groups, str) else list(groups)),
        "metrics": form.get("metrics") or [form["metric"]],
        "filters": filters,
        "row_limit": form.get("row_limit", 10000),
    }


def plain(value: object) -> str:
    """One spelling of a value, whoever says it: figures with four digits, dates as days."""
    if isinstance(value, int | float | Decimal):
        return str(Decimal(str(value)).quantize(Decimal("0.0001")))
    return str(value)


def shown(superset: Superset, chart: Mapping[str, Any]) -> set[Record]:
    """The rows of a chart, as Superset's own chart data API gives them."""
    form = chart["form_data"]
    number = int(str(form["datasource"]).split("__")[0])
    body = {
        "datasource": {"id": number, "type": "table"},
        "queries": [chart_query(form)],
        "result_type": "full",
    }
    result = superset.post("chart/data", body)["result"][0]
    days = {
        name for name, kind in zip(result["colnames"], result["coltypes"], strict=True) if kind == 2
    }
    return {
        tuple(
            plain(milliseconds_as_day(row[name]) if name in days else row[name])
            for name in result["colnames"]
        )
        for row in result["data"]
    }


def milliseconds_as_day(value: int | None) -> str | None:
    """Superset's times are milliseconds since 1970."""
    return None if value is None else f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d}"


def expected(reader: psycopg.Connection, statement: LiteralString) -> set[Record]:
    """The rows of a statement, as psycopg reads them."""
    return {tuple(plain(value) for value in row) for row in reader.execute(statement)}


def findings(superset: Superset, reader: psycopg.Connection) -> Iterator[tuple[str, bool]]:
    """Each thing that must hold, and whether it does."""
    charts = {
        chart["slice_name"]: chart
        for chart in superset.get(f"dashboard/{DASHBOARD}/charts")["result"]
    }
    yield f"{len(CHARTS)} charts", charts.keys() == CHARTS.keys()
    for name, statement in CHARTS.items():
        rows = expected(reader, statement)
        yield f"{name}: {len(rows)} rows", bool(rows) and shown(superset, charts[name]) == rows
    yield from _described(superset, reader)
    yield from _kept_out(superset)


def _described(superset: Superset, reader: psycopg.Connection) -> Iterator[tuple[str, bool]]:
    for listed in superset.get("dataset/")["result"]:
        if listed["table_name"] not in DATASETS:
            continue
        name = f"{listed['schema']}.{listed['table_name']}"
        dataset = superset.get(f"dataset/{listed['id']}")["result"]
        columns = {
            column["column_name"]: column["description"]
            for column in dataset["columns"]
            if not column["expression"]
        }
        found = reader.execute(
            "select attname, col_description(attrelid, attnum), obj_description(attrelid) "
            "from pg_attribute where attrelid = %s::regclass and attnum > 0",
            [name],
        ).fetchall()
        described = {column: text for column, text, _ in found}
        same = columns == described and all(columns.values())
        yield f"{name}: {len(found)} descriptions", same and dataset["description"] == found[0][2]


def _kept_out(superset: Superset) -> Iterator[tuple[str, bool]]:
    databases = {one["database_name"]: one["id"] for one in superset.get("database/")["result"]}
    database = databases["habitue"]
    allowed = superset.query(database, "select count(*) as days from marts.sales_daily")
    yield "SQL Lab reads the marts", allowed.ok and allowed.json()["data"][0]["days"] > 0
    for statement in REFUSED:
        answer = superset.query(database, statement)
        yield f"SQL Lab refused: {statement}", "permission denied" in answer.text


def main() -> int:
    """Check everything and say it; gives the exit code."""
    settings = get_settings()
    password = (settings.home / "superset" / "password").read_text().strip()
    port = os.environ.get("HABITUE_SUPERSET_PORT", "8088")
    superset = Superset(f"http://127.0.0.1:{port}", "habitue", password)
    parts = reader_address(settings).translate_connect_args(username="user", database="dbname")
    failed = 0
    with psycopg.connect(autocommit=True, **parts) as reader:
        for what, holds in findings(superset, reader):
            print(f"{'ok  ' if holds else 'FAIL'} {what}")
            failed += not holds
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
