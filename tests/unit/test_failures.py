"""Whatever goes wrong on the command line is told in a sentence, without a trace."""

import errno
import os
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration import cli
from orchestration.failures import details, remedy_of, sentence, with_remedy
from orchestration.resources.lease import AnotherRunActive
from orchestration.settings import get_settings


def ended(home: Path, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> Result:
    """`habitue check` in a home, when a command inside it raises."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setenv("HABITUE_HOME", str(home))
    monkeypatch.setattr("orchestration.commands.check_installation", fail)
    get_settings.cache_clear()
    try:
        return CliRunner().invoke(cli.main, ["check"])
    finally:
        get_settings.cache_clear()


def disk(number: int) -> OSError:
    return OSError(number, os.strerror(number), "/srv/habitue/x")


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (AnotherRunActive("another run (7) is active"), 75, "habitue: another run (7) is active"),
        (disk(errno.ENOSPC), 1, "/srv/habitue/x: No space left on device: its disk is full: make"),
        (disk(errno.EACCES), 1, "Permission denied: let the user who runs habitue"),
        (disk(errno.ENOENT), 1, "it vanished meanwhile: run again"),
        (duckdb.IOException("Could not read enough bytes from file"), 1, "sets it aside and makes"),
        (KeyError("x"), 1, "something unexpected went wrong (KeyError, details in "),
        (RecursionError(), 1, "`habitue check` looks for the cause"),
    ],
)
def test_every_exception_ends_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, told: str
) -> None:
    result = ended(tmp_path, error, monkeypatch)
    assert (result.exit_code, isinstance(result.exception, SystemExit)) == (code, True)
    assert told in result.output
    assert "Traceback" not in result.output


def test_the_details_of_what_is_unexpected_stand_in_the_log_without_personal_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "no anna.b@shop.fr\nhere \x1b[2J, 06 12 34 56 78, 4970 1012 3456 7893"
    ended(tmp_path, LookupError(said), monkeypatch)
    log = (tmp_path / "habitue.log").read_text()
    assert "builtins.LookupError: no (e-mail) here" in log
    assert "(telephone), (number)" in log
    assert "in fail" in log
    assert "shop.fr" not in log
    assert "\x1b" not in log


def test_what_cannot_be_written_is_told_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "habitue.log").mkdir()
    assert "KeyError)" in sentence(KeyError("x"), tmp_path)
    assert "KeyError" in details(KeyError("x"))


def test_a_remedy_is_added_once_and_only_where_one_is_known() -> None:
    said = "IO Error: Could not write file: No space left on device"
    assert with_remedy(said).endswith("make room where HABITUE_HOME lies, then run again)")
    assert with_remedy(with_remedy(said)) == with_remedy(said)
    assert with_remedy("12 rows are negative") == "12 rows are negative"
    assert remedy_of("Out of Memory Error: failed to offload data block") is not None
