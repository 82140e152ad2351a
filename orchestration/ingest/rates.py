"""Which currencies have an exchange rate on which day."""

import csv
from collections.abc import Container
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import cast

from orchestration.settings import PROJECT_ROOT

RATES_FILE = PROJECT_ROOT / "seeds" / "reference" / "fx_rates.csv"


@dataclass(frozen=True)
class RecentRates:
    """The (day, currency) pairs that a rate of at most `age_days` before serves (D31)."""

    known: Container[tuple[date, str]]
    age_days: int

    def __contains__(self, wanted: object) -> bool:
        day, currency = cast("tuple[date, str]", wanted)
        return any(
            (day - timedelta(days=age), currency) in self.known for age in range(self.age_days + 1)
        )


def known_rates(reporting_currency: str, file: Path = RATES_FILE) -> frozenset[tuple[date, str]]:
    """(day, currency) pairs with a rate to the reporting currency; none when there is no file."""
    if not file.is_file():
        return frozenset()
    with file.open(encoding="utf-8", newline="") as stream:
        return frozenset(
            (date.fromisoformat(row["rate_date"]), row["currency"])
            for row in csv.DictReader(stream)
            if row["reporting_currency"] == reporting_currency
        )
