"""What the warehouse says to DuckDB."""

from pathlib import Path

import duckdb

from orchestration.resources.warehouse import literal


def test_a_folder_with_an_apostrophe_can_be_attached(tmp_path: Path) -> None:
    folder = tmp_path / "l'été d'une boutique"
    folder.mkdir()
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(folder / 'published.duckdb')} as published")
        connection.execute("create table published.main.sales as select 1 as order_count")
    assert (folder / "published.duckdb").is_file()
