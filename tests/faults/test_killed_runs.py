"""A run that is killed while dbt works: the old is served, and a plain run is the whole repair."""

import shutil
import signal
from pathlib import Path

import pytest
from homes import BUILD, RUN, Home, ended, eventually

from orchestration.resources.fault_points import VARIABLE

pytestmark = pytest.mark.faults
MODEL = "unified_orders"
# Of some hundreds: early, in the midst of a transaction of a table, and late.
STATEMENTS = (20, 201, 402)


def test_killed_in_the_midst_of_dbt_the_old_file_is_served(duck_home: Home, tmp_path: Path) -> None:
    home = Home(tmp_path / "home", "duckdb")
    shutil.copytree(duck_home.folder, home.folder)
    file = home.folder / "published" / "habitue.duckdb"
    served, content = home.served(), file.read_bytes()
    for statement in STATEMENTS:
        code, _ = ended(home.start(RUN, **{VARIABLE: f"dbt.query:{statement}:kill"}))
        assert code == -signal.SIGKILL
        assert file.read_bytes() == content
    code, said = home.run()
    assert code == 0, said
    assert "had died; it is marked as failed" in said
    assert home.served() == served


def test_what_a_killed_run_left_on_the_server_ends_by_itself(postgres_home: Home) -> None:
    served = postgres_home.served()
    with postgres_home.connect() as other, other.transaction():
        other.execute(f"lock table unified.{MODEL} in access share mode")
        run = postgres_home.start(BUILD, MODEL)
        orphan = eventually(postgres_home.waiting_backend)
        run.kill()
        ended(run)
        assert postgres_home.has_backend(orphan)
        eventually(lambda: not postgres_home.has_backend(orphan), seconds=30)
        assert other.execute(f"select count(*) > 0 from unified.{MODEL}").fetchone() == (True,)
    assert postgres_home.served() == served


def test_the_next_run_ends_what_a_killed_one_left(postgres_home: Home) -> None:
    with postgres_home.connect() as other, other.transaction():
        other.execute(f"lock table unified.{MODEL} in access share mode")
        run = postgres_home.start(BUILD, MODEL)
        orphan = eventually(postgres_home.waiting_backend)
        run.kill()
        ended(run)
        assert postgres_home.has_backend(orphan)
        following = postgres_home.start(BUILD, MODEL)
        # It waits for the same lock in its turn.
        eventually(lambda: postgres_home.waiting_backend() not in (None, orphan))
        assert not postgres_home.has_backend(orphan)
        assert following.poll() is None
    code, said = ended(following)
    assert code == 0, said
