"""When readers are warned that the data have grown old."""

from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest

from orchestration.checks import freshness
from orchestration.settings import Settings
from orchestration.summary import PublishedFacts

LONG_AGO = PublishedFacts("2020-01-31", datetime(2020, 2, 1), "a run", 16, 3, 2, 4, "10.00")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(freshness, "published_facts", lambda _settings: LONG_AGO)
    return Settings(home=tmp_path)


def ask(settings: Settings) -> dg.AssetCheckResult:
    result = freshness.freshness_check(settings)()
    assert isinstance(result, dg.AssetCheckResult)
    return result


def test_old_data_are_a_warning(settings: Settings) -> None:
    assert not ask(settings).passed


def test_a_demo_does_not_grow_old(settings: Settings) -> None:
    settings.demo_folder.mkdir(parents=True)
    result = ask(settings)
    assert result.passed
    assert result.description == "data up to 2020-01-31"
