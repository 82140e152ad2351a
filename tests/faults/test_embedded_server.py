"""The embedded server killed, damaged, in the way of another: it starts, or a sentence says why."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from _pytest.mark import ParameterSet
from damage import flip, overwrite
from homes import eventually

from orchestration.failures import is_ours
from orchestration.resources.embedded_postgres import (
    EmbeddedPostgres,
    EmbeddedPostgresFailed,
    embedded_postgres,
)

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def stopped() -> Iterator[Path]:
    """A home whose server was started and stopped; to be copied in place."""
    # Not pytest's folder: root's server runs under another account, which must reach it.
    home = Path(tempfile.mkdtemp(prefix="habitue-test-"))
    server = embedded_postgres(home)
    server.start()
    server.stop()
    subprocess.run(["cp", "-a", str(server.folder), str(home / "sound")], check=True)
    yield home
    shutil.rmtree(home)


@pytest.fixture
def server(stopped: Path) -> Iterator[EmbeddedPostgres]:
    """The server as it was stopped."""
    server = embedded_postgres(stopped)
    subprocess.run(["rm", "-rf", str(server.folder)], check=True)
    subprocess.run(["cp", "-a", str(stopped / "sound"), str(server.folder)], check=True)
    yield server
    if server.is_running:
        server.stop()


def answers(server: EmbeddedPostgres) -> bool:
    with psycopg.connect(server.address()) as connection:
        return connection.execute("select 1").fetchone() == (1,)


def process_of(server: EmbeddedPostgres) -> int:
    return int((server.folder / "postmaster.pid").read_text().split()[0])


def refusal(server: EmbeddedPostgres) -> str:
    with pytest.raises(EmbeddedPostgresFailed) as refused:
        server.start()
    said = str(refused.value)
    assert "\n" not in said
    assert is_ours(refused.value)
    return said


def test_a_killed_server_starts_again_over_what_it_left(server: EmbeddedPostgres) -> None:
    server.start()
    with psycopg.connect(server.address(), autocommit=True) as connection:
        connection.execute("create table kept as select 1 as number")
        os.kill(process_of(server), signal.SIGKILL)
        eventually(lambda: not server.is_running)
        server.start()
    with psycopg.connect(server.address()) as connection:
        assert connection.execute("select number from kept").fetchone() == (1,)


def test_another_program_with_the_number_of_a_dead_server_is_not_taken_for_it(
    server: EmbeddedPostgres,
) -> None:
    note = server.folder / "postmaster.pid"
    other = subprocess.Popen(["sleep", "60"])
    try:
        text = f"{other.pid}\n{server.folder}\n1\n{server.port}\n{server.sockets}\n\n"
        for place in (note, server.sockets / f".s.PGSQL.{server.port}.lock"):
            place.write_text(text)
        assert not server.is_running
        server.stop()
        server.start()
        assert answers(server)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_another_program_on_its_port_is_named(server: EmbeddedPostgres) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", server.port))
        taken.listen()
        assert "another program listens on its port: end it, or change `port`" in refusal(server)
    server.start()
    assert answers(server)


def emptied(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink() if file.is_file() else file.rmdir()


def shortened(file: Path) -> None:
    os.truncate(file, 100)  # the rest of this one is unused


def rarely(name: str, damage: Callable[[Path], None]) -> ParameterSet:
    """A damage that is asked only by `make faults`."""
    return pytest.param(name, damage, marks=pytest.mark.faults)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("PG_VERSION", Path.unlink),
        ("global/pg_control", flip),
        rarely("habitue.conf", Path.unlink),
        rarely("habitue.conf", overwrite),
        rarely("postgresql.conf", overwrite),
        rarely("pg_hba.conf", Path.unlink),
        rarely("global/pg_control", shortened),
        rarely("pg_wal", shutil.rmtree),
        rarely("pg_wal", emptied),
    ],
)
def test_a_damaged_data_folder_is_named_with_its_remedy(
    server: EmbeddedPostgres, name: str, damage: Callable[[Path], None]
) -> None:
    damage(server.folder / name)
    said = refusal(server)
    assert "its data folder is damaged: restore a backup" in said, said
    assert f"move {server.folder} away" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_data_folder_of_somebody_else_is_named(server: EmbeddedPostgres) -> None:
    subprocess.run(["chown", "-R", "root", str(server.folder)], check=True)
    assert "to the account pgserver again, with `chown -R`" in refusal(server)
