"""Keyed pseudonyms: the same person gives the same token, and no token can be guessed back."""

import base64
import hashlib
import hmac
import logging
import math
import os
import re
import secrets
import stat
import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

from orchestration.settings import Settings

_LOG = logging.getLogger(__name__)
_MINIMUM_BYTES = 32
_MINIMUM_DISTINCT_BYTES = 8
_MINIMUM_BITS = 80
_WELL_KNOWN = ("changeme", "password", "secretkey", "example", "yourkey", "0123456789abcdef")
_EMAIL = re.compile(r"^[^@\s,;<>\"]+@[^@\s,;<>\".]+(?:\.[^@\s,;<>\".]+)+$")
_SPACES = re.compile(r"\s+")
_WORDS = re.compile(rb"[0-9]*(?=.*[a-zA-Z]{4})[\x00-\x2f\x3a-\x7f]+[0-9]*", re.DOTALL)


class UnusableKey(ValueError):
    """The pseudonym key is missing, weak, readable by others or not the warehouse's own."""


def check_key(key: bytes, origin: str) -> bytes:
    """The key itself, when it is long and varied enough.

    Raises:
        UnusableKey: it is short or well known; the message never holds the key.
    """
    remedy = "use 32 random bytes or more, e.g. from `openssl rand -hex 32`"
    if len(key) < _MINIMUM_BYTES:
        raise UnusableKey(f"the key in {origin} has {len(key)} bytes; {remedy}")
    squeezed = re.sub(rb"[^a-z0-9]", b"", key.lower())
    if len(set(key)) < _MINIMUM_DISTINCT_BYTES or any(
        word.encode() in squeezed for word in _WELL_KNOWN
    ):
        raise UnusableKey(f"the key in {origin} is well known; {remedy}")
    if (bits := entropy_bits(key)) < _MINIMUM_BITS:
        raise UnusableKey(
            f"the key in {origin} repeats itself or follows a pattern ({bits:.0f} bits of "
            f"uncertainty, {_MINIMUM_BITS} are needed); {remedy}"
        )
    return key


def entropy_bits(key: bytes) -> float:
    """How many bits of uncertainty a key has at most, judged by its looks.

    Repetition counts once, as a compressor sees it; steps such as 1234 or abcd count as their
    differences do; words, with a number before or behind them at most, have 1.5 bits a letter.
    """
    steps = bytes((after - before) % 256 for before, after in pairwise(key))
    bits = min(_bits(key), _bits(steps))
    return min(bits, 1.5 * _compressed(key)) if _is_of_words(key) else bits


def _bits(text: bytes) -> float:
    """Shannon's entropy of the bytes of a text, times its length once it is compressed."""
    counts = Counter(text).values()
    each = -sum(count / len(text) * math.log2(count / len(text)) for count in counts)
    return each * _compressed(text)


def _compressed(text: bytes) -> int:
    return min(len(text), len(zlib.compress(text, 9, -15)))


def _is_of_words(key: bytes) -> bool:
    """Whether a key looks typed: no digit amid its letters, and few of these in the other case."""
    if not _WORDS.fullmatch(key):
        return False
    upper, lower = (sum(map(case, key.decode("ascii"))) for case in (str.isupper, str.islower))
    return min(upper, lower) <= len(key) / 5


def _read_key_file(path: Path) -> bytes:
    if not path.is_file():
        raise UnusableKey(f"{path} is no file: set HABITUE_PSEUDONYM_KEY_FILE to that of the key")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise UnusableKey(f"{path} has mode {mode:04o}: others can read it; run `chmod 600 {path}`")
    return check_key(path.read_bytes().strip(), str(path))


