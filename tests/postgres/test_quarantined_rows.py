"""Quarantined rows are closed on PostgreSQL as on DuckDB."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from orchestration.ingest import ledger
from orchestration.ingest.contract import load_contracts
from orchestration.ingest.correction import Corrections, records_of
from orchestration.ingest.ledger import Entry
from orchestration.ingest.pseudonym import Pseudonymiser
from orchestration.ingest.quarantine import BadRow, QuarantineOrigin, count_of, listed, store
from orchestration.ingest.reasons import Reason
from orchestration.ingest.vault import Vault
from orchestration.migrations.upgrade import upgrade
from orchestration.resources.postgres import PostgresWarehouse

pytestmark = pytest.mark.postgres

KEY = bytes(range(32))
FIRST = datetime(2025, 3, 3)


def test_a_row_is_closed_and_its_text_never_was_in_the_table(
    warehouse: PostgresWarehouse, tmp_path: Path
) -> None:
    loader = warehouse.as_role("loader").of_run("correction-test")
    upgrade(loader)
    tickets = load_contracts()["cashmere", "tickets"]
    contract = tickets.model_copy(update={"source": "correctiontest"})
    place = (contract.source, contract.entity)
    row = {name: ["a"] for name in contract.names} | {"updated_at": ["2025-03-01 10:00:00"]}
    good = pa.table(row)
    (record,) = records_of(good, contract, KEY)
    with loader.session() as session:
        ledger.record(session, 9_500, Entry(*place, "f", "loaded", exported_at=FIRST), "r", FIRST)
        origin = QuarantineOrigin(9_500, *place, "f", contract.names, "utf-8", False)
        bad = [BadRow(2, Reason.SIGN, None, "", "", b"a;b", one) for one in (record, None)]
        store(session, origin, bad, Pseudonymiser(KEY), Vault(tmp_path), FIRST)
        kept = session.execute(
            "select encrypted_row from ops.quarantine where source = ?", [contract.source]
        )
        assert all(str(text).split(":")[0].endswith(".sealed") for (text,) in kept)
        corrections = Corrections.before(session, contract, FIRST, KEY)
        corrections.see(good)
        assert corrections.close(session) == 1
        assert [row.state for row in listed(session, *place, None)] == ["corrected", "open"]
        assert count_of(session, None, contract.entity, "corrected") == 1
        for table in ("quarantine", "files"):
            session.execute(f"delete from ops.{table} where source = ?", [contract.source])
