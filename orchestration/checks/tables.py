"""The tables of an installation, put before the judge where they are cheapest to look at."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from orchestration.checks.frames import fetch_frame
from orchestration.checks.judge import SqlJudge, Table, frame_table, sql_judge, sql_table
from orchestration.checks.suites import Suite
from orchestration.ingest.contract import load_contracts
from orchestration.settings import Settings
from orchestration.stopwatch import measured

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from orchestration.resources.postgres import PostgresSession
    from orchestration.resources.warehouse import Session

OpenTable = Callable[[Suite], tuple[Table, int]]


def table_opener(settings: Settings, session: "Session") -> OpenTable:
    """A function from a suite to its table and the number of the table's rows.

    On DuckDB the suite's columns are fetched, because Great Expectations' SQL does not run there;
    on PostgreSQL everything is counted in the database, through the session's own connection.
    """
    if settings.target == "duckdb":
        return partial(_fetched, settings)
    held = cast("PostgresSession", session)
    return partial(_counted, held, sql_judge(_engine(held)))


def _fetched(settings: Settings, suite: Suite) -> tuple[Table, int]:
    frame = fetch_frame(settings.build_file, suite.layer, suite.table, suite.columns)
    return frame_table(suite.name, frame), len(frame)


def _counted(session: "PostgresSession", judge: SqlJudge, suite: Suite) -> tuple[Table, int]:
    from orchestration.resources.roles import build_schema

    schema = build_schema(suite.layer)
    with measured("sql"):
        rows = session.execute(f"select count(*) from {schema}.{suite.table}")
    return sql_table(judge, schema, suite.table), int(rows[0][0])


def newest_versions(session: "Session", suite: Suite) -> tuple[Table, int]:
    """The newest version of each record of a raw table, and how many records there are."""
    import pandas as pd

    contract = next(one for one in load_contracts().values() if one.table == suite.name)
    columns = ", ".join(f'"{name}"' for name in suite.columns)
    # The order of the models' newest_version: of two files of one moment the later name counts.
    order = [
        "_exported_at desc nulls last",
        "length(file_name) desc nulls last",
        "file_name desc nulls last",
        "_file_id desc nulls last",
        "_line_no desc nulls last",
    ]
    if contract.version:
        order.insert(0, f'"{contract.version}" desc nulls last')
    key = ", ".join(f'"{name}"' for name in contract.key)
    with measured("sql"):
        rows = session.execute(
            f"select {columns} from (select versions.*, row_number() over (partition by {key} "
            f"order by {', '.join(order)}) as version_rank from {suite.name} as versions "
            "left join (select file_id, file_name from ops.files) as files "
            "on versions._file_id = files.file_id) as ranked where version_rank = 1"
        )
    frame = pd.DataFrame(rows, columns=pd.Index(suite.columns))
    return frame_table(suite.name, frame), len(frame)


def _engine(session: "PostgresSession") -> "Engine":
    """SQLAlchemy over an open connection: the same role and timeouts, and no second login."""
    import sqlalchemy

    return sqlalchemy.create_engine(
        "postgresql+psycopg://",
        creator=lambda: session.connection,
        poolclass=sqlalchemy.StaticPool,
        hide_parameters=True,
    )
