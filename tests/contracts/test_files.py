"""Whole files: what is refused, and what is accepted though it looks odd."""

import gzip
import hashlib
import zlib
from datetime import date
from pathlib import Path

import pytest
from shop import ITEM, ITEMS, STORES, STORES_HEADER, Shop, accounted, items, text_of

from orchestration.assets.ingestion import report_metadata
from orchestration.checks.files import file_faults
from orchestration.ingest.accept import waiting
from orchestration.ingest.contract import Contracts, load_contracts
from orchestration.ingest.load import pending_files, prepare_warehouse, unclaimed_files
from orchestration.ingest.reader import Limits
from orchestration.resources.warehouse import DuckDBWarehouse
from orchestration.summary import load_facts

NAME = "sales_order_item_20250302.csv"
HEADER = ",".join(ITEM)
GOOD = items({}, {})


def refusal(shop: Shop) -> tuple[str, str]:
    """The reason and message of the one refusal; nothing may have been loaded."""
    report = shop.ingest(*ITEMS)
    assert shop.rows("select count(*) from raw.magento_sales_order_item") == [(0,)]
    assert shop.rows("select count(*) from ops.quarantine") == [(0,)]
    (refused,) = report.refused
    return refused.reason_code, refused.message


@pytest.mark.parametrize(
    ("content", "reason", "says"),
    [
        (b"", "EMPTY_FILE", "empty"),
        (b"\xef\xbb\xbf\n", "EMPTY_FILE", "empty"),
        (GOOD.replace(",", ";"), "DELIM", "';'"),
        (GOOD.replace("base_row_total", "row_total"), "HEADER_MISSING", "lacks base_row_total;"),
        (GOOD.split("\n", 1)[1], "HEADER_MISSING", "item_id, order_id"),
        (GOOD.replace("\n", ",sku\n", 1), "HEADER_DUP", "names sku more than once"),
        (GOOD.replace("\n", ",,\n", 1), "HEADER_DUP", "names columns 18 and 19 not at all;"),
        (GOOD.replace("\n", ",a b,a b\n", 1), "HEADER_DUP", "names columns 18 and 19 alike;"),
        ("\n" + GOOD, "HEADER_MISSING", "the first line is blank;"),
        ('"' + GOOD, "HEADER_MISSING", "a quote in the header line stands astray;"),
        (GOOD[:-40], "TRUNCATED", "no end"),
        (GOOD[:-22] + ',"2025-0', "TRUNCATED", "no end"),
        (GOOD[:-1], "TRUNCATED", "no end"),
        (GOOD[:-3], "TRUNCATED", "no end"),
        (GOOD.encode()[:-5] + b"\xff", "TRUNCATED", "no end"),
        (GOOD.encode()[:-5] + b"\0", "TRUNCATED", "no end"),
        (HEADER, "TRUNCATED", "no end"),
        (HEADER[:-4], "TRUNCATED", "no end"),
        (GOOD.replace("\n", "\r"), "LONE_CR", "carriage return"),
        (GOOD.replace("sku", "s\0ku", 1), "NUL_BYTE", "header"),
        (GOOD.replace("\n", ",extra\x1f\n", 1), "CONTROL_BYTE", "header"),
        (gzip.compress(GOOD.encode()), "NAME", "gzip archive"),
        (b"PK\x03\x04" + GOOD.encode(), "NAME", "zip archive"),
        (GOOD.encode("utf-16"), "ENC_INVALID", "byte 0: the file is in UTF-16;"),
        (GOOD.encode("utf-32"), "ENC_INVALID", "byte 0: the file is in UTF-32;"),
        (b"\xfe\xff" + GOOD.encode("utf-16-be"), "ENC_INVALID", "UTF-16;"),
        (b"\0\0\xfe\xff" + GOOD.encode("utf-32-be"), "ENC_INVALID", "UTF-32;"),
        (GOOD.encode("utf-16-le"), "ENC_INVALID", "UTF-16-LE, without a mark"),
        (GOOD.encode("utf-16-be"), "ENC_INVALID", "UTF-16-BE, without a mark"),
        (GOOD.encode("utf-32-le"), "ENC_INVALID", "UTF-32-LE, without a mark"),
        (GOOD.encode("utf-32-be"), "ENC_INVALID", "UTF-32-BE, without a mark"),
        (items(*[{"name": "Été"}] * 3).encode("cp1252"), "ENC_INVALID", "first at byte"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_whole(
    shop: Shop, content: str | bytes, reason: str, says: str
) -> None:
    shop.land(NAME, content)
    code, message = refusal(shop)
    assert code == reason
    assert says in message and message.startswith(f"{NAME}: {reason}: ")


def test_a_wrong_encoding_is_refused_with_the_first_bad_byte(shop: Shop) -> None:
    content = items({}, *[{"name": "Été"}] * 3).encode("cp1252")
    shop.land(NAME, content)
    assert f"first at byte {content.index(b'3,10')}" not in refusal(shop)[1]
    assert f"first at byte {content.index(chr(10).encode() + b'2,10') + 1}" in refusal(shop)[1]


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(GOOD.encode())[:-20],
        gzip.compress(GOOD.encode())[:-8] + b"\0\0\0\0" + gzip.compress(GOOD.encode())[-4:],
        b"\x1f\x8b" + b"no gzip at all",
        gzip.compress(GOOD.encode()) + b"rubbish",
    ],
    ids=["cut", "checksum", "no gzip", "rubbish behind"],
)
def test_damaged_gzip_is_refused(shop: Shop, packed: bytes) -> None:
    shop.land(f"{NAME}.gz", packed)
    assert refusal(shop)[0] == "GZ_CORRUPT"


def test_gzip_damaged_late_leaves_no_row_of_the_sound_part(shop: Shop) -> None:
    shop.limits = Limits(block=4096)
    packed = gzip.compress(items(*[{"name": f"n{i}"} for i in range(2000)]).encode(), 1)
    shop.land(f"{NAME}.gz", packed[:-30])
    assert refusal(shop)[0] == "GZ_CORRUPT"


def test_a_gzip_bomb_is_stopped(shop: Shop) -> None:
    shop.limits = Limits(block=1 << 16, unpacked_unsuspected=1 << 20)
    shop.land(f"{NAME}.gz", gzip.compress(GOOD.encode() + b" " * (5 << 20)))
    code, message = refusal(shop)
    assert code == "GZ_BOMB" and "unpack" in message


def test_a_line_without_end_is_refused(shop: Shop) -> None:
    shop.limits = Limits(block=1000, line=5000)
    shop.land(NAME, GOOD + "x" * 10_000)
    assert refusal(shop)[0] == "LINE_TOO_LONG"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("\n", "\n\n").encode(),
        text_of([{**ITEM, "item_id": i} for i in "12"], columns=sorted(ITEM)).encode(),
        text_of([{**ITEM, "item_id": i, "colour": "red"} for i in "12"]).encode(),
        ('"' + GOOD.replace(",", '","').replace("\n", '"\n"').removesuffix('"')).encode(),
    ],
    ids=["BOM", "CRLF", "blank lines", "reordered", "extra column", "quoted"],
)  # fmt: skip
def test_a_good_file_loads_however_it_is_written(shop: Shop, content: bytes) -> None:
    shop.land("sales_order_item_20250301.csv", GOOD)
    shop.land(NAME, content)
    shop.ingest(*ITEMS)
    per_file = shop.rows(
        "select list(_row_hash order by item_id), list(base_row_total order by item_id) "
        "from raw.magento_sales_order_item group by _file_id"
    )
    assert len(per_file) == 2 and per_file[0] == per_file[1]


