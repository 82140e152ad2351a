"""Killed at any fault point, at any pass: a plain run then gives what an undisturbed one gives.

The points are read from the source; how often a run passes each is noted by a run of its own.
"""

import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from _pytest.mark import ParameterSet
from damage import cut
from fault_places import fault_points
from homes import RUN, Home, ended

from orchestration.resources.embedded_postgres import embedded_postgres
from orchestration.resources.fault_points import VARIABLE
from orchestration.resources.outbox import outbox_in
from orchestration.settings import PROJECT_ROOT, Settings

# All of a run that writes without dbt: what is damaged is mended, and every file loaded.
LOAD = """
import sys
from orchestration.ingest.load import ingest_entity, load_contracts, prepare_warehouse
from orchestration.mending import mend_state
from orchestration.resources.target import hold_write
from orchestration.settings import get_settings
settings = get_settings()
with hold_write(settings, sys.argv[1]):
    mend_state(settings)
    prepare_warehouse(settings)
    for source, entity in load_contracts():
        ingest_entity(settings, source, entity, run_id=sys.argv[1])
"""
KEY = "3f9a1c5e7b2d8046a1b3c5d7e9f0826413579bdf02468ace"  # the same everywhere, to compare
# Points that a plain DuckDB run passes only in the cases of these tests.
ELSEWHERE = {
    "aside": "test_a_killed_mending_is_repeated",
    "fill": "test_a_killed_mending_is_repeated",
    "upgrade": "test_upgrade.py",
    "upgrade_copy": "test_upgrade.py",
    "demo_marker": "test_a_killed_demo_is_made_again",
    "demo_file": "test_a_killed_demo_is_made_again",
    "aside_log": "test_a_killed_mending_is_repeated",
    "outbox": "test_a_mail_whose_sender_is_killed_is_stored_once",
    "server": "test_a_server_killed_while_it_is_made_is_made_again",
    "service_log": "test_a_service_whose_start_is_killed_keeps_its_old_log",
}
# Columns that say when and by which run, and when a file was put there.
OF_THE_RUN = ("_loaded_at", "changed_ns", "run_id", "recorded_at")
DEMO = """
from orchestration.demo.make import make_demo
from orchestration.settings import get_settings
make_demo(get_settings(), order_lines=3000)
"""
SERVER = """
import psycopg
from orchestration.resources.embedded_postgres import running
from orchestration.settings import get_settings
with psycopg.connect(running(get_settings().home).address()) as connection:
    connection.execute("select 1")
"""
PUT_MAIL = """
from email.message import EmailMessage
from orchestration.resources.outbox import outbox_in
from orchestration.settings import get_settings
mail = EmailMessage()
for name, text in {"Message-ID": "<1@shop>", "To": "data@shop.example", "Subject": "x"}.items():
    mail[name] = text
outbox_in(get_settings().home).put(mail)
"""
START_SERVICE = """
from orchestration import services
from orchestration.settings import get_settings
services.LARGEST_LOG_BYTES = 10
services._PROGRAM = "print('new')"
services.Service(get_settings(), "web").start().wait()
"""
ON_POSTGRES = {"publish.copied", "publish.renamed_old", "publish.renamed_new", "publish.swapped"}
# What a run on PostgreSQL passes and what the engine has no part in, or what has a test above.
THE_SAME = {"dagster_yaml", "manifest_stamp", "report", "server", "upgrade"}


