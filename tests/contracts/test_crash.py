"""A killed load leaves nothing half, and a plain re-run is the whole recovery."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from shop import ITEMS, KEY, Shop, items, multiline

from orchestration.ingest.reader import Limits
from orchestration.resources.landing import Landing

KILLED_AFTER_SECOND_BLOCK = """
import os, signal, sys
from orchestration.ingest.load import ingest_entity
from orchestration.ingest.reader import Limits
from orchestration.settings import load_settings

seen = []

def die_at_second_block(message):
    seen.append(message)
    if len(seen) == 2:
        os.kill(os.getpid(), signal.SIGKILL)

ingest_entity(load_settings(), "magento", "sales_order_item", run_id="killed",
              progress=die_at_second_block, limits=Limits(block=20_000))
"""


def test_a_load_killed_half_way_leaves_nothing_and_is_repeated_whole(shop: Shop) -> None:
    shop.land("sales_order_item_20250302.csv", items(*[{"name": f"n{at}"} for at in range(1000)]))
    environment = {
        **os.environ,
        "HABITUE_HOME": str(shop.home),
        "HABITUE_PSEUDONYM_KEY": KEY,
        "HABITUE_SETTLE_SECONDS": "0",
    }
    killed = subprocess.run([sys.executable, "-c", KILLED_AFTER_SECOND_BLOCK], env=environment)
    assert killed.returncode == -signal.SIGKILL
    assert shop.rows("select count(*) from raw.magento_sales_order_item") == [(0,)]
    assert shop.rows("select count(*) from ops.files") == [(0,)]
    assert shop.ingest(*ITEMS).rows_loaded == 1000


def test_small_blocks_give_the_rows_of_one_large_block(shop: Shop, tmp_path: Path) -> None:
    changes = [{"name": f'"a{at}\nb"' if at % 7 == 0 else f"n{at % 50}"} for at in range(300)]
    other = Shop(tmp_path / "other", limits=Limits(block=1_000))
    for place in (shop, other):
        place.contracts = multiline()
        place.land("sales_order_item_20250302.csv", items(*changes) + "ragged\n")
        assert place.ingest(*ITEMS).rows_loaded == 300
    sql = "select item_id, name, _line_no, _row_hash from raw.magento_sales_order_item order by 1"
    assert shop.rows(sql) == other.rows(sql)
    assert shop.faults() == other.faults()


def test_a_file_still_being_written_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "magento" / "sales_order_item_20250302.csv"
    path.parent.mkdir()
    path.write_text("half")
    landing = Landing(tmp_path)
    entities = {"magento": {"sales_order_item"}}
    (file,) = landing.scan(entities).files
    assert landing.arrival(file, settle_seconds=0.2) == "moving"
    time.sleep(0.25)
    path.write_text("half and more")
    (file,) = landing.scan(entities).files
    assert landing.arrival(file, settle_seconds=0.2) == "moving"
    time.sleep(0.25)
    (file,) = landing.scan(entities).files
    assert landing.arrival(file, settle_seconds=0.2) == "settled"


def test_a_done_file_settles_at_once(tmp_path: Path) -> None:
    path = tmp_path / "magento" / "sales_order_item_20250302.csv"
    path.parent.mkdir()
    path.write_text("whole")
    path.with_name(path.name + ".done").touch()
    landing = Landing(tmp_path)
    (file,) = landing.scan({"magento": {"sales_order_item"}}).files
    assert landing.arrival(file, settle_seconds=60) == "settled"