@pytest.mark.parametrize("vouched_by", [".done", ".sha256", ".gz", "contract"])
def test_a_last_line_without_end_loads_when_something_vouches_for_it(
    shop: Shop, vouched_by: str
) -> None:
    content = GOOD.removesuffix("\n").encode()
    if vouched_by == ".gz":
        shop.land(f"{NAME}.gz", gzip.compress(content))
    else:
        path = shop.land(NAME, content)
    if vouched_by == ".done":
        path.with_name(f"{NAME}.done").touch()
    if vouched_by == ".sha256":
        path.with_name(f"{NAME}.sha256").write_text(hashlib.sha256(content).hexdigest())
    if vouched_by == "contract":
        shop.contracts = without_last_line_ends()
    assert shop.ingest(*ITEMS).rows_loaded == 2
    assert shop.rows("select physical_lines from ops.files") == [(3,)]


def without_last_line_ends() -> Contracts:
    contracts = load_contracts()
    layout = contracts[ITEMS].format.model_copy(update={"final_newline": False})
    return {**contracts, ITEMS: contracts[ITEMS].model_copy(update={"format": layout})}


@pytest.mark.parametrize(
    ("end", "reason"), [(b"\xff", "ENC_INVALID"), (b"\0", "NUL_BYTE"), (b'"', "QUOTE")]
)
def test_a_bad_last_line_without_end_does_not_vanish(shop: Shop, end: bytes, reason: str) -> None:
    path = shop.land(NAME, GOOD.encode()[:-2] + end)
    path.with_name(f"{NAME}.done").touch()
    report = shop.ingest(*ITEMS)
    assert (report.rows_seen, report.rows_loaded) == (2, 1)
    assert shop.faults() == [(3, reason, None)]


