"""The ledger says what an independent count of the files says."""

import shutil
from pathlib import Path

import duckdb
import pytest
from landing_count import exports, faults, main
from shop import Shop

from orchestration.demo.generate import generate
from orchestration.ingest.contract import load_contracts

SAMPLES = Path(__file__).resolve().parents[2] / "seeds" / "samples"


def load_everything(shop: Shop) -> None:
    for source, entity in load_contracts():
        shop.ingest(source, entity)


@pytest.fixture
def samples(shop: Shop) -> Shop:
    for path in exports(SAMPLES):
        copy = shop.settings.landing_folder / path.parent.name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    load_everything(shop)
    return shop


def test_the_samples_are_counted_alike(samples: Shop) -> None:
    assert exports(samples.settings.landing_folder)
    assert list(faults(samples.settings.landing_folder, samples.home)) == []
    assert main(str(samples.settings.landing_folder), str(samples.home)) == 0


def test_a_demo_is_counted_alike(shop: Shop, tmp_path: Path) -> None:
    generate(shop.settings.landing_folder, tmp_path / "truth", order_lines=20_000)
    load_everything(shop)
    assert exports(shop.settings.landing_folder)
    assert list(faults(shop.settings.landing_folder, shop.home)) == []


@pytest.mark.parametrize(
    "change",
    [
        "update ops.files set rows_seen = rows_seen - 1, rows_loaded = rows_loaded - 1",
        "update ops.files set physical_lines = physical_lines + 1",
        "delete from ops.files where entity = 'tickets'",
        "delete from raw.cashmere_tickets where ticket_id = 'P1-0001'",
    ],
)
def test_a_row_that_vanished_is_found(samples: Shop, change: str) -> None:
    with duckdb.connect(str(samples.settings.build_file)) as warehouse:
        warehouse.execute(change)
    assert list(faults(samples.settings.landing_folder, samples.home)) != []
