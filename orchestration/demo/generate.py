"""Draws the whole demo: exports in the sources' own shapes, and the truth about them."""

import csv
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from orchestration.demo import layouts
from orchestration.demo.calendar import Calendar
from orchestration.demo.catalogue import make_catalogue
from orchestration.demo.exports import Exports
from orchestration.demo.people import identities, make_people
from orchestration.demo.registers import write_registers
from orchestration.demo.shops import Tills
from orchestration.demo.web import WebShop
from orchestration.demo.world import STORE_KEYS, SalesTruth, World

DEFAULT_END = date(2026, 6, 30)
YEARS = 3
WEB_SHARE = 0.3
LINES_PER_ORDER, LINES_PER_TICKET = 2.0, 1.96
LINES_PER_PERSON = 9
CHUNK = 200_000
BIG = 3_000_000
RESENDABLE = (
    layouts.ORDERS,
    layouts.ORDER_ITEMS,
    layouts.MEMOS,
    layouts.MEMO_ITEMS,
    layouts.TICKETS,
    layouts.TICKET_LINES,
)

Progress = Callable[[str], None]


@dataclass(frozen=True)
class GeneratedDemo:
    """What was written: files, order lines (parents counted once), seconds taken."""

    files: list[Path]
    order_lines: int
    people: int
    dirty_rows: int
    seconds: float

    @property
    def lines_per_second(self) -> float:
        """Order lines written per second."""
        return self.order_lines / self.seconds


def generate(
    folder: Path,
    truth_folder: Path,
    order_lines: int = 200_000,
    *,
    seed: int = 1,
    end_date: date = DEFAULT_END,
    delta_days: int = 14,
    progress: Progress | None = None,
) -> GeneratedDemo:
    """Write about `order_lines` purchased products of three years that end on `end_date`.

    The landing files go to `folder`/<source>/, each with a `.done` beside it; the truth, which
    holds raw identifiers, to `truth_folder`. The same arguments give the same bytes.

    Raises:
        ValueError: fewer than 500 order lines, too few to plant every kind of trap.
    """
    if order_lines < 500:
        raise ValueError(f"order_lines={order_lines} is too small; ask for 500 or more")
    started = time.monotonic()
    world = _make_world(folder, order_lines, seed, end_date, delta_days)
    _sell(world, order_lines, progress or _silent)
    write_registers(world, np.random.default_rng([seed, 4]))
    for layout in RESENDABLE:
        world.exports.resend(layout)
    files = world.exports.close()
    _write_truth(world, truth_folder)
    seconds = time.monotonic() - started
    dirty = len(world.exports.dirty_rows)
    return GeneratedDemo(files, world.line_count, world.people.count, dirty, seconds)


def _silent(_: str) -> None:
    return None


def _make_world(
    folder: Path, order_lines: int, seed: int, end_date: date, delta_days: int
) -> World:
    after = end_date + timedelta(days=1)
    first = after - timedelta(days=round(YEARS * 365.25))
    calendar = Calendar(first, end_date, delta_days)
    rng = np.random.default_rng([seed, 3])
    return World(
        seed=seed,
        calendar=calendar,
        catalogue=make_catalogue(seed),
        people=make_people(seed, calendar, max(300, order_lines // LINES_PER_PERSON)),
        exports=Exports(folder, calendar, rng, is_big=order_lines >= BIG),
        truth=SalesTruth(calendar),
    )


def _sell(world: World, order_lines: int, progress: Progress) -> None:
    web, tills = WebShop(world), Tills(world)
    channels = (
        (web.sell, web.weights, order_lines * WEB_SHARE / LINES_PER_ORDER),
        (tills.sell, tills.weights, order_lines * (1 - WEB_SHARE) / LINES_PER_TICKET),
    )
    web.refund_migrated_orders(3 + order_lines // 20_000)
    for number, month in enumerate(world.calendar.months):
        for channel, (sell, weights, expected) in enumerate(channels):
            share = weights[month[0] : month[1] + 1].sum() / weights.sum()
            left, part = max(2, round(expected * share)), 0
            while left > 0:
                rng = np.random.default_rng([world.seed, 10 + channel, number, part])
                sell(rng, month, min(left, CHUNK))
                left, part = left - CHUNK, part + 1
        day = world.calendar.date_of(month[1])
        progress(f"{day:%Y-%m}: {world.line_count:,} order lines")


def _write_truth(world: World, folder: Path) -> None:
    """What the marts must show, as CSV files in plain UTF-8."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_csv(
        folder / "sales_by_store_month.csv",
        ("source", "store", "month", "orders", "units", "net_sales"),
        _sales_rows(world),
    )
    _write_csv(
        folder / "people.csv",
        ("person_id", "source", "kind", "identifier", "valid_from"),
        identities(world.people, world.calendar),
    )
    _write_csv(
        folder / "dirty_rows.csv",
        ("source", "entity", "file_name", "line_no", "reason_code"),
        world.exports.dirty_rows,
    )
    counts = sorted(world.exports.row_counts.items())
    _write_csv(folder / "rows_by_file.csv", ("file_name", "rows"), counts)
    facts = [
        *((f"corrected_{name}", count) for name, count in sorted(world.corrected.items())),
        *((f"late_{name}", count) for name, count in sorted(world.late.items())),
        ("resent_rows", world.exports.resent_rows),
        ("order_lines", world.line_count),
        ("people", world.people.count),
    ]
    _write_csv(folder / "facts.csv", ("fact", "value"), facts)


def _sales_rows(world: World) -> Iterable[Sequence[object]]:
    truth = world.truth
    for number, (source, store) in enumerate(STORE_KEYS):
        for month, (first, _) in enumerate(world.calendar.months):
            orders, units, cents = (
                int(table[number, month]) for table in (truth.orders, truth.units, truth.net_cents)
            )
            if orders or units or cents:
                name = f"{world.calendar.date_of(first):%Y-%m}"
                sign = "-" if cents < 0 else ""
                amount = f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
                yield source, store, name, orders, units, amount


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