def test_a_row_cut_at_the_end_is_refused_though_no_line_end_is_expected(shop: Shop) -> None:
    shop.contracts = without_last_line_ends()
    shop.land(NAME, GOOD[:-40])
    assert refusal(shop)[0] == "TRUNCATED"


def test_gzip_of_several_members_is_one_file(shop: Shop) -> None:
    members = [gzip.compress(part.encode()) for part in GOOD.splitlines(keepends=True)]
    shop.land(f"{NAME}.gz", b"".join(members))
    assert shop.ingest(*ITEMS).rows_loaded == 2


def test_a_header_alone_is_an_empty_day(shop: Shop) -> None:
    shop.land(NAME, HEADER + "\n")
    report = shop.ingest(*ITEMS)
    assert (report.files_taken, report.rows_seen, report.refused) == (1, 0, [])


def test_extra_columns_are_noted_as_drift(shop: Shop) -> None:
    shop.land(NAME, text_of([{**ITEM, "colour": "red", "fit": "slim"}]))
    shop.ingest(*ITEMS)
    assert shop.rows("select drift_columns, warnings from ops.files") == [
        ("colour,fit", '{"SCHEMA_DRIFT": 2}')
    ]


def test_columns_of_no_contract_are_named_without_personal_data(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    strange = [
        "marie.dupont@example.com",
        "Marie Dupont",
        "p0612345678",
        "colour",
        "4111111111111111",
    ]
    shop.land(NAME, text_of([{**ITEM, **dict.fromkeys(strange, "x")}]))
    report = shop.ingest(*ITEMS)
    at = len(ITEM)
    assert report.drift_columns == sorted(["colour", *(f"(column {at + n})" for n in (1, 2, 3, 5))])
    seen = [report, caplog.messages, report_metadata(report)]
    seen += shop.rows("select * from ops.files")
    for word in ("arie", "612345678", "41111"):
        assert word not in str(seen)


def test_of_very_many_columns_some_are_named(shop: Shop) -> None:
    shop.land(NAME, text_of([{**ITEM, **{f"c{n}": "x" for n in range(100)}}]))
    shop.ingest(*ITEMS)
    ((named,),) = shop.rows("select drift_columns from ops.files")
    assert named.endswith(",c19,and 80 more")


def test_the_same_bytes_load_once_whatever_their_name(shop: Shop) -> None:
    shop.land(NAME, GOOD)
    shop.ingest(*ITEMS)
    shop.land(NAME, GOOD)
    shop.land("sales_order_item_20250301.csv", GOOD)
    shop.land("sales_order_item_20250302_0000.csv", GOOD)
    report = shop.ingest(*ITEMS, run_id="run-2")
    assert (report.files_duplicate, report.rows_seen) == (3, 0)
    assert load_facts(shop.settings, "run-2").files_sent_again == 3
    assert shop.rows("select count(*) from raw.magento_sales_order_item") == [(2,)]
    assert shop.rows("select state, run_id from ops.files order by file_id") == [
        ("loaded", "run-1"), *[("duplicate", "run-2")] * 3,
    ]  # fmt: skip


def stores_named(*names: str) -> str:
    """An export of stores with the given names."""
    rows = [f"P{n};{name};Paris;75001;FR;;Europe/Paris;;" for n, name in enumerate(names)]
    return "\n".join([STORES_HEADER, *rows]) + "\n"


def newest_name(shop: Shop) -> str:
    """What the newest export says that the first store is called."""
    (name,) = shop.rows(
        "select name from raw.cashmere_stores where store_code = 'P0' "
        "order by _exported_at desc, _file_id desc limit 1"
    )[0]
    return name


def test_bytes_of_an_earlier_export_are_a_new_statement(shop: Shop) -> None:
    """A change that was taken back: between equal exports lay another."""
    for day, name in (("01", "Old"), ("02", "New"), ("03", "Old")):
        shop.land(f"stores_202511{day}.csv", stores_named(name))
        assert shop.ingest(*STORES).files_taken == 1
    assert newest_name(shop) == "Old"
    shop.land("stores_20251104.csv", stores_named("Old"))
    shop.ingest(*STORES)
    shop.land("stores_20251103_1200.csv", stores_named("Late"))
    shop.ingest(*STORES)
    assert newest_name(shop) == "Old"


def test_a_file_that_is_put_back_counts_again(shop: Shop) -> None:
    """One name, right, then wrong, then right: what lies there is what counts."""
    for name in ("Right", "Wrong", "Right"):
        shop.land("stores_20251101.csv", stores_named(name))
        assert shop.ingest(*STORES).files_taken == 1
    assert newest_name(shop) == "Right"
    shop.land("stores_20251101.csv", stores_named("Right"))
    assert shop.ingest(*STORES).files_duplicate == 1


def test_a_file_that_was_judged_is_not_pending(shop: Shop) -> None:
    shop.land(NAME, GOOD)
    assert [file.name for file in pending_files(shop.settings)] == [NAME]
    shop.ingest(*ITEMS)
    assert pending_files(shop.settings) == []


def test_a_refused_file_is_reported_at_every_run_until_it_is_replaced(shop: Shop) -> None:
    shop.land(NAME, GOOD[:-40])
    for run in ("run-1", "run-2"):
        assert [r.reason_code for r in shop.ingest(*ITEMS, run_id=run).refused] == ["TRUNCATED"]
    assert shop.rows("select count(*) from ops.files") == [(1,)]
    shop.land(NAME, GOOD)
    assert shop.ingest(*ITEMS).rows_loaded == 2


def test_a_file_is_what_its_newest_bytes_are(shop: Shop) -> None:
    """Good, bad, good, bad, good under one name: refused exactly while the bad one lies there."""
    looks = [(GOOD, False), (GOOD[:-40], True), (GOOD, False), (GOOD[:-40], True), (GOOD, False)]
    for run, (content, is_refused) in enumerate(looks):
        shop.land(NAME, content)
        for again in ("", "-again"):
            shop.ingest(*ITEMS, run_id=f"run-{run}{again}")
            with DuckDBWarehouse(shop.settings.build_file).session() as session:
                faults, _ = file_faults(shop.settings, session, *ITEMS)
            assert bool(faults) == is_refused
            assert [each.step for each in waiting(shop.settings)] == ["refused"] * is_refused
    states = shop.rows("select state from ops.files order by file_id")
    assert states == [("loaded",), ("refused",), ("duplicate",), ("refused",), ("duplicate",)]
    assert shop.rows("select count(*) from raw.magento_sales_order_item") == [(2,)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("sales_order_item_20251345.csv", "NAME"),
        ("sales_order_item_00010101.csv", "NAME"),
        ("sales_order_item_19691231.csv", "NAME"),
        ("sales_order_item_20991231.csv", "NAME"),
        ("sales_order_item_99991231_2359.csv", "NAME"),
        (f"sales_order_item_{'1' * 128}.csv", "NAME"),
        ("sales_order_item_2025-03-02.csv", "NAME"),
        ("sales_order_item_20250302 (1).csv", "NAME"),
        ("sales_order_item_20250302\n.csv", "NAME"),
        ("sales_order_item_20250302é.csv", "NAME"),
        (f"sales_order_item_{'2' * 130}.csv", "NAME"),
    ],
)
def test_a_badly_named_file_is_refused_with_its_entity(shop: Shop, name: str, reason: str) -> None:
    shop.land(name, GOOD)
    code, message = refusal(shop)
    assert code == reason
    assert message.isascii() and "\n" not in message


