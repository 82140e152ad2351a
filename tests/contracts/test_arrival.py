"""When a file has arrived, whether its bytes are those of the ledger, and that none is ignored."""

import contextlib
import errno
import hashlib
import itertools
import os
import random
import re
import shutil
import string
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop import ITEMS, NOW, Shop, items

from orchestration.ingest.load import (
    LandingUnreadable,
    ingest_entity,
    pending_files,
    unclaimed_files,
)
from orchestration.ingest.reader import Limits
from orchestration.resources.landing import (
    LITTER,
    SIDE_SUFFIXES,
    Landing,
    Scan,
    is_upload,
    shown_name,
)

NAME = "sales_order_item_20250302.csv"
GOOD = items({}, {})
ENTITIES = {"magento": {"sales_order_item"}}


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "magento"
    folder.mkdir()
    return folder


def look(folder: Path, settle_seconds: float = 30) -> str:
    """What a process that looks for the first time makes of the one file."""
    landing = Landing(folder.parent)
    (file,) = landing.scan(ENTITIES).files
    return landing.arrival(file, settle_seconds)


def after_a_tick() -> None:
    """So that what follows bears a later time on any disk."""
    time.sleep(0.02)


@pytest.mark.parametrize("age", [61, 86_400, -86_400])
def test_the_time_that_a_sender_sets_proves_nothing(folder: Path, age: int) -> None:
    path = folder / NAME
    path.write_text("half")
    os.utime(path, (time.time() - age, time.time() - age))
    assert look(folder) == "moving"


def test_where_the_disk_is_ahead_of_us_two_looks_decide(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / NAME).write_text("whole")
    behind = time.time() - 3600
    monkeypatch.setattr(time, "time", lambda: behind)
    landing = Landing(folder.parent)
    (file,) = landing.scan(ENTITIES).files
    assert landing.arrival(file, settle_seconds=0.1) == "moving"
    time.sleep(0.15)
    assert landing.arrival(file, settle_seconds=0.1) == "settled"


def test_a_file_that_stood_still_long_enough_needs_no_second_look(folder: Path) -> None:
    (folder / NAME).write_text("whole")
    time.sleep(0.2)
    assert look(folder, settle_seconds=0.15) == "settled"


@pytest.mark.parametrize("change", ["write", "touch", "mode", "replace"])
def test_any_change_begins_the_wait_anew(folder: Path, change: str) -> None:
    path = folder / NAME
    path.write_text("whole")
    time.sleep(0.2)
    if change == "write":
        path.write_text("other")
    elif change == "touch":
        os.utime(path, (1, 1))
    elif change == "mode":
        path.chmod(0o640)
    else:
        (folder / ".new").write_text("other")
        (folder / ".new").replace(path)
    assert look(folder, settle_seconds=0.15) == "moving"


@pytest.mark.parametrize("suffix", SIDE_SUFFIXES)
def test_only_a_side_file_that_is_no_older_than_its_file_counts(folder: Path, suffix: str) -> None:
    beside = folder / f"{NAME}{suffix}"
    beside.touch()
    after_a_tick()
    (folder / NAME).write_text("the next day's upload, under way")
    os.utime(beside, (time.time() + 60, time.time() + 60))
    assert look(folder) == "settled"
    after_a_tick()
    (folder / NAME).write_text("the next day's upload, still under way")
    assert look(folder) == "moving"


def test_a_link_as_side_file_counts_for_nothing(folder: Path) -> None:
    (folder / NAME).write_text("half")
    (folder / "elsewhere").touch()
    (folder / f"{NAME}.done").symlink_to(folder / "elsewhere")
    assert look(folder) == "moving"


def test_a_service_gives_files_more_time_than_a_person(shop: Shop) -> None:
    chosen = shop.settings.model_copy(update={"settle_seconds": None})
    assert chosen.settled_after(unattended=False) == 10
    assert chosen.settled_after(unattended=True) == 60
    shop.land(NAME, GOOD)
    assert pending_files(chosen) == []
    shop.land(f"{NAME}.done", "")
    assert [file.name for file in pending_files(chosen, unattended=True)] == [NAME]


