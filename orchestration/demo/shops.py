"""Cashmere's documents: tickets and their lines, with returns, exchanges and voids."""

from dataclasses import dataclass

import numpy as np

from orchestration.demo import layouts
from orchestration.demo.arithmetic import (
    Flags,
    Floats,
    Ints,
    half_up,
    place_in,
    spread_discount,
    total_by,
)
from orchestration.demo.calendar import (
    DAY_SECONDS,
    SHOP_HOURS,
    SHOP_WEEKDAYS,
    draw_seconds,
)
from orchestration.demo.catalogue import BOOK_RATE, GIFT_CARD, SHOPS, WEB_STORES
from orchestration.demo.exports import join_rows
from orchestration.demo.people import card_number
from orchestration.demo.texts import TextTable, numbers, pick
from orchestration.demo.world import (
    NEVER,
    World,
    draw_buyers,
    draw_visit_days,
    first_exports,
    versions,
)

TYPES = ("SALE", "RETURN", "VOID")
SALE, RETURN, VOID = range(3)
ANONYMOUS_SHARE = 0.25
PAYMENTS = ("CARD", "CASH", "MOBILE", "GIFT CARD")
MISTAKE_SHARE = 0.012


@dataclass
class Tickets:
    """Tickets and their lines; money in cents with tax, times in seconds of the shop's clock."""

    number: Ints
    shop: Ints
    buyer: Ints
    kind: Ints
    sold: Ints
    basket: Ints
    line_ticket: Ints
    line_no: Ints
    article: Ints
    quantity: Ints
    price: Ints
    discount: Ints
    rate: Ints
    original: Ints
    original_line: Ints

    @property
    def amount(self) -> Ints:
        """Line amounts after the line's own discount."""
        return self.price * self.quantity - self.discount

    def per_ticket(self, values: Ints) -> Ints:
        """Line values summed per ticket."""
        return total_by(self.line_ticket, values, len(self.number))

    @property
    def share(self) -> Ints:
        """What each line bears of the basket discount."""
        return spread_discount(self.line_ticket, self.amount, self.basket)

    @property
    def net(self) -> Ints:
        """Net amount of each line, without tax."""
        return half_up((self.amount - self.share) * 1000, 1000 + self.rate)


def _joined(first: Tickets, second: Tickets) -> Tickets:
    """The tickets of both, the lines of the second pointing at their new places."""
    shifted = dict(vars(second))
    shifted["line_ticket"] = second.line_ticket + len(first.number)
    return Tickets(
        **{name: np.concatenate([values, shifted[name]]) for name, values in vars(first).items()}
    )


