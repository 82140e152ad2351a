"""Ways to damage a file, and a small installation whose files are worth damaging."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb

from orchestration.settings import PROJECT_ROOT, Settings


def cut(file: Path) -> None:
    """The second half is missing, as after a crash of the file system."""
    os.truncate(file, file.stat().st_size // 2)


def flip(file: Path) -> None:
    """Bits turn over, all through the file."""
    content = bytearray(file.read_bytes())
    for at in range(0, len(content), max(1, len(content) // 400)):
        content[at] ^= 255
    file.write_bytes(content)


def empty(file: Path) -> None:
    """Nothing is left but the name."""
    os.truncate(file, 0)


def overwrite(file: Path) -> None:
    """Something else altogether."""
    file.write_bytes(b"\x00\xff[/b]garbage\n" * 700)


def replace_by_folder(file: Path) -> None:
    """A folder of the same name, with something in it."""
    file.unlink()
    file.mkdir()
    (file / "x").touch()


def replace_by_pipe(file: Path) -> None:
    """A named pipe, which whoever opens it waits at."""
    file.unlink()
    os.mkfifo(file)


DAMAGES: Mapping[str, Callable[[Path], None]] = {
    "cut": cut,
    "flipped": flip,
    "emptied": empty,
    "garbage": overwrite,
    "folder": replace_by_folder,
    "pipe": replace_by_pipe,
    "deleted": Path.unlink,
}
# Every file of state, by its place in the home folder.
STATE = (
    "warehouse/habitue_build.duckdb",
    "warehouse/habitue_build.copy.duckdb",
    "warehouse/published.digests",
    "published/habitue.duckdb",
    "dbt/target/manifest.json",
    "dbt/target/manifest.fingerprint",
    "dbt/target/partial_parse.msgpack",
    "dbt/logs/dbt.log",
    "dagster/dagster.yaml",
    "dagster/history/runs.db",
    "dagster/history/runs/index.db",
    "dagster/schedules/schedules.db",
    "secrets/pseudonym.key",
    "settings.env",
    "habitue.log",
    "last_run.json",
    "outbox.sqlite",
    "run.lock",
    "services/web.lock",
)
# What only its owner can make anew: no run guesses a key or a setting.
OF_THE_OWNER = ("secrets/pseudonym.key", "settings.env")
REPORT = (
    '{"success": true, "ended_at": "2026-01-01 00:00:00", "seconds": 1.0, "job": "everything", '
    '"run_id": "1", "steps": []}\n'
)


def small_home(folder: Path) -> Settings:
    """The samples loaded, and a published file of the least that is read of it; no run was made."""
    import dagster as dg

    from orchestration.ingest.load import ingest_entity, load_contracts, prepare_warehouse
    from orchestration.instance import open_instance
    from orchestration.mending import note_digest
    from orchestration.project import write_stamp
    from orchestration.resources.outbox import outbox_in
    from orchestration.resources.target import hold_write

    shutil.copytree(PROJECT_ROOT / "seeds" / "samples", folder / "landing")
    settings = Settings(home=folder, settle_seconds=0)
    with hold_write(settings, "1"):
        prepare_warehouse(settings)
        for source, entity in load_contracts():
            ingest_entity(settings, source, entity, run_id="1")
    settings.published_file.parent.mkdir(parents=True)
    publish_a_little(settings.published_file)
    note_digest(settings, settings.published_file)
    for name in ("dbt/target", "dbt/logs", "services"):
        (folder / name).mkdir(parents=True)
    (folder / "dbt/target/manifest.json").write_text('{"nodes": {}, "sources": {}, "groups": {}}')
    (folder / "dbt/target/partial_parse.msgpack").write_bytes(bytes(range(256)))
    write_stamp(settings)
    with open_instance(settings) as instance:
        assert isinstance(instance, dg.DagsterInstance)
    for name in ("dbt/logs/dbt.log", "habitue.log", "services/web.lock"):
        (folder / name).write_text("something was said\n")
    (folder / "settings.env").write_text("HABITUE_CURRENCY=EUR\nHABITUE_SETTLE_SECONDS=0\n")
    (folder / "last_run.json").write_text(REPORT)
    with outbox_in(folder)._database():
        pass
    return settings


def publish_a_little(file: Path) -> None:
    """A published file with the tables that commands read."""
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema ops; create schema marts; create schema golden_customer")
        connection.execute(
            "create table ops.publication as select '1' as run_id, date '2026-01-01' as as_of, "
            "timestamp '2026-01-01' as published_at, 'x' as table_name, 1 as row_count, "
            "'1' as content_hash"
        )
        connection.execute(
            "create table ops.golden_keys (customer_key varchar, anchor_source_customer_key "
            "varchar, event varchar, merged_into varchar, publication_number bigint)"
        )
        connection.execute(
            "create table golden_customer.golden_customers as "
            "select range as customer_key, 1 as order_count from range(9000)"
        )
        connection.execute(
            "create table marts.sales_daily as select 1 as order_count, 2.5 as net_amount"
        )
