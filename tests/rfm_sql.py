"""The SQL of RFM as dbt compiles it, to be run on small tables in milliseconds.

A project of its own holds the product's macros and RFM models and an empty model for each table
that they read, so that compiling takes seconds; every relation then lies in the schema `main`.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from orchestration.settings import PROJECT_ROOT

SEGMENTATION = PROJECT_ROOT / "models" / "marts" / "segmentation"
GOLDEN_CUSTOMER = PROJECT_ROOT / "models" / "golden_customer"
MODELS = (
    *(SEGMENTATION / f"{name}.sql" for name in (
        "int_rfm_segments", "rfm_thresholds", "int_rfm_anchor", "rfm_scores",
        "rfm_thresholds_on_day", "rfm_scores_on_day",
    )),
    GOLDEN_CUSTOMER / "int_customer_snapshots.sql",
    GOLDEN_CUSTOMER / "int_customer_snapshots_on_day.sql",
)  # fmt: skip
READ = (
    "int_as_of", "int_golden_customer_months", "customer_identities", "unified_orders",
    "unified_order_lines", "rfm_fixed_cut_points", "rfm_segment_map", "rfm_segment_ranges",
)  # fmt: skip
COMPILE = """
import json, sys
from pathlib import Path
from dbt.cli.main import dbtRunner
project, variants = sys.argv[1], json.loads(sys.argv[2])
for name, variables in variants.items():
    done = dbtRunner().invoke([
        "--quiet", "compile", "--project-dir", project, "--profiles-dir", sys.argv[3],
        "--target-path", f"{project}/target/{name}", "--vars", json.dumps(variables),
        "--no-introspect", "--no-populate-cache",
    ])
    if not done.success:
        sys.exit(str(done.exception or done.result))
"""
TABLES = """
create table if not exists main.int_customer_snapshots (
    customer_key varchar, snapshot_month date, snapshot_date date, recency_days integer,
    order_count integer, net_amount decimal(18, 2), monetary_amount decimal(18, 2),
    last_order_date date
);
create table if not exists main.int_as_of (first_data_month date, as_of_date date);
create table if not exists main.rfm_fixed_cut_points (
    measure varchar, score integer, lowest_value decimal(18, 2)
);
create table if not exists main.rfm_segment_map (
    r_score integer, fm_score integer, rfm_segment varchar
);
create table if not exists main.rfm_segment_ranges (
    priority integer, rfm_segment varchar, r_min integer, r_max integer, f_min integer,
    f_max integer, m_min integer, m_max integer
);
"""

Variant = Mapping[str, Any]  # dbt variables that differ from the project's


@dataclass(frozen=True)
class CompiledRfm:
    """Compiled SQL of one variant of the settings, by model."""

    queries: Mapping[str, str] = field(repr=False)

    def build(self, connection: Any, *models: str) -> None:  # noqa: ANN401  DuckDB's or psycopg's
        """Create the models as tables, each from those before it."""
        for model in models:
            connection.execute(f"drop table if exists main.{model}")
            connection.execute(f"create table main.{model} as {self.queries[model]}")


def compile_rfm(
    folder: Path, variants: Mapping[str, Variant], **environment: str
) -> dict[str, CompiledRfm]:
    """The RFM models compiled under each variant of the settings.

    Args:
        folder: An empty folder for the project.
        variants: dbt variables by the name of the variant.
        environment: What dbt's profile reads beside the embedded default, such as HABITUE_TARGET.
    """
    _lay_out(folder)
    subprocess.run(
        [sys.executable, "-c", COMPILE, folder, json.dumps(variants), PROJECT_ROOT / "dbt_project"],
        env={
            **os.environ,
            "HABITUE_BUILD_FILE": str(folder / "rfm.duckdb"),
            "DBT_LOG_PATH": str(folder / "logs"),
            **environment,
        },
        check=True,
    )
    return {name: CompiledRfm(_queries(folder / "target" / name)) for name in variants}


def _lay_out(folder: Path) -> None:
    project = yaml.safe_load((PROJECT_ROOT / "dbt_project.yml").read_text())
    kept = {"name", "version", "profile", "vars", "flags"}
    project = {key: value for key, value in project.items() if key in kept}
    project["macro-paths"] = [str(PROJECT_ROOT / "dbt_project" / "macros")]
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project))
    for path in MODELS:
        shutil.copyfile(path, folder / "models" / path.name)
    for name in READ:
        (folder / "models" / f"{name}.sql").write_text("select 1 as nothing")


def _queries(target: Path) -> dict[str, str]:
    compiled = target / "compiled" / "habitue" / "models"
    return {path.stem: path.read_text() for path in compiled.glob("*.sql")}


def reference(table: str) -> list[list[str]]:
    """Rows of a seed as the product ships it."""
    with (PROJECT_ROOT / "seeds" / "reference" / f"{table}.csv").open(encoding="utf-8") as file:
        return list(csv.reader(file))[1:]
