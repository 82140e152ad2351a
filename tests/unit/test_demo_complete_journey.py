"""The real data set; skipped unless `make demo DATA=complete-journey` has installed it."""

import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.demo import complete_journey
from orchestration.demo.make import make_demo
from orchestration.settings import Settings
from tests.oracle import sales


def test_a_missing_package_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, complete_journey.PACKAGE, None)
    with pytest.raises(complete_journey.MissingPackage, match="make demo DATA=complete-journey"):
        make_demo(Settings(home=tmp_path), "complete-journey")


def test_new_york_days_fall_into_the_weeks_of_the_package() -> None:
    pytest.importorskip(complete_journey.PACKAGE)
    rows, _ = complete_journey.read_package()
    monday = rows["sold_at"].dt.normalize() - rows["sold_at"].min().normalize()
    assert (((monday.dt.days + 6) // 7 + 1) == rows["week"]).all()


def test_the_exports_hold_the_sales_of_the_package(tmp_path: Path) -> None:
    pytest.importorskip(complete_journey.PACKAGE)
    report = make_demo(Settings(home=tmp_path), "complete-journey")
    totals = complete_journey.measure()
    months = sales(report.settings.landing_folder, report.settings.currency)
    assert sum(figures.orders for figures in months.values()) == totals.orders
    assert sum(figures.units for figures in months.values()) == totals.units
    assert sum(figures.net_sales for figures in months.values()) == totals.sales_value
    assert {month[:4] for _, _, month in months} == {"2017"}
    assert "HABITUE_CURRENCY=USD" in (tmp_path / "settings.env").read_text(encoding="utf-8")
    assert "education" in report.notice


def test_the_package_holds_what_the_documentation_states() -> None:
    pytest.importorskip(complete_journey.PACKAGE)
    totals = complete_journey.measure()
    assert totals.lines == 1_469_307
    assert (totals.tickets, totals.orders, totals.households) == (155_848, 155_518, 2_469)
    assert totals.sales_value == Decimal("4596039.58")
    assert totals.shelf_value == Decimal("5392232.87")
    assert (totals.first_date, totals.last_date) == (date(2017, 1, 1), date(2017, 12, 31))
