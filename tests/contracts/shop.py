"""A small installation to test loading with: files in, tables and ledger out."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from orchestration.ingest.contract import Contracts, load_contracts
from orchestration.ingest.load import EntityReport, RetryReport, ingest_entity, retry_quarantine
from orchestration.ingest.reader import Limits
from orchestration.resources.warehouse import DuckDBWarehouse
from orchestration.settings import Settings

KEY = "fd6fb6dc2c7b8ce4f2a1c8b93ff6f8a09c3b2a4c"
NOW = datetime(2025, 11, 20, 12, 0, tzinfo=UTC)

STORES = ("cashmere", "stores")
STORES_HEADER = "store_code;name;city;postcode;country;region;timezone;opened_on;closed_on"
ITEMS = ("magento", "sales_order_item")
ITEM = {
    "item_id": "1",
    "order_id": "10",
    "parent_item_id": "",
    "product_id": "7",
    "product_type": "simple",
    "sku": "BRA-90B",
    "name": "Bra",
    "qty_ordered": "2.0000",
    "qty_canceled": "0.0000",
    "qty_refunded": "0.0000",
    "base_original_price": "40.0000",
    "base_price": "39.0000",
    "base_discount_amount": "0.0000",
    "base_tax_amount": "15.6000",
    "base_row_total": "78.0000",
    "created_at": "2025-03-01 09:00:00",
    "updated_at": "2025-03-01 09:00:00",
}
TICKET = {
    "ticket_id": "P1-0001",
    "store_code": "P01",
    "till_no": "1",
    "ticket_no": "0001",
    "sold_at": "01/03/2025 10:15:00",
    "employee_code": "E1",
    "card_no": "",
    "ticket_type": "SALE",
    "total_incl_tax": "46,80",
    "tax_amount": "7,80",
    "discount_amount": "0,00",
    "currency": "EUR",
    "payment_method": "CARD",
    "updated_at": "01/03/2025 10:15:00",
}
CARD_HOLDER = {
    "card_no": "2900000000011",
    "title": "MME",
    "first_name": "Léa",
    "last_name": "Martin",
    "birth_date": "02/01/1980",
    "email": "lea.martin@example.com",
    "mobile": "06 12 34 56 78",
    "postcode": "75011",
    "city": "Paris",
    "country": "FR",
    "home_store_code": "P01",
    "created_on": "05/01/2020",
    "updated_at": "01/03/2025 10:15:00",
    "email_optin": "1",
    "sms_optin": "0",
    "post_optin": "N",
}


def text_of(
    rows: list[dict[str, str]], delimiter: str = ",", columns: list[str] | None = None
) -> str:
    """Rows as an export, header first."""
    names = columns or list(rows[0])
    lines = [delimiter.join(names), *(delimiter.join(row[name] for name in names) for row in rows)]
    return "\n".join(lines) + "\n"


def items(*changes: dict[str, str]) -> str:
    """An export of order items: one row per given change to the good row, ids 1, 2, 3…"""
    return text_of([{**ITEM, "item_id": str(at + 1), **c} for at, c in enumerate(changes)])


def tickets(*changes: dict[str, str]) -> str:
    """An export of tickets: one row per given change to the good row."""
    return text_of(
        [{**TICKET, "ticket_id": f"P1-{at + 1:04}", **c} for at, c in enumerate(changes)], ";"
    )


def card_holders(*changes: dict[str, str]) -> str:
    """An export of card holders: one row per given change to the good row."""
    return text_of([{**CARD_HOLDER, **change} for change in changes], ";")


def multiline(source: str = "magento", entity: str = "sales_order_item") -> Contracts:
    """The contracts, one of them with fields that may hold line ends."""
    contracts = load_contracts()
    contract = contracts[source, entity]
    layout = contract.format.model_copy(update={"multiline": True})
    return {**contracts, (source, entity): contract.model_copy(update={"format": layout})}


@dataclass
class Shop:
    """An installation in a temporary folder."""

    home: Path
    key: str = KEY
    contracts: Contracts | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, settle_seconds=0, pseudonym_key=SecretStr(self.key))

    def land(self, name: str, content: str | bytes, source: str = "", encoding: str = "") -> Path:
        """Put a file into the landing folder; Cashmere's in cp1252, Magento's in UTF-8."""
        is_till = name.startswith(("ticket", "customers_", "stores_", "products_", "employees_"))
        source = source or ("cashmere" if is_till else "magento")
        data = content
        if isinstance(data, str):
            data = data.encode(encoding or ("cp1252" if source == "cashmere" else "utf-8"))
        path = self.settings.landing_folder / source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def ingest(self, source: str, entity: str, run_id: str = "run-1") -> EntityReport:
        return ingest_entity(
            self.settings, source, entity,
            run_id=run_id, contracts=self.contracts, clock=lambda: NOW, limits=self.limits,
        )  # fmt: skip

    def retry(self) -> RetryReport:
        return retry_quarantine(self.settings, contracts=self.contracts, clock=lambda: NOW)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with DuckDBWarehouse(self.settings.build_file).session() as session:
            return session.execute(sql)

    def values(self, column: str, table: str = "raw.magento_sales_order_item") -> list[Any]:
        """A column of a raw table in file order."""
        return [row[0] for row in self.rows(f'select "{column}" from {table} order by _line_no')]

    def faults(self) -> list[tuple[int, str, str | None]]:
        """(line, reason, column) of the open quarantine."""
        return self.rows(
            "select line_no, reason_code, column_name from ops.quarantine "
            "where state = 'open' order by line_no"
        )


def accounted(report: EntityReport) -> bool:
    """Promise P1: every row seen is loaded, quarantined or an exact duplicate."""
    return report.rows_seen == (
        report.rows_loaded + report.rows_quarantined + report.rows_exact_duplicate
    )
