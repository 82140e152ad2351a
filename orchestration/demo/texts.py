"""Values as the sources write them, looked up rather than formatted, for speed."""

from functools import cached_property

import numpy as np
import numpy.typing as npt

from orchestration.demo.arithmetic import Ints
from orchestration.demo.calendar import DAY_SECONDS, PAD_DAYS, Calendar, clock_times

Texts = list[str]
_LIMIT = 50_000  # cents up to which an amount is looked up
EXTRA_DAYS = 120


class TextTable:
    """Formatted days, times and amounts of one source."""

    def __init__(self, calendar: Calendar, date_pattern: str, mark: str, tail: str) -> None:
        self._days = np.array(calendar.names(date_pattern, EXTRA_DAYS), dtype=object)
        self._times = np.array(clock_times(), dtype=object)
        self._mark = mark
        self._tail = tail

    @cached_property
    def _amounts(self) -> npt.NDArray[np.object_]:
        values = [self._amount(cents) for cents in range(-_LIMIT, _LIMIT + 1)]
        return np.array(values, dtype=object)

    def _amount(self, cents: int) -> str:
        sign = "-" if cents < 0 else ""
        return f"{sign}{abs(cents) // 100}{self._mark}{abs(cents) % 100:02d}{self._tail}"

    def amounts(self, cents: Ints) -> Texts:
        """Amounts of money from cents."""
        texts = self._amounts[np.clip(cents, -_LIMIT, _LIMIT) + _LIMIT]
        for place in np.flatnonzero(np.abs(cents) > _LIMIT).tolist():
            texts[place] = self._amount(int(cents[place]))
        return texts.tolist()

    def days(self, days: Ints) -> Texts:
        """Dates from day numbers."""
        return self._days[days + PAD_DAYS].tolist()

    def moments(self, seconds: Ints) -> Texts:
        """Date and time from seconds since the calendar's first midnight."""
        days, clock = np.divmod(seconds, DAY_SECONDS)
        dates, times = self.days(days), self._times[clock].tolist()
        return [f"{day} {time}" for day, time in zip(dates, times, strict=True)]


def numbers(values: Ints) -> Texts:
    """Whole numbers."""
    return list(map(str, values.tolist()))


def pick(options: list[str], choice: Ints) -> Texts:
    """The option of each choice."""
    table = np.array(options, dtype=object)
    return table[choice].tolist()
