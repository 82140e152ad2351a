"""One number for the content of a table, the same on every engine and in any order of rows."""

from collections.abc import Collection
from typing import Literal

Dialect = Literal["duckdb", "postgres"]

_MOST_ARGUMENTS = 90  # PostgreSQL takes 100 at most

# Fifteen hexadecimal digits are 60 bits: they fit a signed 64-bit integer.
_FIRST_BITS: dict[Dialect, str] = {
    "duckdb": "cast(cast('0x' || substr({digest}, 1, 15) as bigint) as hugeint)",
    "postgres": "cast(cast('x' || substr({digest}, 1, 15) as bit(60)) as bigint)",
}


def content_hash_sql(dialect: Dialect, table: str, columns: Collection[str]) -> str:
    """A query for a table's row count and content hash (a text of digits).

    The hash is the sum, over all rows, of the first 60 bits of the md5 of the row's text: its
    columns in order of name, each cast to text, nulls marked, joined by the unit separator.
    Equal for text, integers, decimals, dates, timestamps and booleans; a float's text differs
    between engines.

    Args:
        dialect: The engine that runs the query.
        table: The table, quoted where its name needs it.
        columns: The names of all its columns, in any order.
    """
    values = [f"coalesce(cast({column} as varchar), '\\N')" for column in sorted(columns)]
    text = " || chr(31) || ".join(
        f"concat_ws(chr(31), {', '.join(values[first : first + _MOST_ARGUMENTS])})"
        for first in range(0, len(values), _MOST_ARGUMENTS)
    )
    bits = _FIRST_BITS[dialect].format(digest=f"md5({text})")
    return f"select count(*), cast(coalesce(sum({bits}), 0) as varchar) from {table}"
