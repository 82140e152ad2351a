"""Expectation suites: one JSON file per table, in the folder of its layer.

Besides Great Expectations' own fields a suite's `meta` holds `key`, the columns that name a row in
messages, and an expectation's `meta` holds `remedy`, what to do when it fails, and where what is
expected may be untrue of good data, `severity: warning`: it is told and stops nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestration.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "expectations"
COLUMN_ARGUMENTS = ("column", "column_A", "column_B")


class InvalidSuite(ValueError):
    """A suite file cannot be used; the message names the file and what is missing."""


@dataclass(frozen=True)
class Suite:
    """What a table must satisfy."""

    layer: str
    table: str
    content: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The table with its layer."""
        return f"{self.layer}.{self.table}"

    @property
    def key(self) -> list[str]:
        """The columns that name a row in messages."""
        return list(self.content["meta"]["key"])

    @property
    def expectations(self) -> list[dict[str, Any]]:
        """The expectations as written."""
        return list(self.content["expectations"])

    def patterns(self, column: str) -> list[str]:
        """The regular expressions that the values of a column must match."""
        kind = "expect_column_values_to_match_regex"
        matching = [one["kwargs"] for one in self.expectations if one["type"] == kind]
        return [kwargs["regex"] for kwargs in matching if kwargs["column"] == column]

    @cached_property
    def columns(self) -> list[str]:
        """The columns that have to be fetched, and no more."""
        named = [*self.key]
        for expectation in self.expectations:
            arguments = expectation["kwargs"]
            named += [arguments[name] for name in COLUMN_ARGUMENTS if name in arguments]
            named += arguments.get("column_list", [])
        return list(dict.fromkeys(named))


def suite_path(layer: str, table: str, folder: Path = FOLDER) -> Path:
    """Where the suite of a table lies."""
    return folder / layer / f"{table}.json"


def has_suite(layer: str, table: str) -> bool:
    """Whether a suite was written for a table."""
    return suite_path(layer, table).exists()


def read_suite(layer: str, table: str, folder: Path = FOLDER) -> Suite:
    """The suite of a table.

    Raises:
        InvalidSuite: no key columns, or an expectation without a remedy.
    """
    path = suite_path(layer, table, folder)
    content = json.loads(path.read_text())
    if not content.get("meta", {}).get("key"):
        raise InvalidSuite(f"{path}: meta.key must list the columns that name a row")
    for expectation in content["expectations"]:
        if not expectation.get("meta", {}).get("remedy"):
            raise InvalidSuite(f"{path}: {expectation['type']} lacks meta.remedy")
    return Suite(layer, table, content)
