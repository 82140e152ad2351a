"""A file with far fewer rows than usual is held until it comes whole or a person accepts it."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from shop import ITEMS, Shop, items

from orchestration.checks.files import file_faults
from orchestration.ingest.accept import NothingToAccept, accept, waiting
from orchestration.ingest.ledger import Entry, record
from orchestration.ingest.load import EntityReport, pending_files, prepare_warehouse
from orchestration.ingest.volume import usual_of
from orchestration.resources.warehouse import DuckDBWarehouse
from orchestration.settings import get_settings
from orchestration.summary import kept_out_files

FIRST = date(2025, 3, 3)


def export(shop: Shop, day: int, rows: int, clock: str = "") -> Path:
    """The export of the n-th day after a Monday; no two have the same bytes."""
    name = f"sales_order_item_{FIRST + timedelta(day):%Y%m%d}{clock}.csv"
    changes = [{"name": f"d{day}{clock}", "item_id": str(day * 1000 + at)} for at in range(rows)]
    header = items({}).splitlines()[0] + "\n"
    return shop.land(name, items(*changes) if rows else header)


def land_weeks(shop: Shop, count: int = 5, rows: int = 60, sunday: int = 8) -> None:
    """Weeks of daily exports, with fewer rows on Sundays."""
    for day in range(count * 7):
        export(shop, day, sunday if day % 7 == 6 else rows)


def weeks(shop: Shop, rows: int = 60) -> None:
    """Five weeks of which the ledger knows that they were loaded, as if all rows were known."""
    prepare_warehouse(shop.settings)
    with DuckDBWarehouse(shop.settings.build_file).session() as session:
        for day in range(35):
            moment = datetime.combine(FIRST + timedelta(day), time())
            entry = Entry(*ITEMS, f"known_{day}", "loaded", exported_at=moment)
            entry.rows_seen = entry.rows_exact_duplicate = 8 if day % 7 == 6 else rows
            record(session, day + 1, entry, "run-0", moment)


def load(shop: Shop) -> EntityReport:
    return shop.ingest(*ITEMS)


def test_a_file_cut_between_two_rows_is_held_and_the_others_load(shop: Shop) -> None:
    land_weeks(shop)
    cut, sound = export(shop, 35, 29), export(shop, 36, 61)
    report = load(shop)
    assert report.files_taken == 36
    (held,) = report.refused
    assert held.message == (
        f"{cut.name}: HELD: it has 29 rows, where the median of the last 5 of a Monday is 60; "
        "send it again whole, or `habitue landing accept` it if that is all there is"
    )
    assert shop.rows("select state, rows_loaded from ops.files where file_name = "
                     f"'{cut.name}'") == [("held", 0)]  # fmt: skip
    assert shop.rows("select count(*) from raw.magento_sales_order_item where item_id like '35___'"
                     ) == [(0,)]  # fmt: skip
    assert sound.name not in held.message


def test_a_held_file_fails_its_gate_and_is_shown_until_it_comes_whole(shop: Shop) -> None:
    weeks(shop)
    cut = export(shop, 35, 10)
    for _ in range(2):
        load(shop)
        assert [fault.split(":")[1] for fault in _gate(shop)] == [" HELD"]
    assert kept_out_files(shop.settings, "held")[0].startswith(f"magento/{cut.name}: HELD")
    assert [one.step for one in waiting(shop.settings)] == ["held"]
    assert shop.rows("select count(*) from ops.files where state = 'held'") == [(1,)]
    export(shop, 35, 60)
    assert load(shop).rows_loaded == 60
    assert _gate(shop) == []
    assert waiting(shop.settings) == []


def test_a_held_file_that_is_taken_away_lets_its_gate_pass(shop: Shop) -> None:
    weeks(shop)
    cut = export(shop, 35, 10)
    load(shop)
    cut.unlink()
    load(shop)
    assert _gate(shop) == []


def _gate(shop: Shop) -> list[str]:
    with DuckDBWarehouse(shop.settings.build_file).session() as session:
        return file_faults(shop.settings, session, *ITEMS)[0]


def test_an_accepted_file_loads_and_the_ledger_says_who_and_when(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    weeks(shop)
    cut = export(shop, 35, 10)
    load(shop)
    assert pending_files(shop.settings) == []
    monkeypatch.setenv("SUDO_USER", "marie")
    assert "accepted by marie, with the SHA-256 " in accept(shop.settings, cut.name)
    assert [file.name for file in pending_files(shop.settings)] == [cut.name]
    assert _gate(shop) == []
    assert load(shop).rows_loaded == 10
    lines = shop.rows(
        "select state, reason, recorded_at, sha256 from ops.files "
        f"where file_name = '{cut.name}' order by file_id"
    )
    assert [line[0] for line in lines] == ["held", "accepted", "loaded"]
    assert lines[1][1] == "accepted by marie"
    assert isinstance(lines[1][2], datetime)
    assert len({line[3] for line in lines}) == 1
    with pytest.raises(NothingToAccept, match="is not held; `habitue landing list`"):
        accept(shop.settings, cut.name)


def test_a_word_counts_for_the_bytes_that_were_held(shop: Shop) -> None:
    weeks(shop)
    cut = export(shop, 35, 10)
    load(shop)
    export(shop, 35, 11)
    with pytest.raises(NothingToAccept, match="other content than when it was held"):
        accept(shop.settings, cut.name)
    export(shop, 35, 10)
    accept(shop.settings, f"magento/{cut.name}")
    export(shop, 35, 11)
    assert [held.reason_code for held in load(shop).refused] == ["HELD"]


def test_the_command_line_lists_and_accepts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestration.cli import main

    weeks(shop)
    cut = export(shop, 35, 10)
    load(shop)
    for name, value in {"HOME": shop.home, "PSEUDONYM_KEY": shop.key, "SETTLE_SECONDS": 0}.items():
        monkeypatch.setenv(f"HABITUE_{name}", str(value))
    get_settings.cache_clear()

    def habitue(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["landing", *arguments])
        return done.exit_code, done.output

    try:
        code, said = habitue("list")
        assert code == 0 and said.startswith(f"held      magento/{cut.name}: HELD: it has 10 rows")
        assert habitue("accept", "other.csv")[0] == 1
        code, said = habitue("accept", cut.name)
        assert code == 0 and "Next: `habitue run` loads it" in said
        assert habitue("list") == (0, f"waits     magento/{cut.name}\n")
    finally:
        get_settings.cache_clear()


@pytest.mark.parametrize(
    "name",
    ["Sundays", "small", "history in parts", "yearly files", "a correction at another hour",
     "too few weeks", "several files a day"],
)  # fmt: skip
def test_what_honestly_has_fewer_rows_is_not_held(shop: Shop, name: str) -> None:
    if name == "Sundays":
        land_weeks(shop, count=6)
    elif name == "small":
        weeks(shop, rows=49)
        export(shop, 35, 1)
    elif name == "history in parts":
        for part in range(6):
            export(shop, 0, 200, f"_00{part:02}")
        for day in range(1, 30):
            export(shop, day, 9)
    elif name == "yearly files":
        for year in range(-5, 0):
            export(shop, year * 364, 200)
        export(shop, 0, 9)
    elif name == "a correction at another hour":
        weeks(shop)
        export(shop, 34, 2, "_1530")
    elif name == "several files a day":
        for day in range(35):
            for clock, rows in (("_0600", 80), ("_0601", 60), ("_0602", 25)):
                export(shop, day, rows, clock)
    elif name == "too few weeks":
        for week in range(3):
            export(shop, week * 7, 60)
        export(shop, 21, 3)
    report = load(shop)
    assert report.refused == []
    assert report.files_taken > 0


def test_half_of_what_is_usual_is_not_held(shop: Shop) -> None:
    weeks(shop)
    export(shop, 35, 30)
    report = load(shop)
    assert (report.refused, report.rows_loaded) == ([], 30)


def test_holding_can_be_switched_off(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    weeks(shop)
    export(shop, 35, 10)
    monkeypatch.setenv("HABITUE_HOLD_BELOW", "0")
    assert load(shop).refused == []


def test_every_empty_day_is_told_of_though_their_bytes_are_the_same(shop: Shop) -> None:
    weeks(shop)
    for day in (35, 36):
        export(shop, day, 0)
        assert load(shop).warnings == {"EMPTY_DAY": 1}
    assert shop.rows("select count(*) from ops.files where state = 'duplicate'") == [(0,)]


def test_an_empty_day_and_many_rows_load_with_a_warning(shop: Shop) -> None:
    weeks(shop)
    export(shop, 35, 0)
    export(shop, 36, 400)
    report = load(shop)
    assert report.refused == []
    assert report.warnings == {"EMPTY_DAY": 1, "MANY_ROWS": 1}


def test_before_there_are_weeks_the_smallest_of_a_week_measures(shop: Shop) -> None:
    for day in range(7):
        export(shop, day, 60)
    export(shop, 7, 20)
    assert [held.reason_code for held in load(shop).refused] == ["HELD"]


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=60), st.integers(0, 6))
def test_no_weekly_rhythm_makes_its_own_days_unusual(rows: list[int], shift: int) -> None:
    """Whatever the days of a week hold, week after week, none is below half of what is usual."""
    day = FIRST + timedelta(200 + shift)
    days = [(day - timedelta(back), rows[back % 7 % len(rows)]) for back in range(1, len(rows))]
    usual = usual_of(days, day)
    assert usual is None or usual.least <= rows[0] <= 10_000
