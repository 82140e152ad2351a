import csv
import hashlib
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.demo.generate import generate
from orchestration.demo.make import DemoUnreadable, LandingInUse, make_demo
from orchestration.settings import Settings
from tests.oracle import newest, sales

LINES = 3_000
SAMPLES = Path(__file__).parents[2] / "seeds" / "samples"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    generate(folder / "landing", folder / "truth", LINES)
    return folder


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def lines_of(demo: Path, pattern: str, encoding: str = "utf-8") -> list[str]:
    texts = (
        path.read_text(encoding=encoding, errors="surrogateescape")
        for path in sorted((demo / "landing").glob(pattern))
    )
    return [line for text in texts for line in text.splitlines()[1:]]


def digest(folder: Path) -> dict[str, str]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
    }


def test_the_truth_is_what_an_independent_calculator_finds_in_the_files(demo: Path) -> None:
    truth = {
        (row["source"], row["store"], row["month"]): (
            int(row["orders"]),
            Decimal(row["units"]),
            Decimal(row["net_sales"]),
        )
        for row in read(demo / "truth" / "sales_by_store_month.csv")
    }
    found = {
        key: (figures.orders, figures.units, figures.net_sales)
        for key, figures in sales(demo / "landing").items()
    }
    assert found == truth
    assert len(truth) > 300


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        generate(tmp_path / name / "landing", tmp_path / name / "truth", 800, seed=seed)
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    assert digest(tmp_path / "one") != digest(tmp_path / "three")


# What names a record and its version; without one, each export is a version.
KEYS = {
    "sales_order": ("entity_id", "updated_at"),
    "sales_order_item": ("item_id", "updated_at"),
    "sales_creditmemo": ("entity_id", "updated_at"),
    "sales_creditmemo_item": ("entity_id", ""),
    "customer_entity": ("entity_id", "updated_at"),
    "newsletter_subscriber": ("subscriber_id", "change_status_at"),
    "catalog_product_entity": ("entity_id", "updated_at"),
    "store": ("store_id", ""),
    "tickets": ("ticket_id", "updated_at"),
    "ticket_lines": ("ticket_id line_no", ""),
    "customers": ("card_no created_on", "updated_at"),
    "products": ("sku", "updated_at"),
    "stores": ("store_code", ""),
    "employees": ("employee_code", ""),
}


def rows_of(path: Path) -> list[dict[str, str]]:
    delimiter, encoding = (",", "utf-8") if path.parent.name == "magento" else (";", "cp1252")
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=delimiter))


@pytest.mark.parametrize("order_lines", [500, 3_000, 25_000])
def test_no_two_rows_of_one_key_and_version_differ(tmp_path: Path, order_lines: int) -> None:
    generate(tmp_path / "landing", tmp_path / "truth", order_lines, seed=order_lines)
    entities: set[str] = set()
    said: dict[tuple[str, ...], dict[str, str]] = {}
    for path in sorted((tmp_path / "landing").glob("*/*.csv")):
        entity, export = path.stem.rsplit("_", 1)
        entities.add(entity)
        key, version = KEYS[entity]
        for row in rows_of(path):
            named = (path.parent.name, entity, *(row[name] or "" for name in key.split()))
            record = (*named, (row[version] or "") if version else export)
            assert said.setdefault(record, row) == row, (path.name, record)
    assert entities == set(KEYS)


def test_credit_memo_items_of_migrated_orders_take_no_number_of_an_order_item(demo: Path) -> None:
    """An item's number is its memo item's too, at whatever size it comes back."""
    items = {int(row["item_id"]) for row in newest(demo / "landing", "magento", "sales_order_item")}
    memo_items = newest(demo / "landing", "magento", "sales_creditmemo_item")
    migrated = {int(row["entity_id"]) for row in memo_items if not row["order_item_id"]}
    assert len(migrated) > 2
    assert not migrated & items
    # Each order item has room for two children; the number left over is theirs alone.
    assert {number % 4 for number in items} == {0, 1, 2}
    assert {number % 4 for number in migrated} == {3}


