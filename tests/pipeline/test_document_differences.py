"""What does not add up in the exports themselves, counted in plain Python, is what a run lists."""

import csv
import io
import re
import shutil
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from oracle import FORMATS, VALID_STATES, Row, cents, newest
from pipeline.home import Home

Change = Callable[[Row], Row | str | None]
FIRST, LAST = "20260617", "20260701"
TOLERANCE = Decimal("0.02")


def money(text: str) -> Decimal:
    return Decimal(text.replace(",", ".") or "0")


def files(landing: Path, entity: str) -> list[Path]:
    return sorted(landing.glob(f"*/{entity}_2*.csv"))


def change(landing: Path, entity: str, how: Change) -> None:
    """Every good line of every export of an entity; one of which nothing is made is left out."""
    for path in files(landing, entity):
        delimiter, encoding, *_ = FORMATS[path.parent.name]
        header, *lines = path.read_text(encoding, "surrogateescape").splitlines(keepends=True)
        names = header.strip().split(delimiter)
        kept = [header]
        for line in lines:
            fields = next(csv.reader([line], delimiter=delimiter))
            new = how(dict(zip(names, fields, strict=False))) if len(fields) == len(names) else line
            if new is not None:
                kept.append(new if isinstance(new, str) else line_of(new, delimiter))
        path.write_text("".join(kept), encoding, "surrogateescape", newline="")
        path.with_name(path.name + ".done").touch()


def line_of(row: Row, delimiter: str) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="\n").writerow(row.values())
    return line.getvalue()


def more(column: str, key: str, of: int, amount: int) -> Change:
    """Another total on one in so many documents."""

    def add(row: Row) -> Row | str | None:
        number = re.sub(r"\D", "", row[key])
        if not number or int(number) % of or not re.fullmatch(r"-?\d+[.,]?\d*", row[column]):
            return row
        total = str(money(row[column]) + amount)
        return {**row, column: total.replace(".", ",") if "," in row[column] else total}

    return add


def drop_items(landing: Path) -> None:
    """Orders are sent whole at the end, without an item that the first export has of them."""
    items = newest(landing, "magento", "sales_order_item")
    whole = {item["order_id"] for item in items if not item["parent_item_id"]}
    edited = set(sorted(whole)[::40])
    kept = [item for item in items if item["order_id"] in edited]
    dropped = [
        {**item, "item_id": f"9{item['item_id']}", "base_row_total": "77.0000"}
        for item in {item["order_id"]: item for item in kept if not item["parent_item_id"]}.values()
    ]
    for day, rows in ((FIRST, dropped), (LAST, kept)):
        path = landing / "magento" / f"sales_order_item_{day}.csv"
        with path.open("a", encoding="utf-8", newline="") as stream:
            stream.writelines(line_of(row, ",") for row in rows)
        path.with_name(path.name + ".done").touch()


@pytest.fixture(scope="module")
def home(generated: Path, new_home: Callable[[str], Home]) -> Home:
    """The demo's exports, damaged in what documents state and in what they hold."""
    home = new_home("differences")
    shutil.copytree(generated / "landing", home.landing, dirs_exist_ok=True)
    change(home.landing, "tickets", more("total_incl_tax", "ticket_id", 10, 1))
    change(home.landing, "sales_order", more("base_subtotal", "entity_id", 15, 2))
    change(home.landing, "sales_creditmemo", more("base_subtotal", "entity_id", 7, 3))
    change(
        home.landing,
        "sales_creditmemo",
        lambda memo: None if memo["entity_id"].endswith(("0", "5")) else memo,
    )
    drop_items(home.landing)
    home.run()
    return home


