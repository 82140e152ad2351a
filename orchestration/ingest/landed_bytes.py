"""The bytes of a landed file: read once, through one descriptor, and hashed as they are read."""

import hashlib
import io
import os
import re
import stat
import time
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from orchestration.ingest.reasons import FileRefused, Reason
from orchestration.resources.landing import LandedFile, side_file

BUFFER, MOST_OF_A_SIDE_FILE = 1 << 20, 1 << 16
# Two changes closer to each other than a tick of the kernel's clock bear the same time.
TICK_SECONDS = 0.02
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DIGEST = re.compile(r"\b[0-9a-fA-F]{64}\b")
State = tuple[int, ...]


class FileMoved(Exception):
    """The file is not, or no more, as it was found: nothing was kept, a later run looks again."""


class LandedBytes(io.RawIOBase):
    """One landed file, held open; use it in a `with`.

    Raises:
        FileMoved: it is gone, or another one since it was found.
        FileRefused: KIND or UNREADABLE, at once or while it is read.
    """

    def __init__(self, file: LandedFile) -> None:
        self.file = file
        self._hash = hashlib.sha256()
        self._descriptor = self._opened()
        try:
            self._began = self._settled_state()
            self.size = os.fstat(self._descriptor).st_size
            if (self.size, self._began[-1]) != (file.size, file.changed_ns):
                raise FileMoved(f"{file.name} has changed since it was found")
        except BaseException:
            os.close(self._descriptor)
            raise

    def _opened(self) -> int:
        try:
            descriptor = os.open(self.file.path, _FLAGS)
        except FileNotFoundError:
            raise FileMoved(f"{self.file.name} was taken away before it was read") from None
        except OSError as error:
            raise _unreadable(error) from None
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
            return descriptor
        os.close(descriptor)
        if found.st_nlink == 0:
            raise FileMoved(f"{self.file.name} was taken away before it was read")
        raise FileRefused(Reason.KIND, "it is no regular file of its own")

    def _settled_state(self) -> State:
        """The state that any later change of the file would show against."""
        fresh = TICK_SECONDS - (time.time() - self.file.changed_ns / 1e9)
        if fresh > 0:
            time.sleep(min(fresh, TICK_SECONDS))
        return _state(os.fstat(self._descriptor))

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Read on, and hash what was read."""
        try:
            size = os.readv(self._descriptor, [buffer])
        except OSError as error:
            raise _unreadable(error) from None
        self._hash.update(buffer[:size])
        return size

    def stream(self) -> BinaryIO:
        """What lies ahead of the last byte read, as a file."""
        # Held, because it would close this one when nobody holds it any more.
        self._stream = io.BufferedReader(self, BUFFER)
        return cast(BinaryIO, self._stream)

    def sha256(self) -> str:
        """SHA-256 of the whole file, in hexadecimal; reads what was not read."""
        rest = memoryview(bytearray(BUFFER))
        while self.readinto(rest):
            pass
        return self._hash.hexdigest()

    def rewind(self) -> None:
        """Begin again."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self._hash = hashlib.sha256()

    def require_unchanged(self) -> None:
        """The file is what it was when it was opened, and still lies in its place.

        Raises:
            FileMoved: it does not.
        """
        try:
            here = _state(self.file.path.lstat())
        except OSError:
            raise FileMoved(f"{self.file.name} was taken away while it was read") from None
        if not here == self._began == _state(os.fstat(self._descriptor)):
            raise FileMoved(f"{self.file.name} changed while it was read")

    def close(self) -> None:
        """Let go of the file."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _state(found: os.stat_result) -> State:
    return (
        found.st_dev, found.st_ino, found.st_nlink, found.st_size, found.st_mtime_ns,
        found.st_ctime_ns,
    )  # fmt: skip


def _unreadable(error: OSError) -> FileRefused:
    return FileRefused(Reason.UNREADABLE, f"it cannot be read ({error.strerror})")


def require_declared(path: Path, sha256: str) -> None:
    """The `.sha256` beside a file, when there is one, is of these bytes.

    It may hold the sum alone, or lines of sums with names, of which the file's counts.

    Raises:
        FileRefused: CHECKSUM.
    """
    try:
        descriptor = os.open(side_file(path, ".sha256"), _FLAGS)
    except FileNotFoundError:
        return
    except OSError as error:
        raise FileRefused(
            Reason.CHECKSUM, f"the .sha256 beside it cannot be read ({error.strerror})"
        ) from None
    text = _text_of(descriptor)
    if (declared := _declared(text, path.name)) is None:
        raise FileRefused(Reason.CHECKSUM, "the .sha256 beside it holds no sum of this file")
    if declared != sha256:
        raise FileRefused(
            Reason.CHECKSUM,
            f"its bytes have the SHA-256 {sha256[:12]}…, the .sha256 beside it says "
            f"{declared[:12]}…",
        )


def _text_of(descriptor: int) -> str:
    """What a side file holds; nothing, where it is a folder or cannot be read on."""
    try:
        return os.read(descriptor, MOST_OF_A_SIDE_FILE).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _declared(text: str, name: str) -> str | None:
    """The sum that a side file declares for the file of a name, or None."""
    lines = [line for line in text.splitlines() if _DIGEST.search(line)]
    named = [line for line in lines if name in re.split(r"[\s*()/]+", line)]
    if not named and (len(lines) != 1 or len(lines[0].split()) != 1):
        return None
    found = _DIGEST.search((named or lines)[0])
    return found[0].lower() if found else None
