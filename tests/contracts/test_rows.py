"""Rows: what goes to the quarantine and why, and how good values are written."""

from datetime import date
from pathlib import Path

import duckdb
import pytest
from shop import (
    ITEM,
    ITEMS,
    STORES_HEADER,
    Shop,
    accounted,
    card_holders,
    items,
    multiline,
    text_of,
    tickets,
)  # fmt: skip

from orchestration.ingest import context
from orchestration.ingest.contract import load_contracts
from orchestration.ingest.load import list_quarantine
from orchestration.time_zones import usable_zones

NAME = "sales_order_item_20250302.csv"
ONE = ",".join(ITEM.values())


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("item_id", "", "REQUIRED_MISSING"),
        ("item_id", "   ", "REQUIRED_MISSING"),
        ("updated_at", "", "REQUIRED_MISSING"),
        ("order_id", "1E+05", "ID_MANGLED"),
        ("sku", "4.01E+12", "ID_MANGLED"),
        ("order_id", "\x1a10", "ID_MANGLED"),
        ("item_id", "2\x859", "ID_MANGLED"),
        ("qty_ordered", "two", "NUM_FORMAT"),
        ("base_row_total", '"78,00"', "NUM_FORMAT"),
        ("base_row_total", '"1,078.00"', "NUM_FORMAT"),
        ("base_row_total", "78.00 EUR", "NUM_FORMAT"),
        ("base_row_total", "7.8E1", "NUM_FORMAT"),
        ("base_row_total", "nan", "NUM_FORMAT"),
        ("base_row_total", "123456789012345.00", "NUM_FORMAT"),
        ("qty_ordered", "3401234567890", "NUM_FORMAT"),
        ("created_at", "2025-02-30 10:00:00", "DATE_FORMAT"),
        ("created_at", "2025-13-01 10:00:00", "DATE_FORMAT"),
        ("created_at", "2025-03-01 24:00:00", "DATE_FORMAT"),
        ("created_at", "01/03/2025 10:00:00", "DATE_FORMAT"),
        ("created_at", "2025-03-01", "DATE_FORMAT"),
        ("created_at", "2025-03-01T10:00:00+99:99", "DATE_FORMAT"),
        ("updated_at", "2025-03-01T10:00:00-24:00", "DATE_FORMAT"),
        ("created_at", "0001-01-01 00:00:00", "DATE_RANGE"),
        ("created_at", "1900-01-01 00:00:00", "DATE_RANGE"),
        ("created_at", "9999-12-31 23:59:59", "DATE_RANGE"),
        ("created_at", "0000-00-00 00:00:00", "DATE_RANGE"),
        ("created_at", "2025-11-21 12:00:01", "DATE_FUTURE"),
        ("base_row_total", "-78.0000", "SIGN"),
        ("qty_ordered", "-2.0000", "SIGN"),
        ("name", "x" * 65_537, "TOO_LONG"),
    ],
)
def test_a_bad_value_quarantines_its_row_only(
    shop: Shop, column: str, value: str, reason: str
) -> None:
    shop.land(NAME, items({}, {column: value}, {}))
    report = shop.ingest(*ITEMS)
    assert accounted(report) and report.rows_loaded == 2
    assert shop.faults() == [(3, reason, "base_row_total" if reason == "SIGN" else column)]


@pytest.mark.parametrize(
    ("column", "value", "stored"),
    [
        ("order_id", "00012", "00012"),
        ("order_id", "1.0", "1.0"),
        ("order_id", "123456789012345678901234", "123456789012345678901234"),
        ("sku", "12E3", "12E3"),
        ("order_id", "\ufeff10", "10"),
        ("order_id", "\u202a10\u200b \u202c", "10"),
        ("sku", "BRA\u00ad\u2060-90B", "BRA-90B"),
        ("sku", "'; drop table raw.x; --", "'; drop table raw.x; --"),
        ("name", "=HYPERLINK(1)", "=HYPERLINK(1)"),
        ("name", "e\u0301te\u0301", "été"),
        ("name", "  bra 👙 ", "bra 👙"),
        ("name", "", None),
        ("qty_ordered", "0", "0"),
        ("base_discount_amount", "-0.5", "-0.5"),
        ("created_at", "2025-03-01T09:00:00Z", "2025-03-01 09:00:00"),
        ("created_at", "2025-03-01T09:00:00+03:00", "2025-03-01 06:00:00"),
        ("created_at", "2025-03-01 09:00:00.123456", "2025-03-01 09:00:00"),
        ("created_at", "2024-02-29 23:59:59", "2024-02-29 23:59:59"),
        ("created_at", "2025-11-21 12:00:00", "2025-11-21 12:00:00"),
        ("name", "x" * 65_536, "x" * 65_536),
    ],
)
def test_a_good_value_is_written_canonically(
    shop: Shop, column: str, value: str, stored: str | None
) -> None:
    shop.land(NAME, items({}, {column: value}))
    assert shop.ingest(*ITEMS).rows_loaded == 2
    assert shop.values(column)[1] == stored


