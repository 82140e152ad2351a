"""What comes of a ticket of 2000, of sources exported on different days and of a free order."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from pipeline.home import Home

from orchestration.settings import PROJECT_ROOT

SAMPLES = PROJECT_ROOT / "seeds" / "samples"
SALES = ("tickets", "ticket_lines", "sales_order", "sales_creditmemo")
LAST_TICKET = datetime(2024, 5, 27, 18)
ODD, EARLY, FREE = "T0", "T00", "T99"
CARD = "2900000000011"
NOTHING = {"total_incl_tax": "0,00", "card_no": CARD}
FREE_LINE = {"unit_price_incl_tax": "0,00", "line_amount_incl_tax": "0,00"}


def header(source: str, entity: str) -> str:
    return (SAMPLES / source / f"{entity}_20251031.csv").read_bytes().split(b"\n")[0].decode()


def land(home: Home, source: str, name: str, rows: list[dict[str, str]]) -> None:
    """One export with the sample's columns; what a row leaves out stays empty."""
    delimiter = ";" if source == "cashmere" else ","
    columns = header(source, name.rsplit("_", 1)[0]).strip().split(delimiter)
    lines = [delimiter.join(columns)]
    lines += [delimiter.join(row.get(column, "") for column in columns) for row in rows]
    path = home.landing / source / f"{name}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    path.with_name(path.name + ".done").touch()


def store(opened_on: str) -> dict[str, str]:
    return {
        "store_code": "C01", "name": "Las Palmas", "city": "Las Palmas", "country": "ES",
        "timezone": "Atlantic/Canary", "opened_on": opened_on,
    }  # fmt: skip


def ticket(number: str, sold_at: datetime, store_code: str = "P01") -> dict[str, str]:
    moment = f"{sold_at:%d/%m/%Y %H:%M:%S}"
    return {
        "ticket_id": number, "store_code": store_code, "sold_at": moment, "ticket_type": "SALE",
        "total_incl_tax": "12,00", "discount_amount": "0,00", "currency": "EUR",
        "updated_at": moment,
    }  # fmt: skip


def ticket_line(number: str) -> dict[str, str]:
    return {
        "ticket_id": number, "line_no": "1", "sku": "BRA-LUNA-BLK-85B", "qty": "1",
        "unit_price_incl_tax": "12,00", "tax_rate": "20", "line_amount_incl_tax": "12,00",
    }  # fmt: skip


def web_order(created_at: str) -> dict[str, str]:
    return {
        "entity_id": "1", "increment_id": "1", "state": "complete", "store_id": "1",
        "base_currency_code": "EUR", "base_subtotal": "30", "base_grand_total": "36",
        "customer_email": "lea@example.com", "created_at": created_at, "updated_at": created_at,
    }  # fmt: skip


def web_item(created_at: str) -> dict[str, str]:
    return {
        "item_id": "1", "order_id": "1", "sku": "BRA-LUNA-BLK-85B", "qty_ordered": "1",
        "base_row_total": "30", "created_at": created_at, "updated_at": created_at,
    }  # fmt: skip


@pytest.fixture(scope="module")
def home(new_home: Callable[[str], Home]) -> Home:
    """45 tickets to 27 May 2024, one of 2000, a free one, one of a shop that the export says opened
    later; a web order of 30 May 22:30 UTC.
    """
    home = new_home("odd_dates")
    for source in ("cashmere", "magento"):
        shutil.copytree(
            SAMPLES / source, home.landing / source, ignore=shutil.ignore_patterns(
                *(f"{entity}_*" for entity in SALES)
            )
        )  # fmt: skip
    numbers = [f"T{number}" for number in range(1, 46)]
    days = [LAST_TICKET - timedelta(days=3 * back) for back in range(45)]
    odd = ticket(ODD, datetime(2000, 1, 1))
    free = ticket(FREE, datetime(2024, 3, 1, 12)) | NOTHING
    early = ticket(EARLY, datetime(2024, 2, 20, 12), "C01")
    sold = [odd, early, free, *(ticket(*pair) for pair in zip(numbers, days, strict=True))]
    lines = [ticket_line(FREE) | FREE_LINE, *(ticket_line(each) for each in [ODD, EARLY, *numbers])]
    land(home, "cashmere", "stores_20251101", [store("01/03/2024")])
    land(home, "cashmere", "tickets_20240528", sold)
    land(home, "cashmere", "ticket_lines_20240528", lines)
    land(home, "magento", "sales_order_20240531", [web_order("2024-05-30 22:30:00")])
    land(home, "magento", "sales_order_item_20240531", [web_item("2024-05-30 22:30:00")])
    land(home, "magento", "sales_creditmemo_20240531", [])
    land(home, "magento", "sales_creditmemo_item_20240531", [])
    return home


@pytest.fixture(scope="module")
def said(home: Home) -> str:
    return home.run()


