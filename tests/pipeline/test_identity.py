"""Who is one person, on random worlds, against the rule in plain Python (D27)."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from random import Random

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pipeline.compiled import compiled, fill
from pipeline.identity_rule import Record, contradict, persons

from orchestration.settings import PROJECT_ROOT

MODELS = (
    "int_customer_keys",
    "int_customer_ties",
    "int_customer_groups",
    "int_customer_clusters",
)
# Small caps, so that small worlds reach them.
KEY_CAP, CLUSTER_CAP = 3, 6
COLUMNS = (
    "source_customer_key varchar, first_name_key varchar, last_name_key varchar, birth_date date, "
    "email_key varchar, phone_key varchar, postcode varchar, card_key varchar"
)
Worlds = list[list[Record]]
Found = set[frozenset[str]]


def one_of(*values: str) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(values)


# Few values each, so that names, dates and contacts are shared, mistyped, handed on and missing.
records = st.builds(
    Record,
    name=st.just(""),
    first=one_of("anna", "bert", "martin"),
    last=one_of("anna", "martin", "smith"),
    born=one_of("1980-01-01", "1990-01-01"),
    email=one_of("e1", "e2", "e3", "e4"),
    phone=one_of("p1", "p2", "p3"),
    postcode=one_of("75011", "69003"),
    card=one_of("k1", "k2", "k3"),
)
worlds = st.lists(st.lists(records, min_size=2, max_size=12), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def find_persons(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[Record]], Found]:
    return finder(KEY_CAP, CLUSTER_CAP, tmp_path_factory.mktemp("identity"))


def finder(key_cap: int, cluster_cap: int, folder: Path) -> Callable[[list[Record]], Found]:
    """Runs the models on records, in the order given; gives the names of each person's records."""
    caps = {"identity_key_cap": key_cap, "identity_cluster_cap": cluster_cap}
    statements = compiled(MODELS, caps, folder)
    connection = duckdb.connect()
    connection.read_csv(str(PROJECT_ROOT / "seeds/reference/identity_rules.csv")).create(
        "identity_rules"
    )

    def find(shown: list[Record]) -> Found:
        rows = [dict(zip(_names(), _cells(record), strict=True)) for record in shown]
        fill(connection, "unified_customers", COLUMNS, rows)
        for statement in statements:
            connection.execute(statement)
        members: dict[int, set[str]] = defaultdict(set)
        for key, cluster in connection.execute(
            "select source_customer_key, cluster_id from int_customer_clusters"
        ).fetchall():
            members[cluster].add(key)
        return {frozenset(keys) for keys in members.values()}

    return find


def _names() -> list[str]:
    return [column.split()[0] for column in COLUMNS.split(", ")]


def _cells(record: Record) -> tuple[str | None, ...]:
    named = (record.name, record.first, record.last, record.born)
    return (*named, record.email, record.phone, record.postcode, record.card)


def placed(drawn: Worlds) -> Worlds:
    """The same worlds side by side: each has contacts of its own, each record a name."""
    return [
        [
            replace(
                record,
                name=f"w{number}r{place}",
                email=record.email and f"w{number}{record.email}",
                phone=record.phone and f"w{number}{record.phone}",
                card=record.card and f"w{number}{record.card}",
            )
            for place, record in enumerate(world)
        ]
        for number, world in enumerate(drawn)
    ]


def shared(**contact: str) -> Callable[..., Record]:
    """Makes records that have a contact in common."""
    return lambda first=None, last=None, born=None, **more: Record(
        "", first, last, born, **(contact | more)
    )


mail, telephone, card = shared(email="e1"), shared(phone="p1"), shared(card="k1")


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=worlds, order=st.randoms(use_true_random=False))
@example(drawn=[[mail("anna", "martin"), mail("bert", "smith")]], order=None)
@example(
    drawn=[[mail("bert", born="1980-01-01"), mail(), mail("anna", born="1990-01-01")]], order=None
)
@example(drawn=[[telephone("anna", "martin"), telephone("anna", "smith")]], order=None)
@example(drawn=[[card("anna", "martin"), card("anna", "smith"), card()]], order=None)
def test_persons_are_those_of_the_rule_in_any_order_and_none_contradicts_itself(
    find_persons: Callable[[list[Record]], Found], drawn: Worlds, order: object
) -> None:
    placed_worlds = placed(drawn)
    everybody = [record for world in placed_worlds for record in world]
    shuffled = list(everybody)
    if order is not None:
        order.shuffle(shuffled)  # type: ignore[attr-defined]
    found = find_persons(shuffled)
    by_name = {record.name: record for record in everybody}
    for person in found:
        for one, other in combinations(person, 2):
            assert not contradict(by_name[one], by_name[other])
    for number, world in enumerate(placed_worlds):
        in_world = {person for person in found if min(person).startswith(f"w{number}r")}
        assert in_world == persons(world, KEY_CAP, CLUSTER_CAP)


def test_a_long_chain_is_one_person_whatever_the_order_of_its_keys(tmp_path: Path) -> None:
    """Each record shares its e-mail with one neighbour and its telephone with the other."""
    find = finder(KEY_CAP, 400, tmp_path)
    chains = [20] * 30 + [300]
    everybody, expected = [], set()
    for number, length in enumerate(chains):
        # Names decide the order in which the search meets the records.
        names = [f"w{number}r{place:03}" for place in range(length)]
        Random(number).shuffle(names)
        expected.add(frozenset(names))
        everybody += [
            Record(
                name,
                "anna",
                "martin",
                email=f"w{number}e{place // 2}",
                phone=f"w{number}p{(place + 1) // 2}",
            )
            for place, name in enumerate(names)
        ]
    assert find(everybody) == expected
