"""The look from outside Dagster, on homes that are well and homes that are not."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from post_office import PostOffice, plain_text

from orchestration.resources.lease import hold_lock
from orchestration.services import Service
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.watchdog import look

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def publish(settings: Settings, published_at: datetime, as_of: str) -> None:
    """Write a published file with one order, as the watchdog reads it."""
    settings.published_file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.published_file)) as file:
        file.execute("create schema ops; create schema golden_customer; create schema marts")
        file.execute(
            "create table ops.publication as select 'run-0' as run_id, "
            f"date '{as_of}' as as_of, timestamp '{published_at:%Y-%m-%d %H:%M:%S}' as published_at"
        )
        file.execute("create table golden_customer.golden_customers as select 1 as order_count")
        file.execute(
            "create table marts.sales_daily as select 1 as order_count, "
            "cast(9.5 as decimal(18, 2)) as net_amount"
        )


@pytest.fixture
def fresh(settings: Settings) -> Settings:
    """A home that was published seven hours ago, with yesterday's data."""
    publish(settings, NOW - timedelta(hours=7), "2026-03-01")
    return settings


@contextmanager
def web_server(answer: dict[str, Any]) -> Iterator[int]:
    """Dagster's web server as far as the watchdog asks it; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps({"data": answer}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answer(*, daemon_is_healthy: bool = True, load_error: str | None = None) -> dict[str, Any]:
    entry = {
        "loadStatus": "LOADED",
        "locationOrLoadError": {"message": load_error} if load_error else {},
    }
    status = {
        "daemonType": "SCHEDULER",
        "required": True,
        "healthy": daemon_is_healthy,
        "lastHeartbeatTime": 1.0,
    }
    return {
        "workspaceOrError": {"locationEntries": [entry]},
        "instance": {"daemonHealth": {"allDaemonStatuses": [status]}},
    }


@contextmanager
def services(settings: Settings, *names: str) -> Iterator[None]:
    """The locks of running services."""
    with ExitStack() as held:
        for name in names:
            held.enter_context(hold_lock(settings.home / "services" / f"{name}.lock", name))
        yield


def test_a_home_that_is_well_is_left_alone(fresh: Settings, open_office: PostOffice) -> None:
    findings = look(fresh, NOW)
    assert findings.is_well, findings.line
    assert "all is well, published" in findings.line
    assert open_office.taken == []


def test_a_daemon_that_is_dead_for_two_days_is_noticed_by_the_age_of_the_marts(
    settings: Settings, open_office: PostOffice
) -> None:
    publish(settings, NOW - timedelta(days=2, hours=7), "2026-02-27")
    findings = look(settings, NOW)
    assert not findings.is_well
    assert "published 2 days ago, 26 h are allowed" in findings.line
    (mail,) = open_office.taken
    assert mail["Subject"].startswith("habitue: The marts are late: published 2 days ago")
    assert "`habitue run` publishes what has landed" in plain_text(mail)


def test_late_marts_are_one_mail_a_day(settings: Settings, open_office: PostOffice) -> None:
    publish(settings, NOW - timedelta(days=2), "2026-02-27")
    for hours in (0, 1, 5, 12):
        look(settings, NOW + timedelta(hours=hours))
    assert len(open_office.taken) == 1
    look(settings, NOW + timedelta(hours=20))
    assert len(open_office.taken) == 2


def test_runs_that_publish_the_same_old_days_are_late_too(
    settings: Settings, open_office: PostOffice
) -> None:
    publish(settings, NOW - timedelta(hours=7), "2026-02-20")
    assert "2026-02-20, 10 days ago: have exports stopped?" in look(settings, NOW).line
    assert len(open_office.taken) == 1


def test_a_home_that_never_published_is_late(settings: Settings, open_office: PostOffice) -> None:
    assert "nothing was ever published" in look(settings, NOW).line
    assert "there is nothing to read" in plain_text(open_office.taken[0])


def test_the_allowed_age_is_a_setting(fresh: Settings) -> None:
    strict = fresh.model_copy(update={"published_within": 6.0, "smtp_host": None})
    assert "6 h are allowed" in look(strict, NOW).line


def test_services_that_were_started_and_are_gone_are_troubles(
    fresh: Settings, open_office: PostOffice
) -> None:
    with services(fresh, "daemon", "web"), web_server(answer()) as port:
        running = fresh.model_copy(update={"web_port": port})
        assert look(running, NOW).is_well
    with services(fresh, "web"), web_server(answer()) as port:
        halved = fresh.model_copy(update={"web_port": port})
        for minutes in (0, 15, 30):
            line = look(halved, NOW + timedelta(minutes=minutes)).line
            assert line == "the Dagster daemon does not run"
    (mail,) = open_office.taken
    assert mail["Subject"] == "habitue: the Dagster daemon does not run"
    assert "`habitue up`" in plain_text(mail)


def test_a_daemon_that_hangs_is_known_by_its_heartbeat(fresh: Settings) -> None:
    silent = fresh.model_copy(update={"smtp_host": None})
    with (
        services(silent, "daemon", "web"),
        web_server(answer(daemon_is_healthy=False)) as port,
    ):
        line = look(silent.model_copy(update={"web_port": port}), NOW).line
    assert "the Dagster daemon gives no sign of life: SCHEDULER" in line


def test_definitions_that_the_web_server_cannot_load_are_a_mail(
    fresh: Settings, open_office: PostOffice
) -> None:
    error = "Traceback\nModuleNotFoundError: No module named 'oops'\n"
    with services(fresh, "daemon", "web"), web_server(answer(load_error=error)) as port:
        look(fresh.model_copy(update={"web_port": port}), NOW)
    (mail,) = open_office.taken
    assert "do not load: ModuleNotFoundError: No module named 'oops'" in mail["Subject"]


def test_without_a_web_server_the_definitions_are_loaded_in_a_child(fresh: Settings) -> None:
    """This home has no manifest, so that the real definitions cannot be loaded in it."""
    expecting = fresh.model_copy(update={"smtp_host": None, "watch_services": True, "web_port": 1})
    line = look(expecting, NOW).line
    assert "the Dagster web server does not run" in line
    assert "do not load: orchestration.project.ManifestMissing: " in line


def test_services_that_were_stopped_or_nobody_expects_are_not_missed(fresh: Settings) -> None:
    silent = fresh.model_copy(update={"smtp_host": None, "web_port": 1})
    with services(silent, "daemon"):
        pass
    assert "the Dagster daemon does not run" in look(silent, NOW).line
    assert look(silent.model_copy(update={"watch_services": False}), NOW).is_well
    Service(silent, "daemon").stop()
    assert look(silent, NOW).is_well


def test_a_postgresql_that_is_down_is_said_from_the_outbox_file(
    settings: Settings, open_office: PostOffice
) -> None:
    down = Settings.model_validate(
        {
            **settings.model_dump(),
            "target": "postgres",
            "postgres_address": "postgresql://habitue:secret@127.0.0.1:1/habitue",
        }
    )
    findings = look(down, NOW)
    assert "what is published cannot be read: PostgreSQL does not answer" in findings.line
    (mail,) = open_office.taken
    assert "secret" not in mail.as_string()


def test_mails_that_wait_go_out_with_the_next_look(
    fresh: Settings, post_office: PostOffice
) -> None:
    old = fresh.model_copy(update={"published_within": 1.0})
    findings = look(old, NOW)
    assert any("waits" in warning for warning in findings.mail_warnings)
    assert post_office.taken == []
    from orchestration.resources.mailer import deliver
    from orchestration.resources.outbox import outbox_in

    with post_office.opened():
        deliver(fresh, outbox_in(fresh.home), at_once=True)
        assert look(fresh, NOW).is_well
    assert len(post_office.taken) == 1


def test_the_command_says_it_in_one_line_and_by_its_exit_code(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.cli import main
    from orchestration.settings import get_settings

    monkeypatch.setenv("HABITUE_HOME", str(settings.home))
    get_settings.cache_clear()
    try:
        now = datetime.now(UTC)
        result = CliRunner().invoke(main, ["watchdog"])
        assert result.exit_code == 1
        assert result.output.count("\n") == 1
        assert "nothing was ever published" in result.output
        publish(settings, now, now.date().isoformat())
        result = CliRunner().invoke(main, ["watchdog"])
        assert result.exit_code == 0, result.output
        assert "all is well" in result.output
    finally:
        get_settings.cache_clear()


def test_the_watchdog_imports_neither_dagster_nor_dbt(tmp_path: Path) -> None:
    code = (
        "import sys; from click.testing import CliRunner; from orchestration.cli import main; "
        "result = CliRunner().invoke(main, ['watchdog']); print(result.output); "
        "print(sorted({'dagster', 'dbt', 'pandas', 'jinja2'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"HABITUE_HOME": str(tmp_path), "PATH": ""},
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "nothing was ever published" in done.stdout, done.stderr
    assert done.stdout.strip().endswith("[]")