def test_a_return_has_negative_quantity_and_amount(shop: Shop) -> None:
    shop.land(NAME, items({"qty_ordered": "-1", "base_row_total": "-39"}))
    assert shop.ingest(*ITEMS).rows_loaded == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (ONE + ",extra", "COLS_EXTRA"),
        ("1,2,3", "COLS_MISSING"),
        (ONE.replace("Bra", '"Bra'), "QUOTE"),
        (ONE.replace("Bra", '"Bra"x'), "QUOTE"),
        (ONE.replace("Bra", 'TV 32"'), "QUOTE"),
        (ONE.replace("Bra", 'B"r"a'), "QUOTE"),
        (ONE.replace("Bra", '"two\rlines"'), "LONE_CR"),
        (ONE.replace("Bra", "Br\ra"), "LONE_CR"),
        (ONE.replace("Bra", "Br\x1fa"), "CONTROL_BYTE"),
        (ONE.replace("Bra", "Br\0a"), "NUL_BYTE"),
        (ONE.encode().replace(b"Bra", b"Br\xe9"), "ENC_INVALID"),
    ],
)
def test_a_broken_line_costs_that_line_only(shop: Shop, line: str | bytes, reason: str) -> None:
    good = items({}, {"item_id": "2"}).encode()
    raw = line if isinstance(line, bytes) else line.encode()
    rest = b"\n".join(good.splitlines()[1:]).replace(b"1,", b"9,", 1)
    shop.land(NAME, good + raw + b"\n" + rest + b"\n")
    report = shop.ingest(*ITEMS)
    assert accounted(report)
    assert shop.faults() == [(4, reason, None)]
    assert report.rows_loaded == 3 and report.rows_exact_duplicate == 1


def test_three_undecodable_lines_of_many_are_quarantined_exactly(shop: Shop) -> None:
    good = items(*[{"name": f"n{at}"} for at in range(1000)]).splitlines()
    lines = [line.encode() for line in good]
    for at in (10, 500, 900):
        lines[at] = lines[at].replace(b",n", b",\xe9")
    shop.land(NAME, b"\n".join(lines) + b"\n")
    report = shop.ingest(*ITEMS)
    assert shop.faults() == [(at + 1, "ENC_INVALID", None) for at in (10, 500, 900)]
    assert report.rows_loaded == 997


def test_a_line_break_in_quotes_is_one_row_named_by_its_first_line(shop: Shop) -> None:
    shop.contracts = multiline()
    shop.land(NAME, items({"name": '"two\r\nlines"'}, {}))
    shop.ingest(*ITEMS)
    assert shop.rows("select _line_no, name from raw.magento_sales_order_item order by 1") == [
        (2, "two\nlines"), (4, "Bra"),
    ]  # fmt: skip


def test_two_stray_quotes_cost_their_own_lines_only(shop: Shop) -> None:
    names = {8: '"Promo', 388: 'TV 32"'}
    shop.land(NAME, items(*[{"name": names.get(at, f"n{at}")} for at in range(400)]))
    report = shop.ingest(*ITEMS)
    assert (report.rows_seen, report.rows_loaded) == (400, 398)
    assert shop.faults() == [(10, "QUOTE", None), (390, "QUOTE", None)]


def test_a_field_of_several_lines_is_bad_lines_unless_the_contract_knows_such(shop: Shop) -> None:
    shop.land(NAME, items({"name": '"two\nlines"'}, {}))
    report = shop.ingest(*ITEMS)
    assert shop.faults() == [(2, "QUOTE", None), (3, "QUOTE", None)]
    assert (report.rows_seen, report.rows_loaded) == (3, 1)


