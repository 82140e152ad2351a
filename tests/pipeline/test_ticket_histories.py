"""A ticket's total decides which of the lines that its files brought are its own."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import duckdb
import pytest
from pipeline.compiled import compiled, fill

MODELS = (
    "stg_cashmere__tickets",
    "stg_cashmere__ticket_lines",
    "stg_cashmere__disputed_ticket_lines",
    "unified_line_readings",
    "unified_chosen_readings",
    "unified_chosen_lines",
    "unified_uncounted_lines",
    "unified_till_lines",
)
AUDIT = "_file_id bigint, _line_no bigint, _exported_at timestamp, _row_hash varchar"
TICKETS = (
    "ticket_id varchar, store_code varchar, till_no varchar, ticket_no varchar,"
    " employee_code varchar, card_no varchar, ticket_type varchar, total_incl_tax varchar,"
    " tax_amount varchar, discount_amount varchar, currency varchar, payment_method varchar,"
    f" sold_at varchar, updated_at varchar, {AUDIT}"
)
LINES = (
    "ticket_id varchar, line_no varchar, sku varchar, label varchar, qty varchar,"
    " unit_price_incl_tax varchar, discount_amount_incl_tax varchar, tax_rate varchar,"
    " line_amount_incl_tax varchar, promo_code varchar, original_ticket_id varchar,"
    f" original_line_no varchar, {AUDIT}"
)
FILES = "file_id bigint, file_name varchar, exported_at timestamp"
DAYS = 16
SEEDS, HISTORIES = range(2), 300


@dataclass
class Ticket:
    """What a till did to one ticket, in cents, and what its exports said of it day by day."""

    name: str
    is_return: bool = False
    is_signed: bool = True
    lines: dict[int, int] = field(default_factory=dict[int, int])
    repeated: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    basket: int = 0
    error: int = 0
    day: int = 0
    heads: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    sent: list[tuple[int, list[tuple[int, int]]]] = field(
        default_factory=list[tuple[int, list[tuple[int, int]]]]
    )

    @property
    def own(self) -> list[int]:
        """Amounts of the lines that the till has on the ticket."""
        return sorted([*self.lines.values(), *(cents for _, cents in self.repeated)])

    def write_head(self) -> None:
        """The ticket itself in the file of the day; no discount exceeds what it is on."""
        self.basket = min(self.basket, sum(self.own) // 2)
        total = sum(self.own) - self.basket + self.error
        self.heads.append((self.day, total, self.basket))

    def send(self, *rows: tuple[int, int]) -> None:
        """Lines in the file of the day."""
        self.sent.append((self.day, list(rows)))


def amount(rng: random.Random) -> int:
    """Cents, so many that no other lines make the same total by accident."""
    return rng.randint(10_000, 1_000_000_000)


def send_whole(ticket: Ticket, rng: random.Random) -> None:
    """All lines, on one day or on two."""
    rows = [*ticket.lines.items()]
    rng.shuffle(rows)
    cut = rng.randint(1, len(rows) - 1) if len(rows) > 1 and rng.random() < 0.3 else len(rows)
    ticket.send(*rows[:cut])
    if rows[cut:]:
        ticket.day += 1
        ticket.send(*rows[cut:])


def edit(ticket: Ticket, rng: random.Random) -> None:
    """Lines go, change and come; the whole ticket is sent."""
    numbers = list(ticket.lines)
    for number in rng.sample(numbers, rng.randint(0, len(numbers) - 1)):
        del ticket.lines[number]
    for number in list(ticket.lines):
        if rng.random() < 0.4:
            ticket.lines[number] = amount(rng)
    if rng.random() < 0.5:
        ticket.lines[max(numbers) + 1] = amount(rng)
    ticket.basket = rng.randint(5, sum(ticket.lines.values()) // 2) if rng.random() < 0.3 else 0
    ticket.write_head()
    send_whole(ticket, rng)


def correct(ticket: Ticket, rng: random.Random) -> None:
    """One line changes, and only that is sent beside the ticket."""
    number = rng.choice(list(ticket.lines))
    ticket.lines[number] = amount(rng)
    ticket.write_head()
    ticket.send((number, ticket.lines[number]))


def send_again(ticket: Ticket, _: random.Random) -> None:
    """Nothing changed; all of it is sent once more."""
    ticket.send(*ticket.lines.items())


def repeat_a_number(ticket: Ticket, rng: random.Random) -> None:
    """Two lines of one number, both on the ticket."""
    number = rng.choice(list(ticket.lines))
    ticket.repeated.append((number, amount(rng)))
    ticket.write_head()
    ticket.send(*ticket.lines.items(), ticket.repeated[-1])


def send_a_line_twice(ticket: Ticket, rng: random.Random) -> None:
    """A line in its old and its new form in one file."""
    number = rng.choice(list(ticket.lines))
    before, ticket.lines[number] = ticket.lines[number], amount(rng)
    ticket.write_head()
    ticket.send((number, before), *ticket.lines.items())


def send_old_lines(ticket: Ticket, rng: random.Random) -> None:
    """An export of the ticket as it once was comes last."""
    ticket.send(*rng.choice(ticket.sent[:-1] or ticket.sent)[1])


def go_wrong(ticket: Ticket, _: random.Random) -> None:
    """The total is another than the lines make."""
    ticket.error = 777
    ticket.write_head()
    ticket.send(*ticket.lines.items())


def live(name: str, rng: random.Random) -> Ticket:
    """One ticket with a history that its total explains, or that ends in an error."""
    ticket = Ticket(name, is_return=rng.random() < 0.2, is_signed=rng.random() < 0.5)
    ticket.lines = {number: amount(rng) for number in range(1, rng.randint(1, 4) + 1)}
    ticket.write_head()
    send_whole(ticket, rng)
    for event in rng.choices((edit, correct, send_again), k=rng.randint(0, 3)):
        ticket.day += 1
        event(ticket, rng)
    ticket.day += 1
    last = (repeat_a_number, send_a_line_twice, send_old_lines, go_wrong)
    if rng.random() < 0.6:
        rng.choice(last)(ticket, rng)
    return ticket


def expected(ticket: Ticket) -> list[int]:
    """Amounts that must count: the ticket's own; where its total is wrong, what comes nearest."""
    if not ticket.error:
        return ticket.own
    every: dict[int, int] = {}
    for _, rows in ticket.sent:
        every.update(rows)
    total = ticket.heads[-1][1]
    newest = dict(ticket.sent[-1][1])
    ways = (sorted(newest.values()), sorted(every.values()))
    return min(ways, key=lambda way: abs(sum(way) - total))


