"""Web server, daemon and code server as `habitue up` starts them: minutes, so in the long suite."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

from orchestration.resources.embedded_postgres import embedded_postgres
from orchestration.resources.reader_limits import PAUSE_SECONDS
from orchestration.resources.roles import READER_SECONDS
from orchestration.service_health import ask_health
from orchestration.services import Service, services
from orchestration.settings import PROJECT_ROOT, Settings

pytestmark = [pytest.mark.postgres, pytest.mark.faults]

HABITUE = [sys.executable, "-c", "from orchestration.cli import main; main()"]
PATIENCE_SECONDS = 600


@dataclass(frozen=True)
class Installation:
    """A home with the sample exports at hand, and its services."""

    settings: Settings

    def habitue(self, *command: str, **variables: str) -> str:
        """Run a command; gives what it said."""
        done = subprocess.run(
            [*HABITUE, *command],
            env={**os.environ, **self.variables, **variables},
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def variables(self) -> dict[str, str]:
        return {
            "HABITUE_HOME": str(self.settings.home),
            "HABITUE_TARGET": "postgres",
            "HABITUE_WEB_PORT": str(self.settings.web_port),
            "HABITUE_SETTLE_SECONDS": "0",
        }

    @property
    def processes(self) -> dict[str, int]:
        """The process of each running service."""
        held = {service.name: service.holder for service in services(self.settings)}
        return {name: lease.process for name, lease in held.items() if lease is not None}

    def runs(self) -> list[tuple[str, str]]:
        """Job and status of every run, oldest first."""
        server = embedded_postgres(self.settings.home)
        with psycopg.connect(server.address("orchestrator", "dagster")) as connection:
            rows = connection.execute("select pipeline_name, status from runs order by id")
            return [(str(job), str(status)) for job, status in rows]

    def land(self, source: str) -> None:
        """Let the samples of a source arrive."""
        samples = PROJECT_ROOT / "seeds" / "samples" / source
        shutil.copytree(samples, self.settings.landing_folder / source, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    # Not pytest's folder: root's server runs under another account and must get to its data.
    home = Path(tempfile.mkdtemp(prefix="habitue-up-"))
    port = 20_000 + os.getpid() % 20_000
    found = Installation(Settings(home=home, target="postgres", web_port=port))
    try:
        found.habitue("up")
        yield found
    finally:
        found.habitue("down")
        shutil.rmtree(home)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(1)


def test_up_again_changes_nothing(installation: Installation) -> None:
    before = installation.processes
    assert set(before) == {"code", "daemon", "web"}
    installation.habitue("up")
    assert installation.processes == before
    assert ask_health(installation.settings.web_port).is_ready(0.0)


def test_the_web_server_listens_on_loopback_alone(installation: Installation) -> None:
    web = psutil.Process(installation.processes["web"])
    listening = [c.laddr.ip for c in web.net_connections() if c.status == psutil.CONN_LISTEN]
    assert set(listening) == {"127.0.0.1"}


def test_a_killed_daemon_is_started_again_by_up_and_the_others_are_left(
    installation: Installation,
) -> None:
    before = installation.processes
    psutil.Process(before["daemon"]).kill()
    wait_until(lambda: "daemon" not in installation.processes)
    assert "daemon     not running" in installation.habitue("status")
    installation.habitue("up")
    after = installation.processes
    assert after.pop("daemon") != before.pop("daemon")
    assert after == before


def test_the_daemon_ends_what_readers_run_for_too_long_and_puts_their_password_back(
    installation: Installation,
) -> None:
    installation.habitue("postgres", "roles", HABITUE_PASSWORD_BI_READER="given")
    address = embedded_postgres(installation.settings.home).loopback_address("bi_reader", "habitue")
    with psycopg.connect(address, password="given", autocommit=True) as reader:
        reader.execute("set default_transaction_read_only = off")
        reader.execute("alter role bi_reader password 'another'")
        reader.execute("set statement_timeout = 0")
        began = time.monotonic()
        with pytest.raises(psycopg.errors.AdminShutdown):
            reader.execute("select pg_sleep(300)")
    assert READER_SECONDS <= time.monotonic() - began < READER_SECONDS + 3 * PAUSE_SECONDS
    psycopg.connect(address, password="given").close()
    said = Service(installation.settings, "daemon").log.read_text()
    assert "a session of bi_reader was ended" in said
    assert "bi_reader changed the password of its login" in said


def test_a_landed_file_starts_its_source_and_a_killed_worker_is_made_up_for_once(
    installation: Installation,
) -> None:
    installation.land("cashmere")
    code = Service(installation.settings, "code")
    wait_until(lambda: ("cashmere", "STARTED") in installation.runs())
    worker = max(code.processes(), key=lambda process: process.create_time())
    worker.kill()
    finished = [("cashmere", "FAILURE"), ("cashmere", "SUCCESS")]
    wait_until(lambda: installation.runs() == finished)


def test_down_ends_every_process_and_the_server(installation: Installation) -> None:
    ours = [
        process for service in services(installation.settings) for process in service.processes()
    ]
    assert ours
    installation.habitue("down")
    assert installation.processes == {}
    assert [process for process in ours if process.is_running()] == []
    assert not embedded_postgres(installation.settings.home).is_running
    assert "not running" in installation.habitue("down")
