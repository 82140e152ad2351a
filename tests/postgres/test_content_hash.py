"""The same rows have the same hash on both engines, in any order, and other rows another."""

import duckdb
import pytest

from orchestration.resources.content_hash import Dialect, content_hash_sql
from orchestration.resources.postgres import PostgresWarehouse

pytestmark = pytest.mark.postgres

TYPES = {
    "word": "varchar",
    "number": "bigint",
    "amount": "decimal(18, 4)",
    "day": "date",
    "moment": "timestamp",
    "flag": "boolean",
    "small": "integer",
}
ROWS = [
    "'a', 1, 10.5000, date '2025-01-31', timestamp '2025-03-30 02:30:00', true, 7",
    "'é ''quoted'' 😀', -9223372036854775807, -0.0001, date '0999-12-31', "
    "timestamp '2025-01-01 00:00:00.5', false, -1",
    "'', 0, 0, date '9999-12-31', timestamp '1999-12-31 23:59:59.123456', null, null",
    "null, null, null, null, null, null, null",
]


def hashes(warehouse: PostgresWarehouse, rows: list[str]) -> dict[Dialect, tuple[int, str]]:
    columns = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())
    values = ", ".join(f"({row})" for row in rows)
    found: dict[Dialect, tuple[int, str]] = {}
    with warehouse.as_role("loader").session() as session, duckdb.connect() as duck:
        duck.execute("create schema raw")
        for execute in (session.execute, duck.execute):
            execute("drop table if exists raw.hashed")
            execute(f"create table raw.hashed ({columns})")
            execute(f"insert into raw.hashed values {values}")
        found["postgres"] = session.execute(content_hash_sql("postgres", "raw.hashed", TYPES))[0]
        found["duckdb"] = duck.execute(content_hash_sql("duckdb", "raw.hashed", TYPES)).fetchall()[
            0
        ]
        session.execute("drop table raw.hashed")
    return found


def test_both_engines_agree_and_order_does_not_matter(warehouse: PostgresWarehouse) -> None:
    found = hashes(warehouse, ROWS)
    assert found["postgres"] == found["duckdb"]
    assert found["postgres"][0] == len(ROWS)
    assert hashes(warehouse, ROWS[::-1]) == found


def test_a_changed_a_doubled_and_a_moved_value_change_it(warehouse: PostgresWarehouse) -> None:
    first = hashes(warehouse, ROWS[:1])["postgres"]
    changed = hashes(warehouse, [ROWS[0].replace("10.5000", "10.5001")])["postgres"]
    doubled = hashes(warehouse, [ROWS[0], ROWS[0]])["postgres"]
    moved = hashes(warehouse, [ROWS[0].replace(", 1,", ", 7,").replace("true, 7", "true, 1")])
    assert len({first, changed, doubled, moved["postgres"]}) == 4


def test_null_and_empty_text_differ(warehouse: PostgresWarehouse) -> None:
    empty = "'', 0, 0, null, null, null, null"
    assert hashes(warehouse, [empty]) != hashes(warehouse, [empty.replace("''", "null")])


def test_an_empty_table_has_the_hash_zero(warehouse: PostgresWarehouse) -> None:
    with warehouse.as_role("loader").session() as session, session.transaction():
        session.execute("create table raw.hashed (word varchar)")
        assert session.execute(content_hash_sql("postgres", "raw.hashed", ["word"])) == [(0, "0")]
        session.execute("drop table raw.hashed")


def test_more_columns_than_a_function_takes(warehouse: PostgresWarehouse) -> None:
    names = [f"c{number:03}" for number in range(130)]
    values = ", ".join(f"{number} as {name}" for number, name in enumerate(names))
    query = {
        dialect: content_hash_sql(dialect, f"(select {values}) as wide", names)
        for dialect in ("duckdb", "postgres")
    }
    with warehouse.as_role("loader").session() as session, duckdb.connect() as duck:
        found = session.execute(query["postgres"])[0]
        assert duck.execute(query["duckdb"]).fetchall()[0] == found
        swapped = query["postgres"].replace("0 as c000", "1 as c000")
        assert session.execute(swapped)[0] != found
