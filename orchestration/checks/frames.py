"""Tables of the build file as pandas frames, with the asked columns only."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.stopwatch import measured

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def fetch_frame(build_file: Path, layer: str, table: str, columns: Sequence[str]) -> "pd.DataFrame":
    """The named columns of a table; one that it lacks is left out, for its expectation to miss it.

    Text stays in Arrow's memory. Numbers and days get the types on which expectations are
    evaluated column by column instead of value by value.
    """
    import duckdb

    with measured("sql"), duckdb.connect(str(build_file)) as connection:
        whole = connection.table(f'"{layer}"."{table}"')
        asked = [f'"{name}"' for name in columns if name in whole.columns]
        rows = whole.project(", ".join(asked)).to_arrow_table()
    return rows.cast(_plain(rows.schema)).to_pandas()


def _plain(schema: "pa.Schema") -> "pa.Schema":
    import pyarrow as pa

    def plain(kind: pa.DataType) -> pa.DataType:
        if pa.types.is_decimal(kind):
            return pa.float64()
        if pa.types.is_integer(kind):
            return pa.int64()
        return pa.timestamp("us") if pa.types.is_date(kind) else kind

    return pa.schema([field.with_type(plain(field.type)) for field in schema])
