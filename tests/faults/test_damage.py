"""Damage to any file of state: every command says a sentence, and a plain run makes it good."""

import os
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import NoReturn

import click
import duckdb
import pytest
from click.testing import CliRunner
from damage import DAMAGES, OF_THE_OWNER, STATE, small_home
from homes import RUN, Home, ended

from orchestration import preflight
from orchestration.cli import main
from orchestration.mending import damaged_state, mend_state, mend_warehouse
from orchestration.project import manifest_path
from orchestration.resources.target import hold_write
from orchestration.settings import Settings, get_settings

COMMANDS = (
    "status",
    "check",
    "quarantine list",
    "quarantine retry",
    "mail list",
    "migrate --check",
    "migrate",
    "watchdog",
    "down",
)
DEMO_LINES = 1000
DEMO = f"demo --lines {DEMO_LINES}"
LONG_COMMANDS = (
    "run",
    DEMO,
    "prepare",
    "dev",
    "up",
    "landing list",
    "landing accept orders_20251031.csv",
    "mail retry",
    "postgres start",
    "postgres stop",
    "postgres roles",
)
# Signs that a sentence says what to do.
REMEDIES = (
    "habitue run", "habitue prepare", "habitue landing list", "restore", "openssl",
    "move it away", "run again", "correct", "habitue up", "chmod", "set HABITUE",
    "raise HABITUE", "HABITUE_",
)  # fmt: skip
OFTEN = ("cut", "folder")  # the others are asked by `make faults`
CASES = [(name, damage) for name in STATE for damage in DAMAGES]


def marked(cases: list[tuple[str, str]]) -> list:
    """Cases to be asked, the rarer ones only by `make faults`."""
    rarely = pytest.mark.faults
    return [pytest.param(*case, marks=[] if case[1] in OFTEN else rarely) for case in cases]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small installation, to be copied."""
    folder = tmp_path_factory.mktemp("sound") / "home"
    small_home(folder)
    return folder


@pytest.fixture
def home(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the installation, in the environment of the commands."""
    folder = tmp_path / "home"
    shutil.copytree(sound, folder)
    for name in [name for name in os.environ if name.startswith("HABITUE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HABITUE_HOME", str(folder))
    monkeypatch.setenv("HABITUE_WATCH_SERVICES", "false")  # else it loads them in a child
    # Parsing the project and reading every suite say nothing about this home.
    for slow in ("contracts", "expectations", "dbt project"):
        monkeypatch.setitem(preflight.CHECKS, slow, lambda _: "not asked")
    yield folder
    get_settings.cache_clear()


@pytest.fixture
def cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long commands end where their checks are behind them: at the parser, the graph, a service."""

    def parse(settings: Settings, *_: str) -> None:
        settings.dbt_target.mkdir(parents=True, exist_ok=True)
        manifest_path(settings).write_text('{"nodes": {}, "sources": {}, "groups": {}}')

    def end(*_: object, **__: object) -> NoReturn:
        raise click.exceptions.Exit(0)

    monkeypatch.setattr("orchestration.project._parse", parse)
    monkeypatch.setattr("orchestration.preparation.parsed_beside", nullcontext)
    monkeypatch.setattr("orchestration.commands._execute", end)
    monkeypatch.setattr("orchestration.commands._run_again", lambda *_: True)
    monkeypatch.setattr("orchestration.services.start_services", end)
    monkeypatch.setattr("orchestration.resources.embedded_postgres.running", end)
    monkeypatch.setattr("os.execv", end)


def assert_a_sentence(command: str, damaged: str) -> None:
    """Give a command; it ends as it should or says what to do."""
    get_settings.cache_clear()
    done = CliRunner().invoke(main, command.split())
    told = f"{command} over {damaged}: {done.output}"
    assert done.exception is None or isinstance(done.exception, SystemExit), told
    assert done.exit_code in (0, 1, 75), told
    assert "Traceback" not in done.output, told
    assert "unexpected" not in done.output, told
    if done.exit_code and command != "watchdog":  # its remedies stand in its mails
        assert any(sign in done.output for sign in REMEDIES), told


@pytest.mark.parametrize(("name", "damage"), marked(CASES))
def test_every_command_says_a_sentence_over_any_damage(home: Path, name: str, damage: str) -> None:
    DAMAGES[damage](home / name)
    for command in COMMANDS:
        assert_a_sentence(command, f"{name} {damage}")


# A run sets aside what it finds, so that each of these has a home of its own.
@pytest.mark.usefixtures("cut_short")
@pytest.mark.parametrize("command", LONG_COMMANDS)
@pytest.mark.parametrize(("name", "damage"), marked(CASES))
def test_a_long_command_says_a_sentence_over_any_damage(
    home: Path, name: str, damage: str, command: str
) -> None:
    DAMAGES[damage](home / name)
    assert_a_sentence(command, f"{name} {damage}")


@pytest.mark.usefixtures("cut_short")
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_demo_over_a_damaged_note_of_its_files_says_a_sentence(
    demo: Path, home: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    folder = home.with_name("demo")
    shutil.copytree(demo, folder)
    monkeypatch.setenv("HABITUE_HOME", str(folder))
    DAMAGES[damage](folder / "demo" / "demo.json")
    for command in (DEMO, "status", "run"):
        assert_a_sentence(command, f"demo.json {damage}")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exports of a small demo; to be copied, not changed."""
    from orchestration.demo.make import make_demo

    folder = tmp_path_factory.mktemp("demo") / "home"
    make_demo(Settings(home=folder), order_lines=DEMO_LINES)
    get_settings.cache_clear()
    return folder


def held(settings: Settings) -> list[tuple]:
    """What the build file holds of raw rows and of the ledger, in any order."""
    with duckdb.connect(str(settings.build_file)) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name = 'raw'"
            " or table_name in ('files', 'golden_keys', 'pseudonym_keys') order by 1"
        ).fetchall()
        return [
            (name, *connection.execute(f"select count(*), bit_xor(hash(t)) from {name} as t")
             .fetchall()[0])
            for (name,) in tables
        ]  # fmt: skip


