"""A held file as its owner sees it, from the run that finds it to the run that loads it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from alerts.post_office import PostOffice, plain_text
from click.testing import CliRunner
from installation import Installation
from rich.console import Console

from orchestration.ingest.ledger import Entry, record
from orchestration.ingest.load import prepare_warehouse
from orchestration.resources.warehouse import DuckDBWarehouse
from orchestration.settings import PROJECT_ROOT, Settings, get_settings
from orchestration.summary import read_last_run

HELD, FRIDAY = "ticket_lines_20251031.csv", datetime(2025, 10, 31)
REASON = (
    f"{HELD}: HELD: it has 38 rows, where the median of the last 5 of a Friday is 100; send it "
    "again whole, or `habitue landing accept` it if that is all there is"
)
OWNER = "stores@shop.fr"


def know_fridays(settings: Settings) -> None:
    """Five Fridays of 100 ticket lines each in the ledger, as if all of them were known before."""
    prepare_warehouse(settings)
    with DuckDBWarehouse(settings.build_file).session() as session:
        for week in range(1, 6):
            moment = FRIDAY - timedelta(weeks=week)
            entry = Entry("cashmere", "ticket_lines", f"known_{week}", "loaded", exported_at=moment)
            entry.rows_seen = entry.rows_exact_duplicate = 100
            record(session, week, entry, "run-0", moment)


def run_tills() -> tuple[bool, str]:
    """The run of the tills in a process of its own: a process has the graph of one home."""
    command = [sys.executable, "-c", "from orchestration.cli import main; main()"]
    done = subprocess.run(
        [*command, "run", "--source", "cashmere"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0, done.stdout + done.stderr


def status(home: Installation) -> str:
    from orchestration.commands import show_status

    said = StringIO()
    show_status(home.settings, Console(file=said, width=400))
    return said.getvalue()


@pytest.fixture
def office() -> PostOffice:
    return PostOffice()


@pytest.fixture
def shop(
    tmp_path: Path, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    """The tills' first exports in a home of their own, whose owner has a mail server."""
    folder = tmp_path / "home"
    samples = PROJECT_ROOT / "seeds" / "samples" / "cashmere"
    later = shutil.ignore_patterns("*_20251103.csv")
    shutil.copytree(samples, folder / "landing" / "cashmere", ignore=later)
    variables = {
        "HOME": folder,
        "SETTLE_SECONDS": 0,
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": office.port,
        "SMTP_TLS": "none",
        "SMTP_FROM": "habitue@shop.fr",
        "ALERTS_TO": "rest@shop.fr",
        "ALERTS_OWNERS": f"team:customer-data={OWNER}",
    }
    for name, value in variables.items():
        monkeypatch.setenv(f"HABITUE_{name}", str(value))
    get_settings.cache_clear()
    from orchestration.project import ensure_manifest

    ensure_manifest(get_settings())
    know_fridays(get_settings())
    yield Installation(get_settings())
    get_settings.cache_clear()


def test_a_held_file_is_told_to_its_owner_and_loads_once_a_person_accepts_it(
    shop: Installation, office: PostOffice
) -> None:
    from orchestration.cli import main

    with office.opened():
        success, said = run_tills()
    assert not success
    assert REASON in said
    report = read_last_run(shop.settings)
    assert report is not None
    assert any(REASON in failure for step in report["steps"] for failure in step["failures"])
    (mail,) = office.taken
    assert mail["To"] == OWNER
    assert "raw.cashmere_ticket_lines" in mail["Subject"]
    assert " ".join(REASON.split()) in " ".join(plain_text(mail).split())
    assert REASON in status(shop)

    accepted = CliRunner().invoke(main, ["landing", "accept", HELD])
    assert accepted.exit_code == 0, accepted.output
    assert "Held" not in status(shop)
    success, said = run_tills()
    assert success, said
    loaded = f"select rows_seen from ops.files where file_name = '{HELD}' and state = 'loaded'"
    assert shop.built(loaded) == [(38,)]
    assert "HELD" not in said + status(shop)
    assert CliRunner().invoke(main, ["landing", "list"]).output.startswith("nothing waits")
