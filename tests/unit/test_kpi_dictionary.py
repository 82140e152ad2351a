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


def test_the_grain_is_the_key_of_the_test_of_rows() -> None:
    rows = {"test_metadata": {"name": "sound_rows", "kwargs": {"key": ["a", "b"]}}}
    unique = {"test_metadata": {"name": "unique"}, "column_name": "c"}
    assert grain([{"test_metadata": {"name": "relationships"}}, unique, rows]) == "a, b"
    assert grain([unique]) == "c"
