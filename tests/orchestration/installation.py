"""A home with exports in it, and what runs in it did."""

import io
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import duckdb
from rich.console import Console

from orchestration.settings import Settings

REFUSED = "tickets_20251104.csv"


@dataclass
class Installation:
    """A home folder with a landing folder of its own."""

    settings: Settings
    outputs: list[str] = field(default_factory=list)

    def run(self, job_name: str = "everything") -> tuple[bool, str]:
        """Run a job as the command line does; gives success and what was printed."""
        from orchestration.commands import run_job

        text = io.StringIO()
        success = run_job(self.settings, job_name, Console(file=text, width=400))
        return success, text.getvalue()

    def run_of_anybody(self) -> tuple[bool, str]:
        """The same where the umask keeps nobody out, below the command line's outermost place."""
        from orchestration.cli import Sentences

        done: list[tuple[bool, str]] = []
        command = click.Command("run", callback=lambda: done.append(self.run()))
        before = os.umask(0)
        try:
            Sentences(commands={"run": command}).main(["run"], standalone_mode=False)
        finally:
            os.umask(before)
        return done[0]

    def modes(self) -> dict[str, int]:
        """By path the permissions of every file and folder; not of what was uploaded."""
        home, uploaded = self.settings.home, self.settings.landing_folder
        return {
            path.relative_to(home).as_posix(): stat.S_IMODE(path.lstat().st_mode)
            for path in home.rglob("*")
            if uploaded not in path.parents
        }

    def published(self, sql: str) -> list[tuple]:
        """Rows of the published file."""
        file = str(self.settings.published_file)
        with duckdb.connect(file, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def built(self, sql: str) -> list[tuple]:
        """Rows of the build file."""
        with duckdb.connect(str(self.settings.build_file)) as connection:
            return connection.execute(sql).fetchall()

    def hashes(self) -> dict[str, str]:
        """The content hash of every published table."""
        return dict(self.published("select table_name, content_hash from ops.publication"))

    def plant_refused_file(self) -> Path:
        """Land a ticket file that lacks a column of the contract."""
        path = self.settings.landing_folder / "cashmere" / REFUSED
        path.write_text("ticket_id;store_code\nT1;P01\n", encoding="cp1252")
        path.with_name(path.name + ".done").touch()
        return path


@dataclass(frozen=True)
class FirstRun:
    """The first run on the samples, and what it published."""

    home: Installation
    success: bool
    output: str
    hashes: dict[str, str]
    modes: dict[str, int]
    """By path in the home folder the permissions of every file and folder."""
    report: Mapping[str, Any]
    status: str


@dataclass(frozen=True)
class Failure:
    """A run on a refused ticket file, and then the same run carried on without it."""

    success: bool
    output: str
    steps: dict[str, str]
    published_bytes_are_the_same: bool
    reader_rows: list[tuple]
    mended_success: bool
    mended_steps: set[str]
