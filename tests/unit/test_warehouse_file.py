"""What the warehouse says to DuckDB."""

from pathlib import Path

import duckdb
import pytest

from orchestration.resources.warehouse import DuckDBWarehouse, WarehouseUnreadable, literal


def test_a_folder_with_an_apostrophe_can_be_attached(tmp_path: Path) -> None:
    folder = tmp_path / "l'été d'une boutique"
    folder.mkdir()
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(folder / 'published.duckdb')} as published")
        connection.execute("create table published.main.sales as select 1 as order_count")
    assert (folder / "published.duckdb").is_file()


@pytest.mark.parametrize("start", [0, 3 * 4096])
def test_a_damaged_file_says_what_to_do(tmp_path: Path, start: int) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "build.duckdb")
    with warehouse.session() as session:
        session.execute("create table sales as select range as order_count from range(100000)")
    content = bytearray(warehouse.file.read_bytes())
    for at in range(start, len(content), 500):
        content[at] ^= 255
    warehouse.file.write_bytes(content)
    with (
        pytest.raises(
            WarehouseUnreadable, match=r"build.duckdb is damaged .* `habitue run` sets it aside"
        ),
        warehouse.session(),
    ):
        pass
