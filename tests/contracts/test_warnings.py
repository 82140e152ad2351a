"""Warnings: what is in doubt although nothing stopped, in the same sentences everywhere."""

import duckdb
import pytest
from shop import Shop, card_holders

from orchestration import data_warnings as warnings


@pytest.fixture
def warned_shop(shop: Shop) -> Shop:
    """A file that loaded with a column too many and an e-mail address that is none."""
    text = card_holders({"email": "nobody"}).splitlines()
    lines = [f"{text[0]};shoe_size", f"{text[1]};42"]
    shop.land("customers_20251119.csv", "\n".join(lines) + "\n")
    shop.ingest("cashmere", "customers")
    return shop


def test_a_run_tells_what_its_files_warned_of(warned_shop: Shop) -> None:
    assert warnings.data_warnings(warned_shop.settings, "run-1") == [
        "EMAIL_MALFORMED: cashmere customers: 1 e-mail addresses cannot be ones, so they identify "
        "nobody; correct them in the source system",
        "SCHEMA_DRIFT: cashmere customers: 1 columns that the contract does not know were left "
        "out; add them to the contract if they are wanted",
    ]
    assert warnings.data_warnings(warned_shop.settings, "run-2") == []


def test_the_status_tells_what_the_last_days_warned_of(
    warned_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert warnings.data_warnings(warned_shop.settings) == []
    monkeypatch.setattr(warnings, "SHOWN_FOR", warnings.SHOWN_FOR * 10_000)
    assert len(warnings.data_warnings(warned_shop.settings)) == 2


def test_published_warnings_are_told_with_their_remedy(shop: Shop) -> None:
    file = shop.settings.published_file
    file.parent.mkdir(parents=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "create schema marts; create table marts.data_warnings as select "
            "'UNKNOWN_STORE' as warning_code, 'cashmere orders' as subject, 1200 as row_count, "
            "'cashmere:T1' as example_key, 'nobody knows their store' as message, "
            "'send the stores' as remedy"
        )
    assert warnings.data_warnings(shop.settings) == [
        "UNKNOWN_STORE: 1,200 cashmere orders: nobody knows their store (for example cashmere:T1); "
        "send the stores"
    ]


def test_every_warning_of_the_code_has_its_words() -> None:
    for code in ("MOJIBAKE", "SCHEMA_DRIFT", "UTF8_MARK", "EMAIL_MALFORMED", "PHONE_MALFORMED"):
        found, remedy = warnings.FILE_TEXTS[code]
        assert found
        assert remedy
