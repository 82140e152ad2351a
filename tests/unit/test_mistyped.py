"""What is typed or set wrong is named before anything begins, with what would be right."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestration.cli import main
from orchestration.settings import InvalidSettings, get_settings, load_settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("HABITUE_")]:
        monkeypatch.delenv(name)  # the environment goes before the file of settings
    monkeypatch.setenv("HABITUE_HOME", str(tmp_path / "home"))
    get_settings.cache_clear()
    return tmp_path / "home"


def typed(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("demo --lines 0", "500"),
        ("demo --lines -5", "500"),
        ("run --as-of 01/02/2024", "%Y-%m-%d"),
        ("run --as-of 2024-02-30", "--as-of"),
        ("run --source nosuch", "'nosuch' is none of cashmere, magento"),
        ("quarantine list --source nosuch", "'nosuch' is none of cashmere, magento"),
        ("quarantine list --entity nosuch", "'nosuch' is none of catalog_product_entity, "),
        ("quarantine retry --source nosuch", "'nosuch' is none of cashmere, magento"),
        ("quarantine list --limit -1", "--limit"),
        ("dev --port 0", "--port"),
        ("dev --port 99999", "--port"),
        ("dictionary nowhere/at/all.md", "there is no folder nowhere/at"),
    ],
)
def test_a_word_typed_wrong_is_named_and_nothing_begins(home: Path, words: str, said: str) -> None:
    done = typed(*words.split())
    assert (done.exit_code, said in done.output) == (2, True), done.output
    assert not home.exists()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("CURRENCY=euro", "it has the wrong form (reporting currency, such as EUR)"),
        ("PUBLISHED_MODE=0604", "0600 its owner, 0640 the group, 0644 all"),
        ("AS_OF=01/02/2024", "it is no date (last day to count, as YYYY-MM-DD)"),
        ("RATE_AGE_DAYS=x", "it is no whole number (how many days"),
        ("QUARANTINE_LIMIT=2", "it must be 1 or less (share of"),
        ("SETTLE_SECONDS=1e308", "it must be 86400 or less"),
        ("WEB_PORT=99999", "it must be 65535 or less"),
        ("POSTCODE=part", "it is none of 'full', 'region' or 'none'"),
        ("AUTOMATION=maybe", "it is neither true nor false"),
        ("TIME_ZONE=Paris", "use a name such as Europe/Paris"),
        ("POSCODE=full", "HABITUE_POSCODE is no setting; did you mean HABITUE_POSTCODE?"),
    ],
)
@pytest.mark.parametrize("is_in_file", [False, True])
def test_a_setting_that_cannot_be_used_is_told_in_our_words(
    home: Path, monkeypatch: pytest.MonkeyPatch, setting: str, said: str, is_in_file: bool
) -> None:
    name, value = setting.split("=")
    if is_in_file:
        home.mkdir()
        (home / "settings.env").write_text(f"HABITUE_{name}={value}\n")
    else:
        monkeypatch.setenv(f"HABITUE_{name}", value)
    with pytest.raises(InvalidSettings) as refused:
        load_settings()
    assert said in str(refused.value)
    assert f"HABITUE_{name}" in str(refused.value)


@pytest.mark.parametrize(
    "line", ["HABITUE_PASSWORD_BI_READER=x", "HABITUE_CURRENCY", "HABITUE_X=1"]
)
def test_no_line_of_the_file_of_settings_is_passed_over(home: Path, line: str) -> None:
    home.mkdir()
    (home / "settings.env").write_text(f"# ours\nSSL_CERT_FILE=/etc/ca.pem\n{line}\n")
    with pytest.raises(InvalidSettings, match=r"settings\.env"):
        load_settings()


def test_names_of_our_commands_and_tests_are_no_settings_mistyped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (
        "BI_ADDRESS", "BUILD_FILE", "MUTATIONS", "PASSWORD_BI_READER", "PASSWORD_HABITUE",
        "PG_PASSWORD", "PG_PORT", "PG_USER", "POSTGRES_ADMINISTRATOR", "SERVICE", "SUPERSET_PORT",
    ):  # fmt: skip
        monkeypatch.setenv(f"HABITUE_{name}", "x")
    load_settings()


def test_an_empty_or_wrong_place_of_the_key_is_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.ingest.pseudonym import UnusableKey, load_key

    monkeypatch.setenv("HABITUE_PSEUDONYM_KEY_FILE", "")
    assert load_settings().key_file.name == "pseudonym.key"
    monkeypatch.setenv("HABITUE_PSEUDONYM_KEY_FILE", str(tmp_path))
    with pytest.raises(UnusableKey, match="is no file: set HABITUE_PSEUDONYM_KEY_FILE"):
        load_key(load_settings(), warehouse_exists=False)
