"""What goes wrong while the product works: warehouses to break."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from embedded import embedded_server

from orchestration.resources.embedded_postgres import EmbeddedPostgres, embedded_postgres
from orchestration.settings import PROJECT_ROOT

sys.path.insert(0, str(Path(__file__).parent))

from homes import Home


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no other folder of tests uses, so that it may be emptied."""
    with embedded_server() as server:
        yield server


@pytest.fixture(scope="session")
def duck_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The samples, loaded and published on DuckDB once; to be copied, not changed."""
    return _with_a_first_run(Home(tmp_path_factory.mktemp("duck") / "home", "duckdb"))


@pytest.fixture(scope="session")
def postgres_home() -> Iterator[Home]:
    """The samples, loaded and published on an embedded server; every test leaves it working."""
    folder = Path(tempfile.mkdtemp(prefix="habitue-test-"))
    try:
        yield _with_a_first_run(Home(folder / "home", "postgres"))
    finally:
        embedded_postgres(folder / "home").stop()
        shutil.rmtree(folder)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 200 MB in memory."""
    folder = Path(tempfile.mkdtemp(prefix="habitue-test-"))
    command = ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"this machine mounts nothing: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


def _with_a_first_run(home: Home) -> Home:
    shutil.copytree(PROJECT_ROOT / "seeds" / "samples", home.folder / "landing")
    code, said = home.run()
    assert code == 0, said
    return home
