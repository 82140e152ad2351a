"""Personal data: never outside the landing folder, and the key that guards it."""

import logging
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from shop import ITEMS, NOW, Shop, card_holders, items, tickets

from orchestration.ingest.load import ingest_entity, list_quarantine, prepare_warehouse
from orchestration.ingest.pseudonym import Pseudonymiser, UnusableKey
from orchestration.ingest.reader import Limits
from orchestration.ingest.retry import retry_quarantine
from orchestration.ingest.vault import Vault
from orchestration.mending import mend_warehouse
from orchestration.resources.build_copy import keep_copy
from orchestration.settings import Settings

CANARIES = {
    "email": "canary.address@example.org",
    "last_name": "Canarybird",
    "mobile": "+33687654321",
    "card_no": "2999988887777",
}


def traces(home: Path, words: list[str]) -> list[tuple[str, str]]:
    """Where any of the words stands in the home folder, the landing folder left out."""
    files = [p for p in home.rglob("*") if p.is_file() and "landing" not in p.parts]
    assert files
    return [
        (path.name, word)
        for path in files
        for word in words
        if word.lower().encode() in path.read_bytes().lower()
    ]


def test_no_canary_leaves_the_landing_folder(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    bad = {**CANARIES, "created_on": "bad date"}
    ragged = ";".join(CANARIES.values()) + "\n"
    broken = f'"{";".join(CANARIES.values())}\n'
    mixed_up = {**CANARIES, "birth_date": CANARIES["email"], "email_optin": "Canarybird"}
    shop.land("customers_20250302.csv", card_holders(CANARIES, bad, mixed_up) + ragged + broken)
    card, misplaced = {"card_no": CANARIES["card_no"]}, {"sold_at": CANARIES["email"]}
    shop.land("tickets_20250302.csv", tickets(card, misplaced))
    shop.land("customers_20250303.csv", ragged + ragged)
    for entity in ("customers", "tickets"):
        shop.ingest("cashmere", entity)
    words = [*CANARIES.values(), "canarybird", "687654321", "87654321"]
    assert len(list_quarantine(shop.settings)) == 5
    assert traces(shop.home, words) == []
    logged = caplog.text + "".join(row.message for row in list_quarantine(shop.settings))
    assert [word for word in words if word.lower() in logged.lower()] == []


def test_the_canary_search_finds_what_is_there(shop: Shop) -> None:
    shop.land("customers_20250302.csv", card_holders({"city": "Canarytown"}))
    shop.ingest("cashmere", "customers")
    assert traces(shop.home, ["canarytown"]) != []


def test_personal_columns_hold_the_pseudonyms_of_their_kind(shop: Shop) -> None:
    shop.land("customers_20250302.csv", card_holders({}))
    shop.ingest("cashmere", "customers")
    known = Pseudonymiser(shop.key.encode())
    assert shop.rows("select card_no, first_name, email, mobile from raw.cashmere_customers") == [
        (
            known.token("card", "2900000000011"),
            known.token("name", "lea"),
            known.token("email", "lea.martin@example.com"),
            known.token("phone", "+33612345678"),
        )
    ]


def test_a_phone_is_read_as_dialled_in_the_country_of_its_row(shop: Shop) -> None:
    number = {"mobile": "0612345678"}
    shop.land(
        "customers_20250302.csv",
        card_holders(number, {**number, "country": "IT"}, {**number, "country": "??"}),
    )
    shop.ingest("cashmere", "customers")
    french, italian, unknown = shop.values("mobile", "raw.cashmere_customers")
    assert french == unknown and italian != french


def test_a_malformed_address_is_no_identity_and_counted(shop: Shop) -> None:
    shop.land("customers_20250302.csv", card_holders({"email": "no address", "mobile": "12"}))
    report = shop.ingest("cashmere", "customers")
    assert shop.values("email", "raw.cashmere_customers") == [None]
    assert report.rows_loaded == 1
    assert dict(report.warnings) == {"EMAIL_MALFORMED": 1, "PHONE_MALFORMED": 1}


def test_a_column_that_its_owner_anonymised_is_taken_as_it_is(shop: Shop) -> None:
    from orchestration.ingest.contract import load_contracts

    contracts = load_contracts()
    contract = contracts["cashmere", "tickets"]
    card = contract.columns["card_no"].model_copy(update={"anonymised": True})
    contracts["cashmere", "tickets"] = contract.model_copy(
        update={"columns": {**contract.columns, "card_no": card}}
    )
    shop.contracts = contracts
    shop.land("tickets_20250302.csv", tickets({"card_no": "9f86d081884c7d65"}))
    shop.ingest("cashmere", "tickets")
    assert shop.values("card_no", "raw.cashmere_tickets") == ["9f86d081884c7d65"]


def test_the_raw_text_of_a_quarantined_row_expires(shop: Shop) -> None:
    shop.land("sales_order_item_20250302.csv", items({"qty_ordered": "two"}))
    shop.ingest(*ITEMS)
    later = NOW + timedelta(days=31)
    ingest_entity(shop.settings, *ITEMS, run_id="later", clock=lambda: later)
    assert shop.rows("select encrypted_row, state from ops.quarantine") == [(None, "open")]


def sealed_files(shop: Shop) -> list[Path]:
    return sorted(shop.settings.quarantine_folder.glob("*"))


def test_no_byte_of_an_expired_row_is_left(shop: Shop) -> None:
    """Its ciphertext lies in one file, which goes; the database, its log and its copy never saw it.

    The text of a later row stays, and can be tried again.
    """
    name, later = "sales_order_item_{}.csv", NOW + timedelta(days=20)
    shop.land(name.format("20250302"), items({"qty_ordered": "two"}, {"qty_ordered": "three"}))
    shop.ingest(*ITEMS)
    (first,) = sealed_files(shop)
    texts = [text[:60].encode() for text in first.read_text().splitlines()]
    assert len(texts) == 2
    shop.land(name.format("20250303"), items({"item_id": "7", "qty_ordered": "four"}))
    ingest_entity(shop.settings, *ITEMS, run_id="2", clock=lambda: later)
    keep_copy(shop.settings.build_file, shop.settings.copy_file)
    assert {path.name for path in holding(shop.home, texts[1])} == {first.name}
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.parent.stat().st_mode) == 0o700
    ingest_entity(shop.settings, *ITEMS, run_id="3", clock=lambda: NOW + timedelta(days=31))
    assert [path for text in texts for path in holding(shop.home, text)] == []
    report = retry_quarantine(shop.settings, clock=lambda: NOW + timedelta(days=31))
    assert (report.tried, report.expired, report.still_open) == (3, 2, 1)