@pytest.mark.parametrize(
    ("name", "reason"),
    [("orders_20250302.csv", "UNKNOWN_ENTITY"), ("-rf", "UNKNOWN_ENTITY"), ("..csv", ""),
     ("notes.txt", "UNKNOWN_ENTITY"), ("a b.csv", "NAME"), ("x.done", ""), ("x.part", "")],
)  # fmt: skip
def test_a_file_of_no_entity_is_reported(shop: Shop, name: str, reason: str) -> None:
    shop.land(name, GOOD)
    found = [refused.reason_code for refused in unclaimed_files(shop.settings, "magento")]
    assert found == ([reason] if reason else [])


def test_a_file_of_no_entity_is_refused_in_the_ledger(shop: Shop) -> None:
    shop.land("orders_20250302.csv", GOOD)
    for _ in range(2):
        assert len(prepare_warehouse(shop.settings)) == 1
    assert shop.rows("select source, file_name, state, reason_code from ops.files") == [
        ("magento", "orders_20250302.csv", "refused", "UNKNOWN_ENTITY")
    ]


def test_what_lies_in_no_sources_folder_is_reported(shop: Shop) -> None:
    shop.land("stores_20250302.csv", GOOD).rename(shop.settings.landing_folder / "stores.csv")
    (shop.settings.landing_folder / "shopify").mkdir()
    assert [file.file_name for file in unclaimed_files(shop.settings)] == ["stores.csv"]
    (shop.settings.landing_folder / "shopify" / "orders_20250302.csv").write_text("id\n1\n")
    found = {refused.file_name: refused for refused in unclaimed_files(shop.settings)}
    assert sorted(found) == ["shopify/", "stores.csv"]
    assert "no source has this name; move it into the folder" in found["shopify/"].message


