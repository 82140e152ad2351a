"""dbt's own tests on a loaded warehouse: the unit tests of every rule, and every data test."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from pipeline.home import Home

from orchestration.settings import PROJECT_ROOT


def test_every_unit_test_and_data_test_of_the_models_passes(loaded: Home, tmp_path: Path) -> None:
    build_file = tmp_path / "habitue_build.duckdb"
    shutil.copyfile(loaded.build, build_file)
    done = subprocess.run(
        [
            Path(sys.executable).with_name("dbt"),
            "test",
            "--project-dir", PROJECT_ROOT,
            "--profiles-dir", PROJECT_ROOT / "dbt_project",
        ],
        env={
            **os.environ,
            "DBT_TARGET_PATH": str(tmp_path / "target"),
            "DBT_LOG_PATH": str(tmp_path / "logs"),
            "HABITUE_BUILD_FILE": str(build_file),
        },
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:]
    results = json.loads((tmp_path / "target" / "run_results.json").read_text())["results"]
    kinds = [result["unique_id"].split(".")[0] for result in results]
    assert kinds.count("unit_test") > 80
    assert kinds.count("test") > 100
