"""The same planted faults meet the same verdicts on both engines."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from pydantic import SecretStr

from orchestration.checks.judge import Table
from orchestration.checks.suites import FOLDER, Suite, read_suite
from orchestration.checks.tables import table_opener
from orchestration.checks.validation import Failure, validate
from orchestration.resources.embedded_postgres import EmbeddedPostgres
from orchestration.resources.postgres import PostgresAddress, PostgresConnectionLost
from orchestration.resources.roles import DATABASE
from orchestration.resources.target import build_warehouse
from orchestration.settings import Settings

pytestmark = pytest.mark.postgres

# What both engines understand; each statement makes one table, most rows of which are faultless.
ORDERS = """
create table {schema}.orders as
select
    cast('o' || cast(number as varchar) as varchar) as order_id,
    cast(number % 3 as integer) as line_number,
    cast(case when number = 7 then 'ada@example.com' else 'v1_aaaa' end as varchar) as email_key,
    cast(case when number in (3, 4) then -1.25 when number = 5 then null else number end
        as decimal(18, 4)) as net_amount,
    cast(case when number = 9 then 'lost' when number <> 8 then 'paid' end as varchar) as state,
    cast(case when number = 2 then 'call ada@example.com' else 'gift' end as varchar) as note,
    cast('2025-01-0' || cast(number % 9 + 1 as varchar) as date) as ordered_on,
    cast(case when number = 6 then '2024-12-31' else '2025-02-01' end as date) as shipped_on,
    number > 4 as is_inferred
from (select unnest({numbers}) as number) as numbers
"""
CUSTOMERS = """
create table {schema}.customers as
select
    cast(case when number = 1 then 'ada@example.com' else 'v1_aaaa' end as varchar) as card_key,
    cast(number as smallint) as holder_number,
    cast(case when number = 1 then null else number end as integer) as age
