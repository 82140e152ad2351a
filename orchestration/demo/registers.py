"""The records behind the documents: customers, newsletters, products, stores, employees."""

import numpy as np

from orchestration.demo import layouts
from orchestration.demo.arithmetic import Flags, Ints
from orchestration.demo.catalogue import GIFT_CARD, KIND_NAMES, SHOPS, WEB_STORES
from orchestration.demo.exports import HISTORY
from orchestration.demo.people import (
    CITIES,
    FEMALE_NAMES,
    FIRST_NAMES,
    LAST_NAMES,
    STORE_ONLY,
    account_of,
    card_number,
    email_of,
    phone_of,
    second_account_of,
    shop_email_of,
    shop_phone_of,
)
from orchestration.demo.world import World

CHUNK = 200_000


def write_registers(world: World, rng: np.random.Generator) -> None:
    """Write every entity that is no document; customers when they join, products at once."""
    _write_fixed(world)
    everyone = np.arange(world.people.count)
    changed = np.where(
        rng.random(world.people.count) < 0.004,
        world.calendar.history_end + rng.integers(1, world.calendar.delta_days + 1, len(everyone)),
        -1,
    )
    for start in range(0, world.people.count, CHUNK):
        chunk = everyone[start : start + CHUNK]
        _write_customers(world, chunk, changed[chunk])


def _write_customers(world: World, people: Ints, changed: Ints) -> None:
    """New customers in the file of the day they joined, changed ones again when they change."""
    start = world.calendar.history_end
    joined = world.people.joined[people]
    for slot in range(world.calendar.delta_days + 1):
        is_new = joined <= start if slot == HISTORY else joined == start + slot
        is_changed = (changed == start + slot) & (joined < changed)
        chosen = is_new | is_changed
        moved = is_changed[chosen] if slot else np.zeros(int(chosen.sum()), dtype=np.bool_)
        if slot:
            corrected = world.corrected
            corrected["customers"] = corrected.get("customers", 0) + int(moved.sum())
        _write_accounts(world, slot, people[chosen], moved)
        _write_cards(world, slot, people[chosen], moved)


def _write_accounts(world: World, slot: int, chosen: Ints, moved: Flags) -> None:
    accounts: list[str] = []
    subscribers: list[str] = []
    numbers: list[int] = chosen.tolist()
    for person, has_moved in zip(numbers, moved.tolist(), strict=True):
        people = world.people
        if not people.has_account[person]:
            subscribers += _visitor_subscription(world, person) if not has_moved else []
            continue
        joined = world.calendar.date_of(int(people.joined[person])).isoformat()
        today = world.calendar.date_of(world.calendar.history_end + slot).isoformat()
        changed = today if has_moved else joined
        email, number = email_of(people, person), account_of(person)
        rest = _account_tail(world, person, joined, changed)
        accounts.append(f"{number},{email},1,{rest}")
        if people.has_second_account[person]:
            second = f"alt.{email}"
            accounts.append(f"{second_account_of(person)},{second},1,{rest}")
        if person % 10 < 7:
            status = 3 if has_moved else (1, 1, 1, 1, 3, 4, 2)[person % 10]
            subscribers.append(f"{number},{number},{email},{status},{changed} 08:30:00")
    write = world.exports.write
    write(layouts.ACCOUNTS, slot, accounts)
    write(layouts.SUBSCRIBERS, slot, subscribers)


def _visitor_subscription(world: World, person: int) -> list[str]:
    """Magento writes customer 0 for a subscriber who has no account."""
    people = world.people
    if people.channel[person] == STORE_ONLY or people.is_shared[person] or person % 4:
        return []
    people.was_subscriber[person] = True
    joined = world.calendar.date_of(int(people.joined[person])).isoformat()
    return [f"{account_of(person)},0,{email_of(people, person)},1,{joined} 08:30:00"]


def _account_tail(world: World, person: int, joined: str, changed: str) -> str:
    people = world.people
    first, last = int(people.first_name[person]), int(people.last_name[person])
    city, postcode, country = CITIES[int(people.city[person])]
    store = next(each.store_id for each in WEB_STORES if each.country == country)
    is_shared = people.is_shared[person]
    born = world.calendar.date_of(int(people.birth_day[person])).isoformat()
    birth = born if is_shared or person % 8 else ""
    gender = 3 if person % 11 == 0 else 2 if first < FEMALE_NAMES else 1
    phone = "" if person % 13 == 5 else _web_phone(world, person)
    return (
        f"{store},1,{FIRST_NAMES[first]},{LAST_NAMES[last]},{birth},{gender},{phone},"
        f"{city},{postcode},{country},1,{joined} 08:00:00,{changed} 08:00:00"
    )


def _web_phone(world: World, person: int) -> str:
    digits = phone_of(world.people, person)
    if person % 2:
        return "+33" + digits
    return f"+33 {digits[0]} {digits[1:3]} {digits[3:5]} {digits[5:7]} {digits[7:]}"


