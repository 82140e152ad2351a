"""Pseudonyms: pinned vectors, normal forms and keys that are refused."""

import pytest

from orchestration.ingest.pseudonym import Pseudonymiser, UnusableKey, check_key

KEY = bytes(range(32))


@pytest.mark.parametrize(
    ("domain", "value", "token"),
    [
        ("email", "lea.martin@example.com", "v1_lzdc75wvhjylkhjbgbq3gibdlj"),
        ("phone", "+33612345678", "v1_jog7avh2ntdanhbfxgryvd46qy"),
        ("card", "2900000000011", "v1_pxxlpa5gwx64afvbvtso25kojz"),
        ("name", "lea", "v1_xyg35ze67dlhhb2xjs6s7n432l"),
    ],
)
def test_the_pseudonym_of_a_value_never_changes(domain: str, value: str, token: str) -> None:
    assert Pseudonymiser(KEY).of(domain, value) == token


@pytest.mark.parametrize(
    ("domain", "one", "other", "same"),
    [
        ("email", "A@X.fr ", "a@x.fr", True),
        ("email", "\uff41@x.fr", "a@x.fr", True),
        ("email", "a+b@x.fr", "a@x.fr", False),
        ("email", "a.b@x.fr", "ab@x.fr", False),
        ("name", " LÉA  Marie", "lea marie", True),
        ("name", "Léa", "Leo", False),
        ("card", "29 0000 1", "2900001", True),
        ("card", "0012", "12", False),
        ("phone", "06 12 34 56 78", "+33 6 12 34 56 78", True),
        ("phone", "0033612345678", "+33612345678", True),
        ("magento_customer", " 12", "12", True),
    ],
)
def test_spellings_of_one_value(domain: str, one: str, other: str, same: bool) -> None:
    known = Pseudonymiser(KEY)
    assert (known.of(domain, one) == known.of(domain, other)) is same


@pytest.mark.parametrize(
    ("domain", "value"),
    [
        ("email", "no address"), ("email", "a@b"), ("email", "a@b@c.fr"), ("email", "@x.fr"),
        ("phone", "12"), ("phone", "call me"), ("magento_customer", "0"), ("name", "  "),
    ],
)  # fmt: skip
def test_what_identifies_nobody_has_no_pseudonym(domain: str, value: str) -> None:
    assert Pseudonymiser(KEY).of(domain, value) is None


def test_the_same_text_differs_between_domains_and_keys() -> None:
    known = Pseudonymiser(KEY)
    assert known.token("card", "1") != known.token("name", "1")
    assert known.token("card", "1") != Pseudonymiser(KEY[::-1]).token("card", "1")


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (b"short", "has 5 bytes"),
        (b"", "has 0 bytes"),
        (b"a" * 40, "well known"),
        (b"ab" * 20, "well known"),
        (b"please-CHANGE-ME-before-production-1234", "well known"),
        (b"0123456789abcdef0123456789abcdef", "well known"),
        (b"1234567890" * 4, "repeats itself or follows a pattern"),
        (b"bonjour-boutique" * 3, "repeats itself or follows a pattern"),
        (b"zyxwvutsrqponmlkjihgfedcba9876543210", "repeats itself or follows a pattern"),
        (b"notre boutique vend des beaux habits", "repeats itself or follows a pattern"),
        (b"correct horse battery staple " * 2, "repeats itself or follows a pattern"),
        (b"This is the pseudonym key of our shop in Lyon", "repeats itself or follows a pattern"),
        (b"THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG", "repeats itself or follows a pattern"),
        (b"qwertyuiopasdfghjklzxcvbnm1234567890", "repeats itself or follows a pattern"),
        (b"2024LoremIpsumDolorSitAmetConsectetur", "repeats itself or follows a pattern"),
    ],
)
def test_a_weak_key_is_refused_without_being_shown(key: bytes, says: str) -> None:
    with pytest.raises(UnusableKey, match=says) as raised:
        check_key(key, "the test")
    assert key == b"" or key.decode() not in str(raised.value)