def test_every_file_has_its_done_mark_and_as_many_rows_as_the_truth_says(demo: Path) -> None:
    counts = {row["file_name"]: int(row["rows"]) for row in read(demo / "truth/rows_by_file.csv")}
    files = list((demo / "landing").rglob("*.csv"))
    assert sorted(path.name for path in files) == sorted(counts)
    for path in files:
        assert path.with_name(path.name + ".done").exists()
        assert len(path.read_bytes().splitlines()) - 1 == counts[path.name], path.name


def test_a_dirty_row_stands_on_the_line_that_the_truth_names(demo: Path) -> None:
    rows = read(demo / "truth" / "dirty_rows.csv")
    assert {"COLS_MISSING", "NUM_FORMAT", "DATE_FORMAT"} <= {row["reason_code"] for row in rows}
    for row in rows:
        path = demo / "landing" / row["source"] / row["file_name"]
        header, *lines = path.read_bytes().splitlines()
        line = lines[int(row["line_no"]) - 2]
        delimiter = b"," if row["source"] == "magento" else b";"
        if row["reason_code"] == "COLS_MISSING":
            assert line.count(delimiter) < header.count(delimiter)
        else:
            assert b"80000000" in line or b"E+" in line


def test_no_clean_line_stands_on_a_dirty_one(demo: Path) -> None:
    landing = demo / "landing"
    orders = {row["entity_id"] for row in newest(landing, "magento", "sales_order")}
    items = {row["item_id"] for row in newest(landing, "magento", "sales_order_item")}
    for item in newest(landing, "magento", "sales_order_item"):
        assert item["order_id"] in orders
        assert not item["parent_item_id"] or item["parent_item_id"] in items
    tickets = {row["ticket_id"] for row in newest(landing, "cashmere", "tickets")}
    assert {row["ticket_id"] for row in newest(landing, "cashmere", "ticket_lines")} <= tickets


def test_order_discounts_are_negative_and_item_discounts_positive(demo: Path) -> None:
    orders = newest(demo / "landing", "magento", "sales_order")
    items = newest(demo / "landing", "magento", "sales_order_item")
    assert min(Decimal(row["base_discount_amount"]) for row in orders) < 0
    assert max(Decimal(row["base_discount_amount"]) for row in orders) == 0
    assert min(Decimal(row["base_discount_amount"]) for row in items) == 0
    assert max(Decimal(row["base_discount_amount"]) for row in items) > 0


def test_every_kind_of_document_is_planted(demo: Path) -> None:
    states = Counter(row["state"] for row in newest(demo / "landing", "magento", "sales_order"))
    assert {"complete", "processing", "canceled", "closed"} <= set(states)
    kinds = Counter(
        (row["product_type"], bool(row["parent_item_id"]))
        for row in newest(demo / "landing", "magento", "sales_order_item")
    )
    assert kinds[("configurable", False)] > 500
    assert kinds[("simple", True)] == kinds[("configurable", False)] + 2 * kinds[("bundle", False)]
    types = Counter(row["ticket_type"] for row in newest(demo / "landing", "cashmere", "tickets"))
    assert {"SALE", "RETURN", "VOID"} <= set(types)
    migrated = newest(demo / "landing", "magento", "sales_creditmemo")
    assert any(row["order_id"] == "" for row in migrated)


def test_a_quarter_of_the_tickets_is_anonymous(demo: Path) -> None:
    tickets = newest(demo / "landing", "cashmere", "tickets")
    share = sum(row["card_no"] == "" for row in tickets) / len(tickets)
    assert 0.2 < share < 0.3


def test_returned_lines_are_near_the_share_of_the_trade(tmp_path: Path) -> None:
    generate(tmp_path / "landing", tmp_path / "truth", 20_000)
    lines = newest(tmp_path / "landing", "cashmere", "ticket_lines")
    share = sum(row["qty"].startswith("-") for row in lines) / len(lines)
    assert 0.012 < share < 0.022


def test_recycled_cards_have_two_holders_and_families_share_an_email(demo: Path) -> None:
    holders = lines_of(demo, "cashmere/customers_*.csv", "cp1252")
    cards: dict[str, set[tuple[str, str]]] = {}
    for line in holders:
        fields = line.split(";")
        if len(fields) == 16:
            cards.setdefault(fields[0], set()).add((fields[11], fields[3]))
    assert any(len({created for created, _ in names}) == 2 for names in cards.values())
    emails = Counter(line.split(";")[5] for line in set(holders) if line.count(";") == 15)
    assert any(count > 1 for email, count in emails.items() if email)


