from pathlib import Path

from orchestration.kpi_dictionary import grain, write_kpi_dictionary
from orchestration.project import ensure_manifest
from orchestration.settings import PROJECT_ROOT, Settings


def test_the_committed_dictionary_says_what_the_models_say(tmp_path: Path) -> None:
    written = tmp_path / "kpi_dictionary.md"
    write_kpi_dictionary(ensure_manifest(Settings(home=tmp_path / "home")), written)
    committed = PROJECT_ROOT / "docs" / "kpi_dictionary.md"
    assert committed.read_text(encoding="utf-8") == written.read_text(encoding="utf-8"), (
        "run `habitue dictionary`"
    )


def test_the_grain_is_named_by_the_uniqueness_test() -> None:
    combination = {
        "test_metadata": {"name": "unique_combination", "kwargs": {"columns": ["a", "b"]}}
    }
    assert grain([{"test_metadata": {"name": "not_null"}}, combination]) == "a, b"
