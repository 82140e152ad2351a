"""One installation on the sample exports, and the runs that several tests look at."""

import shutil
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from orchestration.commands import show_status
from orchestration.settings import PROJECT_ROOT, get_settings
from orchestration.summary import read_last_run

sys.path.insert(0, str(Path(__file__).parent))

from installation import Failure, FirstRun, Installation


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The sample exports in a fresh home, the dbt project parsed, nothing run yet."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(PROJECT_ROOT / "seeds" / "samples", folder / "landing")
    _add_unknown_column(folder / "landing" / "cashmere" / "employees_20251031.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HABITUE_HOME", str(folder))
        patch.setenv("HABITUE_SETTLE_SECONDS", "0")
        patch.delenv("HABITUE_LANDING", raising=False)
        get_settings.cache_clear()
        from orchestration.project import ensure_manifest

        ensure_manifest(get_settings())
        yield Installation(get_settings())
    get_settings.cache_clear()


def _add_unknown_column(export: Path) -> None:
    """What its contract does not know is left out, and told."""
    header, *rows = export.read_bytes().splitlines()
    export.write_bytes(b"\n".join([header + b";shoe_size", *(row + b";42" for row in rows), b""]))


@pytest.fixture(scope="session")
def first_run(home: Installation) -> FirstRun:
    """Everything, once."""
    success, output = home.run_of_anybody()
    assert success, output
    report = read_last_run(home.settings)
    assert report is not None
    stated = StringIO()
    show_status(home.settings, Console(file=stated, width=120))
    return FirstRun(home, success, output, home.hashes(), home.modes(), report, stated.getvalue())


@pytest.fixture(scope="session")
def failure(first_run: FirstRun) -> Failure:
    """Plant the fault, run, take it out, and re-execute from the failed step."""
    home = first_run.home
    before = home.settings.published_file.read_bytes()
    path = home.plant_refused_file()
    success, output = home.run()
    untouched = home.settings.published_file.read_bytes() == before
    steps = _step_states(home)
    path.unlink()
    path.with_name(path.name + ".done").unlink()
    with duckdb.connect(str(home.settings.published_file), read_only=True) as old_reader:
        mended_success, mended_steps = _carry_on(home)
        rows = old_reader.execute("select count(*) from golden_customer.golden_customers")
        return Failure(
            success, output, steps, untouched, rows.fetchall(), mended_success, mended_steps
        )


def _step_states(home: Installation) -> dict[str, str]:

    report = read_last_run(home.settings)
    assert report is not None
    return {step["key"]: step["state"] for step in report["steps"]}


def _carry_on(home: Installation) -> tuple[bool, set[str]]:
    import dagster as dg

    from orchestration import runs
    from orchestration.instance import open_instance

    with open_instance(home.settings) as instance:
        parent = instance.get_runs(limit=1)[0]
        options = dg.ReexecutionOptions.from_failure(parent.run_id, instance)
        job = runs.reconstructable_job("everything")
        with dg.execute_job(job, instance, reexecution_options=options) as result:
            done = {str(event.step_key) for event in result.get_step_success_events()}
            return result.success, done
