"""Whole runs in homes of their own, shared by the tests that look at what came out."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pipeline.home import Home

from orchestration.demo.generate import generate

ORDER_LINES = 3_000


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
        key.write_text("fd6fb6dc2c7b8ce4f2a1c8b93ff6f8a09c3b2a4c\n")
        key.chmod(0o600)
        home.landing.mkdir()
        return home

    return make


@pytest.fixture(scope="session")
def loaded(generated: Path, new_home: Callable[[str], Home]) -> Home:
    """A home after one run on the generated exports."""
    home = new_home("loaded")
    shutil.copytree(generated / "landing", home.landing, dirs_exist_ok=True)
    home.run()
    return home
