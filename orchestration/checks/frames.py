"""Tables as pandas frames, with the asked columns only."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestration.settings import Settings
from orchestration.stopwatch import measured

if TYPE_CHECKING:
    import pandas as pd


def fetch_frame(
    settings: Settings, layer: str, table: str, columns: Sequence[str]
) -> "pd.DataFrame":
    """The named columns of a table of the build file."""
    import duckdb

    names = ", ".join(f'"{name}"' for name in columns)
    with measured("sql"), duckdb.connect(str(settings.build_file)) as connection:
        return connection.execute(f'select {names} from "{layer}"."{table}"').df()
