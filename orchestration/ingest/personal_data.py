"""Personal data where none is expected: e-mail addresses, telephone and card numbers in a text.

A shopper types an address into the city, a clerk a telephone number into a label. What is found is
masked before anything is stored. Telephone numbers are judged by the phonenumbers library, card
numbers by their issuer's prefix, their length and the Luhn check.

Columns of identifiers hold long numbers by nature. There only addresses, international telephone
numbers (+33…) and card numbers are looked for, and what is found becomes a keyed token: the same
value stays the same identifier in every file, and different ones stay different.
"""

import re
from collections.abc import Callable
from datetime import datetime
from functools import cache, lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.ingest.texts import Bytes, Offsets, buffers_of

Token = Callable[[str], str]
Mask = npt.NDArray[np.bool_]

# The fewest digits that are looked for: of a telephone number, of a card number.
_PHONE_DIGITS, _CARD_DIGITS = 8, 14
_MOST_CARD_DIGITS = 19
_MOST_BETWEEN = 4
_GTIN_LENGTHS = (8, 12, 13, 14)

_DIGIT = re.compile("[0-9]")
_GROUP = re.compile("[0-9]+")
# The whole run of characters around the @, so that no part of a name stays.
_EMAIL = re.compile(r"[^\s@]*[^\s@]@[^\s@]+\.[^\W\d_]{2}\S*")
_BETWEEN = r"[ \u00a0._/-]{0,3}"
_LONG_NUMBER = re.compile(rf"[0-9](?:{_BETWEEN}[0-9]){{{_CARD_DIGITS - 1},}}")
# In an identifier: in one piece, or in groups of four.
_PREFIX = "(?:4[0-9]{3}|5[0-9]{3}|2[2-7][0-9]{2}|3[04-9][0-9]{2}|6[0-9]{3})"
_ID_CARD_SHAPE = (
    rf"{_PREFIX}(?:[0-9]{{10,12}}|[0-9]{{15}}|(?:[ ._/-][0-9]{{4}}){{3}}"
    r"|[ ._/-][0-9]{6}[ ._/-][0-9]{4,5})"
)
_ID_CARD = re.compile(rf"(?<![0-9]){_ID_CARD_SHAPE}(?![0-9])")
_INTERNATIONAL = re.compile(r"\+[1-9][0-9 \u00a0().-]{6,20}[0-9]")
# Pairs of a national number between marks that phonenumbers takes for those of dates or lists.
_PAIRS = re.compile(r"(?<![0-9])0[0-9]([/_,])[0-9]{2}(?:\1[0-9]{2}){3}(?![0-9])")
# A number in groups, and what may follow it: which of the groups are its own is tried out.
_GROUPED = re.compile(r"\+?\(?[0-9]+(?:[ \u00a0./_-]{1,3}[0-9]+){1,7}")
_NUMBER_DIGITS = range(9, 14)
# More pairs than a number has; where each is larger than the one before, they are sizes.
_MANY_PAIRS = re.compile(r"(?<![0-9])[0-9]{2}(?:[ \u00a0./_-]{1,3}[0-9]{2}){5,}(?![0-9])")
# The same for a first look by Arrow, at the bytes.
_PHONE_SHAPE = r"[0-9](?:[^0-9A-Za-z]{0,4}[0-9]){7}"

# Issuers' prefixes, lowest and highest, with the lengths of their numbers. Visa's old 13 digits
# are left out: no card has them any more, and every barcode of Germany or Japan begins so.
_ISSUERS = (
    ("4", "4", (16, 19)),
    ("51", "55", (16,)),
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),
    ("37", "37", (15,)),
    ("300", "305", (14,)),
    ("36", "36", (14,)),
    ("38", "39", (14,)),
    ("6011", "6011", (16, 19)),
    ("644", "659", (16, 19)),
    ("3528", "3589", (16, 19)),
    ("62", "62", (16, 17, 18, 19)),
    ("5018", "5018", (16, 17, 18, 19)),
    ("5020", "5020", (16, 17, 18, 19)),
    ("5038", "5038", (16, 17, 18, 19)),
    ("6304", "6304", (16, 17, 18, 19)),
    ("6759", "6763", (16, 17, 18, 19)),
)


# In a name of a file or a column, which is only shown: the form alone decides, and %40 is an @.
_NAME_EMAIL = re.compile(r"[^\s@%<>\"'(),;:=/]*(?:@|%40)[^\s@%<>\"'(),;:=/]*", re.IGNORECASE)
_NAME_TELEPHONE = re.compile(r"(?<![\d+])(?:\+|0)(?:[ ._/()-]{0,2}\d){8,14}(?!\d)")
_NAME_NUMBER = re.compile(r"(?<!\d)\d(?:[ .-]?\d){10,}(?!\d)")
_MOMENTS = ("%Y%m%d%H%M", "%Y%m%d%H%M%S")


def masked_name(name: str) -> str:
    """The name of a file or a column, fit to be shown: whatever looks personal in it is masked.

    Stricter than `masked`: no name is looked up by what is shown of it.
    """
    name = _NAME_EMAIL.sub("(e-mail)", name)
    name = _NAME_TELEPHONE.sub("(telephone)", name)
    return _NAME_NUMBER.sub(_masked_number, name)


