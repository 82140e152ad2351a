"""A golden key stays with its person (D29), in whatever order records arrive."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pipeline.compiled import compiled, fill

from orchestration.settings import PROJECT_ROOT

NIGHTS = 4
MODELS = (
    "unified_card_holders",
    "unified_customer_profiles",
    "unified_customers",
    "int_customer_keys",
    "int_customer_ties",
    "int_customer_groups",
    "int_customer_clusters",
    "stg_habitue__golden_keys",
    "int_golden_keys",
    "int_cluster_keys",
    "customer_identities",
    "customer_key_aliases",
    "int_golden_key_events",
)
PERSON = (
    "first_name_key varchar, last_name_key varchar, birth_date date, email_key varchar, "
    "phone_key varchar, gender varchar, city varchar, postcode varchar, country varchar"
)
HOLDERS = (
    f"card_key varchar, holder_from_date date, created_date date, updated_at_local timestamp, "
    f"{PERSON}, home_store_code varchar, has_email_optin boolean, has_sms_optin boolean, "
    "has_post_optin boolean"
)
ACCOUNTS = (
    f"customer_id varchar, {PERSON}, store_id varchar, created_at timestamp, updated_at timestamp"
)
# A ticket belongs to the holder of its day; a card nobody is registered for, to itself.
ORDERS = """
create or replace table unified_orders as
select
    coalesce(holders.source_customer_key, 'cashmere:' || tickets.card_key) as source_customer_key,
    'cashmere' as source_system,
    tickets.sold_on as order_date,
    cast(tickets.sold_on as timestamp) as ordered_at,
    false as is_held
from tickets
left join unified_card_holders as holders
    on tickets.card_key = holders.card_key
    and tickets.sold_on >= holders.holder_from_date
    and tickets.sold_on < holders.holder_until_date
"""
REMEMBER = """
insert into golden_keys
select
    customer_key, anchor_source_customer_key, event, merged_into,
    (select coalesce(max(publication_number), 0) + 1 from golden_keys)
