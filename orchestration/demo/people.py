"""The invented people: when they are customers, where, and under which identifiers.

Web accounts and shop cards are separate records of one person; what links them may be shared,
mistyped or recycled. Every array is indexed by person number.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from orchestration.demo.arithmetic import Flags, Floats, Ints
from orchestration.demo.calendar import Calendar
from orchestration.demo.catalogue import SHOPS

FIRST_NAMES = (
    "Camille", "Inès", "Léa", "Julie", "Nina", "Aya",
    "Zoé", "Emma", "Marie", "Anne", "Chloé", "Sarah",
    "Louise", "Alice", "Manon", "Jade", "Lina", "Rose", "Anna", "Éva", "Lucie", "Clara", "Margaux",
    "Hélène", "Sophie", "Nathalie", "Isabelle", "Valérie", "Céline", "Aurélie", "Fatou", "Yasmine",
    "Carmen", "Lucía", "Pilar", "Beatriz", "Inês", "Catarina", "Mei", "Olga",
    "Hugo", "Louis", "Gabriel", "Adam", "Paul", "Marc", "Luc", "Thomas", "José", "Tiago",
)  # fmt: skip
FEMALE_NAMES = 40
LAST_NAMES = (
    "Durand", "Moreau", "Martin", "Petit", "Keller",
    "Benali", "Leroy", "Roche", "Dupont", "Garnier",
    "Faure", "Blanc", "Lambert", "Cohen", "Ferreira", "Rossi", "Vega", "Nguyen", "Diallo", "Traoré",
    "Lefèvre", "Mercier", "Dubois", "Simon", "Laurent",
    "Michel", "García", "López", "Silva", "Santos",
    "Bernard", "Robert", "Richard", "Fournier",
    "Girard", "Bonnet", "François", "Rousseau", "Chevalier",
    "Gauthier", "Perrin", "Morin", "Nicolas", "Henry",
    "Masson", "Marchand", "Noël", "Meyer", "Lucas",
    "Joly", "Rivière", "Brun", "Gaillard", "Arnaud", "Renard", "Da Costa", "O'Neil", "Le Gall",
)  # fmt: skip
DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com")
CITIES = (
    ("Paris", "75011", "FR"), ("Paris", "75015", "FR"),
    ("Lyon", "69003", "FR"), ("Marseille", "13006", "FR"),
    ("Bordeaux", "33000", "FR"), ("Lille", "59000", "FR"),
    ("Nantes", "44000", "FR"), ("Rennes", "35000", "FR"),
    ("Tours", "37000", "FR"), ("Nice", "06000", "FR"),
    ("Brest", "29200", "FR"), ("Saint-Denis", "97400", "FR"),
    ("Pointe-à-Pitre", "97110", "FR"), ("Las Palmas", "35003", "ES"), ("Madrid", "28004", "ES"),
    ("Lisboa", "1200-001", "PT"), ("Porto", "4000-001", "PT"),
)  # fmt: skip
CITY_SHARES = (20, 14, 11, 8, 7, 6, 6, 4, 3, 3, 2, 4, 3, 4, 2, 4, 1)
STORE_ONLY, WEB_ONLY, BOTH = range(3)
# How the shop wrote the e-mail of someone who also buys on the web.
SAME_EMAIL, MISTYPED_EMAIL, NO_EMAIL, OTHER_CONTACT = range(4)
SHOP_EMAIL = "boutique@example.com"
SHOP_EMAIL_MIN = 8
PLANTED_FLAGS = (
    "has_second_account",
    "uses_shop_email",
    "is_shared",
    "was_guest",
    "was_subscriber",
)


@dataclass
class People:
    """Arrays by person number; days are day numbers, which may lie before the calendar."""

    channel: Ints
    joined: Ints
    left: Ints
    propensity: Floats
    first_name: Ints
    last_name: Ints
    birth_day: Ints
    city: Ints
    home_shop: Ints
    email_state: Ints
    contact: Ints
    telephone: Ints
    card: Ints
    has_account: Flags
    has_second_account: Flags
    uses_shop_email: Flags
    is_shared: Flags
    was_guest: Flags
    was_subscriber: Flags

    @property
    def count(self) -> int:
        """How many people there are."""
        return len(self.channel)

    def in_web(self) -> Flags:
        """Whether each person buys on the web."""
        return self.channel != STORE_ONLY

    def in_store(self) -> Flags:
        """Whether each person has a card."""
        return self.channel != WEB_ONLY

    def may_be_guest(self) -> Flags:
        """People whose e-mail is theirs alone, so that a guest order is certainly theirs."""
        return self.in_web() & ~self.is_shared

    def may_order(self) -> Flags:
        """People who can order on the web, with an account or as a guest."""
        return self.in_web() & (self.has_account | ~self.is_shared)


def make_people(seed: int, calendar: Calendar, count: int) -> People:
    """`count` people with their identifiers; the faults of identity are planted afterwards."""
    rng = np.random.default_rng([seed, 2])
    days = calendar.day_count
    joined = np.where(
        rng.random(count) < 0.4, rng.integers(-900, 0, count), rng.integers(0, days, count)
    )
    lifetime = rng.exponential(480, count).astype(np.int64)
    channel = rng.choice(3, size=count, p=(0.52, 0.3, 0.18))
    people = People(
        channel=channel.astype(np.int64),
        joined=joined,
        left=np.maximum(joined + lifetime, 0),
        propensity=np.minimum(rng.pareto(1.9, count) + 0.15, 60),
        first_name=_names(rng, count),
        last_name=rng.integers(0, len(LAST_NAMES), count),
        birth_day=-rng.integers(365 * 17, 365 * 80, count),
        city=rng.choice(len(CITIES), size=count, p=np.array(CITY_SHARES) / sum(CITY_SHARES)),
        home_shop=_home_shops(rng, count),
        email_state=rng.choice(4, size=count, p=(0.66, 0.12, 0.13, 0.09)),
        contact=np.arange(count, dtype=np.int64),
        telephone=np.arange(count, dtype=np.int64),
        card=np.arange(count, dtype=np.int64),
        has_account=(channel != STORE_ONLY) & (rng.random(count) < 0.7),
        **{name: np.zeros(count, dtype=np.bool_) for name in PLANTED_FLAGS},
    )
    _plant_families(rng, people)
    _recycle(rng, people, days)
    _plant_shop_address(people)
    alone = people.has_account & ~people.is_shared
    people.has_second_account[:] = alone & (rng.random(count) < 0.03)
    return people


def _names(rng: np.random.Generator, count: int) -> Ints:
    women = rng.random(count) < 0.88
    female = rng.integers(0, FEMALE_NAMES, count)
    return np.where(women, female, rng.integers(FEMALE_NAMES, len(FIRST_NAMES), count))


def _home_shops(rng: np.random.Generator, count: int) -> Ints:
    weights = np.array([shop.weight for shop in SHOPS])
    return rng.choice(len(SHOPS), size=count, p=weights / weights.sum())


def _pairs(rng: np.random.Generator, pool: Ints, share: float) -> tuple[Ints, Ints]:
    """Disjoint pairs from a pool of people; at least two when the pool allows."""
    size = min(len(pool) // 2, max(2, int(len(pool) * share)))
    chosen = rng.permutation(pool)[: 2 * size]
    return chosen[:size], chosen[size:]


def _tell_apart(people: People, first: Ints, second: Ints) -> None:
    """Two people behind one identifier differ in name, birth date and town."""
    people.first_name[second] = (people.first_name[first] + 7) % FEMALE_NAMES
    people.last_name[second] = (people.last_name[first] + 11) % len(LAST_NAMES)
    people.birth_day[second] = people.birth_day[first] + 3000
    people.is_shared[first] = True
    people.is_shared[second] = True


def _plant_families(rng: np.random.Generator, people: People) -> None:
    """Two people on one address, e-mail and telephone, each with records of their own."""
    known = np.flatnonzero(people.has_account | people.in_store())
    older, younger = _pairs(rng, known, 0.01)
    _tell_apart(people, older, younger)
    people.contact[younger] = people.contact[older]
    people.telephone[younger] = people.telephone[older]
    people.city[younger] = people.city[older]


def _recycle(rng: np.random.Generator, people: People, days: int) -> None:
    """Telephones and cards go to a new holder after the old one left."""
    known = people.has_account | people.in_store()
    older, younger = _pairs(rng, np.flatnonzero(known & ~people.is_shared), 0.01)
    _tell_apart(people, older, younger)
    people.telephone[younger] = people.telephone[older]
    people.city[younger] = (people.city[older] + 3) % len(CITIES)
    has_left = (people.left < days * 0.7) & people.in_store() & ~people.is_shared
    old, new = _pairs(rng, np.flatnonzero(has_left), 0.04)
    _tell_apart(people, old, new)
    people.joined[new] = np.maximum(people.joined[new], people.left[old] + 30)
    people.left[new] = np.maximum(people.left[new], people.joined[new] + 200)
    people.card[new] = people.card[old]


def _plant_shop_address(people: People) -> None:
    """Cashiers type the shop's own e-mail for those who give none."""
    free = np.flatnonzero((people.channel == STORE_ONLY) & ~people.is_shared)
    people.uses_shop_email[free[: max(SHOP_EMAIL_MIN, len(free) // 300)]] = True


def email_of(people: People, person: int) -> str:
    """The e-mail of a person, or of the family; never mistyped."""
    owner = int(people.contact[person])
    first = FIRST_NAMES[int(people.first_name[owner])]
    last = LAST_NAMES[int(people.last_name[owner])]
    return f"{_plain(first)}.{_plain(last)}{owner}@{DOMAINS[owner % len(DOMAINS)]}"


_ACCENTS = str.maketrans("àâäéèêëîïôöùûüçÉÈíóúã", "aaaeeeeiioouuucEEioua")


def _plain(name: str) -> str:
    return name.translate(_ACCENTS).replace(" ", "").replace("'", "").lower()


def phone_of(people: People, person: int) -> str:
    """Nine digits after the country code, unique to a person or family."""
    owner = int(people.telephone[person])
    return f"70{owner:07d}" if owner < 10_000_000 else f"6{owner:08d}"


def shop_email_of(people: People, person: int) -> str:
    """The e-mail as the shop typed it; empty if it did not."""
    if people.uses_shop_email[person]:
        return SHOP_EMAIL
    if people.channel[person] == BOTH:
        state = int(people.email_state[person])
        if state in (NO_EMAIL, OTHER_CONTACT):
            return ""
        if state == MISTYPED_EMAIL:
            email = email_of(people, person)
            return email[0] + email
        return email_of(people, person)
    return email_of(people, person) if people.email_state[person] != NO_EMAIL else ""


def shop_phone_of(people: People, person: int) -> str:
    """The telephone as the shop typed it; empty for those who left none."""
    is_silent = people.email_state[person] == OTHER_CONTACT
    return "" if is_silent else "0" + phone_of(people, person)


def account_of(person: int) -> int:
    """Magento's customer entity_id of a person's account."""
    return 10 + 2 * person


def second_account_of(person: int) -> int:
    """Magento's customer entity_id of a person's second account."""
    return 11 + 2 * person


def card_number(card: int) -> str:
    """Thirteen digits with their check digit."""
    body = f"29{card:010d}"
    odd, even = sum(map(int, body[::2])), sum(map(int, body[1::2]))
    return f"{body}{-(odd + 3 * even) % 10}"


def identities(people: People, calendar: Calendar) -> Iterator[tuple[int, str, str, str, str]]:
    """Who is who: person, source, kind, identifier as exported, and its first day for cards."""
    for person in range(people.count):
        if people.channel[person] != STORE_ONLY:
            yield from _web_identities(people, person)
        if people.channel[person] != WEB_ONLY:
            day = calendar.date_of(int(people.joined[person])).isoformat()
            yield person, "cashmere", "card", card_number(int(people.card[person])), day


def _web_identities(people: People, person: int) -> Iterator[tuple[int, str, str, str, str]]:
    if people.has_account[person]:
        yield person, "magento", "customer", str(account_of(person)), ""
    if people.has_second_account[person]:
        yield person, "magento", "customer", str(second_account_of(person)), ""
    if people.was_guest[person]:
        yield person, "magento", "guest_email", email_of(people, person), ""
    if people.was_subscriber[person]:
        yield person, "magento", "subscriber_email", email_of(people, person), ""
