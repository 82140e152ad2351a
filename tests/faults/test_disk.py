"""A disk that is full, read-only or out of inodes is named before a run begins."""

import multiprocessing
import os
import pwd
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestration.preflight import FREE_INODES, NotReady, check_home, check_space, require_ready
from orchestration.settings import Settings

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
