"""The raw tables: the contract's columns as text, and where each row came from."""

from collections.abc import Iterable
from datetime import datetime

import pyarrow as pa

from orchestration.ingest.contract import Contract
from orchestration.resources.warehouse import Session

AUDIT_COLUMNS = {
    "_file_id": "bigint",
    "_line_no": "bigint",
    "_exported_at": "timestamp",
    "_loaded_at": "timestamp",
    "_row_hash": "varchar",
}


def create_raw_tables(session: Session, contracts: Iterable[Contract]) -> None:
    """The raw table of every contract; columns that a contract gained since are added."""
    known: dict[str, set[str]] = {}
    for table, column in session.execute(
        "select table_name, column_name from information_schema.columns where table_schema = 'raw'"
    ):
        known.setdefault(f"raw.{table}", set()).add(column)
    for contract in contracts:
        if contract.table not in known:
            columns = {**{f'"{name}"': "varchar" for name in contract.names}, **AUDIT_COLUMNS}
            listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            session.execute(f"create table {contract.table} ({listed})")
            continue
        for name in contract.names:
            if name not in known[contract.table]:
                session.execute(f'alter table {contract.table} add column "{name}" varchar')


def raw_rows(
    rows: pa.Table,
    file_id: int,
    line_no: pa.Array,
    exported_at: datetime,
    loaded_at: datetime,
    hashes: pa.Array,
) -> pa.Table:
    """Canonical rows with their audit columns, as the raw tables hold them."""
    count, moment = len(rows), pa.timestamp("us")
    audit: dict[str, pa.Array] = {
        "_file_id": pa.repeat(pa.scalar(file_id, pa.int64()), count),
        "_line_no": line_no,
        "_exported_at": pa.repeat(pa.scalar(exported_at, moment), count),
        "_loaded_at": pa.repeat(pa.scalar(loaded_at, moment), count),
        "_row_hash": hashes,
    }
    for name, values in audit.items():
        rows = rows.append_column(name, values)
    return rows