from (select unnest({numbers}) as number) as numbers
"""
NUMBERS = {
    "duckdb": "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]",
    "postgres": "array[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]",
}


def rule(kind: str, **arguments: object) -> dict[str, Any]:
    return {"type": f"expect_{kind}", "kwargs": arguments, "meta": {"remedy": "Send it again."}}


def suite(layer: str, table: str, key: list[str], *rules: dict[str, Any]) -> Suite:
    return Suite(layer, table, {"meta": {"key": key}, "expectations": list(rules)})


SUITES = [
    suite(
        "staging", "orders", ["order_id", "line_number"],
        rule("table_row_count_to_be_between", min_value=11),
        rule("column_values_to_match_regex", column="email_key", regex="^v1_[a-z2-7]{4}$"),
        rule("column_values_to_not_match_regex", column="note", regex="[^@ ]@[^@ ]+[.][^@ ]"),
        rule("column_values_to_be_between", column="net_amount", min_value=0),
        rule("column_values_to_be_between", column="line_number", min_value=0, max_value=1),
        rule("column_values_to_be_in_set", column="state", value_set=["paid"]),
        rule("column_values_to_be_in_set", column="is_inferred", value_set=[False], mostly=0.5),
        rule("column_values_to_not_be_null", column="state"),
        rule("column_values_to_not_be_null", column="lost"),
        rule("column_pair_values_a_to_be_greater_than_b", column_A="shipped_on",
             column_B="ordered_on", or_equal=True, ignore_row_if="either_value_is_missing"),
        rule("column_sum_to_be_between", column="net_amount", min_value=0, max_value=1),
    ),
    suite(
        "staging", "orders", ["order_id"],
        rule("table_row_count_to_be_between", min_value=10, max_value=10),
        rule("column_values_to_match_regex", column="email_key", regex="^v1_", mostly=0.9),
        rule("column_values_to_be_in_set", column="is_inferred", value_set=[True, False]),
        rule("column_values_to_be_between", column="net_amount", min_value=-1.25, max_value=10),
    ),
    suite(
        "marts", "customers", ["card_key", "holder_number"],
        rule("column_values_to_match_regex", column="card_key", regex="^v1_"),
        rule("column_values_to_not_be_null", column="age"),
        rule("column_values_to_be_between", column="holder_number", min_value=1, max_value=8),
    ),
]  # fmt: skip


def failures(settings: Settings, held: Suite) -> list[Failure]:
    with build_warehouse(settings, "transformer").session() as session:
        table, rows = table_opener(settings, session)(held)
        return validate(held, table, rows)


@pytest.fixture
def on_duckdb(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path)
    settings.build_file.parent.mkdir()
    with duckdb.connect(str(settings.build_file)) as connection:
        connection.execute("create schema staging; create schema marts")
        connection.execute(ORDERS.format(schema="staging", numbers=NUMBERS["duckdb"]))
        connection.execute(CUSTOMERS.format(schema="marts", numbers=NUMBERS["duckdb"]))
    return settings


@pytest.fixture
def on_postgres(
    tmp_path: Path, server: EmbeddedPostgres, administrator: PostgresAddress
) -> Settings:
    address = SecretStr(server.address("habitue", DATABASE))
    settings = Settings(home=tmp_path, target="postgres", postgres_address=address)
    with build_warehouse(settings, "transformer").session() as session:
        for name in ("staging.orders", "marts_build.customers"):
            session.execute(f"drop table if exists {name}")
        session.execute(ORDERS.format(schema="staging", numbers=NUMBERS["postgres"]))
        session.execute(CUSTOMERS.format(schema="marts_build", numbers=NUMBERS["postgres"]))
    return settings


def verdict(failure: Failure) -> tuple[str, dict[str, Any], int | None, int]:
    return (failure.expectation, dict(failure.arguments), failure.failed_rows, failure.rows)


@pytest.mark.parametrize("held", SUITES, ids=lambda held: f"{held.table}_{held.key[-1]}")
def test_the_same_faults_fail_on_both_engines(
    on_duckdb: Settings, on_postgres: Settings, held: Suite
) -> None:
    expected = failures(on_duckdb, held)
    found = failures(on_postgres, held)
    assert [verdict(one) for one in found] == [verdict(one) for one in expected]
    for here, there in zip(found, expected, strict=True):
        assert (here.example_key is None) == (there.example_key is None)
        if "lost" not in str(here.arguments):
            assert here.observed == there.observed


def test_the_planted_faults_are_what_fails(on_postgres: Settings) -> None:
    strict, lenient, customers = SUITES
    assert [one.failed_rows for one in failures(on_postgres, strict)] == [
        None, 1, 1, 2, 3, 1, 6, 1, None, 1, None,
    ]  # fmt: skip
    assert failures(on_postgres, lenient) == []
    assert [one.failed_rows for one in failures(on_postgres, customers)] == [1, 1, 2]


def test_the_example_is_a_row_that_fails(on_postgres: Settings) -> None:
    examples = {
        (one.expectation, one.arguments["column"]): one.example_key["order_id"]
        for one in failures(on_postgres, SUITES[0])
        if one.example_key and "column" in one.arguments
    }
    assert examples["expect_column_values_to_match_regex", "email_key"] == "o7"
    assert examples["expect_column_values_to_not_match_regex", "note"] == "o2"
    assert examples["expect_column_values_to_be_between", "net_amount"] in {"o3", "o4"}
    assert examples["expect_column_values_to_be_in_set", "state"] == "o9"
    assert examples["expect_column_values_to_not_be_null", "state"] == "o8"


def test_no_value_of_the_data_is_told(on_duckdb: Settings, on_postgres: Settings) -> None:
    for settings in (on_duckdb, on_postgres):
        told = [repr(one) + str(one) for held in SUITES for one in failures(settings, held)]
        assert told
        assert "ada" not in " ".join(told)


def test_every_expectation_of_the_project_is_compared() -> None:
    used = {
        one["type"]
        for path in FOLDER.rglob("*.json")
        for one in read_suite(path.parent.name, path.stem).expectations
    }
    assert used <= {one["type"] for held in SUITES for one in held.expectations}


def test_a_gate_makes_nothing_in_the_database(
    on_postgres: Settings, server: EmbeddedPostgres
) -> None:
    def relations() -> list[tuple[Any, ...]]:
        with psycopg.connect(server.address(database=DATABASE)) as connection:
            made = "select relnamespace, relname from pg_class order by 1, 2"
            return connection.execute(made).fetchall()

    before = relations()
    assert failures(on_postgres, SUITES[0])
    assert relations() == before


def test_a_gate_reads_as_the_role_that_may_and_logs_in_once(
    on_postgres: Settings, server: EmbeddedPostgres
) -> None:
    def logins() -> int:
        with psycopg.connect(server.address(), autocommit=True) as connection:
            counted = connection.execute(
                "select count(*) from pg_stat_activity where datname = %s", [DATABASE]
            ).fetchone()
            assert counted
            return int(counted[0])

    with build_warehouse(on_postgres, "transformer").session() as session:
        alone = logins()
        held = SUITES[1]
        table, rows = table_opener(on_postgres, session)(held)
        assert validate(held, table, rows) == []
        assert logins() == alone
        assert session.execute("select current_user") == [("transformer",)]


def test_a_lost_connection_is_not_taken_for_faults(
    on_postgres: Settings, server: EmbeddedPostgres, end_sessions: Callable[[], None]
) -> None:
    from orchestration.checks.gates import judged

    held = SUITES[1]
    with build_warehouse(on_postgres, "transformer").session() as session:
        opener = table_opener(on_postgres, session)

        def cut(asked: Suite) -> tuple[Table, int]:
            opened = opener(asked)
            end_sessions()
            return opened

        with pytest.raises(PostgresConnectionLost, match="run again"):
            judged(cut, session, held)


@pytest.fixture
def end_sessions(server: EmbeddedPostgres) -> Callable[[], None]:
    def end() -> None:
        with psycopg.connect(server.address(), autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                "where datname = %s and usename = 'habitue'",
                [DATABASE],
            )

    return end
