"""What another card, or none, brings back stands with its buyer, in every table of a whole run."""

import shutil
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest
from pipeline.home import Home
from pipeline.test_odd_dates import SAMPLES, land, ticket, ticket_line

BUYER, OTHER = "2900000000011", "2900000000028"

SUMS = {
    "enriched_orders": """
        select customer_key, sum(net_amount) from enriched.enriched_orders
        where is_valid and not is_after_as_of and customer_key is not null group by 1
    """,
    "customer_months": """
        select customer_key, sum(net_amount) from golden_customer.customer_months
        inner join golden_customer.customer_identities using (source_customer_key) group by 1
    """,
    "customer_months by order date": """
        select customer_key, sum(net_on_order_date_amount) from golden_customer.customer_months
        inner join golden_customer.customer_identities using (source_customer_key) group by 1
    """,
    "golden_customers": """
        select customer_key, ltv_net_amount from golden_customer.golden_customers
        where order_count > 0
    """,
    "rfm_scores": """
        select customer_key, monetary_amount from marts.rfm_scores
        where snapshot_date = (select max(snapshot_date) from marts.rfm_scores)
    """,
}
LINES = """
    select customer_key, sum(net_amount) from enriched.enriched_order_lines
    where is_valid and not is_after_as_of and customer_key is not null group by 1
"""


def sold(number: str, month: int, card: str = "", total: str = "12,00") -> dict[str, str]:
    return ticket(number, datetime(2024, month, 10, 12)) | {
        "card_no": card,
        "total_incl_tax": total,
    }


def line(number: str, place: int, amount: str, original: str = "") -> dict[str, str]:
    """A line; one that gives back line 1 of another ticket when that is named."""
    changes = {"line_no": str(place), "unit_price_incl_tax": amount, "line_amount_incl_tax": amount}
    if original:
        changes |= {
            "qty": "-1",
            "line_amount_incl_tax": f"-{amount}",
            "original_ticket_id": original,
            "original_line_no": "1",
        }
    return ticket_line(number) | changes


@pytest.fixture(scope="module")
def home(new_home: Callable[[str], Home]) -> Home:
    """T4 exchanges what T1 sold to another card; T5, without a card, returns goods of two."""
    home = new_home("returns")
    ignored = shutil.ignore_patterns("ticket*")
    shutil.copytree(SAMPLES / "cashmere", home.landing / "cashmere", ignore=ignored)
    heads = [
        sold("T1", 1, BUYER),
        sold("T2", 1, BUYER, "24,00"),
        sold("T3", 1, OTHER, "36,00"),
        sold("T4", 2, OTHER, "36,00"),
        sold("T5", 2, total="-60,00") | {"ticket_type": "RETURN"},
        sold("T6", 4),
    ]
    lines = [
        line("T1", 1, "12,00"),
        line("T2", 1, "24,00"),
        line("T3", 1, "36,00"),
        line("T4", 1, "12,00", "T1"),
        line("T4", 2, "48,00"),
        line("T5", 1, "24,00", "T2"),
        line("T5", 2, "36,00", "T3"),
        line("T6", 1, "12,00"),
    ]
    land(home, "cashmere", "tickets_20240412", heads)
    land(home, "cashmere", "ticket_lines_20240412", lines)
    home.run()
    return home


def test_goods_of_another_are_a_return_of_their_buyer(home: Home) -> None:
    found = home.rows(
        "select split_part(order_key, ':', 2), document_type, net_amount, is_identified"
        " from enriched.enriched_orders where order_number is null and order_date >= '2024-02-01'"
        " order by order_date, 1, net_amount"
    )
    assert found == [
        ("T4", "return", Decimal("-10.00"), True),
        ("T4", "order", Decimal("40.00"), True),
        ("T5", "return", Decimal("-30.00"), True),
        ("T5", "return", Decimal("-20.00"), True),
        ("T5", "return", Decimal("0.00"), False),
        ("T6", "order", Decimal("10.00"), False),
    ]


@pytest.mark.parametrize("table", SUMS)
def test_every_table_has_the_same_money_of_every_customer(home: Home, table: str) -> None:
    expected = dict(home.rows(LINES))
    assert sorted(expected.values()) == [Decimal("0.00"), Decimal("40.00")]
    assert dict(home.rows(SUMS[table])) == expected


def test_cohorts_have_the_money_of_their_customers(home: Home) -> None:
    assert home.rows(
        "select cohort_month, sum(net_amount) from marts.cohort_revenue group by 1"
    ) == home.rows(f"""
        select cohort_month, sum(money.net_amount)
        from ({LINES.replace("sum(net_amount)", "sum(net_amount) as net_amount")}) as money
        inner join golden_customer.golden_customers using (customer_key) group by 1
    """)