def test_a_run_that_waits_says_for_what(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.land(NAME, GOOD)
    chosen = shop.settings.model_copy(update={"settle_seconds": 3})
    report = ingest_entity(chosen, *ITEMS, run_id="run-1", clock=lambda: NOW)
    assert report.rows_loaded == 2
    (said,) = caplog.messages
    assert re.fullmatch(rf"magento: waiting [1-3] s for {NAME} to stay unchanged", said)


def test_a_file_that_goes_on_changing_is_left_for_the_next_run(shop: Shop) -> None:
    path = shop.land(NAME, GOOD)
    ended = threading.Event()

    def upload() -> None:
        while not ended.wait(0.05):
            with path.open("a") as file:
                file.write("\n")

    chosen = shop.settings.model_copy(update={"settle_seconds": 0.5})
    thread = threading.Thread(target=upload)
    thread.start()
    try:
        report = ingest_entity(chosen, *ITEMS, run_id="run-1", clock=lambda: NOW)
    finally:
        ended.set()
        thread.join()
    assert report.still_arriving == [f"{NAME} changed less than 0.5 s ago"]
    assert report.files_taken == 0


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [("{sum}", False), ("{sum}  {name}", False), ("{sum} *./out/{name}", False),
     ("SHA256 ({name}) = {sum}", False), ("{other}  b.csv\n{sum}  {name}\n", False),
     ("{SUM}", False), ("{sum}  other.csv", True), ("{other}", True), ("", True),
     ("{sum} and more", True), ("{other}  {name}\n{sum}  b.csv", True)],
)  # fmt: skip
def test_a_checksum_belongs_to_its_file(shop: Shop, text: str, is_refused: bool) -> None:
    shop.land(NAME, GOOD)
    own = hashlib.sha256(GOOD.encode()).hexdigest()
    said = text.format(sum=own, SUM=own.upper(), other="0" * 64, name=NAME)
    shop.land(f"{NAME}.sha256", said)
    report = shop.ingest(*ITEMS)
    assert [refused.reason_code for refused in report.refused] == ["CHECKSUM"] * is_refused
    assert report.rows_loaded == (0 if is_refused else 2)


@pytest.mark.parametrize("beside", ["folder", "pipe", "empty", "binary"])
def test_a_checksum_that_is_none_is_told_and_stops_nothing_else(shop: Shop, beside: str) -> None:
    path = shop.land(f"{NAME}.sha256", b"\xff\xfe" if beside == "binary" else b"")
    if beside in ("folder", "pipe"):
        path.unlink()
        path.mkdir() if beside == "folder" else os.mkfifo(path)
    shop.land(NAME, GOOD)
    shop.land("sales_order_item_20250303.csv", items({"item_id": "9"}))
    report = shop.ingest(*ITEMS)
    assert report.files_taken == 1
    (refused,) = report.refused
    assert refused.message == (
        f"{NAME}: CHECKSUM: the .sha256 beside it holds no sum of this file; send both again: "
        "the .sha256 holds the sum of exactly this file"
    )


def test_a_damaged_file_with_another_checksum_is_refused_for_that(shop: Shop) -> None:
    shop.land(NAME, GOOD[:-40])
    shop.land(f"{NAME}.sha256", hashlib.sha256(GOOD.encode()).hexdigest())
    (refused,) = shop.ingest(*ITEMS).refused
    assert refused.reason_code == "CHECKSUM"
    assert shop.rows("select sha256 from ops.files") == [
        (hashlib.sha256(GOOD[:-40].encode()).hexdigest(),)
    ]


def _overwrite(path: Path, content: bytes) -> None:
    """In place, in pieces, as an upload into the final name does."""
    with path.open("r+b") as file:
        file.truncate(0)
        for at in range(0, len(content), 3_000):
            file.write(content[at : at + 3_000])
            file.flush()


def _overwrite_same_size(path: Path, content: bytes) -> None:
    with path.open("r+b") as file:
        file.write(content)


def _swap(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)


def _take_away(path: Path, _: bytes) -> None:
    path.unlink()


def test_a_file_changed_while_it_is_read_loads_whole_or_not_at_all(shop: Shop) -> None:
    versions = {
        word: items(*[{"name": f"{word}{at}"} for at in range(300)]).encode()
        for word in ("old", "new")
    }
    sums = {word: hashlib.sha256(content).hexdigest() for word, content in versions.items()}
    chance, moved = random.Random(63), 0
    changes = itertools.cycle([_overwrite, _overwrite_same_size, _swap, _take_away])
    for number in range(100):
        # Loaded only once whatever its name, so each pair of versions is its own.
        pair = {word: content + b"\n" * number for word, content in versions.items()}
        path = shop.land(f"sales_order_item_{20240101 + number // 28 * 100 + number % 28}.csv",
                         pair["old"])  # fmt: skip
        moved += _ingest_while(shop, path, next(changes), pair["new"], chance)
        sums |= {hashlib.sha256(content).hexdigest(): word for word, content in pair.items()}
        path.unlink(missing_ok=True)
    found = shop.rows(
        "select f.sha256, f.rows_loaded, count(*), min(r.name[:3]), max(r.name[:3]) "
        "from ops.files as f join raw.magento_sales_order_item as r on r._file_id = f.file_id "
        "group by all"
    )
    assert found and moved > 20
    for sha256, loaded, rows, first, last in found:
        assert (loaded, rows) == (300, 300)
        assert first == last == sums[sha256]