def rarely(point: str) -> ParameterSet:
    """A point that is asked only by `make faults`."""
    return pytest.param(point, marks=pytest.mark.faults)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The samples, loaded without a fault; to be copied, not changed."""
    home = with_samples(tmp_path_factory.mktemp("loaded") / "home")
    assert ended(home.start(LOAD, "whole"))[0] == 0
    return home


def with_samples(folder: Path, day: str = "") -> Home:
    """A home on the samples, of one day or all; nothing is loaded."""
    home = Home(folder, "duckdb", {"HABITUE_PSEUDONYM_KEY": KEY})
    for file in (PROJECT_ROOT / "seeds" / "samples").glob(f"*/*{day}.csv"):
        place = folder / "landing" / file.parent.name / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, place)
    return home


def held(home: Home) -> dict[str, tuple]:
    """Every table that no run can compute anew: rows and content, but for when they were loaded."""
    with duckdb.connect(str(Settings(home=home.folder).build_file), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where schema_name = 'raw' or table_name in ('files', 'golden_keys')"
        ).fetchall()
        return {
            name: connection.execute(
                "select count(*), bit_xor(hash(line)) from "
                f"(select columns(lambda c: c not in {OF_THE_RUN}) from {name}) as line"
            ).fetchall()[0]
            for (name,) in tables
        }


def kill(home: Home, point: str, code: str) -> None:
    """Run until the point, and no further."""
    ending, said = ended(home.start(code, "killed", **{VARIABLE: f"{point}:kill"}))
    assert ending == -signal.SIGKILL, f"{point}: {said}"


@pytest.mark.parametrize(
    "point",
    [
        "transaction.before_commit:9",
        "transaction.after_commit:9",
        "copy.before_commit:1",
        rarely("transaction.before_commit:1"),
        rarely("transaction.after_commit:1"),
        rarely("copy.after_commit:1"),
    ],
)
def test_a_killed_load_is_repeated_and_gives_the_same(
    loaded: Home, tmp_path: Path, point: str
) -> None:
    home = with_samples(tmp_path / "home")
    kill(home, point, LOAD)
    code, said = ended(home.start(LOAD, "plain"))
    assert code == 0, said
    assert held(home) == held(loaded)


@pytest.mark.parametrize(
    "point",
    [
        "aside.after_rename",
        "fill.after_commit",
        "fill.after_rename",
        "aside_log.after_rename",
        rarely("aside_log.before_rename"),
        rarely("aside.before_rename"),
        rarely("fill.before_commit"),
        rarely("fill.before_rename"),
    ],
)
def test_a_killed_mending_is_repeated(loaded: Home, tmp_path: Path, point: str) -> None:
    home = copied(loaded, tmp_path)
    shutil.rmtree(home.folder / "landing")
    (home.folder / "landing").mkdir()
    build_file = Settings(home=home.folder).build_file
    cut(build_file)
    # A log of what it no longer holds, of which the next file must not take a line.
    log = build_file.with_name(build_file.name + ".wal")
    log.write_bytes(b"of the damaged file")
    kill(home, f"{point}:1", LOAD)
    code, said = ended(home.start(LOAD, "plain"))
    assert code == 0, said
    assert held(home) == held(loaded)
    assert [path.read_bytes() for path in log.parent.glob("*.corrupt-*.wal")] == [
        b"of the damaged file"
    ]


@pytest.mark.parametrize("point", ["outbox.before_commit", "outbox.after_commit"])
def test_a_mail_whose_sender_is_killed_is_stored_once(tmp_path: Path, point: str) -> None:
    home = Home(tmp_path, "duckdb")
    kill(home, f"{point}:1", PUT_MAIL)
    code, said = ended(home.start(PUT_MAIL))
    assert code == 0, said
    assert [mail.state for mail in outbox_in(tmp_path).mails()] == ["waiting"]


@pytest.mark.parametrize("point", ["service_log.before_rename", "service_log.after_rename"])
def test_a_service_whose_start_is_killed_keeps_its_old_log(tmp_path: Path, point: str) -> None:
    home, folder = Home(tmp_path, "duckdb"), tmp_path / "services"
    folder.mkdir()
    (folder / "web.log").write_text("said before\n")
    kill(home, f"{point}:1", START_SERVICE)
    code, said = ended(home.start(START_SERVICE))
    assert code == 0, said
    assert (folder / "web.log.1").read_text() == "said before\n"
    assert (folder / "web.log").read_text() == "new\n"


@pytest.mark.parametrize(
    "point",
    [
        "demo_file.after_rename:3",
        rarely("demo_marker.before_rename:1"),
        rarely("demo_marker.after_rename:1"),
        rarely("demo_file.before_rename:1"),
        rarely("demo_marker.before_rename:2"),
        rarely("demo_marker.after_rename:2"),
    ],
)
def test_a_killed_demo_is_made_again(tmp_path: Path, point: str) -> None:
    whole, home = Home(tmp_path / "whole", "duckdb"), Home(tmp_path / "home", "duckdb")
    assert ended(whole.start(DEMO))[0] == 0
    kill(home, point, DEMO)
    code, said = ended(home.start(DEMO))
    assert code == 0, said
    assert landed(home) == landed(whole)


def landed(home: Home) -> dict[str, bytes]:
    """What lies in the landing folder."""
    folder = home.folder / "landing"
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.faults
@pytest.mark.parametrize("point", ["server.before_rename", "server.after_rename"])
def test_a_server_killed_while_it_is_made_is_made_again(point: str) -> None:
    # Not pytest's folder: root's server runs under another account, which must reach it.
    home = Home(Path(tempfile.mkdtemp(prefix="habitue-test-")) / "home", "postgres")
    try:
        kill(home, f"{point}:1", SERVER)
        code, said = ended(home.start(SERVER))
        assert code == 0, said
    finally:
        embedded_postgres(home.folder).stop()
        shutil.rmtree(home.folder.parent)


@pytest.fixture(scope="module")
def day_one(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A run on the first day's files, and then the second day's; to be copied, not changed."""
    home = with_samples(tmp_path_factory.mktemp("day") / "home", "20251031")
    code, said = home.run()
    assert code == 0, said
    with_samples(home.folder, "20251103")
    # The second day parses too, as after an upgrade, and so passes the points of that.
    (Settings(home=home.folder).dbt_target / "manifest.fingerprint").unlink()
    return home


