"""Whole runs in homes of their own, shared by the tests that look at what came out."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.demo.generate import generate
from orchestration.ingest.load import ingest_entity, load_contracts, prepare_warehouse
from orchestration.settings import Settings

# The independent calculator lies beside the test folders.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

ORDER_LINES = 3_000


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
        variables = {"HABITUE_HOME": str(self.folder)}
        done = subprocess.run(
            [Path(sys.executable).with_name("habitue"), "run", *arguments],
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

    def rows(self, sql: str) -> list[tuple]:
        """Rows of the published file."""
        with duckdb.connect(str(self.published), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def private_rows(self, sql: str) -> list[tuple]:
        """Rows of the build file."""
        with duckdb.connect(str(self.build), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def hashes(self) -> dict[str, str]:
        """Content hash of every published table, independent of row order."""
        return dict(self.rows("select table_name, content_hash from ops.publication order by 1"))


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small set of exports of both systems (landing/) with its truth (truth/)."""
    folder = tmp_path_factory.mktemp("generated")
    generate(
        folder / "landing",
        folder / "truth",
        order_lines=ORDER_LINES,
        seed=20260630,
        end_date=date(2026, 6, 30),
    )
    return folder


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Home]:
    """Makes empty homes that share one pseudonym key, so that their rows can be compared."""

    def make(name: str) -> Home:
        home = Home(tmp_path_factory.mktemp(name))
        key = home.folder / "secrets" / "pseudonym.key"
        key.parent.mkdir(mode=0o700)
        key.write_text("a key for tests only, of some forty characters\n")
        key.chmod(0o600)
        home.landing.mkdir()
        return home

    return make


@pytest.fixture(scope="session")
def loaded(generated: Path, new_home: Callable[[str], Home]) -> Iterator[Home]:
    """A home after one run on the generated exports."""
    home = new_home("loaded")
    shutil.copytree(generated / "landing", home.landing, dirs_exist_ok=True)
    home.run()
    yield home
