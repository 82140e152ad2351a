"""The report of the last run: read whole, or said to be damaged."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from orchestration.commands import _print_runs
from orchestration.settings import Settings
from orchestration.summary import ReportUnreadable, last_run_path, read_last_run

REPORT = {
    "success": False, "ended_at": "2026-01-01 00:00:00", "seconds": 1.0, "job": "everything",
    "run_id": "1", "steps": [{"key": "marts", "failures": ["said [/b] so"]}],
}  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.sampled_from(sorted(REPORT)), VALUES)
def test_whatever_a_report_holds_it_is_shown_or_said_to_be_damaged(
    name: str, value: object
) -> None:
    with TemporaryDirectory() as folder:
        home = Settings(home=Path(folder))
        last_run_path(home).write_text(json.dumps({**REPORT, name: value}))
        try:
            _print_runs(home, Console(quiet=True))
        except ReportUnreadable as error:
            assert "`habitue run` sets it aside" in str(error)


def test_a_sound_report_is_read_with_all_it_holds(tmp_path: Path) -> None:
    last_run_path(Settings(home=tmp_path)).write_text(json.dumps({**REPORT, "more": 1}))
    assert read_last_run(Settings(home=tmp_path)) == {**REPORT, "more": 1}


@pytest.mark.parametrize("content", ["", "[]", "5", "[" * 100_000, '{"success": true}'])
def test_what_is_no_report_is_said_to_be_damaged(tmp_path: Path, content: str) -> None:
    last_run_path(Settings(home=tmp_path)).write_text(content)
    with pytest.raises(ReportUnreadable):
        read_last_run(Settings(home=tmp_path))