def test_every_physical_line_is_in_the_ledger(shop: Shop) -> None:
    shop.contracts = multiline()
    content = items({}, {"name": '"two\nlines"'}, {"name": '"o'}) + "\n\nragged\n"
    shop.land(NAME, content)
    shop.ingest(*ITEMS)
    assert shop.rows(
        "select physical_lines, rows_seen, continuation_lines, blank_lines from ops.files"
    ) == [(content.count("\n"), 4, 1, 2)]


def test_a_byte_0x1f_makes_no_row_the_duplicate_of_another(shop: Shop) -> None:
    one = {"product_id": "7", "name": "a"}
    shop.land(NAME, items({**one, "sku": "b\x1fc", "item_id": "1"}, {**one, "item_id": "1"}))
    report = shop.ingest(*ITEMS)
    assert (report.rows_loaded, report.rows_exact_duplicate) == (1, 0)
    assert shop.faults() == [(2, "CONTROL_BYTE", None)]


def test_exact_duplicates_collapse_and_are_counted(shop: Shop) -> None:
    shop.land(NAME, items({"item_id": "1"}, {"item_id": "1"}, {"item_id": "1", "name": '"Bra"'}))
    report = shop.ingest(*ITEMS)
    assert (report.rows_loaded, report.rows_exact_duplicate) == (1, 2)
    assert shop.rows("select _line_no from raw.magento_sales_order_item") == [(2,)]


@pytest.mark.parametrize(
    ("amount", "stored"),
    [
        ("10,50", "10.50"), ("-10,50", "-10.50"), ("10", "10"), ("1 234,50", "1234.50"),
        ("1\u00a0234,50", "1234.50"), ("10.50", None), ("1,234.50", None), ("1 23,50", None),
        ("10,50 €", None), ("1.234,50", None),
    ],
)  # fmt: skip
def test_till_amounts_have_decimal_commas(shop: Shop, amount: str, stored: str | None) -> None:
    shop.land("tickets_20250302.csv", tickets({"total_incl_tax": amount}))
    shop.ingest("cashmere", "tickets")
    found = shop.values("total_incl_tax", "raw.cashmere_tickets")
    assert found == ([stored] if stored else [])
    assert [fault[1] for fault in shop.faults()] == ([] if stored else ["NUM_FORMAT"])


@pytest.mark.parametrize(
    ("sold_at", "stored"),
    [
        ("31/12/2024 23:59:59", "2024-12-31 23:59:59"),
        ("31/12/2024 23:59", "2024-12-31 23:59:00"),
        ("12/31/2024 23:59:59", None),
        ("2024-12-31 23:59:59", None),
        ("1/2/2024 10:00:00", None),
    ],
)
def test_till_times_are_day_first_and_stay_local(
    shop: Shop, sold_at: str, stored: str | None
) -> None:
    shop.land("tickets_20250302.csv", tickets({"sold_at": sold_at}))
    shop.ingest("cashmere", "tickets")
    assert shop.values("sold_at", "raw.cashmere_tickets") == ([stored] if stored else [])


def test_the_ticket_type_is_a_closed_list(shop: Shop) -> None:
    shop.land("tickets_20250302.csv", tickets({}, {"ticket_type": "GIFT"}, {"ticket_type": "VOID"}))
    shop.ingest("cashmere", "tickets")
    assert shop.faults() == [(3, "VALUE_UNKNOWN", "ticket_type")]


def test_till_time_is_judged_by_the_clock_of_the_shop(shop: Shop) -> None:
    shop.land(
        "tickets_20251121.csv",
        tickets({"sold_at": "21/11/2025 13:00:00"}, {"sold_at": "21/11/2025 13:00:01"}),
    )
    shop.ingest("cashmere", "tickets")
    assert shop.faults() == [(3, "DATE_FUTURE", "sold_at")]


@pytest.mark.parametrize(
    ("value", "stored"),
    [("1", "true"), ("true", "true"), ("OUI", "true"), ("O", "true"), ("Y", "true"),
     ("0", "false"), ("False", "false"), ("non", "false"), ("N", "false"), ("", None)],
)  # fmt: skip
def test_yes_and_no_in_every_spelling(shop: Shop, value: str, stored: str | None) -> None:
    shop.land("customers_20250302.csv", card_holders({"email_optin": value}))
    shop.ingest("cashmere", "customers")
    assert shop.values("email_optin", "raw.cashmere_customers") == [stored]


