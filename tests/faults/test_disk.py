"""A disk that is full, read-only or out of inodes is named before a run begins."""

import multiprocessing
import os
import pwd
import subprocess
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

import pytest
from pydantic import SecretStr

from orchestration.failures import sentence
from orchestration.ingest.load import ingest_entity
from orchestration.preflight import FREE_INODES, NotReady, check_home, check_space, require_ready
from orchestration.resources.target import build_warehouse
from orchestration.settings import Settings

KEY = "fd6fb6dc2c7b8ce4f2a1c8b93ff6f8a09c3b2a4c"

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")
forked = multiprocessing.get_context("fork")
Mount = Callable[..., Path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """A small file system in memory, with the given options."""
    mounted: list[Path] = []

    def make(*options: str) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"this machine mounts nothing: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


@needs_root
def test_a_read_only_file_system_is_named(mount: Mount) -> None:
    folder = mount("size=1m")
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    with pytest.raises(NotReady, match="file system is read-only: mount it for writing"):
        check_home(Settings(home=folder / "home"))


@needs_root
def test_a_disk_without_inodes_is_named(mount: Mount) -> None:
    folder = mount("size=1m", "nr_inodes=8")
    for number in range(6):
        (folder / f"small{number}").touch()
    with pytest.raises(NotReady) as refused:
        for number in range(6, 12):
            check_home(Settings(home=folder))
            (folder / f"small{number}").touch()
    assert "has no inode left: remove small files" in str(refused.value)


@needs_root
def test_few_inodes_are_too_few(mount: Mount) -> None:
    folder = mount("size=1m", f"nr_inodes={FREE_INODES // 2}")
    with pytest.raises(NotReady, match=rf"inodes free and needs {FREE_INODES}: remove small"):
        check_space(Settings(home=folder))


@needs_root
def test_a_full_disk_is_named(mount: Mount) -> None:
    folder = mount("size=1m")
    with (folder / "large").open("wb") as file, pytest.raises(OSError, match="No space left"):
        file.write(bytes(2 << 20))
    with pytest.raises(NotReady, match=r"No space left on device\): its disk is full: make room"):
        check_home(Settings(home=folder))


@needs_root
def test_whatever_a_library_says_on_a_full_disk_it_is_named(mount: Mount) -> None:
    folder = mount("size=3m")
    unknown = RuntimeError("words of its own")
    assert "unexpected" in sentence(unknown, folder)
    with (folder / "large").open("wb") as file, pytest.raises(OSError, match="No space left"):
        file.write(bytes(4 << 20))
    assert "the disk is full: make room" in sentence(unknown, folder)
    hidden = RuntimeError("a step failed")
    hidden.__cause__ = RuntimeError("(sqlite3.OperationalError) disk I/O error")
    assert "the disk is full: make room" in sentence(hidden)


@needs_root
def test_three_times_what_waits_must_be_free(mount: Mount) -> None:
    settings = Settings(home=mount("size=8m"))
    landed = settings.landing_folder / "cashmere" / "tickets_20260101.csv"
    landed.parent.mkdir(parents=True)
    landed.write_bytes(bytes(2 << 20))
    landed.with_name(landed.name + ".done").touch()
    require_ready(settings)
    (settings.home / "else").write_bytes(bytes(1 << 20))
    with pytest.raises(NotReady, match="has 5 MB free and needs 6 MB: 3 times the 2 MB that wait"):
        require_ready(settings)


@needs_root
def test_a_disk_that_fills_up_while_a_file_loads_keeps_none_of_it(
    mount: Mount, tmp_path: Path
) -> None:
    home = mount("size=10m")
    settings = Settings(
        home=home, landing=tmp_path / "landing", settle_seconds=0, pseudonym_key=SecretStr(KEY)
    )
    folder = settings.landing_folder / "cashmere"
    folder.mkdir(parents=True)
    header = "store_code;name;city;postcode;country;region;timezone;opened_on;closed_on"

    def noise(number: int) -> str:
        digest = blake2b(number.to_bytes(8, "big")).hexdigest()
        return digest.translate(str.maketrans("0123456789", "ghijklmnop"))

    stores = [
        f"P{n:06};{noise(n)};Paris;75011;FR;IDF;Europe/Paris;01/02/2010;" for n in range(200_000)
    ]
    for day, count in ((1, 10), (2, len(stores)), (3, 20)):
        text = "\n".join([header, *stores[:count], ""])
        (folder / f"stores_2025030{day}.csv").write_text(text)
    with pytest.raises(Exception, match=r"No space|[Cc]ould not") as full:
        ingest_entity(settings, "cashmere", "stores", run_id="full")
    said = sentence(full.value)
    assert "make room" in said and "\n" not in said
    (folder / "stores_20250302.csv").unlink()
    report = ingest_entity(settings, "cashmere", "stores", run_id="after")
    assert (report.files_taken, report.refused) == (1, [])
    with build_warehouse(settings).session() as session:
        assert session.execute("select count(*) from raw.cashmere_stores") == [(30,)]
        assert session.execute("select state, rows_loaded from ops.files order by file_id") == [
            ("loaded", 10),
            ("loaded", 20),
        ]


@needs_root
def test_a_home_of_somebody_else_is_named(tmp_path: Path) -> None:
    said: multiprocessing.Queue[str] = forked.Queue()
    # Here, since nobody may not even read the packages where root keeps the checkout to itself.
    settings = Settings(home=tmp_path)

    def ask_as_nobody() -> None:
        os.setgroups([])
        os.setuid(pwd.getpwnam("nobody").pw_uid)
        try:
            check_home(settings)
        except NotReady as refused:
            said.put(str(refused))

    asking = forked.Process(target=ask_as_nobody)
    asking.start()
    assert "Permission denied): let the user who runs habitue write there" in said.get(timeout=30)
    asking.join(30)
