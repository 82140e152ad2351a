"""Who is one person (D27), written a second time in plain Python from docs/definitions.md."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True)
class Record:
    """What one source customer shows; None where it shows nothing."""

    name: str
    first: str | None = None
    last: str | None = None
    born: str | None = None
    email: str | None = None
    phone: str | None = None
    postcode: str | None = None
    card: str | None = None

    @property
    def full_name(self) -> frozenset[str] | None:
        """First and last name, in whichever order they were written."""
        return frozenset((self.first, self.last)) if self.first and self.last else None


def contradict(one: Record, other: Record) -> bool:
    """Whether two records cannot be of one person."""
    if one.born and other.born:
        return one.born != other.born
    if not one.first or not other.first or one.first == other.first:
        return False
    return one.full_name is None or one.full_name != other.full_name


def _agree(one: Record, other: Record) -> bool:
    same_name = one.full_name is not None and one.full_name == other.full_name
    return same_name or (one.born is not None and one.born == other.born)


def _keys(record: Record) -> Iterator[tuple[str, str | None, object]]:
    """Each key a record shows: its rule, the contact that it is judged by, and its value."""
    yield "card", record.card, record.card
    yield "email", record.email, record.email
    if record.phone:
        if record.full_name:
            yield "phone and name", record.phone, (record.phone, record.full_name)
        if record.born:
            yield "phone and birth date", record.phone, (record.phone, record.born)
        if record.last and record.postcode:
            value = (record.phone, record.last, record.postcode)
            yield "phone and postcode", record.phone, value


def _ties(records: Sequence[Record], key_cap: int) -> Iterator[tuple[Record, Record]]:
    holders: dict[object, list[Record]] = defaultdict(list)
    by_contact: dict[str, set[Record]] = defaultdict(set)
    for record in records:
        for rule, contact, value in _keys(record):
            if contact:
                holders[rule, contact, value].append(record)
                by_contact[contact].add(record)
    for (rule, contact, _), sharing in holders.items():  # type: ignore[misc]
        if len(by_contact[contact]) <= key_cap:
            for one, other in combinations(sharing, 2):
                if not contradict(one, other) and (rule != "card" or _agree(one, other)):
                    yield one, other


def _groups(records: Sequence[Record], ties: Iterable[tuple[Record, Record]]) -> list[set[Record]]:
    group_of = {record: {record} for record in records}
    for one, other in ties:
        if group_of[one] is not group_of[other]:
            joined = group_of[one] | group_of[other]
            group_of.update(dict.fromkeys(joined, joined))
    return list({id(group): group for group in group_of.values()}.values())


def _split(group: set[Record]) -> Iterator[frozenset[Record]]:
    """The persons of a group that contradicts itself."""
    namesakes: dict[object, set[Record]] = defaultdict(set)
    for record in group:
        namesakes[record.full_name or record].add(record)
    for same in namesakes.values():
        if len({record.born for record in same if record.born}) < 2:
            yield frozenset(same)
        else:
            for born in {record.born for record in same}:
                born_then = frozenset(record for record in same if record.born == born)
                yield from ([born_then] if born else (frozenset({one}) for one in born_then))


def persons(records: Sequence[Record], key_cap: int, cluster_cap: int) -> set[frozenset[str]]:
    """The records of each person, by their names."""
    found: list[frozenset[Record]] = []
    for group in _groups(records, _ties(records, key_cap)):
        if len(group) > cluster_cap:
            found.extend(frozenset({record}) for record in group)
        elif any(contradict(one, other) for one, other in combinations(group, 2)):
            found.extend(_split(group))
        else:
            found.append(frozenset(group))
    return {frozenset(record.name for record in person) for person in found}
