"""What dbt hands to macros, in three dialects, so that sqlfluff renders models without a warehouse.

HABITUE_SQL_DIALECT names the dialect: duckdb (the default), postgres or sparksql. The project's own
macros are the real ones; only dbt's own are stood in for, and a missing one stops the linter.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from jinja2 import pass_context
from jinja2.runtime import Context

DIALECT = os.environ.get("HABITUE_SQL_DIALECT", "duckdb")
ADAPTER = {"duckdb": "duckdb", "postgres": "postgres", "sparksql": "spark"}[DIALECT]
VARIABLES: dict[str, Any] = yaml.safe_load(Path("dbt_project.yml").read_text())["vars"]

_STRING = {"duckdb": "varchar", "postgres": "text", "spark": "string"}
_DATEADD = {
    "duckdb": "date_add({date}, interval ({count}) {part})",
    "postgres": "{date} + ((interval '1 {part}') * ({count}))",
    "spark": "{date} + ({count}) * interval 1 {part}",
}


def var(name: str, default: object = None) -> object:
    """The value that dbt_project.yml gives to a variable."""
    return VARIABLES.get(name, default)


class target:  # noqa: N801 - dbt's own name
    """The profile's target."""

    type = ADAPTER
    schema = "main"


class adapter:  # noqa: N801 - dbt's own name
    """The adapter's one method that macros use."""

    @staticmethod
    @pass_context
    def dispatch(context: Context, name: str, _package: str = "") -> Callable[..., str]:
        """The macro's form for the dialect, or its default form."""
        for prefix in (ADAPTER, "default"):
            macro = context.resolve_or_missing(f"{prefix}__{name}")
            if callable(macro):
                return macro
        raise LookupError(f"macro {name!r} has neither a {ADAPTER}__ nor a default__ form")


class dbt:  # noqa: N801 - dbt's own name
    """dbt's cross-database macros, as far as the project uses them."""

    @staticmethod
    def type_string() -> str:
        """The type of text."""
        return _STRING[ADAPTER]

    @staticmethod
    def type_int() -> str:
        """The type of a 32-bit integer."""
        return "int"

    @staticmethod
    def dateadd(datepart: str, interval: object, from_date_or_timestamp: str) -> str:
        """A date or a timestamp, moved."""
        return _DATEADD[ADAPTER].format(part=datepart, count=interval, date=from_date_or_timestamp)

    @staticmethod
    def datediff(first_date: str, second_date: str, datepart: str) -> str:
        """Boundaries of a date part between two dates."""
        if ADAPTER == "spark":
            return f"datediff({second_date}, {first_date})"
        if ADAPTER == "postgres":
            return f"(cast({second_date} as date) - cast({first_date} as date))"
        return f"date_diff('{datepart}', {first_date}, {second_date})"

    @staticmethod
    def hash(field: str) -> str:
        """The MD5 of a text, as lower-case hexadecimal digits."""
        return f"md5(cast({field} as {_STRING[ADAPTER]}))"