@pytest.mark.parametrize(
    ("birth_date", "reason"),
    [("31/12/1899", "DATE_RANGE"), ("01/01/1900", ""), ("21/11/2025", "DATE_FUTURE"), ("", "")],
)
def test_birth_dates_lie_between_1900_and_today(shop: Shop, birth_date: str, reason: str) -> None:
    shop.land("customers_20250302.csv", card_holders({"birth_date": birth_date}))
    shop.ingest("cashmere", "customers")
    assert [fault[1] for fault in shop.faults()] == ([reason] if reason else [])


def test_a_store_needs_a_time_zone_that_exists(shop: Shop) -> None:
    rows = [f"P0{n};Paris;;;FR;;{zone};;" for n, zone in enumerate(("Europe/Pariss", "localtime"))]
    shop.land("stores_20250301.csv", "\n".join([STORES_HEADER, *rows]) + "\n")
    shop.ingest("cashmere", "stores")
    assert shop.faults() == [(2, "VALUE_UNKNOWN", "timezone"), (3, "VALUE_UNKNOWN", "timezone")]


def test_every_time_zone_that_is_taken_is_known_where_stores_are_staged() -> None:
    with duckdb.connect() as connection:
        known = connection.execute("select name from pg_timezone_names()").fetchall()
    assert usable_zones() - {name for (name,) in known} == set()


@pytest.mark.parametrize(
    ("sold_at", "is_known"),
    [
        ("27/02/2025 10:00:00", False),
        ("28/02/2025 10:00:00", True),
        ("02/03/2025 10:00:00", True),
        ("07/03/2025 23:59:59", True),
        ("08/03/2025 00:00:00", False),
    ],
)
def test_a_foreign_currency_needs_a_rate_of_the_last_seven_days(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, sold_at: str, is_known: bool
) -> None:
    friday = frozenset({(date(2025, 2, 28), "GBP")})
    monkeypatch.setattr(context, "known_rates", lambda _currency: friday)
    shop.land("tickets_20250310.csv", tickets({"currency": "GBP", "sold_at": sold_at}))
    shop.ingest("cashmere", "tickets")
    assert shop.faults() == ([] if is_known else [(2, "FX_MISSING", "currency")])


