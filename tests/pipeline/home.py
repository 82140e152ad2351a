"""An installation of its own, driven from outside as a user would."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingest.load import ingest_entity, load_contracts, prepare_warehouse
from orchestration.settings import Settings


@dataclass(frozen=True)
class Home:
    """One installation: its state folder and its landing folder."""

    folder: Path

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def published(self) -> Path:
        return self.folder / "published" / "habitue.duckdb"

    @property
    def build(self) -> Path:
        return self.folder / "warehouse" / "habitue_build.duckdb"

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run `habitue run` and give what it printed."""
        return self._habitue("run", *arguments, expect=expect)

    def status(self) -> str:
        """What `habitue status` prints."""
        return self._habitue("status")

    def _habitue(self, *arguments: str, expect: int = 0) -> str:
        variables = {"HABITUE_HOME": str(self.folder)}
        done = subprocess.run(
            [Path(sys.executable).with_name("habitue"), *arguments],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout

    def ingest(self) -> None:
        """Only load what has landed, as the first steps of a run do."""
        settings = Settings(home=self.folder, settle_seconds=0)
        prepare_warehouse(settings)
        for source, entity in load_contracts():
            ingest_entity(settings, source, entity, run_id="test", progress=lambda _: None)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the published file."""
        with duckdb.connect(str(self.published), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def private_rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the build file."""
        with duckdb.connect(str(self.build), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def hashes(self) -> dict[str, str]:
        """Content hash of every published table, independent of row order."""
        return dict(self.rows("select table_name, content_hash from ops.publication order by 1"))
