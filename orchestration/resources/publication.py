"""What was published: the record that every engine keeps of it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedTable:
    """A published table: its rows, and a hash of them that does not depend on their order."""

    name: str
    row_count: int
    content_hash: str


@dataclass(frozen=True)
class Publication:
    """What a run published, when (UTC), and for which last day of data."""

    run_id: str
    as_of: str
    published_at: str
    tables: Sequence[PublishedTable]
