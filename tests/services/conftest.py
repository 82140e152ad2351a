"""An installation on a PostgreSQL server of its own, with Dagster's storage on it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from embedded import embedded_server

from orchestration.instance import open_instance
from orchestration.resources.embedded_postgres import EmbeddedPostgres
from orchestration.settings import Settings, get_settings

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="package")
def server() -> Iterator[EmbeddedPostgres]:
    with embedded_server() as server:
        yield server


@pytest.fixture
def settings(server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The settings that the daemon and its children would read, schedules running unasked."""
    monkeypatch.setenv("HABITUE_HOME", str(server.folder.parent))
    monkeypatch.setenv("HABITUE_TARGET", "postgres")
    monkeypatch.setenv("HABITUE_AUTOMATION", "true")
    for variable in ("HABITUE_ORCHESTRATOR_URL", "DAGSTER_HOME"):
        monkeypatch.setenv(variable, "")
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance with no run and no schedule in it."""
    with open_instance(settings) as instance:
        instance.wipe()
        instance.wipe_all_schedules()
        yield instance