def _masked_number(found: re.Match[str]) -> str:
    """A number as long as a card's, unless it is the moment of an export."""
    for form in _MOMENTS:
        try:
            if found[0].isdigit() and 1990 <= datetime.strptime(found[0], form).year <= 2100:
                return found[0]
        except ValueError:
            continue
    return "(number)"


def is_card_number(digits: str) -> bool:
    """Whether digits can be the number of a payment card.

    A 14-digit number that is a valid article number (GTIN-14) is taken for one.
    """
    issued = any(
        low <= digits[: len(low)] <= high and len(digits) in lengths
        for low, high, lengths in _ISSUERS
    )
    if not issued or _weighted(digits, _luhn_of) % 10:
        return False
    return len(digits) != 14 or bool(_weighted(digits, _gtin_of) % 10)


def _weighted(digits: str, doubled: Callable[[int], int]) -> int:
    """The sum of the digits, from the right, every second one changed."""
    values = [int(digit) for digit in reversed(digits)]
    return sum(values[::2]) + sum(map(doubled, values[1::2]))


def _luhn_of(digit: int) -> int:
    return digit * 2 - 9 * (digit > 4)


def _gtin_of(digit: int) -> int:
    return digit * 3


def masked(
    text: str, region: str = "FR", *, token: Token | None = None, numbers: bool = True
) -> str:
    """The text with every e-mail address, telephone and card number in it replaced.

    Args:
        text: Free text, a name, a header, a file's name.
        region: Where national telephone numbers are dialled, as two capital letters.
        token: Gives what stands for a value found; with it the text is an identifier, in which
            telephone numbers are looked for in their international form only.
        numbers: Whether telephone and card numbers are looked for at all.
    """
    if "@" in text:
        text = _EMAIL.sub(lambda found: _shown("e-mail", found[0], token), text)
    if not numbers or len(_DIGIT.findall(text)) < _PHONE_DIGITS:
        return text
    if token is None:
        return _without_phones(_LONG_NUMBER.sub(_without_cards, text), region)
    text = _ID_CARD.sub(lambda found: _card(found[0], token), text)
    return _INTERNATIONAL.sub(lambda found: _phone(found[0], token), text) if "+" in text else text


def _shown(kind: str, found: str, token: Token | None) -> str:
    return f"[{kind}]" if token is None else f"[{kind}:{token(found.casefold())}]"


def _card(found: str, token: Token) -> str:
    digits = re.sub(r"[^0-9]", "", found)
    return _shown("card", digits, token) if is_card_number(digits) else found


def _without_cards(found: re.Match[str]) -> str:
    """A long number, whole or in groups, without those groups that make a card number."""
    number = found[0]
    groups = list(re.finditer(r"[0-9]+", number))
    pieces: list[str] = []
    at = end = 0
    while at < len(groups):
        last = _end_of_card(groups, at)
        if last is not None:
            pieces += [number[end : groups[at].start()], "[card]"]
            at, end = last, groups[last].end()
        at += 1
    return "".join([*pieces, number[end:]])


def _end_of_card(groups: list[re.Match[str]], first: int) -> int | None:
    """The last of the groups that make a card number from a given one on."""
    digits = ""
    for at in range(first, len(groups)):
        digits += groups[at][0]
        if len(digits) > _MOST_CARD_DIGITS:
            return None
        if is_card_number(digits):
            return at
    return None


def _phone(found: str, token: Token) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(found)
    except phonenumbers.NumberParseException:
        return found
    if not phonenumbers.is_valid_number(number):
        return found
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return _shown("telephone", written, token)


# An article's label stands on many lines, and comes again in every block of a file.
@lru_cache(maxsize=1 << 15)
def _known_text(text: str, region: str, *, numbers: bool) -> str:
    return masked(text, region, numbers=numbers)


def _without_phones(text: str, region: str) -> str:
    # Imported late: the metadata cost half a second, and few texts hold that many digits.
    import phonenumbers

    if not _number_begins(region).search(text):
        return text
    pieces: list[str] = []
    end = 0
    # As long as the text itself, so that what is found stands at the same place.
    usual = _PAIRS.sub(_spaced_pairs, text)
    for match in phonenumbers.PhoneNumberMatcher(usual, region):
        if not _is_article_number(match.raw_string):
            pieces += [text[end : match.start], "[telephone]"]
            end = match.end
    return _without_neighbours("".join([*pieces, text[end:]]), region)


def _without_neighbours(text: str, region: str) -> str:
    """The text without numbers in groups that stand right beside other digits.

    phonenumbers takes a number and the postcode, date or second number beside it for one number,
    which is none. Unbroken digits that a hyphen ties to others stay: references look like that.
    """
    pieces: list[str] = []
    end = 0
    # As long as the text itself, so that what is found stands at the same place.
    usual = _MANY_PAIRS.sub(_unnumbered_sizes, text)
    for begin in _number_begins(region).finditer(usual):
        at = begin.start()
        if at >= end and (last := _end_of_phone(usual, at, region)) is not None:
            pieces += [text[end:at], "[telephone]"]
            end = last
    return "".join([*pieces, text[end:]])


