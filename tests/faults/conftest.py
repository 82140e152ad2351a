"""What goes wrong while the product works: warehouses to break."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from embedded import embedded_server

from orchestration.resources.embedded_postgres import EmbeddedPostgres

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no other folder of tests uses, so that it may be emptied."""
    with embedded_server() as server:
        yield server
