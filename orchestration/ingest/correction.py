"""Quarantined rows whose record has loaded since: they are closed."""

import re
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.ingest.contract import Contract
from orchestration.ingest.quarantine import Record
from orchestration.ingest.reader import joined_fields
from orchestration.ingest.row_hash import row_hashes
from orchestration.resources.warehouse import Session

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[0-9 :.]*")


def records_of(rows: pa.Table, contract: Contract, hash_key: bytes) -> list[Record | None]:
    """The record of each canonical row; None where a part of its key is empty."""
    versions = _versions(rows, contract).to_pylist()
    return [
        None if key_hash is None else Record(key_hash, _moment(version))
        for key_hash, version in zip(
            _key_hashes(rows, contract, hash_key).to_pylist(), versions, strict=True
        )
    ]


def _moment(version: str | None) -> str | None:
    """A version that is a time as it is written canonically; a bad row may hold anything there."""
    return version if version and _MOMENT.fullmatch(version) else None


def _versions(rows: pa.Table, contract: Contract) -> pa.Array | pa.ChunkedArray:
    if contract.version is None:
        return pa.nulls(len(rows), pa.string())
    return rows.column(contract.version)


def _key_hashes(rows: pa.Table, contract: Contract, hash_key: bytes) -> pa.Array:
    keys = rows.select(list(contract.key))
    filled = pa.array([True] * len(rows))
    for column in keys.columns:
        filled = pc.and_(filled, pc.fill_null(pc.not_equal(column, ""), False))
    texts = pa.table({name: pc.fill_null(keys.column(name), "") for name in keys.column_names})
    hashes = row_hashes(joined_fields(texts), hash_key).text()
    return pc.if_else(filled, hashes, pa.scalar(None, pa.string()))


@dataclass
class Corrections:
    """The open rows of an entity that a file may correct, and which of them it has corrected.

    A row is corrected by one of the same key and the same version or a newer one, in a file that
    was exported no earlier. Where its version cannot be read, the export alone decides.
    """

    contract: Contract
    hash_key: bytes
    _open: dict[str, list[tuple[int, str | None]]]
    _corrected: set[int] = field(default_factory=set[int])

    @classmethod
    def before(
        cls, session: Session, contract: Contract, exported_at: datetime, hash_key: bytes
    ) -> "Corrections":
        """What is open before a file of this moment loads."""
        waiting: dict[str, list[tuple[int, str | None]]] = {}
        for key_hash, number, version in session.execute(
            "select q.key_hash, q.quarantine_id, q.row_version from ops.quarantine as q "
            "inner join ops.files as f on q.file_id = f.file_id "
            "where q.state = 'open' and q.key_hash is not null "
            "and q.source = ? and q.entity = ? and f.exported_at <= ?",
            [contract.source, contract.entity, exported_at],
        ):
            waiting.setdefault(key_hash, []).append((number, version))
        return cls(contract, hash_key, waiting)

    def see(self, rows: pa.Table) -> None:
        """Note which open rows the canonical rows, which are good, correct."""
        if not self._open or not len(rows):
            return
        hashes = _key_hashes(rows, self.contract, self.hash_key)
        at = pc.is_in(hashes, pa.array(list(self._open), pa.string()))
        found = zip(
            hashes.filter(at).to_pylist(),
            _versions(rows, self.contract).filter(at).to_pylist(),
            strict=True,
        )
        for key_hash, version in found:
            self._corrected |= {
                number
                for number, least in self._open[key_hash]
                if least is None or (version or "") >= least
            }

    def close(self, session: Session) -> int:
        """Close what was corrected, and forget its text; gives how many rows that are."""
        if self._corrected:
            session.execute(
                "update ops.quarantine set state = 'corrected', encrypted_row = null where "
                "quarantine_id in (select cast(unnest(string_to_array(?, ',')) as bigint))",
                [",".join(map(str, sorted(self._corrected)))],
            )
        return len(self._corrected)