class Tills:
    """Draws tickets month by month and writes them in Cashmere's shape."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._texts = TextTable(world.calendar, "%d/%m/%Y", ",", "")
        self._weights = world.calendar.weights(SHOP_WEEKDAYS)
        self._next_ticket = 1
        self._skus = [each.sku for each in world.catalogue.articles]
        self._labels = [each.label for each in world.catalogue.articles]
        self._rates = np.array([shop.tax_rate for shop in SHOPS], dtype=np.int64)
        shares = np.array([shop.weight for shop in SHOPS])
        self._shop_shares = shares / shares.sum()

    @property
    def weights(self) -> Floats:
        """Relative number of tickets of each day."""
        return self._weights

    def sell(self, rng: np.random.Generator, month: tuple[int, int], size: int) -> None:
        """Draw about `size` tickets of a month, write them and add them to the truth."""
        sales = self._draw(rng, month, size)
        tickets = _joined(sales, self._draw_returns(rng, sales))
        exported = first_exports(rng, self._world, tickets.sold // DAY_SECONDS, "cashmere")
        self._count(tickets)
        is_mistaken = self._mistaken(rng, tickets, exported)
        corrected = np.where(is_mistaken, exported + 1, NEVER)
        for slot, chosen, version in versions(self._world, [exported, corrected]):
            wrong = is_mistaken[chosen] & (version == 0)
            self._write(tickets, slot, chosen[~wrong], is_mistaken)
            self._write(self._with_mistakes(tickets), slot, chosen[wrong], is_mistaken)

    def _draw(self, rng: np.random.Generator, month: tuple[int, int], size: int) -> Tickets:
        world = self._world
        buyer = draw_buyers(rng, world.people, world.people.in_store(), month, size)
        buyer = np.where(rng.random(size) < ANONYMOUS_SHARE, -1, buyer)
        day = draw_visit_days(rng, world, self._weights, month, buyer)
        anywhere = rng.choice(len(SHOPS), size=size, p=self._shop_shares)
        at_home = (buyer >= 0) & (rng.random(size) < 0.86)
        shop = np.where(at_home, world.people.home_shop[buyer], anywhere)
        line_ticket = np.repeat(np.arange(size), np.minimum(rng.geometric(0.52, size), 12))
        starts = np.searchsorted(line_ticket, np.arange(size))
        kind = np.where(rng.random(size) < 0.006, VOID, SALE)
        sold = day * DAY_SECONDS + draw_seconds(rng, SHOP_HOURS, size)
        tickets = Tickets(
            number=self._numbers(size),
            shop=shop,
            buyer=buyer,
            kind=kind,
            sold=sold,
            basket=np.zeros(size, dtype=np.int64),
            line_ticket=line_ticket,
            line_no=np.arange(len(line_ticket)) - starts[line_ticket] + 1,
            original=np.zeros(len(line_ticket), dtype=np.int64),
            original_line=np.zeros(len(line_ticket), dtype=np.int64),
            **self._draw_lines(rng, shop[line_ticket], day[line_ticket]),
        )
        self._draw_basket_discounts(rng, tickets)
        return tickets

    def _draw_lines(self, rng: np.random.Generator, shop: Ints, day: Ints) -> dict[str, Ints]:
        catalogue, size = self._world.catalogue, len(shop)
        article = place_in(catalogue.shop_weights, rng.random(size))
        quantity = rng.choice((1, 2, 3), size=size, p=(0.91, 0.075, 0.015)).astype(np.int64)
        is_gift = catalogue.kinds[article] == GIFT_CARD
        is_book = (catalogue.tax_rates[article] == BOOK_RATE) & (self._rates[shop] == 200)
        rate = np.where(is_book, BOOK_RATE, self._rates[shop])
        on_sale = (self._world.calendar.is_sale_season[day] > 0) & (rng.random(size) < 0.4)
        percent = np.where(on_sale, rng.choice((30, 50), size=size), 0)
        promoted = ~on_sale & (rng.random(size) < 0.08)
        percent = np.where(promoted, 20, percent) * ~is_gift
        price = catalogue.prices[article]
        return {
            "article": article,
            "quantity": quantity,
            "price": price,
            "discount": half_up(price * quantity * percent, 100),
            "rate": np.where(is_gift, 0, rate),
        }

    def _draw_basket_discounts(self, rng: np.random.Generator, tickets: Tickets) -> None:
        """5 % or ten euros off the whole ticket, where no gift card is on it."""
        size = len(tickets.number)
        total = tickets.per_ticket(tickets.amount)
        is_gift = self._world.catalogue.kinds[tickets.article] == GIFT_CARD
        chosen = (rng.random(size) < 0.06) & (tickets.per_ticket(is_gift.astype(np.int64)) == 0)
        chosen &= total > 2500
        off = np.where(rng.random(size) < 0.5, half_up(total * 5, 100), 1000)
        tickets.basket[:] = np.where(chosen, off, 0)

    def _draw_returns(self, rng: np.random.Generator, sales: Tickets) -> Tickets:
        """1.7 % of the lines come back with a lag: on a RETURN, or on an exchange (a SALE)."""
        lines, sold = self._returned_lines(rng, sales)
        count, ticket = len(lines), sales.line_ticket[lines]
        is_exchange, has_reference = rng.random(count) < 0.3, rng.random(count) < 0.85
        line = np.concatenate([np.arange(count), np.flatnonzero(is_exchange)])
        line.sort(kind="stable")
        is_new = np.concatenate([[False], line[1:] == line[:-1]])[: len(line)]
        sign = np.where(is_new, 1, -1)
        source = lines[line]
        borne = np.where(is_new, 0, sales.discount[source] + sales.share[source])
        refers = has_reference[line] & ~is_new
        return Tickets(
            number=self._numbers(count),
            shop=sales.shop[ticket],
            buyer=sales.buyer[ticket],
            kind=np.where(is_exchange, SALE, RETURN),
            sold=sold,
            basket=np.zeros(count, dtype=np.int64),
            line_ticket=line,
            line_no=np.where(is_new, 2, 1),
            article=sales.article[source],
            quantity=sign * sales.quantity[source],
            price=sales.price[source],
            discount=sign * borne,
            rate=sales.rate[source],
            original=np.where(refers, sales.number[sales.line_ticket[source]], 0),
            original_line=np.where(refers, sales.line_no[source], 0),
        )

    def _returned_lines(self, rng: np.random.Generator, sales: Tickets) -> tuple[Ints, Ints]:
        """Which lines come back, and when."""
        size, calendar = len(sales.line_ticket), self._world.calendar
        is_gift = self._world.catalogue.kinds[sales.article] == GIFT_CARD
        back = (rng.random(size) < 0.018) & (sales.kind[sales.line_ticket] == SALE) & ~is_gift
        lag = 1 + rng.exponential(10, size).astype(np.int64)
        day = sales.sold[sales.line_ticket] // DAY_SECONDS + np.minimum(lag, 60)
        lines = np.flatnonzero(back & (day < calendar.day_count))
        return lines, day[lines] * DAY_SECONDS + draw_seconds(rng, SHOP_HOURS, len(lines))

    def _numbers(self, count: int) -> Ints:
        first = self._next_ticket
        self._next_ticket += count
        return first + np.arange(count)

    def _count(self, tickets: Tickets) -> None:
        truth = self._world.truth
        is_good = self._world.catalogue.kinds[tickets.article] != GIFT_CARD
        is_good &= tickets.kind[tickets.line_ticket] != VOID
        net = np.where(is_good, tickets.net, 0)
        is_good &= ~self._world.catalogue.is_service[tickets.article]
        units = np.where(is_good, tickets.quantity, 0)
        store, day = tickets.shop + len(WEB_STORES), tickets.sold // DAY_SECONDS
        ticket = tickets.line_ticket
        truth.add(store[ticket], day[ticket], truth.units, units)
        truth.add(store[ticket], day[ticket], truth.net_cents, net)
        bought = tickets.per_ticket((is_good & (tickets.quantity > 0)).astype(np.int64))
        is_order = (bought > 0) & (tickets.kind == SALE)
        truth.add(store, day, truth.orders, is_order.astype(np.int64))
        self._world.line_count += len(ticket)

    def _mistaken(self, rng: np.random.Generator, tickets: Tickets, exported: Ints) -> Flags:
        """Tickets first exported with one unit too many and corrected the day after."""
        calendar = self._world.calendar
        in_time = (exported >= calendar.history_end) & (exported < calendar.day_count - 1)
        plain = (tickets.kind == SALE) & (tickets.basket == 0)
        chosen = in_time & plain & (rng.random(len(exported)) < MISTAKE_SHARE)
        corrected = self._world.corrected
        corrected["cashmere"] = corrected.get("cashmere", 0) + int(chosen.sum())
        return chosen

    def _with_mistakes(self, tickets: Tickets) -> Tickets:
        wrong = (tickets.line_no == 1) & (tickets.quantity > 0)
        values = {**vars(tickets), "quantity": tickets.quantity + wrong}
        return Tickets(**values)

    def _write(self, tickets: Tickets, slot: int, chosen: Ints, is_mistaken: Flags) -> None:
        """Write tickets and lines; those that get corrected are not sent again."""
        again = ~is_mistaken[chosen]
        exports = self._world.exports
        for part, may_resend in ((chosen[again], True), (chosen[~again], False)):
            if not len(part):
                continue
            rows = self._ticket_rows(tickets, part, is_mistaken, slot)
            exports.write(layouts.TICKETS, slot, rows, may_resend=may_resend)
            is_chosen = np.zeros(len(tickets.number), dtype=np.bool_)
            is_chosen[part] = True
            lines = np.flatnonzero(is_chosen[tickets.line_ticket])
            rows = self._line_rows(tickets, lines)
            exports.write(layouts.TICKET_LINES, slot, rows, may_resend=may_resend)

    def _ids(self, tickets: Tickets, chosen: Ints) -> list[str]:
        codes = pick([shop.code for shop in SHOPS], tickets.shop[chosen])
        pairs = zip(codes, tickets.number[chosen].tolist(), strict=True)
        return [f"{code}-{number:08d}" for code, number in pairs]

    def _ticket_rows(
        self, tickets: Tickets, chosen: Ints, is_mistaken: Flags, slot: int
    ) -> list[str]:
        number, sold = tickets.number[chosen], tickets.sold[chosen]
        method = np.minimum(number * 31 % 100 // 33, 2) + (number % 97 == 0)
        columns = (
            self._ids(tickets, chosen),
            pick([each.code for each in SHOPS], tickets.shop[chosen]),
            numbers(number % 3 + 1),
            numbers(number),
            self._texts.moments(sold),
            self._employees(tickets, chosen),
            self._cards(tickets.buyer[chosen]),
            pick(list(TYPES), tickets.kind[chosen]),
            *self._ticket_amounts(tickets, chosen),
            ["EUR"] * len(chosen),
            pick(list(PAYMENTS), method),
            self._texts.moments(sold + is_mistaken[chosen] * slot * 60),
        )
        return join_rows(";", columns)

    def _ticket_amounts(self, tickets: Tickets, chosen: Ints) -> list[list[str]]:
        total = tickets.per_ticket(tickets.amount) - tickets.basket
        tax = tickets.per_ticket(tickets.amount - tickets.share - tickets.net)
        discount = tickets.per_ticket(tickets.discount) + tickets.basket
        return [self._texts.amounts(each[chosen]) for each in (total, tax, discount)]

    def _employees(self, tickets: Tickets, chosen: Ints) -> list[str]:
        shop, number = tickets.shop[chosen], tickets.number[chosen]
        place = (number * 7919 >> 3) % np.array([each.employees for each in SHOPS])[shop] + 1
        codes = pick([each.code for each in SHOPS], shop)
        return [f"{code}-{n:02d}" for code, n in zip(codes, place.tolist(), strict=True)]

    def _cards(self, buyers: Ints) -> list[str]:
        cards = np.where(buyers < 0, -1, self._world.people.card[buyers]).tolist()
        return ["" if card < 0 else card_number(card) for card in cards]

    def _line_rows(self, tickets: Tickets, lines: Ints) -> list[str]:
        money, article = self._texts.amounts, tickets.article[lines]
        original, ids = tickets.original[lines], self._ids(tickets, tickets.line_ticket[lines])
        discount = tickets.discount[lines]
        percent = discount * 100 // np.maximum(1, tickets.price[lines] * tickets.quantity[lines])
        columns = (
            ids,
            numbers(tickets.line_no[lines]),
            pick(self._skus, article),
            pick(self._labels, article),
            numbers(tickets.quantity[lines]),
            money(tickets.price[lines]),
            money(discount),
            [
                str(rate // 10) if rate % 10 == 0 else f"{rate // 10},{rate % 10}"
                for rate in tickets.rate[lines].tolist()
            ],
            money(tickets.amount[lines]),
            pick(["", "PROMO20", "SOLDES"], (percent >= 19).astype(np.int64) + (percent >= 29)),
            [
                f"{own[:4]}{number:08d}" if number else ""
                for own, number in zip(ids, original.tolist(), strict=True)
            ],
            [
                "" if number == 0 else str(number)
                for number in tickets.original_line[lines].tolist()
            ],
        )
        return join_rows(";", columns)