def test_a_ticket_of_2000_counts_nowhere_and_is_listed_with_its_money(
    home: Home, said: str
) -> None:
    held = home.rows(
        "select order_key, store_key, order_date, net_amount, tax_amount, hold_reason "
        "from marts.held_orders order by order_key"
    )
    assert held == [
        ("cashmere:T0", "cashmere:P01", date(2000, 1, 1), Decimal("10.00"), Decimal("2.00"),
         "before_store_opened"),
        ("cashmere:T00", "cashmere:C01", date(2024, 2, 20), Decimal("10.00"), Decimal("2.00"),
         "before_store_opened"),
    ]  # fmt: skip
    counted = home.rows("select sum(order_count), sum(net_amount) from marts.sales_daily")
    assert counted == [(46, Decimal("450.00"))]
    assert "HELD_BEFORE_OPENING" in said


def test_the_data_begin_with_the_first_sale_that_counts(home: Home, said: str) -> None:
    assert said
    assert home.private_rows(
        "select first_data_date, first_data_month from golden_customer.int_as_of"
    ) == [(date(2024, 1, 16), date(2024, 1, 1))]
    first = "(select min(sales_date) from marts.sales_daily)"
    cohort = "(select min(cohort_month) from marts.cohort_retention)"
    assert home.rows(f"select {first}, {cohort}") == [(date(2024, 1, 16), date(2024, 3, 1))]


def test_what_is_held_is_a_bucket_of_its_own_in_every_reconciliation(home: Home, said: str) -> None:
    assert said
    assert home.private_rows(
        "select sum(held_document_count), sum(held_amount) from unified.unified_reconciliation"
    ) == [(2, Decimal("24.00"))]
    assert home.rows(
        "select sum(held_amount), sum(difference_held_amount), sum(line_count) "
        "from enriched.enriched_reconciliation"
    ) == [(Decimal("20.00"), Decimal("0.00"), 49)]
    assert home.rows(
        "select found_amount, difference_amount from marts.sales_reconciliation "
        "where compared_figure = 'held_orders.net_amount'"
    ) == [(Decimal("20.00"), Decimal("0.00"))]


def test_may_is_not_over_while_the_tills_have_shown_nothing_of_its_end(
    home: Home, said: str
) -> None:
    assert home.private_rows(
        "select as_of_date, last_complete_month from golden_customer.int_as_of"
    ) == [(date(2024, 5, 27), date(2024, 4, 1))]
    assert home.rows(
        "select source_system, complete_date, is_holding_back from marts.source_days order by 1"
    ) == [("cashmere", date(2024, 5, 27), True), ("magento", date(2024, 5, 30), False)]
    assert "as of 2024-05-27: cashmere has shown nothing of 2024-05-28" in said


def test_status_says_which_source_holds_the_day_back(home: Home, said: str) -> None:
    assert said
    shown = " ".join(home.status().split())
    assert "as of 2024-05-27: cashmere has shown nothing of 2024-05-28" in shown


FREE_BUYERS = """
    select
        (select sum(order_count) from golden_customer.golden_customers),
        (select count(distinct customer_key) from marts.rfm_scores),
        (select count(distinct cohort_month) from marts.cohort_retention),
        (select sum(order_count) from marts.sales_daily)
"""


def test_whether_a_free_order_is_a_purchase_is_one_setting_for_every_figure(
    home: Home, said: str, tmp_path: Path
) -> None:
    assert said
    assert home.rows(FREE_BUYERS) == [(1, 1, 1, 46)]
    build = tmp_path / home.build.name
    shutil.copyfile(home.build, build)
    dbt = Path(sys.executable).with_name("dbt")
    options = ["--select", "unified_order_lines+", "--vars", '{"zero_orders_count": false}']
    places = {"HABITUE_BUILD_FILE": build, "DBT_TARGET_PATH": tmp_path, "DBT_LOG_PATH": tmp_path}
    subprocess.run(
        [dbt, "run", "--profiles-dir", "dbt_project", *options],
        cwd=PROJECT_ROOT,
        env={**os.environ, **{name: str(place) for name, place in places.items()}},
        check=True,
        capture_output=True,
    )
    with duckdb.connect(build, read_only=True) as connection:
        assert connection.execute(FREE_BUYERS).fetchall() == [(0, 0, 0, 45)]


def test_what_is_held_counts_once_its_date_or_its_stores_opening_was_corrected(
    home: Home, said: str
) -> None:
    assert said
    corrected = ticket(ODD, datetime(2024, 3, 2, 12))
    land(home, "cashmere", "tickets_20240529", [corrected])
    land(home, "cashmere", "stores_20251102", [store("15/09/2019")])
    said = home.run()
    assert "HELD_BEFORE_OPENING" not in said
    assert home.rows("select order_key from marts.held_orders") == []
    counted = home.rows("select sum(order_count), sum(net_amount) from marts.sales_daily")
    assert counted == [(48, Decimal("470.00"))]
    days = "select order_date from enriched.enriched_orders where order_key in {} order by 1"
    assert home.rows(days.format("('cashmere:T0', 'cashmere:T00')")) == [
        (date(2024, 2, 20),), (date(2024, 3, 2),),
    ]  # fmt: skip
