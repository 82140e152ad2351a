"""Magento's documents: orders with their items, and the credit memos of what came back."""

from dataclasses import dataclass

import numpy as np

from orchestration.demo import layouts
from orchestration.demo.arithmetic import Flags, Floats, Ints, half_up, place_in, total_by
from orchestration.demo.calendar import (
    DAY_SECONDS,
    PAD_DAYS,
    WEB_HOURS,
    WEB_WEEKDAYS,
    draw_seconds,
)
from orchestration.demo.catalogue import (
    BOOK_RATE,
    BUNDLE,
    CONFIGURABLE,
    GIFT_CARD,
    KIND_NAMES,
    WEB_STORES,
)
from orchestration.demo.exports import HISTORY, join_rows
from orchestration.demo.people import CITIES, account_of, email_of
from orchestration.demo.texts import Texts, TextTable, numbers, pick
from orchestration.demo.world import (
    NEVER,
    World,
    draw_buyers,
    draw_visit_days,
    first_exports,
    versions,
)

# state and status of an order at its creation, and how many per thousand
OUTCOMES = (
    ("processing", "processing", 956),
    ("canceled", "canceled", 28),
    ("pending_payment", "pending_payment", 6),
    ("new", "pending", 3),
    ("payment_review", "payment_review", 2),
    ("holded", "holded", 2),
    ("processing", "fraud", 2),
    ("processing", "test", 1),
)
SOLD, CANCELED = 0, 1
PLACED, _SHIPPED, REFUNDED = range(3)
SHIPPING_CENTS, FREE_SHIPPING_FROM = 490, 6000


@dataclass
class Orders:
    """Orders and their top-level items; money in cents without tax, times in seconds UTC."""

    number: Ints
    buyer: Ints
    is_guest: Flags
    spelling: Ints
    store: Ints
    outcome: Ints
    created: Ints
    local_day: Ints
    exported: Ints
    shipped: Ints
    refunded: Ints
    has_coupon: Flags
    adjustment: Ints
    order: Ints
    item: Ints
    article: Ints
    quantity: Ints
    canceled: Ints
    price: Ints
    discount: Ints
    rate: Ints
    is_back: Flags

    @property
    def row_total(self) -> Ints:
        """Price times quantity of each item."""
        return self.price * self.quantity

    @property
    def kept(self) -> Ints:
        """Quantity not cancelled, per item."""
        return self.quantity - self.canceled

    @property
    def tax(self) -> Ints:
        """Tax of each item."""
        return half_up((self.row_total - self.discount) * self.rate, 1000)

    @property
    def kept_net(self) -> Ints:
        """Net amount of what was not cancelled, per item."""
        return half_up((self.row_total - self.discount) * self.kept, self.quantity)

    @property
    def kept_gross(self) -> Ints:
        """Row total of what was not cancelled, per item."""
        return half_up(self.row_total * self.kept, self.quantity)

    def per_order(self, values: Ints) -> Ints:
        """Item values summed per order."""
        return total_by(self.order, values, len(self.number))


