"""An installation is its owner's alone, and its key stays with those who need it."""

import os
import stat
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from orchestration import preflight
from orchestration.ingest.pseudonym import UnusableKey, check_key
from orchestration.permissions import KEY_VARIABLE, close_to_others, without_key
from orchestration.settings import Settings

KEY = "3f9a1c5e7b2d8046a1b3c5d7e9f0826413579bdf02468ace"


def modes(folder: Path) -> dict[str, int]:
    """The permissions of everything in a folder, and of the folder itself."""
    paths = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in paths}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose files anybody could read, as an earlier habitue left them."""
    folder = tmp_path / "home"
    for name in ("published/habitue.duckdb", "warehouse/x.duckdb", "landing/magento/a.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    return folder


@pytest.mark.parametrize(
    ("mode", "file", "folder", "way"),
    [("0600", 0o600, 0o700, 0o700), ("0640", 0o640, 0o750, 0o710), ("0644", 0o644, 0o755, 0o711)],
)
def test_only_the_published_file_is_as_readable_as_set(
    home: Path, mode: str, file: int, folder: int, way: int
) -> None:
    close_to_others(Settings(home=home, published_mode=mode))
    assert modes(home) == {
        ".": way,
        "published": folder,
        "published/habitue.duckdb": file,
        "warehouse": 0o700,
        "warehouse/x.duckdb": 0o600,
        "landing": 0o700,
        "landing/magento": 0o777,  # inside, it belongs to whoever uploads
        "landing/magento/a.csv": 0o666,
    }


def test_what_a_command_makes_is_private_whatever_the_umask(tmp_path: Path) -> None:
    code = (
        "import os; os.umask(0); from orchestration.cli import main; main(['mail', 'list'], "
        "standalone_mode=False); from orchestration.settings import get_settings as s; "
        "from orchestration.summary import write_last_run; write_last_run(s(), {}); "
        "from orchestration.resources.outbox import outbox_in; outbox_in(s().home).try_again()"
    )
    environment = {**os.environ, "HABITUE_HOME": str(tmp_path / "home")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    found = modes(tmp_path / "home")
    assert set(found) == {".", "last_run.json", "outbox.sqlite"}
    assert not [name for name, mode in found.items() if mode & 0o077]


def test_a_child_that_parses_the_project_does_not_see_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration import preparation

    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.setattr(preparation, "manifest_is_fresh", lambda _: False)
    seen = tmp_path / "seen"
    code = f"open({str(seen)!r}, 'wb').write(open('/proc/self/environ', 'rb').read())"
    monkeypatch.setattr(preparation, "PARSE", code)
    with preparation.parsed_beside(Settings(home=tmp_path)):
        pass
    assert b"HABITUE_HOME" in seen.read_bytes()
    assert KEY.encode() not in seen.read_bytes()


def test_of_the_services_only_the_one_that_starts_runs_sees_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration import services

    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.setattr(services, "_PROGRAM", "import time; time.sleep(60)")
    for service in services.services(Settings(home=tmp_path)):
        process = service.start()
        assert process is not None
        try:
            shown = Path(f"/proc/{process.pid}/environ").read_bytes()
        finally:
            process.kill()
            process.wait()
        assert (KEY.encode() in shown) == (service.name == "code")


def test_a_service_that_was_given_the_key_starts_anew_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration import services

    def become(_program: str, arguments: list[str], environment: dict[str, str]) -> None:
        raise SystemExit(f"{arguments[-1]} {KEY_VARIABLE in environment}")

    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.setattr(os, "execve", become)
    with pytest.raises(SystemExit, match="web False"):
        services.serve(Settings(home=tmp_path), "web")


def test_nothing_but_the_key_is_taken_away() -> None:
    assert without_key({KEY_VARIABLE: KEY, "PATH": "/bin"}) == {"PATH": "/bin"}


@settings(deadline=None)
@given(st.integers(min_value=2**255, max_value=2**256 - 1))
def test_a_random_key_is_never_refused(number: int) -> None:
    from random import Random

    key = Random(number).randbytes(32)
    check_key(key.hex().encode(), "a test")
    check_key(b64encode(key), "a test")
    check_key(key, "a test")


@settings(deadline=None)
@given(st.text("abcdefghij0123456789", min_size=1, max_size=8), st.integers(8, 40))
def test_a_repeated_word_is_always_refused(word: str, times: int) -> None:
    with pytest.raises(ValueError, match="openssl rand -hex 32"):
        check_key((word * times).encode(), "a test")


def test_a_weak_key_is_refused_before_the_first_run(tmp_path: Path) -> None:
    weak = Settings(home=tmp_path, pseudonym_key=SecretStr("bonjour-boutique" * 3))
    with pytest.raises(UnusableKey, match="repeats itself"):
        preflight.check_key(weak)
    assert preflight.check_key(Settings(home=tmp_path)) == "none yet; the first run makes one"
