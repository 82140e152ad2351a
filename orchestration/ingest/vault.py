"""The encrypted text of quarantined rows, in files that are deleted when it expires.

A database keeps what was deleted from it in its free blocks, its log and its copies for as long as
it likes; a file is gone. Tables hold only where a text stands. Files are written before the
transaction that tells of them commits, so one that no row tells of is possible, and harmless: it
is deleted on its day like the others.
"""

import os
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

_STAMP = "%Y%m%dT%H%M%S%f"
_PLACE = re.compile(r"([0-9]{8}T[0-9]{12}_[0-9a-f]{16}\.sealed):([0-9]+)")


class Vault:
    """The folder of such files, their owner's alone; each is named by when it expires (UTC)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, list[str]] = {}
        self._written: list[Path] = []

    def keep(self, texts: Sequence[str], expires_at: datetime) -> list[str]:
        """Store texts, safely on disk; gives where each stands.

        Raises:
            OSError: the disk is full or the folder cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{expires_at.strftime(_STAMP)}_{secrets.token_hex(8)}.sealed"
        self._written.append(self._folder / name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(self._folder / name, flags, 0o600), "w") as stream:
            stream.write("\n".join(texts))
            stream.flush()
            os.fsync(stream.fileno())
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return [f"{name}:{at}" for at in range(len(texts))]

    def discard(self) -> None:
        """Delete what was kept through this object, whose transaction was rolled back."""
        for file in self._written:
            file.unlink(missing_ok=True)

    def read(self, place: str) -> str | None:
        """The text that stands at a place; None when it has expired.

        What is no place is a text itself: earlier versions kept it in the table.
        """
        found = _PLACE.fullmatch(place)
        if found is None:
            return place
        name, at = found.group(1), int(found.group(2))
        if name not in self._read:
            file = self._folder / name
            self._read[name] = file.read_text().split("\n") if file.exists() else []
        texts = self._read[name]
        return texts[at] if at < len(texts) else None

    def forget_expired(self, now: datetime) -> None:
        """Delete the files whose day (UTC, without zone) has come."""
        for file in self._folder.glob("*.sealed"):
            if file.name < now.strftime(_STAMP):
                file.unlink(missing_ok=True)
