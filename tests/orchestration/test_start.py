"""What starting costs and what it needs."""

import os
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
from installation import Installation

from orchestration.project import ManifestMissing, ensure_manifest, load_manifest, manifest_path
from orchestration.settings import Settings


def python(code: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HABITUE_HOME": str(home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_help_imports_neither_dagster_nor_dbt_nor_duckdb(tmp_path: Path) -> None:
    code = (
        "import sys; from click.testing import CliRunner; from orchestration.cli import main; "
        "print(CliRunner().invoke(main, ['--help']).output); "
        "print(sorted({'dagster', 'dbt', 'duckdb', 'pandas'} & sys.modules.keys()))"
    )
    output = python(code, tmp_path).stdout
    assert "habitue run" in output
    assert output.strip().endswith("[]")


def test_status_of_an_empty_home_says_so(tmp_path: Path) -> None:
    done = python("from orchestration.cli import main; main(['status'])", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "nothing yet" in done.stdout


def test_definitions_without_a_manifest_name_the_remedy(tmp_path: Path) -> None:
    done = python("import orchestration.definitions", tmp_path)
    assert done.returncode != 0
    assert "run `habitue prepare`" in done.stderr


def test_loading_definitions_starts_no_great_expectations_and_opens_no_table(
    home: Installation,
) -> None:
    code = (
        "import sys, orchestration.definitions; "
        "print(sorted({'great_expectations', 'pandas'} & sys.modules.keys()))"
    )
    before = home.settings.build_file.exists()
    assert python(code, home.settings.home).stdout.strip().endswith("[]")
    assert home.settings.build_file.exists() == before


def test_a_missing_manifest_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(ManifestMissing, match=r"run `habitue prepare`"):
        load_manifest(Settings(home=tmp_path))


def test_an_unchanged_project_is_not_parsed_again(home: Installation) -> None:
    written = manifest_path(home.settings).stat().st_mtime_ns
    started = time.monotonic()
    ensure_manifest(home.settings)
    assert manifest_path(home.settings).stat().st_mtime_ns == written
    assert time.monotonic() - started < 5


def test_the_private_parts_of_dagster_that_we_use_are_there() -> None:
    from dagster._core.storage.event_log import SqliteEventLogStorage
    from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

    assert callable(SqliteEventLogStorage._connect)
    assert callable(SqliteEventLogStorage._initdb)
    assert callable(DbtCoreCliEventMessage.to_default_asset_events)


def test_check_names_what_is_missing(tmp_path: Path) -> None:
    from orchestration.preflight import NotReady, check_landing, check_space

    settings = Settings(home=tmp_path)
    with pytest.raises(NotReady, match=r"landing is no readable folder; create it"):
        check_landing(settings)
    (tmp_path / "landing").mkdir()
    assert check_landing(settings).endswith("0 files")
    assert check_space(settings).endswith("MB free")


def test_check_passes_on_a_sound_installation(home: Installation) -> None:
    done = python("from orchestration.cli import main; main(['check'])", home.settings.home)
    assert done.returncode == 0, done.stdout
    assert "suites" in done.stdout


def test_a_run_whose_process_died_is_marked_as_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.instance import close_dead_runs, open_instance

    started = [dg.DagsterRunStatus.STARTED]
    monkeypatch.setenv("HABITUE_HOME", str(tmp_path))
    with open_instance(Settings(home=tmp_path)) as instance:
        run = instance.create_run_for_job(_some_job(), status=dg.DagsterRunStatus.STARTED)
        assert close_dead_runs(instance, started) == [run.run_id]
        closed = instance.get_run_by_id(run.run_id)
        assert closed is not None
        assert closed.status == dg.DagsterRunStatus.FAILURE
        assert close_dead_runs(instance, started) == []


def _some_job() -> dg.JobDefinition:
    @dg.op
    def nothing() -> None:
        """Do nothing."""

    @dg.job
    def some() -> None:
        nothing()

    return some


def test_a_run_without_any_export_says_where_to_put_them(tmp_path: Path) -> None:
    from orchestration.preflight import NotReady, require_exports

    settings = Settings(home=tmp_path)
    with pytest.raises(NotReady, match=r"nothing has landed in .*landing"):
        require_exports(settings)
    export = settings.landing_folder / "cashmere" / "tickets_20260101.csv"
    export.parent.mkdir(parents=True)
    export.touch()
    require_exports(settings)
