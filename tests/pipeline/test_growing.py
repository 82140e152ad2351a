"""The same base over two nights: keys once given stay; the end is that of a single run."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from pipeline.home import Home

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


@pytest.fixture(scope="module")
def grown(generated: Path, new_home: Callable[[str], Home]) -> tuple[Home, set[str]]:
    """A home after the history, then after the daily files; and the keys of the first night."""
    home, landing = new_home("grown"), generated / "landing"
    files = sorted(path for path in landing.rglob("*") if path.is_file())
    history_day = min(path.name.split(".")[0].rsplit("_", 1)[1] for path in files)
    land((path for path in files if history_day in path.name), landing, home)
    home.run()
    first_keys = {
        key for (key,) in home.rows("select customer_key from golden_customer.golden_customers")
    }
    land((path for path in files if history_day not in path.name), landing, home)
    home.run()
    return home, first_keys


def test_a_key_once_given_still_leads_to_a_customer(grown: tuple[Home, set[str]]) -> None:
    home, first_keys = grown
    serving = {
        key for (key,) in home.rows("select customer_key from golden_customer.golden_customers")
    }
    aliases = dict(
        home.rows(
            "select alias_customer_key, customer_key from golden_customer.customer_key_aliases"
        )
    )
    gone = first_keys - serving
    assert first_keys
    assert serving - first_keys, "the second night brings nobody new, so it proves nothing"
    assert {aliases.get(key) for key in gone} <= serving


def test_two_nights_end_where_one_run_ends(grown: tuple[Home, set[str]], loaded: Home) -> None:
    home, _ = grown
    assert {name: home.hashes()[name] for name in KEYLESS} == {
        name: loaded.hashes()[name] for name in KEYLESS
    }