def test_one_in_six_is_known_to_both_channels(demo: Path) -> None:
    sources: dict[str, set[str]] = {}
    for row in read(demo / "truth" / "people.csv"):
        sources.setdefault(row["person_id"], set()).add(row["source"])
    share = sum(len(each) == 2 for each in sources.values()) / len(sources)
    assert 0.12 < share < 0.22


def test_late_corrected_and_resent_rows_are_planted(tmp_path: Path) -> None:
    generate(tmp_path / "landing", tmp_path / "truth", 100_000)
    facts = {row["fact"]: int(row["value"]) for row in read(tmp_path / "truth" / "facts.csv")}
    for fact in ("corrected_cashmere", "corrected_magento", "corrected_customers", "resent_rows"):
        assert facts[fact] > 0, fact
    assert facts["late_magento"] + facts["late_cashmere"] > 0


def test_every_day_is_exported_in_the_night_that_follows_it(demo: Path) -> None:
    days = sorted(path.stem.rsplit("_", 1)[1] for path in demo.rglob("landing/*/tickets_*.csv"))
    assert days[0] == "20260617"
    assert days[-1] == "20260701"
    assert len(days) == 15


def test_too_small_a_demo_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="order_lines=10"):
        generate(tmp_path, tmp_path / "truth", 10)


def test_the_samples_give_the_totals_that_their_readme_states() -> None:
    stated = {}
    for line in (SAMPLES / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[0] in ("magento", "cashmere"):
            stated[(cells[0], cells[1], cells[2])] = (int(cells[3]), *map(Decimal, cells[4:]))
    found = {
        key: (figures.orders, figures.units, figures.net_sales)
        for key, figures in sales(SAMPLES).items()
    }
    assert found == stated


def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_making_the_demo_again_changes_nothing(tmp_path: Path) -> None:
    settings = home(tmp_path)
    first = make_demo(settings, order_lines=600)
    before = digest(tmp_path)
    again = make_demo(settings, order_lines=600)
    assert first.is_new
    assert not again.is_new
    assert digest(tmp_path) == before


def test_a_missing_file_is_made_again(tmp_path: Path) -> None:
    settings = home(tmp_path)
    make_demo(settings, order_lines=600)
    before = digest(tmp_path / "landing")
    next((tmp_path / "landing").rglob("tickets_*.csv")).unlink()
    assert make_demo(settings, order_lines=600).is_new
    assert digest(tmp_path / "landing") == before


def test_another_size_replaces_the_demo_and_what_was_built_from_it(tmp_path: Path) -> None:
    settings = home(tmp_path)
    make_demo(settings, order_lines=600)
    for path in (settings.build_file, settings.published_file):
        path.parent.mkdir(parents=True)
        path.touch()
    report = make_demo(settings, order_lines=700)
    assert "removed the earlier demo" in report.messages[0]
    assert not settings.build_file.exists()
    assert not settings.published_file.exists()


def test_files_of_others_in_the_landing_folder_are_never_touched(tmp_path: Path) -> None:
    settings = home(tmp_path)
    own = settings.landing_folder / "magento" / "sales_order_20260101.csv"
    own.parent.mkdir(parents=True)
    own.write_text("entity_id\n", encoding="utf-8")
    with pytest.raises(LandingInUse, match="HABITUE_HOME"):
        make_demo(settings, order_lines=600)
    assert own.read_text(encoding="utf-8") == "entity_id\n"


@pytest.mark.parametrize("content", ["", "[]", '{"files": 5}', "[" * 100_000, "\0"])
def test_a_damaged_note_of_the_demo_is_named_and_no_file_is_removed(
    tmp_path: Path, content: str
) -> None:
    settings = home(tmp_path)
    own = settings.landing_folder / "magento" / "sales_order_20260101.csv"
    own.parent.mkdir(parents=True)
    own.write_text("entity_id\n", encoding="utf-8")
    settings.demo_folder.mkdir(parents=True)
    (settings.demo_folder / "demo.json").write_text(content, encoding="utf-8")
    with pytest.raises(DemoUnreadable, match="HABITUE_HOME"):
        make_demo(settings, order_lines=600)
    assert own.exists()
