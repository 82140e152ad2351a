"""One run at a time."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from race import assert_one_wins

from orchestration.resources.lease import AnotherRunActive, hold_lease, read_lease

Process = subprocess.Popen[str]

HOLDER = """
import sys
from collections.abc import Iterator
from pathlib import Path
from orchestration.resources.lease import hold_lease
with hold_lease(Path(sys.argv[1]), "other-run"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other_run(tmp_path: Path) -> Iterator[Process]:
    """Another process that holds the lease of `tmp_path`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "held"
    yield process
    process.kill()
    process.communicate()


def test_a_second_run_is_told_which_run_is_active(tmp_path: Path, other_run: Process) -> None:
    with (
        pytest.raises(AnotherRunActive, match=r"another run \(other-run, since .* UTC\) is active"),
        hold_lease(tmp_path, "mine"),
    ):
        pass


def test_the_command_line_exits_with_75(tmp_path: Path, other_run: Process) -> None:
    landed = tmp_path / "landing" / "cashmere" / "stores_20240101.csv"
    landed.parent.mkdir(parents=True)
    landed.write_text("store_code\n")
    done = subprocess.run(
        [sys.executable, "-c", "from orchestration.cli import main; main()", "run"],
        env={"HABITUE_HOME": str(tmp_path), "PATH": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 75
    assert "another run (other-run, since" in done.stderr


def test_a_killed_run_leaves_the_lease_free(tmp_path: Path, other_run: Process) -> None:
    other_run.kill()
    other_run.wait()
    assert read_lease(tmp_path) is None
    with hold_lease(tmp_path, "mine") as lease:
        assert lease.run_id == "mine"


def test_the_same_process_may_enter_twice(tmp_path: Path) -> None:
    with hold_lease(tmp_path, "outer"), hold_lease(tmp_path, "inner") as lease:
        assert lease.run_id == "outer"
    assert read_lease(tmp_path) is None


def test_of_twenty_runs_at_once_in_one_home_one_wins(tmp_path: Path) -> None:
    assert_one_wins(partial(hold_lease, tmp_path))
