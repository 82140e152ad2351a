"""Tables as pandas frames, with the asked columns only."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestration.resources.target import postgres_warehouse
from orchestration.settings import Settings
from orchestration.stopwatch import measured

if TYPE_CHECKING:
    import pandas as pd


def fetch_frame(
    settings: Settings, layer: str, table: str, columns: Sequence[str]
) -> "pd.DataFrame":
    """The named columns of a table of the build file."""
    names = ", ".join(f'"{name}"' for name in columns)
    if settings.target == "postgres":
        from orchestration.resources.roles import build_schema

        return _fetch_from_postgres(settings, f"select {names} from {build_schema(layer)}.{table}")
    import duckdb

    with measured("sql"), duckdb.connect(str(settings.build_file)) as connection:
        return connection.execute(f'select {names} from "{layer}"."{table}"').df()


def _fetch_from_postgres(settings: Settings, query: str) -> "pd.DataFrame":
    """The rows with the types that DuckDB gives: decimals as floats, days as timestamps."""
    import pandas as pd
    from psycopg import adapters

    kinds = {adapters.types[name].oid: name for name in ("numeric", "date", "timestamp")}
    with postgres_warehouse(settings, "transformer").session() as session:
        cursor = session.connection.execute(query.encode())
        types = {column.name: kinds.get(column.type_code) for column in cursor.description or ()}
        frame = pd.DataFrame(cursor.fetchall(), columns=list(types))
    for name, kind in types.items():
        if kind == "numeric":
            frame[name] = frame[name].astype("float64")
        elif kind:
            frame[name] = pd.to_datetime(frame[name])
    return frame
