"""A run that cannot even begin, because PostgreSQL is gone."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from post_office import PostOffice, plain_text

from orchestration.settings import PROJECT_ROOT, Settings

COMMAND = "import sys; from orchestration.cli import main; sys.argv = ['habitue', 'run']; main()"
BOUND_SECONDS = 30


@pytest.fixture
def silent_server() -> Iterator[int]:
    """A port where connections are taken and nothing is ever said."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def run(settings: Settings, postgres_port: int) -> subprocess.CompletedProcess[str]:
    """`habitue run` on PostgreSQL, given up after the time that the product promises."""
    return subprocess.run(
        [sys.executable, "-c", COMMAND],
        env={
            **os.environ,
            "HABITUE_HOME": str(settings.home),
            "HABITUE_TARGET": "postgres",
            "HABITUE_POSTGRES_ADDRESS": f"postgresql://habitue:horse@127.0.0.1:{postgres_port}/x",
            "HABITUE_SMTP_HOST": "127.0.0.1",
            "HABITUE_SMTP_PORT": str(settings.smtp_port),
            "HABITUE_SMTP_TLS": "none",
            "HABITUE_SMTP_FROM": settings.smtp_from,
            "HABITUE_ALERTS_TO": settings.alerts_to,
        },
        cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=BOUND_SECONDS, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("answers", [False, True], ids=["refused", "silent"])
def test_a_run_without_postgresql_ends_soon_with_one_mail(
    settings: Settings, open_office: PostOffice, silent_server: int, answers: bool
) -> None:
    done = run(settings, silent_server if answers else 1)
    assert done.returncode == 1, done.stderr
    (mail,) = open_office.taken
    assert mail["To"] == "data@shop.example"
    assert mail["Subject"].startswith(
        "habitue: The run of everything failed: PostgreSQL does not answer at habitue@127.0.0.1:"
    )
    text = plain_text(mail)
    assert "Nothing new is published." in text
    assert "What is served cannot be read: PostgreSQL does not answer, and nobody can" in text
    assert "`habitue run` is all that is needed" in text
    assert "horse" not in mail.as_string() + done.stdout + done.stderr
