"""An independent calculator of orders, units and net sales from landed exports.

Plain Python on purpose: it shares no code with the product, so that an agreement between the two
means something. It reads every file of a landing folder, skips rows that cannot be read, keeps the
newest version of each record and applies the definitions of net sales: amounts exclude tax and are
rounded half-up to the cent per line. `sales` returns figures by source, store and month.
"""

import csv
import gzip
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

Row = dict[str, str]
StoreMonth = tuple[str, str, str]  # source, store id as the source writes it, month as YYYY-MM

FORMATS = {
    "magento": (",", "utf-8", ".", ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")),
    "cashmere": (";", "cp1252", ",", ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y")),
}
# entity: key, version column, required, numbers, times
RULES = {
    "sales_order": ("entity_id", "updated_at", "entity_id increment_id state store_id base_currency_code base_grand_total created_at updated_at", "base_subtotal base_discount_amount base_tax_amount base_shipping_amount base_grand_total base_total_refunded total_qty_ordered", "created_at updated_at"),  # noqa: E501
    "sales_order_item": ("item_id", "updated_at", "item_id order_id sku qty_ordered base_row_total created_at updated_at", "qty_ordered qty_canceled qty_refunded base_original_price base_price base_discount_amount base_tax_amount base_row_total", "created_at updated_at"),  # noqa: E501
    "sales_creditmemo": ("entity_id", "updated_at", "entity_id store_id created_at updated_at", "base_subtotal base_discount_amount base_tax_amount base_shipping_amount base_adjustment base_grand_total", "created_at updated_at"),  # noqa: E501
    "sales_creditmemo_item": ("entity_id", "", "entity_id parent_id qty", "qty base_price base_discount_amount base_tax_amount base_row_total", ""),  # noqa: E501
    "store": ("store_id", "", "store_id timezone", "", ""),
    "tickets": ("ticket_id", "updated_at", "ticket_id store_code sold_at ticket_type total_incl_tax currency updated_at", "total_incl_tax tax_amount discount_amount", "sold_at updated_at"),  # noqa: E501
    "ticket_lines": ("ticket_id line_no", "", "ticket_id line_no qty unit_price_incl_tax tax_rate line_amount_incl_tax", "line_no qty unit_price_incl_tax discount_amount_incl_tax tax_rate line_amount_incl_tax original_line_no", ""),  # noqa: E501
    "products": ("sku", "updated_at", "sku updated_at", "price_incl_tax cost", "updated_at"),
}  # fmt: skip
VALID_STATES = {"processing", "complete", "closed"}
MANGLED = re.compile(r"^\d([.,]\d+)?[eE]\+?\d+$")
HUNDRED = Decimal(100)


@dataclass
class Figures:
    """Figures of one store and month; net_sales excludes tax, in the reporting currency."""

    orders: int = 0
    units: Decimal = Decimal(0)
    net_sales: Decimal = Decimal(0)


def cents(amount: Decimal) -> Decimal:
    """Rounded half-up to the cent."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _time(text: str, patterns: tuple[str, ...]) -> datetime | None:
    for pattern in patterns:
        try:
            return datetime.strptime(text, pattern)
        except ValueError:
            continue
    return None


def _readable(row: Row, source: str, entity: str) -> bool:
    _, _, mark, patterns = FORMATS[source]
    _, _, required, numbers, times = RULES[entity]
    if any(not row[name] for name in required.split()):
        return False
    for name in filter(row.get, numbers.split()):
        try:
            Decimal(row[name] if mark == "." else row[name].replace(",", "."))
        except InvalidOperation:
            return False
        if mark == "." and "," in row[name]:
            return False
    for name in filter(row.get, times.split()):
        moment = _time(row[name], patterns)
        if moment is None or moment.year < 1970:
            return False
    ids = [name for name in row if name.endswith(("_id", "_no", "sku"))]
    return not any(MANGLED.match(row[name]) for name in ids)


def _rows(path: Path, source: str, entity: str) -> Iterator[Row]:
    delimiter, encoding, *_ = FORMATS[source]
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = raw.decode(encoding, "surrogateescape")
    records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = next(records)
    for fields in records:
        row = dict(zip(header, (field.strip() for field in fields), strict=False))
        broken = any("\udc80" <= letter <= "\udcff" for field in fields for letter in field)
        if len(fields) == len(header) and not broken and _readable(row, source, entity):
            yield row


def newest(landing: Path, source: str, entity: str) -> list[Row]:
    """The newest version of each record of an entity, unreadable rows left out."""
    key, version, *_ = RULES[entity]
    patterns = FORMATS[source][3]
    best: dict[tuple[str, ...], tuple[tuple[datetime, str], Row]] = {}
    for path in sorted((landing / source).glob(f"{entity}_2*.csv*")):
        if path.suffix not in (".csv", ".gz"):
            continue
        for row in _rows(path, source, entity):
            moment = _time(row[version], patterns) if version else None
            rank = (moment or datetime.min, path.name.split(".")[0])
            identity = tuple(row[name] for name in key.split())
            if identity not in best or rank >= best[identity][0]:
                best[identity] = (rank, row)
    return [row for _, row in best.values()]


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", ".") or "0")


def _magento(landing: Path, currency: str, out: dict[StoreMonth, Figures]) -> None:
    zones = {row["store_id"]: row["timezone"] for row in newest(landing, "magento", "store")}

    def month(row: Row) -> StoreMonth:
        moment = datetime.fromisoformat(row["created_at"]).replace(tzinfo=UTC)
        local = moment.astimezone(ZoneInfo(zones[row["store_id"]]))
        return ("magento", row["store_id"], f"{local:%Y-%m}")

    orders = {
        row["entity_id"]: month(row)
        for row in newest(landing, "magento", "sales_order")
        if row["state"] in VALID_STATES
        and row["status"] not in ("fraud", "test")
        and row["base_currency_code"] == currency
    }
    children: set[str] = set()
    counted: set[str] = set()
    for item in newest(landing, "magento", "sales_order_item"):
        if item["parent_item_id"]:
            children.add(item["item_id"])
        elif item["order_id"] in orders and item["product_type"] != "giftcard":
            ordered = _number(item["qty_ordered"])
            units = ordered - _number(item["qty_canceled"])
            paid = _number(item["base_row_total"]) - _number(item["base_discount_amount"])
            figures = out[orders[item["order_id"]]]
            figures.units += units
            figures.net_sales += cents(paid * units / ordered) if ordered else 0
            if units > 0:
                counted.add(item["order_id"])
    for order in counted:
        out[orders[order]].orders += 1
    memos = {
        row["entity_id"]: row
        for row in newest(landing, "magento", "sales_creditmemo")
        if row["base_currency_code"] == currency
    }
    for memo in memos.values():
        out[month(memo)].net_sales -= cents(_number(memo["base_adjustment"]))
    for item in newest(landing, "magento", "sales_creditmemo_item"):
        if item["parent_id"] in memos and item["order_item_id"] not in children:
            figures = out[month(memos[item["parent_id"]])]
            figures.units -= _number(item["qty"])
            refunded = _number(item["base_row_total"]) - _number(item["base_discount_amount"])
            figures.net_sales -= cents(refunded)


def basket_shares(ticket: Row, amounts: list[Decimal], line_discounts: Decimal) -> list[Decimal]:
    """What each line bears of the discount on the whole basket, to the cent, adding up exactly."""
    basket = sum(amounts) - _number(ticket["total_incl_tax"])
    declared = _number(ticket["discount_amount"]) - line_discounts
    if basket <= 0 or abs(basket - declared) > Decimal("0.02"):
        return [Decimal(0)] * len(amounts)
    shares = [cents(basket * amount / sum(amounts)) for amount in amounts]
    largest = max(range(len(amounts)), key=lambda line: (amounts[line], -line))
    shares[largest] += basket - sum(shares)
    return shares


def _cashmere(landing: Path, currency: str, out: dict[StoreMonth, Figures]) -> None:
    families = {row["sku"]: row["family"] for row in newest(landing, "cashmere", "products")}
    lines: dict[str, list[Row]] = defaultdict(list)
    for line in newest(landing, "cashmere", "ticket_lines"):
        lines[line["ticket_id"]].append(line)
    for ticket in newest(landing, "cashmere", "tickets"):
        if ticket["ticket_type"] == "VOID" or ticket["currency"] != currency:
            continue
        sold = datetime.strptime(ticket["sold_at"], "%d/%m/%Y %H:%M:%S")
        figures = out[("cashmere", ticket["store_code"], f"{sold:%Y-%m}")]
        own = sorted(lines[ticket["ticket_id"]], key=lambda line: int(line["line_no"]))
        amounts = [_number(line["line_amount_incl_tax"]) for line in own]
        discounts = sum((_number(line["discount_amount_incl_tax"]) for line in own), Decimal(0))
        shares = basket_shares(ticket, amounts, discounts)
        is_order = False
        for line, amount, share in zip(own, amounts, shares, strict=True):
            if families.get(line["sku"]) == "GIFT CARD":
                continue
            rate = _number(line["tax_rate"])
            rate = rate * HUNDRED if rate < 1 else rate
            figures.net_sales += cents((amount - share) * HUNDRED / (HUNDRED + rate))
            if families.get(line["sku"]) == "SERVICES":
                continue
            figures.units += _number(line["qty"])
            is_order |= ticket["ticket_type"] == "SALE" and _number(line["qty"]) > 0
        figures.orders += is_order


def sales(landing: Path, currency: str = "EUR") -> dict[StoreMonth, Figures]:
    """Orders, units and net sales by source, store and local month; empty months left out.

    Returns dated by the return, documents by the local day of their own store.
    """
    out: dict[StoreMonth, Figures] = defaultdict(Figures)
    if (landing / "magento").is_dir():
        _magento(landing, currency, out)
    if (landing / "cashmere").is_dir():
        _cashmere(landing, currency, out)
    empty = Figures()
    return {key: figures for key, figures in sorted(out.items()) if figures != empty}