def test_a_build_file_made_anew_from_its_copy_has_no_text_of_earlier_versions(shop: Shop) -> None:
    """They kept it in the table, and its bytes stay in free blocks once it has expired."""
    shop.land("sales_order_item_20250302.csv", items({"qty_ordered": "two"}, {"item_id": "7"}))
    shop.ingest(*ITEMS)
    text = "an encrypted row of an earlier version, " + "x" * 5000
    shop.rows(f"update ops.quarantine set encrypted_row = '{text}'")
    keep_copy(shop.settings.build_file, shop.settings.copy_file)
    assert holding(shop.home, text[:40].encode()) == [shop.settings.build_file]
    shop.settings.build_file.unlink()
    mend_warehouse(shop.settings)
    prepare_warehouse(shop.settings)
    assert holding(shop.home, text[:40].encode()) == []
    assert shop.rows("select count(*) from raw.magento_sales_order_item") == [(1,)]
    assert shop.rows("select count(*) from ops.quarantine where state = 'open'") == [(1,)]


def holding(folder: Path, text: bytes) -> list[Path]:
    """The files under a folder that hold a text."""
    return [path for path in folder.rglob("*") if path.is_file() and text in path.read_bytes()]


def test_a_file_that_is_not_loaded_leaves_no_text(shop: Shop) -> None:
    shop.limits = Limits(block=1000, block_lines=10, flood_lines=20)
    bad = [{"item_id": str(at), "qty_ordered": "two"} for at in range(60)]
    shop.land("sales_order_item_20250302.csv", items(*bad))
    assert shop.ingest(*ITEMS).refused[0].reason_code == "MOSTLY_BAD"
    assert shop.settings.quarantine_folder.exists()
    assert sealed_files(shop) == []


def test_the_text_of_a_killed_run_expires_too(shop: Shop) -> None:
    Vault(shop.settings.quarantine_folder).keep(["orphan"], NOW.replace(tzinfo=None))
    ingest_entity(shop.settings, *ITEMS, run_id="2", clock=lambda: NOW + timedelta(days=1))
    assert sealed_files(shop) == []


def test_a_row_whose_text_is_lost_is_told_and_left(shop: Shop) -> None:
    shop.land("sales_order_item_20250302.csv", items({"qty_ordered": "two"}))
    shop.ingest(*ITEMS)
    sealed_files(shop)[0].unlink()
    assert (shop.retry().expired, len(shop.faults())) == (1, 1)


def test_another_key_is_refused(shop: Shop) -> None:
    shop.land("sales_order_item_20250302.csv", items({}))
    shop.ingest(*ITEMS)
    shop.key = shop.key[::-1]
    with pytest.raises(UnusableKey, match="built with another pseudonym key"):
        shop.ingest(*ITEMS)


def test_a_first_run_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, settle_seconds=0)
    prepare_warehouse(settings)
    prepare_warehouse(settings)
    assert settings.key_file.stat().st_mode & 0o777 == 0o600
    assert settings.key_file.parent.stat().st_mode & 0o777 == 0o700
    assert len(settings.key_file.read_bytes().strip()) >= 32


def test_a_lost_key_is_not_replaced(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, settle_seconds=0)
    prepare_warehouse(settings)
    settings.key_file.unlink()
    with pytest.raises(UnusableKey, match="restore the file"):
        prepare_warehouse(settings)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, settle_seconds=0)
    prepare_warehouse(settings)
    settings.key_file.chmod(0o640)
    with pytest.raises(UnusableKey, match="chmod 600"):
        prepare_warehouse(settings)
