"""Homes with a good first run behind them, and processes that run in them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import duckdb
import psycopg

from orchestration.resources.embedded_postgres import embedded_postgres
from orchestration.resources.roles import DATABASE
from orchestration.settings import PROJECT_ROOT

# `habitue` may not be installed beside the interpreter when tests run from a checkout.
RUN = "from orchestration.cli import main; main(['run'])"
# One layer's worth of a run: the right to write, then dbt on the models named.
BUILD = """
import sys, uuid
from orchestration.project import DbtProcess
from orchestration.resources.target import hold_write
from orchestration.settings import get_settings
with hold_write(get_settings(), str(uuid.uuid4())):
    for event in DbtProcess(get_settings()).build(sys.argv[1:]):
        print(event.raw["data"]["node_info"]["node_status"], event.unique_id, flush=True)
"""
RECORD = "select table_name, content_hash from {} order by table_name"
Process = subprocess.Popen[str]
T = TypeVar("T")


@dataclass
class Home:
    """An installation on the sample exports."""

    folder: Path
    target: str
    variables: dict[str, str] = field(default_factory=dict[str, str])

    def start(self, code: str, *arguments: str, **variables: str) -> Process:
        """Start Python in this home; what it says comes as one text."""
        environment = {
            **os.environ,
            "HABITUE_HOME": str(self.folder),
            "HABITUE_TARGET": self.target,
            "HABITUE_SETTLE_SECONDS": "0",
            **self.variables,
            **variables,
        }
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env=environment,
            cwd=PROJECT_ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, **variables: str) -> tuple[int, str]:
        """`habitue run`: exit code and what was said."""
        return ended(self.start(RUN, **variables))

    def build(self, *models: str, **variables: str) -> tuple[int, str]:
        """Build some models: exit code and what was said."""
        return ended(self.start(BUILD, *models, **variables))

    def served(self) -> dict[str, str]:
        """The content hash of every table that readers see now, computed when it was published."""
        if self.target == "duckdb":
            file = str(self.folder / "published" / "habitue.duckdb")
            with duckdb.connect(file, read_only=True) as connection:
                return dict(connection.execute(RECORD.format("ops.publication")).fetchall())
        with self.connect() as connection:
            query = RECORD.format("serving.publication").encode()
            return dict(connection.execute(query).fetchall())

    def connect(self) -> psycopg.Connection:
        """The administrator's connection to the embedded server."""
        server = embedded_postgres(self.folder)
        return psycopg.connect(server.address(database=DATABASE), autocommit=True)

    def waiting_backend(self) -> int | None:
        """The server's process that works for dbt and waits for a lock, if there is one."""
        with self.connect() as connection:
            found = connection.execute(
                "select pid from pg_stat_activity where usename = 'habitue' "
                "and wait_event_type = 'Lock' and application_name like 'habitue:%'"
            ).fetchone()
        return found[0] if found else None

    def has_backend(self, process: int) -> bool:
        """Whether a process of the server is alive."""
        with self.connect() as connection:
            query = "select 1 from pg_stat_activity where pid = %s"
            return connection.execute(query, [process]).fetchone() is not None


def ended(process: Process) -> tuple[int, str]:
    """Wait for a process: exit code and what was said."""
    said, _ = process.communicate(timeout=600)
    return process.returncode, said


def eventually(look: Callable[[], T | None], seconds: float = 120) -> T:
    """What `look` gives once it gives something true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")