def _ingest_while(
    shop: Shop, path: Path, change: Callable[[Path, bytes], None], new: bytes, chance: random.Random
) -> int:
    """Ingest while the file changes; gives how many files were left for later."""
    begun = threading.Event()
    delay = chance.choice([0, 0, 0.002, 0.01])

    def disturb() -> None:
        begun.wait(30)
        time.sleep(delay)
        with contextlib.suppress(FileNotFoundError):
            change(path, new)

    thread = threading.Thread(target=disturb)
    thread.start()
    if chance.random() < 0.2:
        begun.set()
    report = ingest_entity(
        shop.settings, *ITEMS, run_id="run", clock=lambda: NOW, limits=Limits(block=4_000),
        progress=lambda _: begun.set(),
    )  # fmt: skip
    begun.set()
    thread.join()
    # A file caught between truncation and rewriting may be refused as what it is at that moment.
    return len(report.still_arriving) + len(report.refused)


def test_a_file_taken_away_before_its_load_lets_the_others_load(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.land(NAME, GOOD).unlink()
    gone = shop.land(NAME, GOOD)
    shop.land("sales_order_item_20250303.csv", items({}))
    opened = os.open

    def late(path: str | Path, *rest: int) -> int:
        gone.unlink(missing_ok=True)
        return opened(path, *rest)

    monkeypatch.setattr(os, "open", late)
    report = shop.ingest(*ITEMS)
    monkeypatch.undo()
    assert (report.rows_loaded, report.refused) == (1, [])
    assert report.still_arriving == [
        f"{NAME} was taken away before it was read; the next run takes it if it is there"
    ]


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [("open", errno.EACCES, "Permission denied"), ("readv", errno.EIO, "Input/output error")],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_remedy(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, call: str, error: int, says: str
) -> None:
    bad = shop.land(NAME, GOOD)
    shop.land("sales_order_item_20250303.csv", items({}))
    before, victims = getattr(os, call), set[int]()

    def fail(target: str | Path | int, *rest: object) -> int:
        is_bad = bad in (target, Path(f"/proc/self/fd/{target}").resolve())
        if is_bad:
            victims.add(1)
            raise OSError(error, os.strerror(error))
        return before(target, *rest)

    monkeypatch.setattr(os, call, fail)
    report = shop.ingest(*ITEMS)
    monkeypatch.undo()
    assert victims and report.rows_loaded == 1
    (refused,) = report.refused
    assert refused.message == (
        f"{NAME}: UNREADABLE: it cannot be read ({says}); let the user who runs habitue read it, "
        "or mend its disk"
    )
    assert shop.ingest(*ITEMS).rows_loaded == 2


def test_a_folder_that_cannot_be_read_is_named(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.land(NAME, GOOD)
    listed = os.listdir

    def refuse(path: str | Path) -> list[str]:
        if str(path).endswith("magento"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return listed(path)

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(LandingUnreadable, match=r"magento/: UNREADABLE: .* \(Permission denied\);"):
        shop.ingest(*ITEMS)
    assert shop.ingest("cashmere", "stores").refused == []


def test_what_is_no_regular_file_of_its_own_is_not_opened(shop: Shop) -> None:
    target = shop.land("elsewhere_20250302.csv", GOOD)
    names = [f"sales_order_item_2025030{n}.csv" for n in range(1, 5)]
    (target.parent / names[0]).symlink_to(target)
    os.link(target, target.parent / names[1])
    os.mkfifo(target.parent / names[2])
    (target.parent / names[3]).mkdir()
    (target.parent / names[3] / "x.csv").write_text(GOOD)
    began = time.monotonic()
    report = shop.ingest(*ITEMS)
    assert time.monotonic() - began < 5
    assert [(r.file_name, r.reason_code) for r in report.refused] == [
        (names[0], "KIND"), (names[1], "KIND"), (names[2], "KIND"), (f"{names[3]}/", "KIND")
    ]  # fmt: skip
    assert shop.rows("select count(*) from raw.magento_sales_order_item") == [(0,)]


def test_a_sub_folder_is_named_and_an_empty_one_is_not(shop: Shop) -> None:
    shop.land(NAME, GOOD)
    (shop.settings.landing_folder / "magento" / "empty").mkdir()
    deep = shop.settings.landing_folder / "magento" / "march" / "first"
    deep.mkdir(parents=True)
    assert unclaimed_files(shop.settings) == []
    (deep / NAME).write_text(GOOD)
    (found,) = unclaimed_files(shop.settings)
    assert (found.file_name, found.reason_code) == ("march/", "KIND")
    assert "is a folder, and what lies in it is not taken; put the export itself" in found.message


@pytest.mark.parametrize(
    "name",
    [f"{NAME}{s}" for s in (".part", ".filepart", ".tmp", ".crdownload", ".PART")]
    + [f".{NAME}.Xa12fQ", f".{NAME}.swp"],
)
def test_an_upload_is_shown_and_told_of_after_a_day(
    shop: Shop, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.land(name, GOOD, source="magento")
    report = shop.ingest(*ITEMS)
    assert report.still_arriving == [f"{name} is being uploaded"]
    assert unclaimed_files(shop.settings) == []
    later = time.time() + 86_401
    monkeypatch.setattr(time, "time", lambda: later)
    (found,) = unclaimed_files(shop.settings)
    assert (found.file_name, found.reason_code) == (name, "IN_PROGRESS")
    assert shop.ingest(*ITEMS).still_arriving == []


def test_a_side_file_without_its_file_is_told_of_after_an_hour(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.land(f"{NAME}.done", "")
    assert unclaimed_files(shop.settings) == []
    later = time.time() + 3_601
    monkeypatch.setattr(time, "time", lambda: later)
    (found,) = unclaimed_files(shop.settings)
    assert (found.file_name, found.reason_code) == (f"{NAME}.done", "LONE_SIDE_FILE")
    shop.land(NAME, GOOD)
    assert unclaimed_files(shop.settings) == []


def test_names_with_personal_data_are_masked_everywhere(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    names = [
        "sales_order_item_marie.dupont@example.com_20240101.csv",
        "marie.dupont@example.com.csv",
        "sales_order_item_+33612345678.csv",
        "sales_order_item_4111111111111111.csv",
    ]
    for name in names:
        shop.land(name, GOOD, source="magento")
    report = shop.ingest(*ITEMS)
    seen = [*report.refused, *unclaimed_files(shop.settings), *caplog.messages]
    seen += shop.rows("select file_name, reason from ops.files")
    assert len(report.refused) == 3
    for word in ("marie", "example", "612345678", "4111"):
        assert word not in str(seen)


AFFIXES = ["", "sales_order_item_", "sales_order_item_20250302", "20250302", ".csv", ".csv.gz",
           ".done", ".part", ".", "\n", "é", " ", "_0930", "@example.com"]  # fmt: skip
NAMES = st.lists(
    st.one_of(st.sampled_from(AFFIXES), st.text(string.printable, max_size=3),
              st.text(max_size=3), st.binary(max_size=3).map(os.fsdecode)),
    min_size=1, max_size=5,
).map("".join).map(lambda name: name.replace("/", "").replace("\0", "")).filter(
    lambda name: name not in ("", ".", "..") and _fits(name)
)  # fmt: skip


def _fits(name: str) -> bool:
    try:
        return len(os.fsencode(name)) < 255 and os.fsdecode(os.fsencode(name)) == name
    except UnicodeEncodeError:
        return False


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(names=st.sets(NAMES, min_size=1, max_size=6))
def test_every_entry_of_a_folder_is_accounted_for(folder: Path, names: set[str]) -> None:
    for name in names:
        (folder / name).write_text(GOOD)
    try:
        scan = Landing(folder.parent).scan(ENTITIES)
    finally:
        shutil.rmtree(folder)
        folder.mkdir()
    _accounts_for(scan, names)


def _accounts_for(scan: Scan, names: set[str]) -> None:
    exports = {file.name for file in scan.files}
    assert all(
        name.removeprefix("sales_order_item_").removesuffix(".gz").isascii()
        and name.startswith("sales_order_item_")
        and name.removesuffix(".gz").endswith(".csv")
        and name[17:25].isdecimal()
        for name in exports
    )
    beside = {n for n in names if any(n == f"{f}{s}" for f in names for s in SIDE_SUFFIXES)}
    others = [*scan.strangers, *scan.uploads]
    quiet = set(LITTER) | {name for name in beside if not is_upload(name)}
    left = sorted(shown_name(name) for name in names - exports - quiet)
    told = sorted(item.shown_name for item in others)
    assert [name for name in told if name not in {shown_name(n) for n in beside}] == [
        name for name in left if name not in {shown_name(n) for n in beside}
    ]
    for item in others:
        assert item.shown_name.isascii() and item.shown_name.isprintable()
        assert "@" not in item.shown_name and len(item.shown_name) <= 128