def test_a_link_is_not_followed(shop: Shop) -> None:
    target = shop.land("elsewhere.txt", GOOD)
    target.with_name(NAME).symlink_to(target)
    assert refusal(shop)[0] == "KIND"


def test_the_checksum_beside_a_file_is_verified(shop: Shop) -> None:
    path = shop.land(NAME, GOOD)
    beside = path.with_name(f"{NAME}.sha256")
    beside.write_text(f"{hashlib.sha256(b'other').hexdigest()}  {NAME}\n")
    assert refusal(shop)[0] == "CHECKSUM"
    beside.write_text(f"{hashlib.sha256(GOOD.encode()).hexdigest()}  {NAME}\n")
    assert shop.ingest(*ITEMS).rows_loaded == 2


def test_the_export_time_comes_from_the_name(shop: Shop) -> None:
    shop.land("sales_order_item_20250302_2315.csv", GOOD)
    shop.ingest(*ITEMS)
    found = shop.rows(
        "select distinct cast(_exported_at as varchar) from raw.magento_sales_order_item"
    )
    assert found == [("2025-03-02 23:15:00",)]


def test_no_write_ahead_log_is_left(shop: Shop) -> None:
    shop.land(NAME, GOOD)
    shop.ingest(*ITEMS)
    assert [path.name for path in shop.settings.build_file.parent.iterdir()] == [
        "habitue_build.duckdb"
    ]


def test_order_of_files_does_not_change_what_is_loaded(shop: Shop, tmp_path: Path) -> None:
    parts = {f"sales_order_item_2025030{n}.csv": items({"item_id": str(n)}) for n in (1, 2, 3)}
    other = Shop(tmp_path / "other")
    for name, content in parts.items():
        shop.land(name, content)
    shop.ingest(*ITEMS)
    for name in reversed(parts):
        other.land(name, parts[name])
        other.ingest(*ITEMS)
    sql = "select item_id, _row_hash, _exported_at from raw.magento_sales_order_item order by 1"
    assert shop.rows(sql) == other.rows(sql)


def test_a_utf8_mark_overrides_the_code_page(shop: Shop) -> None:
    row = "P01;Hôtel;Paris;75001;FR;IDF;Europe/Paris;01/02/2010;"
    shop.land("stores_20250301.csv", b"\xef\xbb\xbf" + f"{STORES_HEADER}\n{row}\n".encode())
    shop.ingest("cashmere", "stores")
    assert shop.values("name", "raw.cashmere_stores") == ["Hôtel"]


def test_double_encoded_text_is_warned_of(shop: Shop) -> None:
    shop.land(NAME, items({"name": "Ã©tÃ©"}, {}))
    assert shop.ingest(*ITEMS).warnings["MOJIBAKE"] == 2


def test_rows_are_counted_as_an_independent_reader_counts_them(shop: Shop) -> None:
    content = items({}, {"qty_ordered": "x"}, {"name": '"a, b"'}, {"item_id": "1"})
    shop.land(NAME, content + "ragged,row\n")
    report = shop.ingest(*ITEMS)
    assert report.rows_seen == len([line for line in content.splitlines()[1:] if line]) + 1
    assert accounted(report)
    assert (report.rows_loaded, report.rows_quarantined, report.rows_exact_duplicate) == (2, 2, 1)


def test_zlib_damage_in_the_middle_is_refused(shop: Shop) -> None:
    packed = bytearray(gzip.compress(items(*[{"name": f"n{i}"} for i in range(500)]).encode()))
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises((zlib.error, gzip.BadGzipFile, EOFError)):
        gzip.decompress(bytes(packed))
    shop.land(f"{NAME}.gz", bytes(packed))
    assert refusal(shop)[0] == "GZ_CORRUPT"


def test_the_same_header_of_a_later_day_is_an_export_of_its_own(shop: Shop) -> None:
    """It shows that a day without sales is over (D5)."""
    header = items({}).splitlines()[0] + "\n"
    for day in ("20251101", "20251102", "20251103"):
        shop.land(f"sales_order_item_{day}.csv", header)
        assert shop.ingest(*ITEMS).files_taken == 1
    exported = "select cast(max(exported_at) as date) from ops.files where state = 'loaded'"
    assert shop.rows(exported) == [(date(2025, 11, 3),)]
