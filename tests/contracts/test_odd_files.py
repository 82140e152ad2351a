"""Odd but possible files and values that no other test shows."""

import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shop import ITEMS, Shop, card_holders, items, text_of

from orchestration.ingest.contract import Column, Contract, FileFormat, load_contracts
from orchestration.ingest.load import unclaimed_files
from orchestration.ingest.pseudonym import Pseudonymiser
from orchestration.ingest.validation import Rules, validate

NAME = "sales_order_item_20250302.csv"


def test_russian_in_its_code_page_loads_where_the_contract_says_so(shop: Shop) -> None:
    contracts = load_contracts()
    layout = contracts[ITEMS].format.model_copy(update={"encoding": "cp1251"})
    shop.contracts = {**contracts, ITEMS: contracts[ITEMS].model_copy(update={"format": layout})}
    shop.land(NAME, items({"name": "Платье"}), encoding="cp1251")
    assert shop.ingest(*ITEMS).rows_loaded == 1
    assert shop.values("name") == ["Платье"]


def test_line_ends_may_be_mixed(shop: Shop) -> None:
    lines = items({}, {}, {}).splitlines()
    shop.land(NAME, "\r\n".join(lines[:2]) + "\n" + "\n".join(lines[2:]) + "\r\n")
    assert shop.ingest(*ITEMS).rows_loaded == 3


def test_a_renamed_column_is_a_missing_one(shop: Shop) -> None:
    shop.land(NAME, items({}).replace("sku", "article"))
    (refused,) = shop.ingest(*ITEMS).refused
    assert refused.reason_code == "HEADER_MISSING" and "lacks sku" in refused.message


def test_a_zip_archive_is_not_read(shop: Shop) -> None:
    path = shop.land(f"{NAME}.zip", b"")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../outside.csv", items({}))
    refused = [*shop.ingest(*ITEMS).refused, *unclaimed_files(shop.settings)]
    assert [file.reason_code for file in refused] == ["NAME"]
    assert not list(shop.home.rglob("outside.csv"))


@pytest.mark.parametrize("text", ["a\u202eb", "a\u200bb", "👙", "  \u00a0=1+1", "@x", "-rf"])
def test_marks_and_formulas_are_kept_as_text(shop: Shop, text: str) -> None:
    shop.land(NAME, items({"name": text}))
    assert shop.ingest(*ITEMS).rows_loaded == 1
    assert shop.values("name") == [text.strip()]


def test_a_row_with_sql_in_it_has_no_effect(shop: Shop) -> None:
    shop.land(NAME, items({"name": "'); drop table ops.files; --"}, {"name": '"1"'}))
    assert shop.ingest(*ITEMS).rows_loaded == 2
    assert shop.rows("select count(*) from ops.files") == [(1,)]


def test_who_is_missing_from_a_later_export_stays(shop: Shop) -> None:
    both = card_holders({}, {"card_no": "2900000000028"})
    shop.land("customers_20250301.csv", both)
    shop.land("customers_20250302.csv", card_holders({"city": "Lyon"}))
    shop.ingest("cashmere", "customers")
    assert shop.rows("select count(distinct card_no) from raw.cashmere_customers") == [(2,)]


@pytest.mark.parametrize("zero", ["qty_ordered", "base_price", "base_row_total"])
def test_a_zero_is_a_value(shop: Shop, zero: str) -> None:
    free = {"base_price": "0.0000", "base_row_total": "0.0000", "base_tax_amount": "0.0000"}
    shop.land(NAME, text_of([{**_item(), **free, zero: "0.0000"}]))
    assert shop.ingest(*ITEMS).rows_loaded == 1


def _item() -> dict[str, str]:
    header, row = items({}).splitlines()
    return dict(zip(header.split(","), row.split(","), strict=True))


MARKS = st.sampled_from(["", " ", "\u00a0", "\u202f", "'"])
KEY = bytes(range(32))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-(10**9), 10**9), min_size=100, max_size=100), MARKS)
def test_ten_thousand_amounts_with_thousands_marks_come_back(cents: list[int], mark: str) -> None:
    layout = FileFormat(decimal_mark=",", thousands_marks=(mark,) if mark else ())
    contract = Contract(
        source="till", entity="lines", description="", format=layout, key=("amount",),
        columns={"amount": Column(type="decimal")},
    )  # fmt: skip
    written = [f"{Decimal(c) / 100:,.2f}".replace(",", mark).replace(".", ",") for c in cents]
    rules = Rules(Pseudonymiser(KEY), "EUR", frozenset(), "UTC", datetime(2026, 1, 1, tzinfo=UTC))
    checked = validate(pa.table({"amount": written}), contract, rules)
    assert not checked.faults
    read = [Decimal(value) for value in checked.rows["amount"].to_pylist()]
    assert read == [Decimal(c) / 100 for c in cents]
