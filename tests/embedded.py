"""An embedded PostgreSQL server for tests."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from orchestration.resources.embedded_postgres import EmbeddedPostgres, running


@contextmanager
def embedded_server() -> Iterator[EmbeddedPostgres]:
    """A server of its own, gone with its data at the end.

    Its folder is not pytest's: root's server runs under another account, which must be able to
    pass through to it, and a later pytest session closes the folders of an earlier one.
    """
    home = Path(tempfile.mkdtemp(prefix="habitue-test-"))
    server = running(home)
    try:
        with psycopg.connect(server.address(), autocommit=True) as connection:
            # No test cuts the power, and each waits for the disk hundreds of times.
            connection.execute("alter system set fsync = off")
            connection.execute("select pg_reload_conf()")
        yield server
    finally:
        server.stop()
        shutil.rmtree(home)