HEALED = [case for case in CASES if case[0] not in (*OF_THE_OWNER, "services/web.lock")]


@pytest.mark.parametrize(("name", "damage"), marked(HEALED))
def test_whoever_writes_next_sets_the_damaged_file_aside(
    home: Path, name: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(home=home)
    before = held(settings)
    DAMAGES[damage](home / name)
    with hold_write(settings, "2"):
        mend_state(settings)
        assert held(settings) == before
        assert not list(damaged_state(settings))
    told = [record.getMessage() for record in caplog.records if "set aside" in record.getMessage()]
    asides = [path.name for path in home.rglob("*.corrupt-*") if path.name != "x"]
    assert len(told) == len(asides)
    assert len(asides) <= 1


def test_a_sound_build_file_with_blocks_that_were_given_back_is_left_alone(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(home=home)
    with duckdb.connect(str(settings.build_file)) as connection:
        connection.execute("create table raw.large as select random() as x from range(900000)")
        connection.execute("checkpoint")
        connection.execute("drop table raw.large")
    content = settings.build_file.read_bytes()
    mend_warehouse(settings)
    assert settings.build_file.read_bytes() == content
    assert caplog.text == ""


def test_the_build_file_comes_back_after_the_landing_folder_was_emptied(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(home=home)
    before = held(settings)
    shutil.rmtree(home / "landing")
    DAMAGES["cut"](settings.build_file)
    mend_warehouse(settings)
    assert held(settings) == before
    assert "made anew from its last copy" in caplog.text


def test_where_a_copy_is_left_only_what_came_after_it_may_be_lost(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(home=home)
    before = held(settings)
    DAMAGES["garbage"](settings.build_file)
    mend_warehouse(settings)
    assert held(settings) == before
    assert "there no longer and were loaded after this copy is lost" in caplog.text


def without_stores(build_file: Path, older: Path) -> None:
    """A build file as it was before the stores were loaded."""
    shutil.copy2(build_file, older)
    with duckdb.connect(str(older)) as connection:
        connection.execute("delete from raw.magento_store")
        connection.execute("delete from ops.files where entity = 'store'")


def test_an_older_build_file_gives_way_to_its_copy(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(home=home)
    before = held(settings)
    without_stores(settings.build_file, tmp_path / "older.duckdb")
    shutil.move(tmp_path / "older.duckdb", settings.build_file)
    shutil.rmtree(home / "landing")
    with hold_write(settings, "2"):
        assert held(settings) == before
    assert "is older than its copy, which holds files that it does not" in caplog.text
    assert "is lost" not in caplog.text
    assert len(list(settings.build_file.parent.glob("*.corrupt-*"))) == 1


def test_a_build_file_ahead_of_its_copy_is_left_alone(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(home=home)
    before = held(settings)
    without_stores(settings.copy_file, settings.copy_file.with_name("older.duckdb"))
    shutil.move(settings.copy_file.with_name("older.duckdb"), settings.copy_file)
    mend_warehouse(settings)
    assert held(settings) == before
    assert caplog.text == ""


def test_what_no_copy_holds_and_no_folder_any_longer_is_named_as_lost(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(home=home)
    settings.copy_file.unlink()
    gone = next((home / "landing" / "magento").glob("store_*.csv"))
    gone.unlink()
    with duckdb.connect(str(settings.build_file)) as connection:
        connection.execute("drop table raw.magento_store")
        connection.execute("create table raw.magento_store as select range from range(900000)")
        connection.execute("checkpoint")
    content = bytearray(settings.build_file.read_bytes())
    for at in range(1_000_000, len(content), 262_144):
        content[at] ^= 255
    settings.build_file.write_bytes(content)
    (home / "warehouse" / "read_everything").touch()
    mend_warehouse(settings)
    assert not settings.build_file.exists()
    lost = f"lost, as they lie there no longer: magento/{gone.name}" in caplog.text
    assert lost or "what came from files that lie there no longer is lost" in caplog.text


def test_a_copy_follows_the_ledger_and_keeps_no_text_of_quarantined_rows(home: Path) -> None:
    settings = Settings(home=home)
    with duckdb.connect(str(settings.build_file)) as connection:
        connection.execute("delete from raw.magento_store where _file_id in (select file_id from "
                           "ops.files where entity = 'store' limit 1)")  # fmt: skip
        connection.execute("update ops.files set rows_loaded = 0 where entity = 'store'")
    with hold_write(settings, "2"):
        pass
    with duckdb.connect() as connection:
        for alias, file in (("a", settings.build_file), ("b", settings.copy_file)):
            connection.execute(f"attach '{file}' as {alias} (read_only)")
        for table in ("raw.magento_store", "ops.files", "ops.golden_keys"):
            query = f"select bit_xor(hash(t)), count(*) from {{}}.{table} as t"
            assert (
                connection.execute(query.format("a")).fetchall()
                == connection.execute(query.format("b")).fetchall()
            )
        sealed = "select count(encrypted_row), count(*) > 0 from b.ops.quarantine"
        assert connection.execute(sealed).fetchall() == [(0, True)]


@pytest.mark.faults
@pytest.mark.parametrize(("name", "damage"), [c for c in CASES if c[0] not in OF_THE_OWNER])
def test_a_plain_run_over_any_damage_publishes_the_same(
    duck_home: Home, tmp_path: Path, name: str, damage: str
) -> None:
    file = duck_home.folder / name
    if not file.exists():
        pytest.skip(f"a first run makes no {name}")
    home = Home(tmp_path / "home", "duckdb")
    shutil.copytree(duck_home.folder, home.folder)
    served = home.served()
    DAMAGES[damage](home.folder / name)
    code, said = ended(home.start(RUN))
    assert code == 0, said
    assert "Traceback" not in said
    assert home.served() == served
