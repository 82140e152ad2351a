"""The same base over two nights: keys once given stay; the end is that of a single run."""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from pipeline.home import Home

from orchestration.ingest.pseudonym import Pseudonymiser

# Figures that name no customer are the same, whether the exports came in one night or in two.
KEYLESS = (
    "marts.sales_daily",
    "marts.cohort_retention",
    "marts.cohort_revenue",
    "marts.base_quality",
    "marts.repeat_customers",
    "marts.rfm_thresholds",
)


def land(files: Iterable[Path], source: Path, home: Home) -> None:
    for path in files:
        target = home.landing / path.relative_to(source)
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, target)


class Recycled(NamedTuple):
    """Two lines of the card system, for the holders of one card; who held it first stands first."""

    earlier: str
    later: str


class Grown(NamedTuple):
    """A home after two nights, the golden keys after the first, and the cards handed on."""

    home: Home
    first_keys: dict[str, str]
    recycled: list[Recycled]


def created_on(line: str) -> str:
    """The day on which a line of the card system registers its holder, YYYY-MM-DD."""
    return datetime.strptime(line.split(";")[11], "%d/%m/%Y").date().isoformat()


def recycled_cards(lines: Iterable[str]) -> list[Recycled]:
    by_card: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        by_card[line.split(";")[0]].append(line)
    pairs = [sorted(holders, key=created_on) for holders in by_card.values() if len(holders) == 2]
    return [Recycled(*pair) for pair in pairs]


def hold_back_earlier_holders(file: Path) -> tuple[str, list[Recycled]]:
    """Take the first holder of each handed-on card out of an export; gives what was taken."""
    header, *lines = file.read_text("cp1252").splitlines(keepends=True)
    recycled = recycled_cards(lines)
    held_back = {pair.earlier for pair in recycled}
    kept = (line for line in lines if line not in held_back)
    file.write_text(header + "".join(kept), "cp1252")
    return header, recycled


def golden_keys(home: Home) -> dict[str, str]:
    """The golden key of each source customer, as published."""
    return dict(
        home.rows(
            "select source_customer_key, customer_key from golden_customer.customer_identities"
        )
    )


@pytest.fixture(scope="module")
def grown(generated: Path, new_home: Callable[[str], Home]) -> Grown:
    """A home after the history, then after the daily files and the late first holders of cards."""
    home, landing = new_home("grown"), generated / "landing"
    files = sorted(path for path in landing.rglob("*") if path.is_file())
    history_day = min(path.name.split(".")[0].rsplit("_", 1)[1] for path in files)
    land((path for path in files if history_day in path.name), landing, home)
    cards = home.landing / "cashmere" / f"customers_{history_day}.csv"
    header, recycled = hold_back_earlier_holders(cards)
    home.run()
    first_keys = golden_keys(home)
    land((path for path in files if history_day not in path.name), landing, home)
    late = cards.with_name(f"customers_{history_day}_2300.csv")
    late.write_text(header + "".join(pair.earlier for pair in recycled), "cp1252")
    late.with_name(f"{late.name}.done").touch()
    home.run()
    return Grown(home, first_keys, recycled)


def aliases(home: Home) -> dict[str, str]:
    """Where each golden key that no longer names a customer leads."""
    return dict(
        home.rows(
            "select alias_customer_key, customer_key from golden_customer.customer_key_aliases"
        )
    )


def test_a_key_once_given_still_leads_to_a_customer(grown: Grown) -> None:
    serving = set(golden_keys(grown.home).values())
    first_keys = set(grown.first_keys.values())
    gone = first_keys - serving
    assert first_keys
    assert serving - first_keys, "the second night brings nobody new, so it proves nothing"
    assert {aliases(grown.home).get(key) for key in gone} <= serving


def test_a_person_keeps_the_key_when_an_earlier_holder_of_the_card_turns_up(grown: Grown) -> None:
    key_file = grown.home.folder / "secrets" / "pseudonym.key"
    pseudonyms = Pseudonymiser(key_file.read_bytes().strip())
    now, moved = golden_keys(grown.home), aliases(grown.home)
    assert grown.recycled
    for pair in grown.recycled:
        card = pseudonyms.of("card", pair.later.split(";")[0])
        later, earlier = (f"cashmere:{card}:{created_on(line)}" for line in reversed(pair))
        first_key = grown.first_keys[later]
        assert now[later] == moved.get(first_key, first_key)
        assert now[earlier] not in (first_key, now[later])


def test_two_nights_end_where_one_run_ends(grown: Grown, loaded: Home) -> None:
    assert {name: grown.home.hashes()[name] for name in KEYLESS} == {
        name: loaded.hashes()[name] for name in KEYLESS
    }
