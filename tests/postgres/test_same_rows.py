"""The same exports give the same rows in every published table, on both engines."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psycopg
import pytest

from orchestration.assets.column_lineage import column_lineage
from orchestration.resources.embedded_postgres import embedded_postgres
from orchestration.settings import PROJECT_ROOT

pytestmark = pytest.mark.postgres

Content = dict[str, tuple[int, str]]
RECORD = "select table_name, row_count, content_hash from {record}"
# `habitue` may not be installed beside the interpreter when tests run from a checkout.
HABITUE = [sys.executable, "-c", "from orchestration.cli import main; main()"]


def run(home: Path, target: str, *command: str) -> None:
    """`habitue …` in a home of its own, in a process of its own."""
    variables = {"HABITUE_HOME": str(home), "HABITUE_TARGET": target, "HABITUE_SETTLE_SECONDS": "0"}
    done = subprocess.run(
        [*HABITUE, *command],
        env={**os.environ, **variables},
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """The samples in two homes with one key: a pseudonym depends on the key."""
    duck, postgres = (tmp_path_factory.mktemp(name) for name in ("duck", "postgres"))
    for home in (duck, postgres):
        shutil.copytree(PROJECT_ROOT / "seeds" / "samples", home / "landing")
    run(duck, "duckdb", "run")
    shutil.copytree(duck / "secrets", postgres / "secrets")
    try:
        run(postgres, "postgres", "run")
        yield duck, postgres
    finally:
        embedded_postgres(postgres).stop()


def in_duckdb(home: Path) -> Content:
    file = home / "published" / "habitue.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute(RECORD.format(record="ops.publication")).fetchall()
    return {name: (count, content) for name, count, content in rows}


def in_postgres(home: Path) -> Content:
    address = embedded_postgres(home).address(database="habitue")
    with psycopg.connect(address) as connection:
        rows = connection.execute(RECORD.format(record="serving.publication").encode()).fetchall()
    return {name: (count, content) for name, count, content in rows}


def test_every_published_table_is_the_same(homes: tuple[Path, Path]) -> None:
    duck, postgres = homes
    expected = in_duckdb(duck)
    assert expected["marts.sales_daily"][0] > 0
    assert in_postgres(postgres) == expected


def test_a_second_run_changes_nothing_and_leaves_nothing_behind(homes: tuple[Path, Path]) -> None:
    _, postgres = homes
    before = in_postgres(postgres)
    run(postgres, "postgres", "run")
    assert in_postgres(postgres) == before
    with psycopg.connect(embedded_postgres(postgres).address(database="habitue")) as connection:
        left = connection.execute(
            "select nspname from pg_namespace where nspname ~ '_(next|old_[0-9]+)$'"
        ).fetchall()
    assert left == []


def test_status_says_what_is_served(homes: tuple[Path, Path]) -> None:
    for home, target in zip(homes, ("duckdb", "postgres"), strict=True):
        run(home, target, "status")


def lineage(target: Path, dialect: str) -> dict[str, object]:
    """What each model's columns come from, by what the run compiled."""
    manifest = json.loads((target / "manifest.json").read_text())
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    compiled = target / "compiled" / "habitue"
    return {
        model["name"]: column_lineage(
            (compiled / model["original_file_path"]).read_text(), model, manifest, dialect
        )
        for model in models
    }


def test_every_column_comes_from_the_same_columns(homes: tuple[Path, Path]) -> None:
    duck, postgres = homes
    expected = lineage(duck / "dbt" / "target", "duckdb")
    assert None not in expected.values()
    assert lineage(postgres / "dbt" / "postgres", "postgres") == expected


def test_every_published_table_and_column_is_described(homes: tuple[Path, Path]) -> None:
    _, postgres = homes
    with psycopg.connect(embedded_postgres(postgres).address(database="habitue")) as connection:
        silent = connection.execute(
            """
            select relation.oid::regclass::text, attribute.attname
            from pg_class as relation
            inner join pg_attribute as attribute
                on attribute.attrelid = relation.oid and not attribute.attisdropped
            where relation.relkind = 'r'
                and relation.relnamespace::regnamespace::text
                    in ('golden_customer', 'enriched', 'marts')
                and (
                    (attribute.attnum > 0 and col_description(relation.oid, attnum) is null)
                    or obj_description(relation.oid, 'pg_class') is null
                )
            """
        ).fetchall()
    assert silent == []


def test_every_declared_index_is_there_and_statistics_are_fresh(
    homes: tuple[Path, Path],
) -> None:
    _, postgres = homes
    manifest = json.loads((postgres / "dbt" / "postgres" / "manifest.json").read_text())
    declared = {
        (f"{node['config']['schema']}.{node['name']}", ", ".join(columns))
        for node in manifest["nodes"].values()
        for columns in node["config"].get("meta", {}).get("indexes", ())
    }
    with psycopg.connect(embedded_postgres(postgres).address(database="habitue")) as connection:
        found = connection.execute(
            """
            select schemaname || '.' || tablename, substring(indexdef from '\\((.*)\\)')
            from pg_indexes
            where schemaname in ('golden_customer', 'enriched', 'marts')
            """
        ).fetchall()
        unknown = connection.execute(
            """
            select record.table_name
            from serving.publication as record
            inner join pg_class as relation on relation.oid = to_regclass(record.table_name)
            where relation.reltuples <> record.row_count
                or (record.row_count > 0 and not exists (
                    select 1
                    from pg_stats
                    where schemaname || '.' || tablename = record.table_name
                ))
            """
        ).fetchall()
    assert len(declared) >= 10
    assert set(found) == declared
    assert unknown == []