class WebShop:
    """Draws orders month by month and writes them in Magento's shape."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._texts = TextTable(world.calendar, "%Y-%m-%d", ".", "00")
        self._weights = world.calendar.weights(WEB_WEEKDAYS)
        self._offsets = np.stack([world.calendar.offsets(store.zone) for store in WEB_STORES])
        self._next_order = 0
        self._next_item = 0
        articles = world.catalogue.articles
        self._skus = [each.sku for each in articles]
        self._names = [each.name for each in articles]
        parents = world.catalogue.parents
        self._parent_names = [
            parents[each.parent_id][1] if each.parent_id else each.name for each in articles
        ]
        self._product_ids = np.array([each.product_id for each in articles], dtype=np.int64)
        self._parent_ids = np.array(
            [each.parent_id or each.product_id for each in articles], dtype=np.int64
        )
        self._parts = np.array([each.parts or (0, 0) for each in articles], dtype=np.int64)
        self._city_store = np.array([_store_of(country) for _, _, country in CITIES])

    @property
    def weights(self) -> Floats:
        """Relative number of orders of each day."""
        return self._weights

    def sell(self, rng: np.random.Generator, month: tuple[int, int], size: int) -> None:
        """Draw about `size` orders of a month, write them and add them to the truth."""
        buyers = draw_buyers(rng, self._world.people, self._world.people.may_order(), month, size)
        if not len(buyers) or buyers[0] < 0:
            return
        orders = self._draw(rng, month, buyers)
        self._count(orders)
        for slot, chosen, version in versions(
            self._world, [orders.exported, orders.shipped, orders.refunded]
        ):
            self._write_orders(orders, slot, chosen, version)
        for slot, chosen, _ in versions(self._world, [orders.refunded]):
            self._write_memos(orders, slot, chosen)

    def refund_migrated_orders(self, count: int) -> None:
        """Credit memos of the first day whose orders stayed in an older system."""
        world, truth = self._world, self._world.truth
        owners = np.flatnonzero(world.people.has_account)[:count].tolist()
        article = next(each for each in world.catalogue.articles if each.sku == "POUCH")
        net = article.price * 1000 // 1200
        tax = half_up(np.array([net * 200]), 1000)
        amount, taxes, total = (
            self._texts.amounts(each)[0] for each in (np.array([net]), tax, tax + net)
        )
        time = f"{world.calendar.first.isoformat()} 12:00:00"
        memos = [
            f"{10 + number},CM{10 + number:09d},,1,{account_of(owner)},EUR,{amount},0.0000,{taxes},"
            f"0.0000,0.0000,{total},{time},{time}"
            for number, owner in enumerate(owners)
        ]
        # Items of other memos bear the numbers of order items, which leave each fourth one free.
        items = [
            f"{3 + 4 * number},{10 + number},,{article.product_id},{article.sku},{article.name},"
            f"1.0000,{amount},0.0000,{taxes},{amount}"
            for number in range(len(owners))
        ]
        world.exports.write(layouts.MEMOS, HISTORY, memos)
        world.exports.write(layouts.MEMO_ITEMS, HISTORY, items)
        nowhere = np.zeros(len(owners), dtype=np.int64)
        truth.add(nowhere, nowhere, truth.units, nowhere - 1)
        truth.add(nowhere, nowhere, truth.net_cents, nowhere - net)

    def _draw(self, rng: np.random.Generator, month: tuple[int, int], buyers: Ints) -> Orders:
        people, calendar = self._world.people, self._world.calendar
        buyers, store, created, local_day = self._draw_times(rng, month, buyers)
        size = len(buyers)
        shares = np.array([each[2] for each in OUTCOMES])
        outcome = rng.choice(len(OUTCOMES), size=size, p=shares / shares.sum())
        is_guest = self._draw_guests(rng, buyers)
        people.was_guest[buyers[is_guest]] = True
        order = np.repeat(np.arange(size), np.minimum(rng.geometric(0.5, size), 12))
        has_coupon = rng.random(size) < 0.18
        items = self._draw_items(rng, order, store, local_day, has_coupon, outcome)
        shipped = np.where(outcome == SOLD, local_day + rng.integers(1, 4, size), NEVER)
        number, item = self._numbers(size, len(order))
        orders = Orders(
            number=number,
            buyer=buyers,
            is_guest=is_guest,
            spelling=np.where(rng.random(size) < 0.04, rng.integers(1, 3, size), 0),
            store=store,
            outcome=outcome,
            created=created,
            local_day=local_day,
            exported=first_exports(rng, self._world, local_day, "magento"),
            shipped=np.where(shipped < calendar.day_count, shipped, NEVER),
            refunded=np.full(size, NEVER, dtype=np.int64),
            has_coupon=has_coupon,
            adjustment=np.zeros(size, dtype=np.int64),
            order=order,
            item=item,
            is_back=np.zeros(len(order), dtype=np.bool_),
            **items,
        )
        self._draw_returns(rng, orders)
        return orders

    def _draw_times(
        self, rng: np.random.Generator, month: tuple[int, int], buyers: Ints
    ) -> tuple[Ints, Ints, Ints, Ints]:
        """Buyers, stores, seconds UTC and local days of the orders that fall into the calendar."""
        store = self._city_store[self._world.people.city[buyers]]
        day = draw_visit_days(rng, self._world, self._weights, month, buyers)
        local = day * DAY_SECONDS + draw_seconds(rng, WEB_HOURS, len(buyers))
        created = local - self._shift(store, local)
        local_day = (created + self._shift(store, created)) // DAY_SECONDS
        inside = (local_day >= 0) & (local_day < self._world.calendar.day_count)
        return buyers[inside], store[inside], created[inside], local_day[inside]

    def _draw_guests(self, rng: np.random.Generator, buyers: Ints) -> Flags:
        """Who orders without logging in; account holders do it now and then."""
        people = self._world.people
        may_be = people.may_be_guest()[buyers]
        return ~people.has_account[buyers] | (may_be & (rng.random(len(buyers)) < 0.06))

    def _numbers(self, orders: int, items: int) -> tuple[Ints, Ints]:
        """Order numbers, and item numbers with room for three children each."""
        first_order, first_item = self._next_order, self._next_item
        self._next_order += orders
        self._next_item += items
        return 100_001 + first_order + np.arange(orders), 4 * (first_item + np.arange(items) + 1)

    def _draw_items(
        self, rng: np.random.Generator, order: Ints, store: Ints, day: Ints,
        has_coupon: Flags, outcome: Ints,
    ) -> dict[str, Ints]:  # fmt: skip
        catalogue, size = self._world.catalogue, len(order)
        article = place_in(catalogue.web_weights, rng.random(size))
        quantity = rng.choice((1, 2, 3), size=size, p=(0.9, 0.08, 0.02)).astype(np.int64)
        is_gift = catalogue.kinds[article] == GIFT_CARD
        store_rates = np.array([each.tax_rate for each in WEB_STORES], dtype=np.int64)
        rate = np.where(
            catalogue.tax_rates[article] == BOOK_RATE, BOOK_RATE, store_rates[store][order]
        )
        rate = np.where(is_gift, 0, rate)
        price = np.where(
            is_gift, catalogue.prices[article], half_up(catalogue.prices[article] * 1000, 1200)
        )
        on_sale = (self._world.calendar.is_sale_season[day][order] > 0) & (rng.random(size) < 0.35)
        percent = np.where(on_sale, 30, np.where(has_coupon[order], 10, 0)) * ~is_gift
        partial = (quantity > 1) & (rng.random(size) < 0.06)
        canceled = np.where(outcome[order] == CANCELED, quantity, partial.astype(np.int64))
        return {
            "article": article,
            "quantity": quantity,
            "canceled": canceled,
            "price": price,
            "discount": half_up(price * quantity * percent, 100),
            "rate": rate,
        }

    def _draw_returns(self, rng: np.random.Generator, orders: Orders) -> None:
        """1.7 % of the lines come back some weeks later, on one credit memo per order."""
        size = len(orders.number)
        has_memo = (orders.outcome == SOLD) & (rng.random(size) < 0.021)
        lag = np.minimum(5 + rng.exponential(12, size).astype(np.int64), 75)
        back = (
            has_memo[orders.order]
            & (rng.random(len(orders.order)) < 0.82)
            & (orders.kept > 0)
            & (self._world.catalogue.kinds[orders.article] != GIFT_CARD)
        )
        day = np.maximum(orders.local_day + lag, orders.exported)
        has_memo &= orders.per_order(back.astype(np.int64)) > 0
        has_memo &= day < self._world.calendar.day_count
        orders.is_back = back & has_memo[orders.order]
        orders.refunded = np.where(has_memo, day, NEVER)
        draw = rng.random(size)
        adjustment = np.where(draw < 0.03, 500, np.where(draw < 0.06, -300, 0))
        orders.adjustment = np.where(has_memo, adjustment, 0)

    def _shift(self, store: Ints, seconds: Ints) -> Ints:
        return self._offsets[store, seconds // 3600 + PAD_DAYS * 24]

    def _count(self, orders: Orders) -> None:
        truth, world = self._world.truth, self._world
        is_good = world.catalogue.kinds[orders.article] != GIFT_CARD
        sold = is_good & (orders.outcome[orders.order] == SOLD)
        sold &= orders.exported[orders.order] < world.calendar.day_count
        units = np.where(sold, orders.kept, 0)
        net = np.where(sold, orders.kept_net, 0)
        store, day = orders.store[orders.order], orders.local_day[orders.order]
        truth.add(store, day, truth.units, units)
        truth.add(store, day, truth.net_cents, net)
        is_order = (orders.per_order(units) > 0).astype(np.int64)
        truth.add(orders.store, orders.local_day, truth.orders, is_order)
        back = orders.is_back
        returned = orders.refunded[orders.order]
        truth.add(store[back], returned[back], truth.units, -units[back])
        truth.add(store[back], returned[back], truth.net_cents, -net[back])
        memo = orders.refunded < NEVER
        truth.add(
            orders.store[memo], orders.refunded[memo], truth.net_cents, -orders.adjustment[memo]
        )
        world.line_count += len(orders.order)

    def _updated(self, orders: Orders, chosen: Ints, version: Ints) -> Ints:
        placed = orders.created[chosen] + 300
        shipped = orders.shipped[chosen] * DAY_SECONDS + 9 * 3600 + orders.number[chosen] % 3600
        refunded = self._memo_time(orders, chosen)
        return np.where(version == REFUNDED, refunded, np.where(version > PLACED, shipped, placed))

    def _memo_time(self, orders: Orders, chosen: Ints) -> Ints:
        return orders.refunded[chosen] * DAY_SECONDS + 10 * 3600 + orders.number[chosen] % 25_200

    def _write_orders(self, orders: Orders, slot: int, chosen: Ints, version: Ints) -> None:
        if slot:
            changed = int((version > PLACED).sum())
            corrected = self._world.corrected
            corrected["magento"] = corrected.get("magento", 0) + changed
        rows = self._order_rows(orders, chosen, version)
        self._world.exports.write(layouts.ORDERS, slot, rows)
        row_of = np.full(len(orders.number), -1, dtype=np.int64)
        row_of[chosen] = np.arange(len(chosen))
        items = np.flatnonzero(row_of[orders.order] >= 0)
        own_version = version[row_of[orders.order[items]]]
        rows = self._item_rows(orders, items, own_version)
        self._world.exports.write(layouts.ORDER_ITEMS, slot, rows)

    def _order_rows(self, orders: Orders, chosen: Ints, version: Ints) -> list[str]:
        city, currency = self._world.people.city[orders.buyer[chosen]], ["EUR"] * len(chosen)
        number, store = numbers(orders.number[chosen]), numbers(orders.store[chosen] + 1)
        country = pick([each[2] for each in CITIES], city)
        columns = (
            number,
            [f"{shop}{order:0>9}" for shop, order in zip(store, number, strict=True)],
            *self._states(orders, chosen, version),
            store,
            *self._order_buyers(orders, chosen),
            pick(["", "WELCOME10"], orders.has_coupon[chosen].astype(np.int64)),
            currency,
            currency,
            *self._order_amounts(orders, chosen, version),
            country,
            country,
            pick([each[0] for each in CITIES], city),
            pick([each[1] for each in CITIES], city),
            self._texts.moments(orders.created[chosen]),
            self._texts.moments(self._updated(orders, chosen, version)),
        )
        return join_rows(",", columns)

    def _order_buyers(self, orders: Orders, chosen: Ints) -> tuple[Texts, Texts, Texts]:
        """Account, guest flag and e-mail; guests type theirs in several spellings."""
        buyers, guests = orders.buyer[chosen].tolist(), orders.is_guest[chosen]
        spellings = (orders.spelling[chosen] * guests).tolist()
        emails = [
            _spell(email_of(self._world.people, buyer), spelling)
            for buyer, spelling in zip(buyers, spellings, strict=True)
        ]
        return self._accounts(orders, chosen), numbers(guests.astype(np.int64)), emails

    def _accounts(self, orders: Orders, chosen: Ints) -> Texts:
        pairs = zip(orders.buyer[chosen].tolist(), orders.is_guest[chosen].tolist(), strict=True)
        return ["" if is_guest else str(account_of(buyer)) for buyer, is_guest in pairs]

    def _order_amounts(self, orders: Orders, chosen: Ints, version: Ints) -> list[Texts]:
        subtotal = orders.per_order(orders.row_total)[chosen]
        discount = orders.per_order(orders.discount)[chosen]
        tax = orders.per_order(orders.tax)[chosen]
        shipping = np.where(subtotal < FREE_SHIPPING_FROM, SHIPPING_CENTS, 0)
        total = subtotal - discount + tax + shipping
        refunded = np.where(version == REFUNDED, self._memo_totals(orders)[3][chosen], 0)
        quantity = 100 * orders.per_order(orders.quantity)[chosen]
        amounts = (subtotal, -discount, tax, shipping, total, refunded, quantity)
        return [self._texts.amounts(each) for each in amounts]

    def _states(self, orders: Orders, chosen: Ints, version: Ints) -> tuple[Texts, Texts]:
        left = orders.per_order(np.where(orders.is_back, 0, orders.kept))[chosen]
        names = [*OUTCOMES, ("complete", "complete", 0), ("closed", "closed", 0)]
        complete, closed = len(OUTCOMES), len(OUTCOMES) + 1
        is_closed = (version == REFUNDED) & (left == 0)
        code = np.where(version > PLACED, complete, orders.outcome[chosen])
        code = np.where(is_closed, closed, code)
        return pick([each[0] for each in names], code), pick([each[1] for each in names], code)

    def _item_rows(self, orders: Orders, items: Ints, version: Ints) -> list[str]:
        """Parents and their children, the child rows without amounts of their own."""
        kinds = self._world.catalogue.kinds[orders.article[items]]
        row, role = _with_children(kinds)
        item, own = items[row], (role == 0).astype(np.int64)
        article, order = self._row_articles(orders.article[item], role), orders.order[item]
        is_back = (version[row] == REFUNDED) & orders.is_back[item]
        back = np.where(is_back, orders.kept[item], 0)
        quantities = (orders.quantity[item], orders.canceled[item], back)
        columns = (
            numbers(orders.item[item] + role),
            numbers(orders.number[order]),
            _where(role > 0, numbers(orders.item[item])),
            numbers(np.where(role > 0, self._product_ids[article], self._parent_ids[article])),
            pick(list(KIND_NAMES), kinds[row] * own),
            pick(self._skus, article),
            pick([*self._names, *self._parent_names], article + own * len(self._names)),
            *(self._texts.amounts(100 * each) for each in quantities),
            *self._item_amounts(orders, item, own),
            self._texts.moments(orders.created[order]),
            self._texts.moments(self._updated(orders, order, version[row])),
        )
        return join_rows(",", columns)

    def _item_amounts(self, orders: Orders, item: Ints, own: Ints) -> list[Texts]:
        amounts = (orders.price, orders.price, orders.discount, orders.tax, orders.row_total)
        return [self._texts.amounts(each[item] * own) for each in amounts]

    def _row_articles(self, article: Ints, role: Ints) -> Ints:
        """The article of a row: a bundle's children are its parts."""
        is_part = (role > 0) & (self._world.catalogue.kinds[article] == BUNDLE)
        part = self._parts[article, np.maximum(role - 1, 0)]
        return np.where(is_part, part, article)

    def _memo_totals(self, orders: Orders) -> tuple[Ints, Ints, Ints, Ints]:
        back = orders.is_back.astype(np.int64)
        gross = orders.per_order(orders.kept_gross * back)
        net = orders.per_order(orders.kept_net * back)
        tax = orders.per_order(half_up(orders.kept_net * orders.rate, 1000) * back)
        return gross, gross - net, tax, net + tax + orders.adjustment

    def _write_memos(self, orders: Orders, slot: int, chosen: Ints) -> None:
        money = self._texts.amounts
        gross, discount, tax, total = (each[chosen] for each in self._memo_totals(orders))
        time = self._texts.moments(self._memo_time(orders, chosen))
        columns = (
            numbers(orders.number[chosen]),
            [f"CM{number:09d}" for number in orders.number[chosen].tolist()],
            numbers(orders.number[chosen]),
            numbers(orders.store[chosen] + 1),
            self._accounts(orders, chosen),
            ["EUR"] * len(chosen),
            money(gross),
            money(-discount),
            money(tax),
            ["0.0000"] * len(chosen),
            money(orders.adjustment[chosen]),
            money(total),
            time,
            time,
        )
        self._world.exports.write(layouts.MEMOS, slot, join_rows(",", columns))
        is_chosen = np.zeros(len(orders.number), dtype=np.bool_)
        is_chosen[chosen] = True
        items = np.flatnonzero(orders.is_back & is_chosen[orders.order])
        self._world.exports.write(layouts.MEMO_ITEMS, slot, self._memo_item_rows(orders, items))

    def _memo_item_rows(self, orders: Orders, items: Ints) -> list[str]:
        row, role = _with_children(self._world.catalogue.kinds[orders.article[items]])
        item, own = items[row], (role == 0).astype(np.int64)
        article = self._row_articles(orders.article[item], role)
        net, money = orders.kept_net[item] * own, self._texts.amounts
        columns = (
            numbers(orders.item[item] + role),
            numbers(orders.number[orders.order[item]]),
            numbers(orders.item[item] + role),
            numbers(np.where(role > 0, self._product_ids[article], self._parent_ids[article])),
            pick(self._skus, article),
            pick(self._names, article),
            money(100 * orders.kept[item]),
            money(orders.price[item] * own),
            money(orders.kept_gross[item] * own - net),
            money(half_up(net * orders.rate[item], 1000)),
            money(orders.kept_gross[item] * own),
        )
        return join_rows(",", columns)


def _with_children(kinds: Ints) -> tuple[Ints, Ints]:
    """Rows of items and their children: which item each is, and 0 for itself, 1 and 2 for parts."""
    count = np.where(kinds == CONFIGURABLE, 2, np.where(kinds == BUNDLE, 3, 1))
    row = np.repeat(np.arange(len(kinds)), count)
    return row, np.arange(len(row)) - (np.cumsum(count) - count)[row]


def _where(is_shown: Flags, texts: Texts) -> Texts:
    return [text if show else "" for text, show in zip(texts, is_shown.tolist(), strict=True)]


def _store_of(country: str) -> int:
    return next(n for n, store in enumerate(WEB_STORES) if store.country == country)


def _spell(email: str, spelling: int) -> str:
    """One address in the spellings that guests type."""
    return (email, email.upper(), f" {email.title()} ")[spelling]
