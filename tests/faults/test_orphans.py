"""A step that outlived its run works beside its successor."""

from pathlib import Path

import pytest
from layouts import in_postgres
from pydantic import SecretStr

from orchestration.ingest.load import ingest_entity
from orchestration.resources.embedded_postgres import EmbeddedPostgres
from orchestration.resources.postgres import PostgresAddress, PostgresWarehouse, WrittenTwice
from orchestration.settings import PROJECT_ROOT, Settings

pytestmark = pytest.mark.postgres
EXPORT = PROJECT_ROOT / "seeds" / "samples" / "cashmere" / "tickets_20251103.csv"
COUNTS = "select (select count(*) from raw.cashmere_tickets), (select count(*) from ops.files)"


def test_a_file_that_both_load_is_loaded_once(server: EmbeddedPostgres, tmp_path: Path) -> None:
    address = server.address("habitue", "habitue")
    warehouse = PostgresWarehouse(PostgresAddress(address), "loader")
    in_postgres(PostgresAddress(server.address()), warehouse).start_from(0)
    settings = Settings(
        home=tmp_path,
        target="postgres",
        postgres_address=SecretStr(address),
        pseudonym_key=SecretStr("fd6fb6dc2c7b8ce4f2a1c8b93ff6f8a09c3b2a4c"),
        settle_seconds=0,
    )
    landed = settings.landing_folder / "cashmere" / EXPORT.name
    landed.parent.mkdir(parents=True)
    landed.write_bytes(EXPORT.read_bytes())
    loaded: list[int] = []

    def let_the_successor_load(_: str) -> None:
        report = ingest_entity(settings, "cashmere", "tickets", run_id="successor")
        loaded.append(report.rows_loaded)

    with pytest.raises(WrittenTwice, match=r"ops\.files meanwhile; nothing of this one was kept"):
        ingest_entity(
            settings, "cashmere", "tickets", run_id="orphan", progress=let_the_successor_load
        )
    assert loaded[0] > 0
    with warehouse.session() as session:
        assert session.execute(COUNTS) == [(loaded[0], 1)]