def _make_key_file(path: Path) -> bytes:
    """A new random key in a file that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.parent.chmod(0o700)
    key = secrets.token_hex(_MINIMUM_BYTES).encode()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(key + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    _LOG.warning("made a new pseudonym key in %s; keep a copy, pseudonyms depend on it", path)
    return key


def load_key(settings: Settings, *, warehouse_exists: bool) -> bytes:
    """The key of this installation; made now when nothing was ever stored under one.

    Raises:
        UnusableKey: missing for an existing warehouse, weak, or readable by others.
    """
    if settings.pseudonym_key is not None:
        value = settings.pseudonym_key.get_secret_value().strip().encode()
        return check_key(value, "HABITUE_PSEUDONYM_KEY")
    if settings.key_file.exists():
        return _read_key_file(settings.key_file)
    if warehouse_exists:
        raise UnusableKey(
            f"{settings.key_file} is missing, and the warehouse was built with a key; restore the "
            "file, set HABITUE_PSEUDONYM_KEY, or remove the warehouse and load again"
        )
    return _make_key_file(settings.key_file)


def normalise_email(value: str) -> str | None:
    """Trimmed, NFKC, case folded; dots and plus stay. None when it is no address."""
    folded = unicodedata.normalize("NFKC", value).strip().casefold()
    return folded if _EMAIL.match(folded) else None


def normalise_phone(value: str, region: str) -> str | None:
    """E.164 (`+33612345678`), read as dialled in `region`. None when it is no number."""
    # Imported late: the metadata cost half a second, and few files hold phone numbers.
    import phonenumbers

    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalise_card(value: str) -> str | None:
    """Upper case without white space; leading zeros stay."""
    return _SPACES.sub("", unicodedata.normalize("NFKC", value)).upper() or None


def normalise_name(value: str) -> str | None:
    """NFKC, case folded, accents folded, white space collapsed and trimmed."""
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", value).casefold())
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _SPACES.sub(" ", plain).strip() or None


def normalise_customer(value: str) -> str | None:
    """The trimmed identifier; 0 is what Magento writes for a visitor without account."""
    trimmed = value.strip()
    return None if trimmed in ("", "0") else trimmed


NORMALISERS: dict[str, Callable[[str], str | None]] = {
    "email": normalise_email,
    "card": normalise_card,
    "name": normalise_name,
    "magento_customer": normalise_customer,
}


class Pseudonymiser:
    """Makes pseudonyms and the other keyed tokens from one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.row_hash_key = self._derived("row hash")[:32]
        self.record_hash_key = self._derived("record")[:32]
        self._value_hash_key = self._derived("value hash")[:32]
        self.fingerprint = self._derived("fingerprint").hex()[:32]

    def _derived(self, purpose: str) -> bytes:
        return hmac.digest(self._key, b"habitue" + b"\x1f" + purpose.encode(), "sha256")

    def token(self, domain: str, normalised: str) -> str:
        """The pseudonym of a normalised value: `v1_` and 26 characters a-z2-7."""
        message = f"{domain}\x1f{normalised}".encode()
        digest = hmac.digest(self._key, message, "sha256")
        # 20 bytes make 32 characters: to encode the others would be in vain.
        return "v1_" + base64.b32encode(digest[:20]).decode().lower()[:26]

    def of(self, domain: str, value: str, region: str = "FR") -> str | None:
        """The pseudonym of a value as it stands in a file; None when it identifies nobody."""
        if domain == "phone":
            normalised = normalise_phone(value, region)
        else:
            normalised = NORMALISERS[domain](value)
        return None if normalised is None else self.token(domain, normalised)

    def value_hash(self, value: str) -> str:
        """A keyed hash that tells equal bad values apart from others; shows nothing else."""
        digest = hashlib.blake2b(value.encode(), key=self._value_hash_key, digest_size=16)
        return digest.hexdigest()

    def quarantine_key(self) -> bytes:
        """The key of the encrypted quarantine, in the form that Fernet takes."""
        # Imported late: only files with bad rows need it.
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        derived = HKDF(SHA256(), length=32, salt=None, info=b"habitue quarantine v1")
        return base64.urlsafe_b64encode(derived.derive(self._key))


@cache
def known_regions() -> frozenset[str]:
    """Two-letter codes of the countries whose phone numbers can be read."""
    from phonenumbers import SUPPORTED_REGIONS

    return frozenset(SUPPORTED_REGIONS)
