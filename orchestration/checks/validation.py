"""What a suite says of a table: the expectations that fail, without a value of the data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from orchestration.checks.judge import Result, Table, judge
from orchestration.checks.suites import Suite

NAMING_ARGUMENTS = ("column", "column_A", "column_B", "column_list")
HIDDEN = "(not shown)"
# A share of fewer rows is told, and stops nothing: a small table breaks any share by one odd row.
FEWEST_FOR_A_SHARE = 10


@dataclass(frozen=True)
class Failure:
    """An expectation that does not hold: on how many rows, the key of one, and what to do."""

    expectation: str
    arguments: Mapping[str, Any]
    failed_rows: int | None
    rows: int
    example_key: Mapping[str, str] | None
    observed: str | None
    remedy: str
    is_warning: bool = False

    def __str__(self) -> str:
        named = [str(self.arguments[name]) for name in NAMING_ARGUMENTS if name in self.arguments]
        text = f"{self.expectation}({', '.join(named)}) fails"
        if self.failed_rows is not None:
            text += f" on {self.failed_rows:,} of {self.rows:,} rows"
        if self.observed is not None:
            text += f": found {self.observed}, expected {self._limits()}"
        if self.example_key:
            pairs = ", ".join(f"{name}={value}" for name, value in self.example_key.items())
            text += f", for example {pairs}"
        return f"{text}. {self.remedy}"

    def _limits(self) -> str:
        limits = {
            name: value
            for name, value in self.arguments.items()
            if name not in (*NAMING_ARGUMENTS, "mostly")
        }
        return ", ".join(f"{name} {value}" for name, value in sorted(limits.items()))


def validate(suite: Suite, table: Table, rows: int) -> list[Failure]:
    """The expectations of the suite that the table does not meet, in the suite's order.

    A first look asks for verdicts alone. Examples cost as much again, so that only expectations
    that fail are looked at a second time.

    Args:
        suite: What must hold.
        table: What is judged.
        rows: How many rows it has.
    """
    # The position tells which expectation a result belongs to: results come in no fixed order.
    numbered = [
        {**one, "meta": {**one["meta"], "position": position}}
        for position, one in enumerate(suite.expectations)
    ]
    verdicts = judge(table, numbered, {"result_format": "BOOLEAN_ONLY"})
    failing = sorted(_position(verdict) for verdict in verdicts if not verdict.success)
    if not failing:
        return []
    results = judge(
        table,
        [numbered[position] for position in failing],
        {
            "result_format": "SUMMARY",
            "unexpected_index_column_names": suite.key,
            "exclude_unexpected_values": True,
        },
    )
    return [_failure(suite, result, rows) for result in sorted(results, key=_position)]


def _position(result: Result) -> int:
    return int(result.expectation_config.meta["position"])


def _failure(suite: Suite, result: Result, rows: int) -> Failure:
    config = result.expectation_config
    given: dict[str, Any] = config.kwargs
    found: dict[str, Any] = result.result or {}
    observed = found.get("observed_value")
    return Failure(
        expectation=str(config.type),
        arguments={name: value for name, value in given.items() if name != "batch_id"},
        failed_rows=found.get("unexpected_count"),
        rows=rows,
        example_key=_example_key(suite, found),
        observed=_error(result) or (None if observed is None else str(observed)),
        remedy=str(config.meta["remedy"]),
        is_warning=config.meta.get("severity") == "warning" or _is_odd_one_out(given, found),
    )


def _is_odd_one_out(arguments: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether what holds for most rows fails on so few that they say nothing of the export."""
    count = found.get("unexpected_count")
    return "mostly" in arguments and count is not None and count < FEWEST_FOR_A_SHARE


def _example_key(suite: Suite, found: Mapping[str, Any]) -> dict[str, str] | None:
    indices = found.get("partial_unexpected_index_list")
    if not indices:
        return None
    first: Mapping[str, Any] = indices[0]
    key: dict[str, str] = {}
    for name in suite.key:
        value = first[name][0] if isinstance(first[name], list) else first[name]
        key[name] = str(value) if _may_be_shown(suite, name, str(value)) else HIDDEN
    return key


def _may_be_shown(suite: Suite, column: str, value: str) -> bool:
    """A part of a key that breaks its own pattern may be a personal value without pseudonym."""
    return all(re.search(pattern, value) for pattern in suite.patterns(column))


def _error(result: Result) -> str | None:
    """The message of an expectation that could not even be evaluated, without the statement."""
    information: dict[str, Any] = result.exception_info or {}
    for entry in (information, *information.values()):
        fault = cast("dict[str, Any]", entry if isinstance(entry, dict) else {})
        if fault.get("raised_exception"):
            return str(fault["exception_message"]).splitlines()[0]
    return None
