"""The services of an installation: Dagster's code server, daemon and web server.

The code server holds the definitions and starts a process for each run; daemon and web server
share it. Left to themselves, each of them would start one of its own, and start it anew whenever
the machine is too busy to answer for some seconds.

A service holds a lock file as long as it lives, whoever started it: `habitue up`, systemd or a
terminal. Its processes carry its name and its home in their environment, which is how they are
found again even when the service itself was killed.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from orchestration.permissions import KEY_VARIABLE, without_key
from orchestration.resources.lease import Lease, LockTaken, hold_lock, read_lock
from orchestration.resources.replacing import rename
from orchestration.service_health import SERVICES, Health, ask_health, port_is_taken
from orchestration.settings import PROJECT_ROOT, Settings, get_settings

SERVICE_VARIABLE = "HABITUE_SERVICE"
START_SECONDS = 300
CODE_SECONDS = 120
LONGEST_SOCKET_NAME = 100
GRACE_SECONDS = 20
LARGEST_LOG_BYTES = 5_000_000
LAST_LINES = 15


class ServiceFailed(RuntimeError):
    """A service does not start or does not end; the message says what it said, and the remedy."""


class AlreadyServing(RuntimeError):
    """The service runs already; the message says in which process."""


@dataclass(frozen=True)
class Service:
    """One service of one installation."""

    settings: Settings
    name: str

    @property
    def folder(self) -> Path:
        """Where lock and log lie."""
        return self.settings.home / "services"

    @property
    def lock(self) -> Path:
        """The file that the running service holds; it names its process."""
        return self.folder / f"{self.name}.lock"

    @property
    def log(self) -> Path:
        """What the service says when it was started in the background."""
        return self.folder / f"{self.name}.log"

    @property
    def socket(self) -> Path:
        """The Unix socket of the code server; as private as the folder it lies in."""
        return self.folder / "code.sock"

    @property
    def holder(self) -> Lease | None:
        """The running service's process and since when, or None."""
        return read_lock(self.lock)

    def processes(self) -> list[psutil.Process]:
        """Every process that belongs to the service: its code server and its runs as well."""
        mark = (self.name, str(self.settings.dagster_home))
        return [found for found in psutil.process_iter() if _mark(found) == mark]

    def start(self) -> subprocess.Popen[bytes] | None:
        """Start the service in the background; None when it runs already."""
        if self.holder is not None:
            return None
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG_BYTES:
            rename(self.log, self.log.with_suffix(".log.1"), "service_log")
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, "service", self.name],
                env={**self._inherited(), **self.environment()},
                cwd=PROJECT_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def environment(self) -> dict[str, str]:
        """What marks the service's processes, and switches schedules and sensors on."""
        marks = {
            SERVICE_VARIABLE: self.name,
            "DAGSTER_HOME": str(self.settings.dagster_home),
            "HABITUE_HOME": str(self.settings.home),
            "HABITUE_TARGET": self.settings.target,
        }
        chosen = self.settings.automation is not None
        return marks if chosen else {**marks, "HABITUE_AUTOMATION": "true"}

    def _inherited(self) -> dict[str, str]:
        """Of this process's environment what the service needs: the key, where runs start."""
        return dict(os.environ) if self.name == "code" else without_key(os.environ)

    def stop(self) -> list[int]:
        """End the service and everything that it started; gives the processes that were ended.

        Raises:
            ServiceFailed: a process survives even the hard end.
        """
        ended = self.processes()
        if (holder := self.holder) is not None and psutil.pid_exists(holder.process):
            main = psutil.Process(holder.process)
            ended = [main, *(process for process in ended if process != main)]
            _end([main])
        _end(self.processes())
        if left := self.processes():
            raise ServiceFailed(f"processes {[process.pid for process in left]} cannot be ended")
        if self.lock.is_file():
            # A crash leaves the process named in it, and the watchdog then misses the service.
            self.lock.write_text("")
        return [process.pid for process in ended]

    def last_words(self) -> str:
        """The end of the log."""
        if not self.log.exists():
            return ""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LAST_LINES:])


_PROGRAM = "from orchestration.cli import main; main()"


def services(settings: Settings) -> tuple[Service, ...]:
    """The services, in the order in which they start."""
    return tuple(Service(settings, name) for name in SERVICES)


def start_services(settings: Settings) -> Health:
    """Start what does not run yet, and wait until the web server answers and the daemon works.

    Raises:
        ServiceFailed: a service ended or is not ready in time; what was started is stopped again.
    """
    if Service(settings, "web").holder is None and port_is_taken(settings.web_port):
        raise ServiceFailed(
            f"port {settings.web_port} of 127.0.0.1 is taken by another program; "
            "end it, or choose another in HABITUE_WEB_PORT"
        )
    started = [(service, service.start()) for service in services(settings)]
    new = [(service, process) for service, process in started if process is not None]
    try:
        return _wait(settings, new)
    except BaseException:
        for service, _ in new:
            service.stop()
        raise


