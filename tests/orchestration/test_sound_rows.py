"""A failing test of rows says which rules of a model are broken, on how many rows, and a key."""

import shutil
from pathlib import Path

import duckdb
import pytest
from installation import FirstRun

from orchestration.project import DbtFailed, DbtProcess
from orchestration.settings import Settings

EXAMPLE = "select min(order_key) from unified.unified_orders"


@pytest.fixture
def copied(first_run: FirstRun, tmp_path: Path) -> Settings:
    """The first run's warehouse and parsed project, in a home where rows may be spoilt."""
    home = first_run.home.settings
    settings = home.model_copy(update={"home": tmp_path})
    settings.build_file.parent.mkdir()
    shutil.copyfile(home.build_file, settings.build_file)
    return settings


def spoil(settings: Settings, statement: str) -> str:
    """Change rows of the build; gives the least order key before."""
    with duckdb.connect(str(settings.build_file)) as connection:
        key = connection.execute(EXAMPLE).fetchall()[0][0]
        connection.execute(statement.format(key=key))
    return key


def said_of(settings: Settings, test: str) -> str:
    with pytest.raises(DbtFailed) as failed:
        list(DbtProcess(settings).build([test]))
    return str(failed.value)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("currency = null", "currency is filled"),
        ("channel = 'fair'", "channel is a known value"),
        ("net_amount = gross_amount + 1", "orders_money_adds_up"),
        ("document_type = 'return', is_valid_sale = null", "returns_are_no_purchase"),
    ],
)
def test_a_broken_rule_is_named_with_its_rows_and_an_example(
    copied: Settings, change: str, rule: str
) -> None:
    key = spoil(copied, f"update unified.unified_orders set {change} where order_key = '{{key}}'")
    text = said_of(copied, "unified_orders_rows_are_sound")
    assert f"unified_orders_rows_are_sound: {rule}: broken on 1 row, for example {key}" in text


def test_every_broken_rule_of_a_row_is_named(copied: Settings) -> None:
    spoil(copied, "update unified.unified_orders set currency = null, channel = 'fair'")
    text = said_of(copied, "unified_orders_rows_are_sound")
    assert "currency is filled: broken on" in text
    assert "channel is a known value: broken on" in text


def test_a_repeated_key_is_named_with_all_its_rows(copied: Settings) -> None:
    repeat = "select * from unified.unified_orders where order_key = '{key}'"
    key = spoil(copied, f"insert into unified.unified_orders {repeat}")
    text = said_of(copied, "unified_orders_rows_are_sound")
    assert f"order_key is unique: broken on 2 rows, for example {key}" in text


def test_clear_text_where_a_pseudonym_belongs_is_found_and_not_shown(copied: Settings) -> None:
    spoil(copied, "update unified.unified_customers set email_key = 'ada@example.com'")
    text = said_of(copied, "unified_customers_rows_are_sound")
    assert "email_key is a pseudonym: broken on" in text
    assert "ada@" not in text