def _end_of_phone(text: str, at: int, region: str) -> int | None:
    """Where the groups end that make a telephone number from a place on."""
    found = _GROUPED.match(text, at)
    if found is None or text[at - 1 : at].isalnum():
        return None
    ends = [group.end() for group in _GROUP.finditer(text, at, found.end())]
    candidates = (end for end in ends[:0:-1] if not text[end : end + 1].isalpha())
    return next((end for end in candidates if _is_phone(text[at:end], region)), None)


def _is_phone(text: str, region: str) -> bool:
    """Whether a text is a telephone number from end to end, in the groups usual for it."""
    from phonenumbers import Leniency, PhoneNumberMatcher

    if len(_DIGIT.findall(text)) not in _NUMBER_DIGITS:
        return False
    found = PhoneNumberMatcher(text, region, leniency=Leniency.EXACT_GROUPING)
    return any((one.start, one.end) == (0, len(text)) for one in found)


def _unnumbered_sizes(found: re.Match[str]) -> str:
    pairs = _GROUP.findall(found[0])
    rises = all(before < after for before, after in pairwise(pairs))
    return "x" * len(found[0]) if rises else found[0]


def _spaced_pairs(found: re.Match[str]) -> str:
    """The pairs, between blanks, as phonenumbers reads them; sizes, at equal steps, as they are."""
    pairs = found[0].split(found[1])
    steps = {int(after) - int(before) for before, after in pairwise(pairs)}
    return found[0] if len(steps) == 1 else " ".join(pairs)


@cache
def _number_begins(region: str) -> re.Pattern[str]:
    """Where a number of a region, or an international one, may begin in a text.

    Where national numbers are always dialled with a 0 first, runs of other numbers, such as sizes
    and years, need no closer look.
    """
    from phonenumbers import PhoneMetadata

    known = PhoneMetadata.metadata_for_region(region)
    if known is None or known.national_prefix != "0":
        return re.compile(r"[0-9]")
    return re.compile(rf"[+\uff0b]|(?<![0-9])\(?(?:0|{known.country_code})")


def _is_article_number(digits: str) -> bool:
    """Whether it is a barcode: 8, 12, 13 or 14 digits, unbroken, with the check digit of a GTIN."""
    is_number = digits.isdecimal() and len(digits) in _GTIN_LENGTHS
    return is_number and not _weighted(digits, _gtin_of) % 10


def mask_column(
    values: pa.Array, region: str, *, token: Token | None = None, numbers: bool = True
) -> tuple[pa.Array, int]:
    """A column with what `masked` finds replaced, and in how many values something was found.

    Columns without an @ and without long numbers cost a look at their bytes.
    """
    suspects = _suspects(values, is_id=token is not None)
    if not suspects.any():
        return values, 0
    chosen = values.filter(pa.array(suspects))
    encoded = pc.dictionary_encode(chosen)
    known: list[str] = encoded.dictionary.to_pylist()
    clean = [
        _known_text(text, region, numbers=numbers)
        if token is None
        else masked(text, region, token=token, numbers=numbers)
        for text in known
    ]
    if clean == known:
        return values, 0
    replaced = pa.array(clean, pa.string()).take(encoded.indices)
    count = int(pc.sum(pc.not_equal(replaced, chosen)).as_py())
    return pc.replace_with_mask(values, pa.array(suspects), replaced), count


def _suspects(values: pa.Array, *, is_id: bool) -> Mask:
    """The values that are worth a closer look."""
    found = np.zeros(len(values), dtype=np.bool_)
    offsets, data = buffers_of(values)
    if not len(values) or offsets[0] == offsets[-1]:
        return found
    data = data[offsets[0] : offsets[-1]]
    for mark in "@+" if is_id else "@":
        if bool((data == ord(mark)).any()):
            found |= _flags(pc.match_substring(values, mark))
    shape = rf"(?:^|[^0-9]){_ID_CARD_SHAPE}(?:$|[^0-9])" if is_id else _PHONE_SHAPE
    least = _CARD_DIGITS if is_id else _PHONE_DIGITS
    if int(np.diff(offsets).max()) >= least:
        many = _with_digits(data, offsets - offsets[0], least)
        if len(many):
            matching = pc.match_substring_regex(values.take(pa.array(many)), shape)
            found[many[_flags(matching)]] = True
    return found


def _with_digits(data: Bytes, offsets: Offsets, least: int) -> npt.NDArray[np.int64]:
    """The places of the values with so many digits close to each other."""
    at = np.flatnonzero(data - np.uint8(ord("0")) < 10)
    first, last = at[: 1 - least], at[least - 1 :]
    near = last - first < least * (1 + _MOST_BETWEEN)
    first, last = first[near], last[near]
    value = np.searchsorted(offsets, first, side="right")
    return np.unique(value[last < offsets[np.minimum(value, len(offsets) - 1)]] - 1)


def _flags(array: pa.Array) -> Mask:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.bool_)
