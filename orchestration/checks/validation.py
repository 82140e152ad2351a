"""Great Expectations on a pandas frame, without project files and without values in the results."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from orchestration.checks.suites import Suite
from orchestration.stopwatch import measured

if TYPE_CHECKING:
    import pandas as pd

# Great Expectations describes its results and sources as Any.
Found = Any
Frames = Any

NAMING_ARGUMENTS = ("column", "column_A", "column_B", "column_list")


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


def validate(suite: Suite, frame: "pd.DataFrame") -> list[Failure]:
    """The expectations of the suite that the frame does not meet."""
    with measured("expectations import"):
        import great_expectations as gx

    batch = _batch(f"{suite.layer}.{suite.table}", frame)
    result = batch.validate(
        gx.ExpectationSuite(
            name=f"{suite.layer}.{suite.table}",
            meta=dict(suite.content["meta"]),
            expectations=suite.expectations,
        ),
        result_format={
            "result_format": "SUMMARY",
            "unexpected_index_column_names": suite.key,
            "exclude_unexpected_values": True,
        },
    )
    return [_failure(one, len(frame)) for one in result.results if not one.success]


@lru_cache(maxsize=1)
def _frames() -> Frames:
    """One context and one source of frames for the whole process."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx

    context: Any = gx.get_context(mode="ephemeral")  # pyright: ignore[reportUnknownMemberType]
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context.data_sources.add_pandas("frames")


def _batch(name: str, frame: "pd.DataFrame") -> Found:
    frames = _frames()
    if name in frames.get_asset_names():
        frames.delete_asset(name)
    asset = frames.add_dataframe_asset(name)
    definition = asset.add_batch_definition_whole_dataframe("all")
    return definition.get_batch({"dataframe": frame})


def _failure(result: Found, rows: int) -> Failure:
    config = result.expectation_config
    given: dict[str, Any] = config.kwargs
    arguments = {name: value for name, value in given.items() if name != "batch_id"}
    found: dict[str, Any] = result.result or {}
    meta: dict[str, Any] = config.meta or {}
    observed = found.get("observed_value")
    return Failure(
        expectation=str(config.type),
        arguments=arguments,
        failed_rows=found.get("unexpected_count"),
        rows=rows,
        example_key=_example_key(found),
        observed=_error(result) or (None if observed is None else str(observed)),
        remedy=str(meta.get("remedy", "")),
    )


def _example_key(found: Mapping[str, Any]) -> dict[str, str] | None:
    indices = found.get("partial_unexpected_index_list")
    if not indices:
        return None
    first: Mapping[str, list[Any]] = indices[0]
    return {
        name: str(value[0])
        for name, value in first.items()
        if name in found.get("unexpected_index_column_names", ())
    }


def _error(result: Found) -> str | None:
    """The message of an expectation that could not even be evaluated."""
    information: dict[str, Any] = result.exception_info or {}
    for entry in (information, *information.values()):
        fault = cast("dict[str, Any]", entry if isinstance(entry, dict) else {})
        if fault.get("raised_exception"):
            return str(fault["exception_message"])
    return None
