"""A row is hashed by BLAKE2 with the key: stored hashes stay comparable, whatever computes them."""

import hashlib

from orchestration.ingest.row_hash import row_hashes

KEY = b"k" * 32


def test_the_hash_of_each_row_is_its_own_keyed_digest() -> None:
    rows = [b"1\x1fBra\x1f12.50", b"", b"1\x1fBra\x1f12.50", b"x" * 1000]
    expected = [hashlib.blake2b(row, key=KEY, digest_size=16).hexdigest() for row in rows]
    assert row_hashes(rows, KEY).text().to_pylist() == expected
    assert row_hashes(rows, b"l" * 32).text().to_pylist()[0] != expected[0]
