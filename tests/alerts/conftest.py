"""A home whose mails go to a server on loopback."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from post_office import PostOffice

from orchestration.resources.letter import Alert, Cause
from orchestration.resources.outbox import Outbox
from orchestration.settings import Settings


class Clock:
    """A time that only the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **length: float) -> None:
        self.now += timedelta(**length)


@pytest.fixture
def post_office() -> PostOffice:
    """A mail server that is still closed."""
    return PostOffice()


@pytest.fixture
def open_office(post_office: PostOffice) -> Iterator[PostOffice]:
    """A mail server that answers."""
    with post_office.opened():
        yield post_office


@pytest.fixture
def settings(tmp_path: Path, post_office: PostOffice) -> Settings:
    """An empty home that knows the mail server."""
    return Settings(
        home=tmp_path / "home",
        smtp_host="127.0.0.1",
        smtp_port=post_office.port,
        smtp_tls="none",
        smtp_from="habitue@shop.example",
        smtp_timeout=5,
        alerts_to="data@shop.example",
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(settings: Settings, clock: Clock) -> Outbox:
    return Outbox(settings.home / "outbox.sqlite", clock)


@pytest.fixture
def alert() -> Alert:
    """A failed gate."""
    return Alert(
        kind="run",
        period="run-1",
        title="Gate raw_cashmere failed on raw.cashmere_tickets: nothing new is published",
        causes=[Cause("gate raw_cashmere, table raw.cashmere_tickets", ["a column is missing"])],
        effects=["Still served: data as of 2026-03-01, published 25 h ago."],
        next_steps=["Send the export again."],
        link="http://127.0.0.1:3000/runs/run-1",
    )
