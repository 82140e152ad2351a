"""The ledger answers about held files on PostgreSQL as on DuckDB."""

from datetime import datetime, timedelta

import pytest

from orchestration.ingest import ledger
from orchestration.ingest.ledger import Entry
from orchestration.ingest.volume import usual_rows
from orchestration.migrations.upgrade import upgrade
from orchestration.resources.postgres import PostgresWarehouse

pytestmark = pytest.mark.postgres

FIRST = datetime(2025, 3, 3)
NAME = "held_20250407.csv"


def test_held_and_accepted_files_are_told_apart(warehouse: PostgresWarehouse) -> None:
    loader = warehouse.as_role("loader").of_run("held-test")
    upgrade(loader)
    with loader.session() as session:
        session.execute("delete from ops.files where source = 'held-test'")
        for day in range(36):
            cut = day == 35
            entry = Entry("held-test", "x", NAME if cut else f"{day}", "held" if cut else "loaded")
            entry.exported_at = FIRST + timedelta(day)
            entry.sha256, entry.size, entry.changed_ns = f"sum-{day}", 10, 20
            entry.rows_seen, entry.reason = 60 + day, "HELD"
            ledger.record(session, 9_000 + day, entry, "run", entry.exported_at)
        usual = usual_rows(session, entry)
        assert usual is not None
        assert (usual.least, usual.files) == (74, "the median of the last 5 of a Monday is")
        (held,) = (one for one in ledger.kept_out(session, "held") if one.source == "held-test")
        assert (held.file_name, held.sha256) == (NAME, "sum-35")
        look = ("x", NAME, 10, 20)
        assert look in ledger.known_looks(session, "held-test", ("held",))
        entry.state, entry.reason = "accepted", "accepted by marie"
        ledger.record(session, 9_100, entry, "run", FIRST + timedelta(36))
        assert look not in ledger.known_looks(session, "held-test", ("held",))
        assert ledger.is_accepted(session, "held-test", "x", "sum-35")
        assert not [one for one in ledger.kept_out(session, "held") if one.source == "held-test"]
        session.execute("delete from ops.files where source = 'held-test'")
