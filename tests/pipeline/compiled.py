"""Single models on tables made by a test: dbt compiles them once, DuckDB runs them in memory."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.settings import PROJECT_ROOT

Row = Mapping[str, Any]


def compiled(models: Iterable[str], variables: Mapping[str, object], folder: Path) -> list[str]:
    """SQL that makes each of these models' tables, in the order given.

    Args:
        models: Names of models, each after those that it reads.
        variables: dbt variables that differ from the project's.
        folder: Where dbt may write.
    """
    names = list(models)
    done = subprocess.run(
        [
            Path(sys.executable).with_name("dbt"),
            "compile",
            "--project-dir", PROJECT_ROOT,
            "--profiles-dir", PROJECT_ROOT / "dbt_project",
            "--vars", json.dumps(dict(variables)),
            "--select", *names,
        ],
        env={
            **os.environ,
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
            "HABITUE_BUILD_FILE": str(folder / "habitue_build.duckdb"),
        },
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    files = {path.stem: path for path in (folder / "target" / "compiled").rglob("*.sql")}
    return [f"create or replace table {name} as {_unqualified(files[name])}" for name in names]


def _unqualified(file: Path) -> str:
    """A model's SQL, with the tables that it reads in the schema at hand."""
    return re.sub(r'"habitue_build"\."\w+"\.("\w+")', r"\1", file.read_text())


def fill(
    connection: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Sequence[Row]
) -> None:
    """Make a table of these columns (names and types, as in `create table`) with these rows."""
    connection.execute(f"create or replace table {table} ({columns})")
    names = [column.split()[0] for column in columns.split(", ")]
    if rows:
        values = ", ".join(_values(row, names) for row in rows)
        connection.execute(f"insert into {table} values {values}")


def _values(row: Row, names: Sequence[str]) -> str:
    cells = ("null" if row.get(name) is None else f"'{row[name]}'" for name in names)
    return f"({', '.join(cells)})"