def test_how_old_a_rate_may_be_is_a_setting(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    friday = frozenset({(date(2025, 2, 28), "GBP")})
    monkeypatch.setattr(context, "known_rates", lambda _currency: friday)
    monkeypatch.setenv("HABITUE_RATE_AGE_DAYS", "0")
    sunday = {"currency": "GBP", "sold_at": "02/03/2025 10:00:00"}
    shop.land("tickets_20250310.csv", tickets(sunday))
    shop.ingest("cashmere", "tickets")
    assert shop.faults() == [(2, "FX_MISSING", "currency")]


def test_every_message_names_file_line_column_reason_and_remedy(shop: Shop) -> None:
    shop.land(NAME, items({"qty_ordered": "two"}))
    shop.ingest(*ITEMS)
    (row,) = list_quarantine(shop.settings)
    assert row.message == (
        'sales_order_item_20250302.csv line 2, qty_ordered: NUM_FORMAT: "aaa" is no decimal '
        "of up to 11 digits; "
        "write the number with the contract's decimal mark, or correct the contract"
    )


def test_a_corrected_contract_loads_the_quarantined_rows(shop: Shop) -> None:
    shop.land("tickets_20250302.csv", tickets({"ticket_type": "GIFT"}, {"sold_at": ""}, {}))
    shop.ingest("cashmere", "tickets")
    contracts = load_contracts()
    tickets_contract = contracts["cashmere", "tickets"]
    column = tickets_contract.columns["ticket_type"]
    fixed = column.model_copy(update={"values": (*column.values, "GIFT")})
    columns = {**tickets_contract.columns, "ticket_type": fixed}
    contracts["cashmere", "tickets"] = tickets_contract.model_copy(update={"columns": columns})
    shop.contracts = contracts
    report = shop.retry()
    assert (report.tried, report.loaded, report.still_open) == (2, 1, 1)
    assert shop.faults() == [(3, "REQUIRED_MISSING", "sold_at")]
    assert shop.rows("select ticket_id, _line_no from raw.cashmere_tickets order by 2") == [
        ("P1-0001", 2), ("P1-0003", 4),
    ]  # fmt: skip
    assert shop.rows(
        "select rows_seen, rows_loaded, rows_quarantined, rows_exact_duplicate from ops.files"
    ) == [(3, 2, 1, 0)]


def test_lines_that_are_no_rows_are_still_none_when_they_are_tried_again(shop: Shop) -> None:
    good = ONE.encode()
    bad = [
        good.replace(b"Bra", piece) for piece in (b"B\0a", b"B\x1fa", b'B"a', b"B\xe9a", b"B\ra")
    ]
    shop.land(NAME, b"\n".join([items({}).encode().splitlines()[0], good, *bad]) + b"\n")
    shop.ingest(*ITEMS)
    before = shop.faults()
    assert [reason for _, reason, _ in before] == [
        "NUL_BYTE", "CONTROL_BYTE", "QUOTE", "ENC_INVALID", "LONE_CR",
    ]  # fmt: skip
    assert (shop.retry().loaded, shop.faults()) == (0, before)


def test_a_row_is_retried_in_the_encoding_of_the_corrected_contract(
    shop: Shop, tmp_path: Path
) -> None:
    row = {"ticket_type": "GIFT", "payment_method": "CH\u2028ÈQUE"}
    wrong = tickets(row, {}).encode()
    contracts = load_contracts()
    layout = contracts["cashmere", "tickets"]
    in_utf8 = layout.format.model_copy(update={"encoding": "utf-8"})
    kinds = layout.columns["ticket_type"].model_copy(update={"values": ("GIFT", "SALE")})
    contracts["cashmere", "tickets"] = layout.model_copy(
        update={"format": in_utf8, "columns": {**layout.columns, "ticket_type": kinds}}
    )
    shop.land("tickets_20250302.csv", wrong)
    shop.ingest("cashmere", "tickets")
    shop.contracts = contracts
    assert shop.retry().loaded == 1
    other = Shop(tmp_path / "other", contracts=contracts)
    other.land("tickets_20250302.csv", wrong)
    other.ingest("cashmere", "tickets")
    query = "select payment_method, _row_hash from raw.cashmere_tickets where _line_no = 2"
    assert shop.rows(query) == other.rows(query)


def test_a_retry_without_a_correction_changes_nothing(shop: Shop) -> None:
    shop.land(NAME, items({"qty_ordered": "two"}) + "ragged\n" + ONE.replace("Bra", '"B') + "\n")
    shop.ingest(*ITEMS)
    before = shop.faults()
    assert shop.retry().still_open == 3
    assert shop.faults() == before


def test_a_retried_row_gets_the_hash_it_would_have_had(shop: Shop, tmp_path: Path) -> None:
    other = Shop(tmp_path / "other")
    other.land("tickets_20250302.csv", tickets({"currency": "GBP", "payment_method": '"CA;RD"'}))
    shop.land("tickets_20250302.csv", tickets({"currency": "GBP", "payment_method": '"CA;RD"'}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(context, "known_rates", lambda _currency: frozenset())
        shop.ingest("cashmere", "tickets")
    with pytest.MonkeyPatch.context() as patch:
        rates = frozenset({(date(2025, 3, 1), "GBP")})
        patch.setattr(context, "known_rates", lambda _currency: rates)
        other.ingest("cashmere", "tickets")
        assert shop.retry().loaded == 1
    sql = "select * exclude (_loaded_at) from raw.cashmere_tickets"
    assert shop.rows(sql) == other.rows(sql)


def test_columns_in_another_order_give_the_same_hash(shop: Shop) -> None:
    rows = [{**ITEM, "item_id": "1"}]
    shop.land("sales_order_item_20250301.csv", text_of(rows))
    shop.land("sales_order_item_20250302.csv", text_of(rows, columns=sorted(ITEM)))
    shop.ingest(*ITEMS)
    assert shop.rows("select count(distinct _row_hash) from raw.magento_sales_order_item") == [(1,)]