def by(rows: list[Row], column: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


def of_tickets(landing: Path) -> set[tuple[str, str]]:
    lines = by(newest(landing, "cashmere", "ticket_lines"), "ticket_id")
    found: set[tuple[str, str]] = set()
    for ticket in newest(landing, "cashmere", "tickets"):
        own = lines[ticket["ticket_id"]]
        held = sum((money(line["line_amount_incl_tax"]) for line in own), Decimal(0))
        placed = sum((money(line["discount_amount_incl_tax"]) for line in own), Decimal(0))
        gap = held - money(ticket["total_incl_tax"])
        if ticket["ticket_type"] == "RETURN":
            gap = abs(held) - abs(money(ticket["total_incl_tax"]))
        basket = abs(money(ticket["discount_amount"])) - abs(placed)
        is_basket = gap > 0 and abs(gap - basket) <= TOLERANCE
        if own and ticket["ticket_type"] != "VOID" and abs(gap) > TOLERANCE and not is_basket:
            found.add((f"cashmere:{ticket['ticket_id']}", "DOCUMENT_TOTAL"))
    return found


def net(row: Row) -> Decimal:
    return cents(money(row["base_row_total"]) - money(row["base_discount_amount"]))


def in_last_file(landing: Path, order_id: str) -> set[str]:
    """Items that the newest export of an order has."""
    for path in reversed(files(landing, "sales_order_item")):
        with path.open(encoding="utf-8", newline="") as stream:
            held = {row["item_id"] for row in csv.DictReader(stream) if row["order_id"] == order_id}
        if held:
            return held
    return set()


def of_orders(landing: Path, orders: dict[str, Row], valid: dict[str, Row]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for order_id, items in by(newest(landing, "magento", "sales_order_item"), "order_id").items():
        if order_id not in orders:
            continue
        order = orders[order_id]
        own = [item for item in items if not item["parent_item_id"]]
        stated = money(order["base_subtotal"]) + money(order["base_discount_amount"])
        is_cut = any(money(item["qty_canceled"]) for item in items)
        if abs(sum(map(net, own)) - stated) <= TOLERANCE:
            continue
        last = [item for item in own if item["item_id"] in in_last_file(landing, order_id)]
        if abs(sum(map(net, last)) - stated) <= TOLERANCE:
            found.add((f"magento:{order_id}", "LINE_DROPPED"))
        elif order_id in valid and not is_cut:
            found.add((f"magento:{order_id}", "DOCUMENT_TOTAL"))
    return found


def of_memos(landing: Path, orders: dict[str, Row], valid: dict[str, Row]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    items = newest(landing, "magento", "sales_order_item")
    children = {item["item_id"] for item in items if item["parent_item_id"]}
    held = by(newest(landing, "magento", "sales_creditmemo_item"), "parent_id")
    memos = newest(landing, "magento", "sales_creditmemo")
    for memo in memos:
        rows = [row for row in held[memo["entity_id"]] if row["order_item_id"] not in children]
        stated = money(memo["base_subtotal"]) - abs(money(memo["base_discount_amount"]))
        is_valid = memo["order_id"] in valid or memo["order_id"] not in orders
        if rows and is_valid and abs(sum(map(net, rows)) - stated) > TOLERANCE:
            found.add((f"magento:creditmemo:{memo['entity_id']}", "DOCUMENT_TOTAL"))
    refunded = by(memos, "order_id")
    for order_id, order in valid.items():
        told = money(order["base_total_refunded"])
        if order_id not in refunded:
            if told > 0 or order["state"] == "closed":
                found.add((f"magento:{order_id}", "REFUND_WITHOUT_MEMO"))
        elif told > 0:
            total = sum(money(memo["base_grand_total"]) for memo in refunded[order_id])
            if abs(told - total) > TOLERANCE:
                found.add((f"magento:{order_id}", "REFUND_TOTAL"))
    return found


def test_a_run_lists_the_documents_that_do_not_add_up_and_no_others(home: Home) -> None:
    orders = {row["entity_id"]: row for row in newest(home.landing, "magento", "sales_order")}
    valid = {
        number: row
        for number, row in orders.items()
        if row["state"] in VALID_STATES and row["status"] not in ("fraud", "test")
    }
    expected = {
        *of_tickets(home.landing),
        *of_orders(home.landing, orders, valid),
        *of_memos(home.landing, orders, valid),
    }
    listed = home.rows("select order_key, difference_kind from marts.document_differences")
    assert set(listed) - expected == set()
    assert expected - set(listed) == set()
    assert len(listed) == len(expected)
    kinds = [kind for _, kind in expected]
    assert kinds.count("DOCUMENT_TOTAL") > 100
    assert kinds.count("LINE_DROPPED") > 5
    assert "REFUND_WITHOUT_MEMO" in kinds