def _write_cards(world: World, slot: int, chosen: Ints, moved: Flags) -> None:
    people = world.people
    rows = [
        _card_row(world, person, slot if has_moved else -1)
        for person, has_moved in zip(chosen.tolist(), moved.tolist(), strict=True)
        if people.channel[person] in (STORE_ONLY, 2)
    ]
    world.exports.write(layouts.CARDS, slot, rows)


def _card_row(world: World, person: int, moved_slot: int) -> str:
    people, calendar = world.people, world.calendar
    first, last = int(people.first_name[person]), int(people.last_name[person])
    city, postcode, country = CITIES[int(people.city[person])]
    joined = calendar.date_of(int(people.joined[person]))
    changed = joined if moved_slot < 0 else calendar.date_of(calendar.history_end + moved_slot)
    needs_birth = people.is_shared[person] or people.uses_shop_email[person]
    birth = calendar.date_of(int(people.birth_day[person])) if needs_birth or person % 6 else None
    surname = LAST_NAMES[last].upper() if person % 3 == 0 else LAST_NAMES[last]
    title = "" if person % 17 == 0 else "MME" if first < FEMALE_NAMES else "M"
    optin = 0 if moved_slot >= 0 else int(person % 5 < 3)
    fields = (
        card_number(int(people.card[person])),
        title,
        FIRST_NAMES[first],
        surname,
        f"{birth:%d/%m/%Y}" if birth else "",
        shop_email_of(people, person),
        _shop_phone(shop_phone_of(people, person), country),
        postcode,
        city,
        country,
        SHOPS[int(people.home_shop[person])].code,
        f"{joined:%d/%m/%Y}",
        f"{changed:%d/%m/%Y} 09:00:00",
        str(optin),
        str(int(person % 4 == 0)),
        str(int(person % 3 == 0)),
    )
    return ";".join(fields)


def _shop_phone(national: str, country: str) -> str:
    """Cashiers write French numbers as French people say them, others with the prefix."""
    return national if country == "FR" or not national else f"+33{national[1:]}"


def _write_fixed(world: World) -> None:
    write = world.exports.write
    write(layouts.WEB_PRODUCTS, HISTORY, _web_products(world))
    write(layouts.SHOP_PRODUCTS, HISTORY, _shop_products(world))
    stores = [
        f"{store.store_id},{store.code},{store.name},1,{store.zone},{store.country},1"
        for store in WEB_STORES
    ]
    write(layouts.WEB_STORES_LAYOUT, HISTORY, ["0,admin,Admin,0,UTC,,1", *stores])
    opened = world.calendar.date_of(-1200)
    shops = [
        f"{s.code};{s.name};{s.city};{s.postcode};{s.country};{s.region};{s.zone};{opened:%d/%m/%Y};"
        for s in SHOPS
    ]
    write(layouts.SHOPS_LAYOUT, HISTORY, shops)
    write(layouts.EMPLOYEES, HISTORY, _employees(world))


def _web_products(world: World) -> list[str]:
    created = f"{world.calendar.date_of(-400).isoformat()} 09:00:00"
    rows = [
        f"{number},{sku},configurable,{name},Habitue,{path},{_dot(price * 1000 // 1200)},"
        f"{_dot(cost)},1,{created},{created}"
        for number, (sku, name, path, price, cost) in world.catalogue.parents.items()
    ]
    for each in world.catalogue.articles:
        kind = "simple" if each.parent_id else KIND_NAMES[each.kind]
        price = each.price if each.kind == GIFT_CARD else each.price * 1000 // 1200
        cost = _dot(each.cost) if each.cost else ""
        rows.append(
            f"{each.product_id},{each.sku},{kind},{each.name},Habitue,{each.path},"
            f"{_dot(price)},{cost},1,{created},{created}"
        )
    return rows


def _dot(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}00"


def _shop_products(world: World) -> list[str]:
    updated = f"{world.calendar.date_of(-400):%d/%m/%Y} 09:00:00"
    rows: list[str] = []
    for each in world.catalogue.articles:
        if each.shop_weight == 0:
            continue
        price, cost = (f"{cents // 100},{cents % 100:02d}" for cents in (each.price, each.cost))
        rows.append(
            f"{each.sku};36{each.product_id:011d};{each.label};{each.family};{each.subfamily};"
            f"Habitue;CORE;{each.size};{each.colour};{price};{cost if each.cost else ''};{updated}"
        )
    return rows


def _employees(world: World) -> list[str]:
    hired = world.calendar.date_of(-1000)
    rows: list[str] = []
    for shop_number, shop in enumerate(SHOPS):
        for number in range(shop.employees):
            first = FIRST_NAMES[(shop_number * 11 + number * 5) % len(FIRST_NAMES)]
            last = LAST_NAMES[(shop_number * 7 + number * 13) % len(LAST_NAMES)]
            rows.append(
                f"{shop.code}-{number + 1:02d};{first} {last};{shop.code};{hired:%d/%m/%Y};"
            )
    return rows