def serve(settings: Settings, name: str) -> None:
    """Be a service in this process until it is told to end.

    Raises:
        AlreadyServing: the service runs already.
        PostgresUnreachable: the server does not answer or refuses a login.
    """
    from orchestration.instance import prepare_instance
    from orchestration.project import ensure_manifest

    service = Service(settings, name)
    if name != "code" and KEY_VARIABLE in os.environ:
        # A service manager gave it; only a new start takes it out of what /proc shows.
        program = [sys.executable, "-c", _PROGRAM, "service", name]
        os.execve(sys.executable, program, without_key(os.environ))  # noqa: S606
    service.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ.update(service.environment())
    get_settings.cache_clear()  # the definitions are loaded in this process, by what is set now
    try:
        with hold_lock(service.lock, name):
            ensure_manifest(settings)
            prepare_instance(settings)
            if name != "code":
                _wait_for_code(service)
            if name == "daemon":
                _close_what_died(settings)
                _look_after_readers(settings)
            _become(service)
    except LockTaken as taken:
        raise AlreadyServing(
            f"the {name} service runs already, in process {taken.holder.process} since "
            f"{taken.holder.since}; `habitue down` ends it"
        ) from None


def _close_what_died(settings: Settings) -> None:
    """Start-up reconciliation: runs whose process ended with the machine stand in no one's way.

    A queued run has no process yet; it stays queued and starts now.
    """
    from dagster import DagsterRunStatus

    from orchestration.instance import close_dead_runs, open_instance

    statuses = (
        DagsterRunStatus.STARTING,
        DagsterRunStatus.STARTED,
        DagsterRunStatus.CANCELING,
    )
    with open_instance(settings) as instance:
        for run_id in close_dead_runs(instance, statuses):
            sys.stderr.write(f"run {run_id} had died; it is marked as ended\n")


def _look_after_readers(settings: Settings) -> None:
    if settings.target == "postgres":
        from orchestration.resources.reader_limits import keep_looking_after_readers

        keep_looking_after_readers(settings)


def _wait_for_code(service: Service) -> None:
    """Wait a while for the code server; Dagster would look again only after a minute."""
    deadline = time.monotonic() + CODE_SECONDS
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(service.socket)) == 0:
                return
        time.sleep(0.2)


def _become(service: Service) -> None:
    """Run Dagster's own program in this process, which goes on holding the lock."""
    from importlib.metadata import entry_points

    program, *options = _command(service)
    sys.argv = [program, *options, "--log-level", "warning"]
    (entry,) = entry_points(group="console_scripts", name=program)
    entry.load()()


def _command(service: Service) -> list[str]:
    from orchestration.runs import CODE_LOCATION

    place = str(service.socket)
    if len(place) > LONGEST_SOCKET_NAME:
        raise ServiceFailed(
            f"{place} is too long a name for a Unix socket; choose a shorter HABITUE_HOME"
        )
    if service.name == "code":
        service.socket.unlink(missing_ok=True)
        return [
            "dagster", "api", "grpc", "--socket", place, "--lazy-load-user-code",
            "--module-name", CODE_LOCATION, "--working-directory", str(PROJECT_ROOT),
        ]  # fmt: skip
    server = {"socket": place, "location_name": CODE_LOCATION}
    workspace = service.folder / f"workspace.{service.name}.yaml"
    workspace.write_text(json.dumps({"load_from": [{"grpc_server": server}]}))
    if service.name == "daemon":
        return ["dagster-daemon", "run", "--workspace", str(workspace)]
    port = str(service.settings.web_port)
    return [
        "dagster-webserver", "--host", "127.0.0.1", "--port", port, "--workspace", str(workspace)
    ]  # fmt: skip


def _wait(settings: Settings, new: Sequence[tuple[Service, subprocess.Popen[bytes]]]) -> Health:
    began = time.time()
    health = ask_health(settings.web_port)
    while not health.is_ready(began if new else 0.0):
        for service, process in new:
            if process.poll() is not None:
                raise ServiceFailed(
                    f"the {service.name} service ended with code {process.returncode}; "
                    f"its log is {service.log}:\n{service.last_words()}"
                )
        if time.time() - began > START_SECONDS:
            raise ServiceFailed(
                f"the services are not ready after {START_SECONDS} s ({health.missing}); "
                f"their logs are in {services(settings)[0].folder}"
            )
        time.sleep(0.5)
        health = ask_health(settings.web_port)
    return health


def _mark(process: psutil.Process) -> tuple[str | None, str | None]:
    try:
        variables = process.environ()
    except psutil.Error:
        return None, None
    return variables.get(SERVICE_VARIABLE), variables.get("DAGSTER_HOME")


def _end(processes: Sequence[psutil.Process]) -> None:
    """Ask the processes to end, and after a while make them."""
    waiting = list(processes)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in waiting:
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue
        _, waiting = psutil.wait_procs(waiting, timeout=GRACE_SECONDS)