from int_golden_key_events
"""


@dataclass(frozen=True)
class Arrival:
    """A holder of a card, an account or a ticket, and the night on which its export arrives."""

    night: int
    kind: str
    number: str  # of the card or the account
    day: date
    first: str | None = None
    born: date | None = None
    email: str | None = None


DAYS = [date(year, 1, 1) for year in (2021, 2022, 2023, 2024)]
arrivals = st.builds(
    Arrival,
    night=st.integers(0, NIGHTS - 1),
    kind=st.sampled_from(("holder", "holder", "account", "ticket")),
    number=st.sampled_from(("1", "2")),
    day=st.sampled_from(DAYS),
    first=st.none() | st.sampled_from(("anna", "bert")),
    born=st.none() | st.just(date(1980, 1, 1)) | st.just(date(1990, 1, 1)),
    email=st.none() | st.sampled_from(("e1", "e2")),
)
stories = st.lists(st.lists(arrivals, min_size=2, max_size=8), min_size=1, max_size=40)


@dataclass(frozen=True)
class Night:
    """What a publication shows: whose key is which, where old ones lead, who holds a card first."""

    key_of: dict[str, str]
    aliases: dict[str, str]
    first_holder: dict[str, str]
    registered_on: dict[str, date]

    def members(self) -> dict[str, set[str]]:
        """The source customers of each golden key."""
        members: dict[str, set[str]] = defaultdict(set)
        for source, key in self.key_of.items():
            members[key].add(source)
        return members

    def now(self, source: str) -> str:
        """The source customer that an earlier one is tonight: an unregistered card has a holder."""
        return self.first_holder.get(source, source)


class Installation:
    """The models from cards and accounts to golden keys, and the memory of these."""

    def __init__(self, statements: Sequence[str]) -> None:
        self._statements = statements
        self._connection = duckdb.connect()
        rules = str(PROJECT_ROOT / "seeds/reference/identity_rules.csv")
        self._connection.read_csv(rules).create("identity_rules")
        self._fill("unified_stores", "store_key varchar, time_zone varchar", [])
        self._fill(
            "unified_web_contacts",
            "source_customer_key varchar, email_key varchar, is_guest boolean, "
            "first_named_date date",
            [],
        )

    def forget(self) -> None:
        """Start anew: no golden key was ever given."""
        self._fill(
            "golden_keys",
            "customer_key varchar, anchor_source_customer_key varchar, event varchar, "
            "merged_into varchar, publication_number bigint",
            [],
        )

    def publish(self, arrived: list[Arrival]) -> Night:
        """Build on all that has arrived, and remember the keys."""
        of_kind = {kind: [a for a in arrived if a.kind == kind] for kind in _ROWS}
        for kind, (table, columns, row) in _ROWS.items():
            self._fill(table, columns, [row(arrival) for arrival in of_kind[kind]])
        holders, *others = self._statements
        for statement in (holders, ORDERS, *others):
            self._connection.execute(statement)
        night = Night(
            self._pairs("source_customer_key, customer_key from customer_identities"),
            self._pairs("alias_customer_key, customer_key from customer_key_aliases"),
            self._pairs(
                "'cashmere:' || card_key, source_customer_key from unified_card_holders "
                "where is_first_holder"
            ),
            self._pairs("source_customer_key, created_date from unified_card_holders"),
        )
        self._connection.execute(REMEMBER)
        return night

    def given(self) -> dict[str, int]:
        """Every key ever given, with the number of its publication."""
        rows = self._connection.execute(
            "select customer_key, publication_number from golden_keys where event = 'given'"
        ).fetchall()
        assert len(rows) == len({key for key, _ in rows}), "a key was given twice"
        return dict(rows)

    def _fill(self, table: str, columns: str, rows: list[dict[str, Any]]) -> None:
        fill(self._connection, table, columns, rows)

    def _pairs(self, selected: str) -> dict[str, Any]:
        return dict(self._connection.execute(f"select {selected}").fetchall())


def _person(arrival: Arrival) -> dict[str, Any]:
    return {
        "first_name_key": arrival.first,
        "last_name_key": "smith",
        "birth_date": arrival.born,
        "email_key": arrival.email,
        "gender": "unknown",
    }


def _holder(arrival: Arrival) -> dict[str, Any]:
    card = {"card_key": arrival.number, "updated_at_local": arrival.day}
    days = {"holder_from_date": arrival.day, "created_date": arrival.day}
    return card | days | _person(arrival)


def _account(arrival: Arrival) -> dict[str, Any]:
    seen = {"created_at": arrival.day, "updated_at": arrival.day}
    return {"customer_id": arrival.number} | seen | _person(arrival)


def _ticket(arrival: Arrival) -> dict[str, Any]:
    return {"card_key": arrival.number, "sold_on": arrival.day}


_ROWS: dict[str, tuple[str, str, Callable[[Arrival], dict[str, Any]]]] = {
    "holder": ("stg_cashmere__customers", HOLDERS, _holder),
    "account": ("stg_magento__customer_entity", ACCOUNTS, _account),
    "ticket": ("tickets", "card_key varchar, sold_on date", _ticket),
}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(compiled(MODELS, {}, tmp_path_factory.mktemp("golden_keys")))


def side_by_side(drawn: list[list[Arrival]]) -> list[Arrival]:
    """The stories in one installation, each with cards, accounts and e-mails of its own."""
    found: dict[object, Arrival] = {}
    for story, told in enumerate(drawn):
        for place, arrival in enumerate(told):
            number = f"{story}x{arrival.number}"
            key = {"holder": arrival.day, "account": "", "ticket": place}[arrival.kind]
            email = arrival.email and f"{story}{arrival.email}"
            known = (arrival.kind, number, key)
            found.setdefault(known, _copied(arrival, number, email))
    return list(found.values())


def _copied(arrival: Arrival, number: str, email: str | None) -> Arrival:
    return Arrival(
        arrival.night, arrival.kind, number, arrival.day, arrival.first, arrival.born, email
    )


def bert(night: int, email: str | None = None) -> Arrival:
    """Registered for card 1 in 2023."""
    return Arrival(night, "holder", "1", DAYS[2], "bert", date(1980, 1, 1), email)


def anna(night: int, email: str | None = None) -> Arrival:
    """Registered for card 1 in 2021, before Bert."""
    return Arrival(night, "holder", "1", DAYS[0], "anna", date(1990, 1, 1), email)


def ticket(night: int) -> Arrival:
    """Bought with card 1 in 2022."""
    return Arrival(night, "ticket", "1", DAYS[1])


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=stories)
@example(drawn=[[bert(0), anna(1)], [anna(0), bert(1)], [bert(0), ticket(0), anna(2)]])
@example(drawn=[[ticket(0), bert(1), anna(2)], [ticket(0), anna(1), bert(1)], [ticket(0)]])
def test_a_person_keeps_the_golden_key_in_whatever_order_records_arrive(
    installation: Installation, drawn: list[list[Arrival]]
) -> None:
    installation.forget()
    everything = side_by_side(drawn)
    before: Night | None = None
    for number in range(NIGHTS):
        tonight = installation.publish([a for a in everything if a.night <= number])
        if before:
            _check(before, tonight, installation.given())
        before = tonight
    assert before
    assert installation.publish(everything) == before, "nothing new arrived"


def _check(before: Night, tonight: Night, given_on: dict[str, int]) -> None:
    assert before.registered_on.items() <= tonight.registered_on.items(), "a holder is another"
    were, are = before.members(), tonight.members()
    leads = {key: tonight.aliases.get(key, key) for key in given_on}
    assert set(leads.values()) <= set(are), "a key once given leads to nobody"
    assert not set(tonight.aliases) & set(are), "a key names one customer and leads to another"
    moved = {key: {tonight.now(source) for source in sources} for key, sources in were.items()}
    for key, sources in moved.items():
        # Whom a key named, it names or leads to, be it that others have left.
        assert sources & are[leads[key]], "a key went to a stranger"
    for key, sources in are.items():
        merged = [given_on[old] for old, members in moved.items() if members <= sources]
        assert given_on[key] <= min(merged, default=given_on[key]), "a younger key won"


def test_a_card_keeps_its_key_when_its_first_holder_registers(installation: Installation) -> None:
    installation.forget()
    story = [ticket(0), bert(1), anna(2)]
    nights = [installation.publish(story[: number + 1]) for number in range(3)]
    card, berts, annas = "cashmere:1", "cashmere:1:2023-01-01", "cashmere:1:2021-01-01"
    assert nights[0].key_of == {card: nights[0].key_of[card]}
    assert nights[1].key_of == {berts: nights[0].key_of[card]}
    assert nights[2].key_of[berts] == nights[0].key_of[card]
    assert nights[2].key_of[annas] != nights[0].key_of[card]


def test_a_merge_leaves_an_alias_and_a_split_a_new_key(installation: Installation) -> None:
    installation.forget()
    first, second = (Arrival(0, "account", number, DAYS[0], "anna") for number in "12")
    apart = installation.publish([first, second])
    both = [_copied(account, account.number, "shared") for account in (first, second)]
    together = installation.publish(both)
    (key,) = set(together.key_of.values())
    (retired,) = set(apart.key_of.values()) - {key}
    assert together.aliases == {retired: key}
    again = installation.publish([first, second])
    assert key in again.key_of.values()
    assert retired not in again.key_of.values()
    assert again.aliases[retired] in again.key_of.values()
