"""What dbt's own connection, while it is open, says of tables and of failed tests."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True)
class TableFacts:
    """What a table held right after dbt built it: rows, and each column's name and type."""

    row_count: int
    columns: Mapping[str, str]


@dataclass(frozen=True)
class BrokenRule:
    """A rule that rows of a model break: its name, how many rows, and the key of one of them."""

    rule: str
    row_count: int
    example_key: str

    def __str__(self) -> str:
        rows = "1 row" if self.row_count == 1 else f"{self.row_count:,} rows"
        return f"{self.rule}: broken on {rows}, for example {self.example_key}"


def table_facts(node: Mapping[str, Any]) -> TableFacts:
    """Count the rows of the table that dbt has just built, and describe its columns."""
    place = node["node_relation"]
    with _connection(f"facts_{node['unique_id']}") as adapter:
        relation = adapter.Relation.create(
            database=place["database"], schema=place["schema"], identifier=place["alias"]
        )
        _, table = adapter.execute(f"select count(*) from {relation}", fetch=True)
        columns = adapter.get_columns_in_relation(relation)
    return TableFacts(
        row_count=int(table.rows[0][0]),
        columns={str(column.name): str(column.dtype).lower() for column in columns},
    )


def broken_rules(compiled_test: str) -> list[BrokenRule]:
    """Run the SQL of a failed `sound_rows` test; gives the rules that it found broken, by name."""
    with _connection("broken_rules") as adapter:
        _, table = adapter.execute(compiled_test, fetch=True)
    return sorted(
        (BrokenRule(str(rule), int(count), str(key)) for rule, count, key in table.rows),
        key=lambda broken: broken.rule,
    )


@contextmanager
def _connection(name: str) -> Generator[Any]:
    """dbt's adapter, connected in the thread that asks."""
    from dbt.adapters.factory import FACTORY

    adapters = cast("dict[str, Any]", FACTORY.adapters)  # pyright: ignore[reportUnknownMemberType]
    adapter = next(iter(adapters.values()))
    with adapter.connection_named(name):
        yield adapter
