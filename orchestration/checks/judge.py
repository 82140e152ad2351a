"""Great Expectations entered at its validator, the one place that uses its private parts.

The public way to a result makes and stores a data source, an asset and a batch definition per
table, and fingerprints each frame twice: most of what a gate costs. Here a batch is given straight
to the validator that the public way ends in; the expectations and their verdicts are the same.
"""

import importlib
import os
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from orchestration.stopwatch import measured

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Engine

# Great Expectations describes its validators and results as Any.
Validator = Any
SqlJudge = Any
Result = Any

# Charts and statistical tests, which no suite asks for, are half of what the import costs.
UNUSED = ("altair", "scipy.stats")


@dataclass(frozen=True)
class Table:
    """A table in front of the judge, by a validator that holds it as its only batch."""

    validator: Validator


class _Later(ModuleType):
    """Stands in for a module, and imports the real one when something of it is used."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name.startswith("__"):
            raise AttributeError(name)
        _withdraw(self)
        return getattr(importlib.import_module(self.__name__), name)


def prepare() -> None:
    """Import Great Expectations, once per process; over a second of CPU."""
    if "great_expectations" in sys.modules:
        return
    with measured("expectations import"), _postponed(UNUSED):
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        importlib.import_module("great_expectations")


def frame_table(name: str, frame: "pd.DataFrame") -> Table:
    """A pandas frame to be judged."""
    prepare()
    from great_expectations.execution_engine.pandas_batch_data import PandasBatchData
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine

    engine = PandasExecutionEngine()
    return _table(name, engine, PandasBatchData(engine, frame))


def sql_judge(connections: "Engine") -> SqlJudge:
    """What evaluates expectations by SQL; it creates nothing, and closes the engine at its end."""
    prepare()
    from great_expectations.execution_engine.sqlalchemy_execution_engine import (
        SqlAlchemyExecutionEngine,
    )

    return SqlAlchemyExecutionEngine(engine=connections, create_temp_table=False)


def sql_table(engine: SqlJudge, schema: str, name: str) -> Table:
    """A table of a database to be judged where it lies."""
    from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData

    data = SqlAlchemyBatchData(engine, schema_name=schema, table_name=name, create_temp_table=False)
    return _table(f"{schema}.{name}", engine, data)


def judge(
    table: Table, expectations: Sequence[Mapping[str, Any]], result_format: Mapping[str, Any]
) -> list[Result]:
    """The result of every expectation, in no fixed order.

    Args:
        table: What is judged.
        expectations: As suites hold them: type, kwargs, meta.
        result_format: How much a result tells, in Great Expectations' own words.
    """
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    configurations = [
        ExpectationConfiguration(
            type=one["type"], kwargs=dict(one["kwargs"]), meta=dict(one["meta"])
        )
        for one in expectations
    ]
    return table.validator.graph_validate(
        configurations, runtime_configuration={"result_format": dict(result_format)}
    )


def _table(name: str, engine: Any, data: Any) -> Table:  # noqa: ANN401
    from great_expectations.core.batch import Batch
    from great_expectations.core.id_dict import IDDict
    from great_expectations.validator.validator import Validator as GreatValidator

    identity: Any = IDDict(table=name)
    batch: Any = Batch(data=data, batch_definition=identity)
    validator: Any = GreatValidator(execution_engine=engine, batches=[batch])
    validator.metrics_calculator.show_progress_bars = False
    return Table(validator)


@contextmanager
def _postponed(names: Sequence[str]) -> Generator[None]:
    stands = [_Later(name) for name in names if name not in sys.modules]
    sys.modules.update({stand.__name__: stand for stand in stands})
    try:
        yield
    finally:
        for stand in stands:
            _withdraw(stand)


def _withdraw(stand: ModuleType) -> None:
    if sys.modules.get(stand.__name__) is stand:
        del sys.modules[stand.__name__]