def euros(cents: int) -> str:
    return f"{cents / 100:.2f}"


@dataclass
class Warehouse:
    """The models over raw rows of this module's making."""

    connection: duckdb.DuckDBPyConnection
    sql: list[str]

    def load(self, tickets: list[Ticket], file_ids: list[int]) -> None:
        """Raw rows of these tickets, from files that were loaded in any order."""
        heads: list[dict[str, object]] = []
        lines: list[dict[str, object]] = []
        for ticket in tickets:
            sign = -1 if ticket.is_return and ticket.is_signed else 1
            for version, (day, total, basket) in enumerate(ticket.heads):
                heads.append(
                    {
                        "ticket_id": ticket.name,
                        "ticket_type": "RETURN" if ticket.is_return else "SALE",
                        "total_incl_tax": euros(sign * total),
                        "discount_amount": euros(basket),
                        "sold_at": "2026-01-01 10:00:00",
                        "updated_at": f"2026-01-01 10:{version:02d}:00",
                        "_file_id": file_ids[day],
                        "_exported_at": f"2026-02-{day + 1:02d}",
                    }
                )
            for day, rows in ticket.sent:
                for number, cents in rows:
                    lines.append(
                        {
                            "ticket_id": ticket.name,
                            "line_no": number,
                            "qty": sign,
                            "unit_price_incl_tax": euros(cents),
                            "tax_rate": 20,
                            "line_amount_incl_tax": euros(sign * cents),
                            "_file_id": file_ids[day],
                            "_line_no": len(lines) + 2,
                            "_exported_at": f"2026-02-{day + 1:02d}",
                            "_row_hash": f"{ticket.name} {number} {cents}",
                        }
                    )
        files = [
            {
                "file_id": number,
                "file_name": f"x_{day}.csv",
                "exported_at": f"2026-02-{day + 1:02d}",
            }
            for day, number in enumerate(file_ids)
        ]
        fill(self.connection, "cashmere_tickets", TICKETS, heads)
        fill(self.connection, "cashmere_ticket_lines", LINES, lines)
        fill(self.connection, "files", FILES, files)
        for statement in self.sql:
            self.connection.execute(statement)

    def rows(self, sql: str) -> list[tuple[str, int, int]]:
        """Rows of a ticket, a number and cents."""
        return self.connection.execute(sql).fetchall()

    def counted(self) -> list[tuple[str, int, int]]:
        """Ticket, line number and cents of every line that counts."""
        return self.rows(
            "select ticket_id, line_number, cast(line_incl_tax_amount * 100 as bigint)"
            " from unified_till_lines order by all"
        )


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    sql = compiled(MODELS, {}, tmp_path_factory.mktemp("compiled"))
    with duckdb.connect() as connection:
        yield Warehouse(connection, sql)


