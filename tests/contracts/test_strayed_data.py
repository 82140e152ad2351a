"""Personal data in columns that hold none: masked before anything is stored, and told."""

import pytest
from rows import export
from shop import Shop, card_holders
from test_privacy import traces

from orchestration.checks.gates import judged
from orchestration.checks.suites import read_suite
from orchestration.checks.tables import table_opener
from orchestration.data_warnings import file_warnings
from orchestration.ingest.contract import Contract, load_contracts
from orchestration.resources.target import build_warehouse

CONTRACTS = list(load_contracts().values())
STRAYED = {
    "e-mail": "stray.canary@example.org",
    "telephone": "+33698765432",
    "card": "4929123456789015",
}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.table)
def test_no_text_of_any_contract_stores_an_address_a_telephone_or_a_card(
    shop: Shop, contract: Contract
) -> None:
    searched = [name for name, column in contract.columns.items() if column.is_searched]
    free = [name for name in searched if name not in ("currency", "base_currency_code")]
    changes = [{name: word} for name in free for word in STRAYED.values()]
    shop.land(f"{contract.entity}_20251119.csv", export(contract, *changes), contract.source)
    report = shop.ingest(contract.source, contract.entity)
    assert report.rows_loaded == len(changes) > 0
    assert traces(shop.home, list(STRAYED.values())) == []
    told = {warning.column: warning.count for warning in file_warnings(shop.settings, "run-1")}
    assert told == dict.fromkeys(free, 3)
    assert not any(word in str(told) for word in STRAYED.values())


def gate_failures(shop: Shop) -> list[str]:
    with build_warehouse(shop.settings).session() as session:
        opener = table_opener(shop.settings, session)
        failures, _ = judged(opener, session, read_suite("raw", "cashmere_customers"))
        return [str(failure) for failure in failures]


def test_an_address_in_the_city_does_not_stop_the_raw_gate(shop: Shop) -> None:
    shop.land("customers_20251119.csv", card_holders({"city": "stray.canary@example.org"}))
    shop.ingest("cashmere", "customers")
    assert shop.values("city", "raw.cashmere_customers") == ["[e-mail]"]
    assert gate_failures(shop) == []


def test_a_correction_heals_what_an_earlier_version_stored(shop: Shop) -> None:
    shop.land("customers_20251118.csv", card_holders({}))
    shop.ingest("cashmere", "customers")
    with build_warehouse(shop.settings).session() as session:
        session.execute("update raw.cashmere_customers set city = 'a@example.org', title = 'x'")
    (failure,) = gate_failures(shop)
    assert "city" in failure
    assert "only its newest version is judged" in failure
    shop.land("customers_20251119.csv", card_holders({"updated_at": "02/03/2025 10:15:00"}))
    shop.ingest("cashmere", "customers")
    assert gate_failures(shop) == []


def test_of_two_files_of_one_moment_the_gate_judges_what_the_models_take(shop: Shop) -> None:
    shop.land("customers_20251118_0000.csv", card_holders({}))
    shop.ingest("cashmere", "customers")
    shop.land("customers_20251118.csv", card_holders({"title": "x"}))
    shop.ingest("cashmere", "customers")
    with build_warehouse(shop.settings).session() as session:
        session.execute(
            "update raw.cashmere_customers set city = 'a@example.org' where title = 'x'"
        )
    assert gate_failures(shop) == []


def test_the_gate_finds_nothing_that_loading_lets_pass(shop: Shop) -> None:
    """What looks like an address by half must not load and then stop every night."""
    odd = ["a@b.c", "2@5.90", "x@y", "@a.fr", "a@b.c@d.ef", "a@\u00a0b.fr", "Lot 3@1.99 c.de"]
    changes = [{"city": city, "card_no": f"29{at}"} for at, city in enumerate(odd)]
    shop.land("customers_20251119.csv", card_holders(*changes))
    assert shop.ingest("cashmere", "customers").rows_loaded == len(odd)
    assert gate_failures(shop) == []


def test_what_is_looked_for_is_what_the_contract_leaves_open() -> None:
    columns = load_contracts()["cashmere", "customers"].columns
    assert columns["city"].is_searched
    assert not columns["email"].is_searched
    assert not columns["birth_date"].is_searched
