"""The days that the demo covers: their weights, their names and the clocks of the stores."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from orchestration.demo.arithmetic import Floats, Ints, place_in

DAY_SECONDS = 86_400
PAD_DAYS = 4
MONTH_WEIGHTS = (1.15, 0.95, 0.85, 0.9, 1.0, 1.05, 1.1, 0.7, 0.9, 0.95, 1.2, 1.65)
SHOP_WEEKDAYS = (0.8, 0.85, 1.0, 0.95, 1.2, 1.9, 0.25)
WEB_WEEKDAYS = (1.1, 1.0, 1.0, 1.0, 0.9, 0.85, 1.15)
SHOP_HOURS = (*(0,) * 10, 3, 5, 6, 5, 6, 7, 8, 9, 8, 4, 0, 0, 0, 0)
WEB_HOURS = (2, 1, 0.5, 0.3, 0.3, 0.5, 1, 2, 3, 4, 4, 4, 5, 5, 4, 4, 4, 5, 6, 7, 9, 10, 8, 5)


@dataclass(frozen=True)
class Calendar:
    """Days from `first` to `last`; everything is counted in days since `first`."""

    first: date
    last: date
    delta_days: int

    @property
    def day_count(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    @property
    def history_end(self) -> int:
        """The last day of the history files; daily files follow."""
        return self.day_count - 1 - self.delta_days

    def date_of(self, day: int) -> date:
        """The date of a day number, which may lie outside the calendar."""
        return self.first + timedelta(days=day)

    @cached_property
    def months(self) -> list[tuple[int, int]]:
        """First and last day number of each month, in order."""
        starts = [day for day in range(self.day_count) if day == 0 or self.date_of(day).day == 1]
        return list(
            zip(starts, [*(start - 1 for start in starts[1:]), self.day_count - 1], strict=True)
        )

    @cached_property
    def month_numbers(self) -> Ints:
        """Months since year 0 of each day."""
        dates = (self.date_of(day) for day in range(self.day_count))
        return np.array([each.year * 12 + each.month - 1 for each in dates], dtype=np.int64)

    def weights(self, weekdays: tuple[float, ...]) -> Floats:
        """Relative number of sales of each day: season, weekday and a growth of 8 % a year."""
        dates = [self.date_of(day) for day in range(self.day_count)]
        growth = 1.08 ** (np.arange(self.day_count) / 365)
        season = [MONTH_WEIGHTS[each.month - 1] * weekdays[each.weekday()] for each in dates]
        return np.array(season) * growth

    @cached_property
    def is_sale_season(self) -> Floats:
        """1 on the days of the winter and summer sales, else 0."""
        dates = [self.date_of(day) for day in range(self.day_count)]
        season = [
            (each.month == 1 and each.day >= 8) or (each.month == 7 and each.day <= 25)
            for each in dates
        ]
        return np.array(season, dtype=np.float64)

    def names(self, pattern: str, extra_days: int = PAD_DAYS) -> list[str]:
        """Formatted dates; index `day + PAD_DAYS` is that of a day number."""
        days = range(-PAD_DAYS, self.day_count + extra_days)
        return [self.date_of(day).strftime(pattern) for day in days]

    def offsets(self, zone: str) -> Ints:
        """Seconds to add to UTC for a zone's clock, per UTC hour since PAD_DAYS before `first`."""
        start = datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)
        start -= timedelta(days=PAD_DAYS)
        clock = ZoneInfo(zone)
        hours = range((self.day_count + 2 * PAD_DAYS) * 24)
        moments = ((start + timedelta(hours=hour)).astimezone(clock) for hour in hours)
        shifts = (moment.utcoffset() or timedelta() for moment in moments)
        return np.array([int(shift.total_seconds()) for shift in shifts], dtype=np.int64)


def clock_times() -> list[str]:
    """HH:MM:SS of each second of a day."""
    return [
        f"{hour:02d}:{minute:02d}:{second:02d}"
        for hour in range(24)
        for minute in range(60)
        for second in range(60)
    ]


def draw_seconds(rng: np.random.Generator, hours: tuple[float, ...], size: int) -> Ints:
    """Seconds since midnight, following the weights of the 24 hours."""
    share = np.array(hours) / sum(hours)
    return rng.choice(24, size=size, p=share) * 3600 + rng.integers(0, 3600, size)


def draw_days(rng: np.random.Generator, weights: Floats, first: int, last: int, size: int) -> Ints:
    """Day numbers from `first` to `last`, following the weights of the days."""
    part = np.cumsum(weights[first : last + 1])
    return first + place_in(part, rng.random(size) * part[-1])
