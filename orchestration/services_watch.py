"""Whether web server, daemon and code location work, found out without importing any of them."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.permissions import without_key
from orchestration.resources.lease import read_lock
from orchestration.resources.letter import one_line, without_addresses
from orchestration.service_health import SERVICES, ask_health
from orchestration.settings import PROJECT_ROOT, Settings

IMPORT_SECONDS = 180
RESTART = "`habitue up` starts them; no schedule or sensor works until then."


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong. The name makes it one: a mail a day for each."""

    name: str
    text: str
    remedy: str


def services_expected(settings: Settings) -> list[str]:
    """The services that should run: as set, else those that were started and not stopped.

    `habitue down` empties a service's lock file; a crash leaves its process named there.
    """
    if settings.watch_services is False:
        return []
    files = sorted(_folder(settings).glob("*.lock"))
    started = [file.stem for file in files if file.stat().st_size]
    return list(dict.fromkeys([*started, *(SERVICES if settings.watch_services else ())]))


def service_troubles(settings: Settings, expected: Sequence[str]) -> Iterator[Trouble]:
    """What is wrong with the services and with the code that they load.

    The web server is asked; without its answer the code is loaded in a child.
    """
    gone = [name for name in expected if read_lock(_folder(settings) / f"{name}.lock") is None]
    for name in gone:
        yield Trouble(_title(name), f"the Dagster {_title(name)} does not run", RESTART)
    health = ask_health(settings.web_port)
    if not health.answers and "web" not in gone:
        text = f"the Dagster web server does not answer on port {settings.web_port}"
        yield Trouble(_title("web"), text, f"Its log is {_folder(settings)}/web.log.")
    if health.unhealthy and "daemon" not in gone:
        text = f"the Dagster daemon gives no sign of life: {', '.join(health.unhealthy)}"
        yield Trouble(_title("daemon"), text, RESTART)
    fault = health.load_error if health.answers else import_fault(settings)
    if fault:
        yield Trouble(
            "code location",
            f"the Dagster definitions do not load: {_last_line(fault)}",
            "Correct what it names, then restart the services; `habitue check` looks at the rest.",
        )


def import_fault(settings: Settings) -> str | None:
    """Why the definitions cannot be loaded, tried in a child process; None when they can."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", "import orchestration.definitions"],
            cwd=PROJECT_ROOT,
            env={**without_key(os.environ), "HABITUE_HOME": str(settings.home)},
            capture_output=True,
            text=True,
            timeout=IMPORT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"loading them takes over {IMPORT_SECONDS} s"
    return done.stderr or f"code {done.returncode}" if done.returncode else None


def _title(name: str) -> str:
    return {"code": "code server", "web": "web server"}.get(name, name)


def _folder(settings: Settings) -> Path:
    return settings.home / "services"


def _last_line(text: str) -> str:
    """Where a trace says what went wrong."""
    return without_addresses(one_line(text.strip().splitlines()[-1]))