@pytest.fixture(scope="module")
def whole(day_one: Home, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Counter[str]]:
    """What the second day publishes, and how often its run passes each point."""
    home = copied(day_one, tmp_path_factory.mktemp("whole"))
    passed = home.folder.parent / "passed"
    code, said = home.run(**{VARIABLE: f"*:{passed}:note"})
    assert code == 0, said
    assert home.served() != day_one.served()
    return home.served(), Counter(passed.read_text(encoding="utf-8").split())


def copied(home: Home, folder: Path) -> Home:
    """A copy of a home."""
    shutil.copytree(home.folder, folder / "home")
    return Home(folder / "home", home.target, home.variables)


@pytest.mark.faults
@pytest.mark.parametrize(
    "point",
    [
        name
        for name in fault_points()
        if name.split(".", maxsplit=1)[0] not in ELSEWHERE and name not in ON_POSTGRES
    ],
)
def test_killed_at_any_point_a_plain_run_publishes_the_same(
    day_one: Home, whole: tuple[dict, Counter[str]], tmp_path: Path, point: str
) -> None:
    new, passed = whole
    assert passed[point], "no run passes here: name in ELSEWHERE the test that does"
    # The first pass, one amid the others, the last.
    for turn in sorted({1, (passed[point] + 1) // 2, passed[point]}):
        home = copied(day_one, tmp_path / str(turn))
        kill(home, f"{point}:{turn}", RUN)
        assert home.served() in (day_one.served(), new), f"{point}:{turn}"
        code, said = home.run()
        assert code == 0, f"{point}:{turn}: {said}"
        assert home.served() == new, f"{point}:{turn}"
        shutil.rmtree(home.folder)


@pytest.fixture(scope="module")
def postgres_day_one() -> Iterator[Home]:
    """A run on the first day's files on PostgreSQL, then the second day's; its server is stopped.

    Beside it lies a copy of it all, `sound`: the server knows its folder by name.
    """
    # Not pytest's folder: root's server runs under another account, which must reach it.
    folder = Path(tempfile.mkdtemp(prefix="habitue-test-"))
    home = with_samples(folder / "home", "20251031")
    home.target = "postgres"
    try:
        code, said = home.run()
        assert code == 0, said
        with_samples(home.folder, "20251103")
        embedded_postgres(home.folder).stop()
        subprocess.run(["cp", "-a", str(home.folder), str(folder / "sound")], check=True)
        yield home
    finally:
        embedded_postgres(home.folder).stop()
        shutil.rmtree(folder)


@pytest.fixture
def postgres_home_of_day_one(postgres_day_one: Home) -> Home:
    """The home as it was after the first day."""
    folder = postgres_day_one.folder
    embedded_postgres(folder).stop()
    subprocess.run(["rm", "-rf", str(folder)], check=True)
    subprocess.run(["cp", "-a", str(folder.with_name("sound")), str(folder)], check=True)
    embedded_postgres(folder).start()
    return postgres_day_one


@pytest.fixture(scope="module")
def postgres_whole(postgres_day_one: Home) -> tuple[dict, dict, Counter[str]]:
    """What the first day published, what the second does, and how often its run passes a point."""
    embedded_postgres(postgres_day_one.folder).start()
    before = postgres_day_one.served()
    passed = postgres_day_one.folder.parent / "passed"
    code, said = postgres_day_one.run(**{VARIABLE: f"*:{passed}:note"})
    assert code == 0, said
    after = postgres_day_one.served()
    assert after != before
    return before, after, Counter(passed.read_text(encoding="utf-8").split())


@pytest.mark.faults
@pytest.mark.postgres
def test_every_point_that_a_run_on_postgres_passes_is_asked(
    postgres_whole: tuple[dict, dict, Counter[str]],
) -> None:
    passed = {name for name in postgres_whole[2] if name.partition(".")[0] not in THE_SAME}
    assert passed == {name for name, _ in KILLS_ON_POSTGRES}


# Each point with the share of its passes after which the run is killed; a table's copy is passed
# for each table, a transaction for each file, dbt's query some hundred times.
KILLS_ON_POSTGRES = [
    ("transaction.before_commit", 0.0),
    ("transaction.before_commit", 0.5),
    ("transaction.after_commit", 0.5),
    ("transaction.after_commit", 1.0),
    ("dbt.query", 0.0),
    ("dbt.query", 0.5),
    ("dbt.query", 1.0),
    ("publish.copied", 0.0),
    ("publish.copied", 1.0),
    ("publish.renamed_old", 0.5),
    ("publish.renamed_new", 0.5),
    ("publish.before_commit", 0.0),
    ("publish.swapped", 0.0),
]


@pytest.mark.faults
@pytest.mark.postgres
@pytest.mark.parametrize(("point", "share"), KILLS_ON_POSTGRES)
def test_killed_at_any_point_on_postgres_a_plain_run_publishes_the_same(
    postgres_whole: tuple[dict, dict, Counter[str]],
    postgres_home_of_day_one: Home,
    point: str,
    share: float,
) -> None:
    home = postgres_home_of_day_one
    before, after, passed = postgres_whole
    turn = max(1, round(passed[point] * share))
    kill(home, f"{point}:{turn}", RUN)
    assert home.served() == (after if point == "publish.swapped" else before)
    code, said = home.run()
    assert code == 0, said
    assert home.served() == after


@pytest.mark.postgres
@pytest.mark.parametrize(
    "point",
    ["transaction.before_commit:9", rarely("transaction.after_commit:9")],
)
def test_a_killed_load_on_postgres_is_repeated_and_gives_the_same(loaded: Home, point: str) -> None:
    folder = Path(tempfile.mkdtemp(prefix="habitue-test-"))
    home = with_samples(folder / "home")
    home.target = "postgres"
    try:
        embedded_postgres(home.folder).start()
        kill(home, point, LOAD)
        code, said = ended(home.start(LOAD, "plain"))
        assert code == 0, said
        assert counted_on_postgres(home) == counted(loaded)
    finally:
        embedded_postgres(home.folder).stop()
        shutil.rmtree(folder)


LEDGER = (
    "select source, file_name, state, rows_seen, rows_loaded, rows_quarantined, "
    "rows_exact_duplicate from ops.files order by source, file_name"
)


def counted(home: Home) -> dict[str, list[tuple]]:
    """The ledger, and how many rows each raw table has, on DuckDB."""
    build_file = str(Settings(home=home.folder).build_file)
    with duckdb.connect(build_file, read_only=True) as connection:
        tables = [name for name in held(home) if name.startswith("raw.")]
        queries = {"": LEDGER, **{name: f"select count(*) from {name}" for name in tables}}
        return {name: connection.execute(query).fetchall() for name, query in queries.items()}


def counted_on_postgres(home: Home) -> dict[str, list[tuple]]:
    """The same on PostgreSQL."""
    with home.connect() as connection:
        tables = connection.execute(
            "select schemaname || '.' || relname from pg_stat_user_tables where schemaname = 'raw'"
        ).fetchall()
        queries = {"": LEDGER, **{name: f"select count(*) from {name}" for (name,) in tables}}
        return {
            name: connection.execute(query.encode()).fetchall() for name, query in queries.items()
        }
