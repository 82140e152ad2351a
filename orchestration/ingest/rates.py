"""Which currencies have an exchange rate on which day."""

import csv
from datetime import date
from pathlib import Path

from orchestration.settings import PROJECT_ROOT

RATES_FILE = PROJECT_ROOT / "seeds" / "reference" / "fx_rates.csv"


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
