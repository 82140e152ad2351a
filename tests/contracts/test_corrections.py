"""A quarantined row is closed when its correction has loaded, and only then."""

import pytest
from click.testing import CliRunner
from shop import ITEMS, Shop, accounted, card_holders, items, tickets

from orchestration.assets.ingestion import report_metadata
from orchestration.checks.files import file_faults
from orchestration.cli import main
from orchestration.resources.warehouse import DuckDBWarehouse
from orchestration.settings import get_settings

TICKETS = ("cashmere", "tickets")
BAD = {"total_incl_tax": "much"}
STATES = "select line_no, state, encrypted_row is null from ops.quarantine order by quarantine_id"


def land_both(shop: Shop, first: str, second: str) -> int:
    """Two exports, one a day after the other; gives how many rows the second corrected."""
    shop.land("tickets_20250302.csv", first)
    assert accounted(shop.ingest(*TICKETS))
    shop.land("tickets_20250303.csv", second)
    report = shop.ingest(*TICKETS)
    assert accounted(report)
    return report.quarantined_corrected


def test_a_row_is_closed_when_its_correction_has_loaded(shop: Shop) -> None:
    assert land_both(shop, tickets(BAD, BAD, {}), tickets({}, {"total_incl_tax": "less"})) == 1
    assert shop.rows(STATES) == [(2, "corrected", True), (3, "open", False), (3, "open", False)]
    assert [line for line, *_ in shop.faults()] == [3, 3]
    assert shop.retry().tried == 2
    assert shop.rows("select rows_seen, rows_loaded, rows_quarantined from ops.files") == [
        (3, 1, 2), (2, 1, 1),
    ]  # fmt: skip


def test_every_open_row_of_a_record_is_closed_at_once(shop: Shop) -> None:
    assert land_both(shop, tickets(BAD), tickets(BAD, {})) == 0
    shop.land("tickets_20250304.csv", tickets({}))
    report = shop.ingest(*TICKETS)
    assert report.quarantined_corrected == 2
    assert report_metadata(report)["quarantined_rows_corrected"] == 2
    assert shop.faults() == []


@pytest.mark.parametrize(
    ("bad", "later"),
    [
        ({**BAD, "updated_at": "02/03/2025 10:00:00"}, {}),
        (BAD, {"ticket_id": "P1-0009"}),
        ({"ticket_id": ""}, {}),
    ],
)
def test_an_older_version_or_another_record_closes_nothing(
    shop: Shop, bad: dict[str, str], later: dict[str, str]
) -> None:
    assert land_both(shop, tickets(bad), tickets(later)) == 0
    assert len(shop.faults()) == 1


def test_a_row_whose_version_cannot_be_read_goes_by_its_export(shop: Shop) -> None:
    assert land_both(shop, tickets({"updated_at": "jane@example.com"}), tickets({})) == 1
    assert shop.rows("select row_version from ops.quarantine") == [(None,)]


def test_an_earlier_export_that_arrives_late_closes_nothing(shop: Shop) -> None:
    shop.land("tickets_20250303.csv", tickets(BAD))
    shop.ingest(*TICKETS)
    shop.land("tickets_20250302.csv", tickets({}))
    assert shop.ingest(*TICKETS).quarantined_corrected == 0


def test_a_line_that_is_no_row_has_no_key_and_stays_open(shop: Shop) -> None:
    assert land_both(shop, tickets({}) + "P1-0002;P01\n", tickets({}, {})) == 0
    assert shop.rows("select key_hash, state from ops.quarantine") == [(None, "open")]


def test_a_pseudonym_in_a_key_leads_to_its_correction(shop: Shop) -> None:
    shop.land("customers_20250302.csv", card_holders({"updated_at": "soon"}))
    shop.ingest("cashmere", "customers")
    shop.land("customers_20250303.csv", card_holders({}))
    assert shop.ingest("cashmere", "customers").quarantined_corrected == 1


def test_a_file_passes_its_gate_once_its_rows_are_corrected(shop: Shop) -> None:
    bad = [{"qty_ordered": "two"}] * 40
    shop.land("sales_order_item_20250302.csv", items(*[{}] * 60, *bad))
    shop.ingest(*ITEMS)

    def faults() -> list[str]:
        with DuckDBWarehouse(shop.settings.build_file).session() as session:
            return file_faults(shop.settings, session, *ITEMS)[0]

    assert "40 of 100 rows" in faults()[0]
    shop.land("sales_order_item_20250303.csv", items(*[{}] * 100))
    assert shop.ingest(*ITEMS).quarantined_corrected == 40
    assert faults() == []


def test_the_list_shows_what_is_open_and_counts_what_was_corrected(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    land_both(shop, tickets(BAD, BAD), tickets({}))
    monkeypatch.setenv("HABITUE_HOME", str(shop.home))
    monkeypatch.setenv("HABITUE_PSEUDONYM_KEY", shop.key)
    get_settings.cache_clear()
    said = CliRunner().invoke(main, ["quarantine", "list"]).output
    get_settings.cache_clear()
    assert "tickets_20250302.csv line 3" in said
    assert "line 2" not in said
    assert "1 rows are open, 1 shown; 1 were corrected by later rows" in " ".join(said.split())