@pytest.mark.parametrize("seed", SEEDS)
def test_of_all_lines_received_those_count_that_make_the_tickets_total(
    warehouse: Warehouse, seed: int
) -> None:
    rng = random.Random(seed)
    tickets = [live(f"t{number}", rng) for number in range(HISTORIES)]
    warehouse.load(tickets, rng.sample(range(1, 100), DAYS))
    counted: dict[str, list[int]] = defaultdict(list)
    for name, _, cents in warehouse.counted():
        counted[name].append(abs(cents))
    assert {name: sorted(found) for name, found in counted.items()} == {
        ticket.name: expected(ticket) for ticket in tickets
    }
    # What a customer paid is the document's own total, unless that is wrong.
    paid = dict(
        warehouse.connection.execute(
            "select ticket_id, cast(abs(sum(paid_incl_tax_amount)) * 100 as bigint)"
            " from unified_till_lines group by 1"
        ).fetchall()
    )
    right = [ticket for ticket in tickets if not ticket.error]
    assert {t.name: paid[t.name] for t in right} == {t.name: t.heads[-1][1] for t in right}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_line_that_does_not_count_was_corrected_or_is_named(
    warehouse: Warehouse, seed: int
) -> None:
    rng = random.Random(seed)
    tickets = [live(f"t{number}", rng) for number in range(HISTORIES)]
    warehouse.load(tickets, list(range(1, DAYS + 1)))
    counted = {(name, abs(cents)) for name, _, cents in warehouse.counted()}
    named = {
        (name, number, abs(cents))
        for name, number, cents in warehouse.rows(
            "select ticket_id, line_number, cast(line_incl_tax_amount * 100 as bigint)"
            " from unified_uncounted_lines"
        )
    }
    assert not {(name, cents) for name, _, cents in named} & counted
    for ticket in tickets:
        for number in {number for _, rows in ticket.sent for number, _ in rows}:
            forms = [cents for _, rows in ticket.sent for no, cents in rows if no == number]
            # The last form of every number counts or is named; what came before it was corrected
            # by it, or counts because the last form belongs to another version.
            last = forms[-1]
            assert (ticket.name, last) in counted or (ticket.name, number, last) in named
        for _, rows in ticket.sent:
            for (first, cents), (second, _) in pairwise(sorted(rows)):
                if first == second:
                    mentions = {(ticket.name, cents)} & counted
                    is_newer = any(
                        number == first
                        for day, later in ticket.sent
                        if day > ticket.sent[-1][0]
                        for number, _ in later
                    )
                    assert mentions or is_newer or (ticket.name, first, cents) in named


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_in_which_files_were_loaded_changes_nothing(
    warehouse: Warehouse, seed: int
) -> None:
    rng = random.Random(seed)
    tickets = [live(f"t{number}", rng) for number in range(HISTORIES)]
    warehouse.load(tickets, list(range(1, DAYS + 1)))
    before = warehouse.counted()
    warehouse.load(tickets, list(range(DAYS, 0, -1)))
    assert warehouse.counted() == before
    # The rows themselves lie in any order too.
    rng.shuffle(tickets)
    warehouse.load(tickets, rng.sample(range(1, 100), DAYS))
    assert warehouse.counted() == before


def test_a_ticket_of_very_many_files_keeps_the_lines_of_the_oldest(warehouse: Warehouse) -> None:
    ticket = Ticket("t1", lines={1: 1000, 2: 2000})
    ticket.write_head()
    ticket.send((1, 1000), (2, 2000))
    for day in range(1, DAYS):
        ticket.day, ticket.lines[1] = day, 1000 + day
        ticket.write_head()
        ticket.send((1, ticket.lines[1]))
    warehouse.load([ticket], list(range(1, DAYS + 1)))
    assert warehouse.counted() == [("t1", 1, 1000 + DAYS - 1), ("t1", 2, 2000)]
    readings = warehouse.connection.execute(
        "select max(oldest_place), count(*) from unified_line_readings"
    ).fetchone()
    assert readings == (10, 110)
