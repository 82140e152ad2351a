"""Whether web server, daemon and code location work, found out without importing any of them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestration.resources.lease import read_lock
from orchestration.resources.letter import one_line, without_addresses
from orchestration.service_health import ask_health
from orchestration.settings import PROJECT_ROOT, Settings

SERVICES = ("daemon", "web")
IMPORT_SECONDS = 180
RESTART = "`habitue up` starts them; no schedule or sensor works until then."


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong. The name makes it one: a mail a day for each."""

    name: str
    text: str
    remedy: str


def services_expected(settings: Settings) -> bool:
    """Whether web server and daemon should run: as set, else when they were started.

    `habitue down` takes the lock files away; a crash leaves them.
    """
    if settings.watch_services is not None:
        return settings.watch_services
    return any(_lock(settings, name).exists() for name in SERVICES)


def service_troubles(settings: Settings) -> Iterator[Trouble]:
    """What is wrong with the services and with the code that they load.

    The web server is asked; without its answer the code is loaded in a child.
    """
    gone = [name for name in SERVICES if read_lock(_lock(settings, name)) is None]
    for name in gone:
        text = f"the Dagster {_TITLES[name]} does not run"
        yield Trouble(_TITLES[name], text, RESTART)
    health = ask_health(settings.web_port)
    if not health.answers and "web" not in gone:
        text = f"the Dagster web server does not answer on port {settings.web_port}"
        yield Trouble(_TITLES["web"], text, f"Its log is {_lock(settings, 'web').parent}/web.log.")
    if health.unhealthy and "daemon" not in gone:
        text = f"the Dagster daemon gives no sign of life: {', '.join(health.unhealthy)}"
        yield Trouble(_TITLES["daemon"], text, RESTART)
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
            env={**os.environ, "HABITUE_HOME": str(settings.home)},
            capture_output=True,
            text=True,
            timeout=IMPORT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"loading them takes over {IMPORT_SECONDS} s"
    return done.stderr or f"code {done.returncode}" if done.returncode else None


_TITLES = {"daemon": "daemon", "web": "web server"}


def _lock(settings: Settings, name: str) -> Path:
    return settings.home / "services" / f"{name}.lock"


def _last_line(text: str) -> str:
    """Where a trace says what went wrong."""
    return without_addresses(one_line(text.strip().splitlines()[-1]))
