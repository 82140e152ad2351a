"""Everything that both channels of the demo share."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from orchestration.demo.arithmetic import Flags, Floats, Ints, place_in
from orchestration.demo.calendar import Calendar, draw_days
from orchestration.demo.catalogue import SHOPS, WEB_STORES, Catalogue
from orchestration.demo.exports import Exports
from orchestration.demo.people import People

NEVER = 1_000_000
STORE_KEYS = (
    *(("magento", str(store.store_id)) for store in WEB_STORES),
    *(("cashmere", shop.code) for shop in SHOPS),
)


@dataclass
class SalesTruth:
    """Orders, units and net sales in cents by store and month, summed as documents are drawn."""

    calendar: Calendar
    orders: Ints = field(init=False)
    units: Ints = field(init=False)
    net_cents: Ints = field(init=False)

    def __post_init__(self) -> None:
        """Start from nothing."""
        shape = (len(STORE_KEYS), len(self.calendar.months))
        self.orders = np.zeros(shape, dtype=np.int64)
        self.units = np.zeros(shape, dtype=np.int64)
        self.net_cents = np.zeros(shape, dtype=np.int64)

    def add(self, stores: Ints, days: Ints, what: Ints, values: Ints) -> None:
        """Add values to one of the three tables, by store number and local day."""
        months = self.calendar.month_numbers
        np.add.at(what, (stores, months[days] - months[0]), values)


@dataclass
class World:
    """The calendar, the goods, the people, the files and the truth of one demo."""

    seed: int
    calendar: Calendar
    catalogue: Catalogue
    people: People
    exports: Exports
    truth: SalesTruth
    corrected: dict[str, int] = field(default_factory=dict[str, int])
    late: dict[str, int] = field(default_factory=dict[str, int])
    line_count: int = 0


def draw_buyers(
    rng: np.random.Generator, people: People, who: Flags, month: tuple[int, int], size: int
) -> Ints:
    """People active in a month, the eager ones more often; -1 when nobody is."""
    first, last = month
    pool = np.flatnonzero(who & (people.joined <= last) & (people.left >= first))
    if not len(pool):
        return np.full(size, -1, dtype=np.int64)
    weights = np.cumsum(people.propensity[pool])
    return pool[place_in(weights, rng.random(size) * weights[-1])]


def draw_visit_days(
    rng: np.random.Generator, world: World, weights: Floats, month: tuple[int, int], buyers: Ints
) -> Ints:
    """A day of the month for each buyer, within the time they are customers."""
    days = draw_days(rng, weights, *month, len(buyers))
    joined = np.where(buyers >= 0, world.people.joined[buyers], month[0])
    left = np.where(buyers >= 0, world.people.left[buyers], month[1])
    return np.minimum(np.maximum(days, joined), left)


def first_exports(rng: np.random.Generator, world: World, days: Ints, channel: str) -> Ints:
    """The day each document is first exported.

    Its own day as a rule; up to 5 days later for 1 % of those that the daily files hold, and weeks
    later for a few.
    """
    end, start = world.calendar.day_count - 1, world.calendar.history_end
    delay = np.where(rng.random(len(days)) < 0.01, rng.integers(1, 6, len(days)), 0)
    very_late = (days > start - 60) & (rng.random(len(days)) < 0.0005)
    exported = np.where(very_late, start + rng.integers(1, 10, len(days)), days + delay)
    is_late = (exported > days) & (exported > start) & (days < end)
    exported = np.where(is_late, np.minimum(np.maximum(exported, days), end), days)
    world.late[channel] = world.late.get(channel, 0) + int((exported > days).sum())
    return exported


def versions(world: World, events: list[Ints]) -> Iterator[tuple[int, Ints, Ints]]:
    """Which documents stand in which file: slot, document numbers, and the version of each.

    `events[0]` is the day of the first export, the others the days of later changes.
    """
    start = world.calendar.history_end
    for slot in range(world.calendar.delta_days + 1):
        limit = start + slot
        happened = [event <= limit for event in events]
        is_news = happened[0].copy()
        if slot:
            is_news &= np.any([event == limit for event in events], axis=0)
        chosen = np.flatnonzero(is_news)
        if len(chosen):
            version = np.zeros(len(chosen), dtype=np.int64)
            for each in happened[1:]:
                version += each[chosen]
            yield slot, chosen, version
