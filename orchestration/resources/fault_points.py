"""Named places where a test may make the program fail; without effect unless armed."""

import errno
import os
import signal
import time
from collections import Counter
from pathlib import Path

VARIABLE = "HABITUE_FAULT_POINT"
SLEEP_SECONDS = 5.0

_reached: Counter[str] = Counter()


class ArmedFault(RuntimeError):
    """A test armed this place to fail."""


def fault_point(name: str) -> None:
    """Fail here if `HABITUE_FAULT_POINT` is `<name>:<n>:<kill|raise|sleep|enospc>`, the n-th time.

    With `*:<file>:note` nothing fails: the name of every place passed becomes a line of the file.

    Raises:
        ArmedFault: the action is `raise`.
        OSError: the action is `enospc`, as when a disk is full.
    """
    armed = os.environ.get(VARIABLE)
    if not armed:
        return
    place, turn, action = armed.rsplit(":", 2)
    if action == "note":
        _note(name, turn)
        return
    if place != name:
        return
    _reached[name] += 1
    if _reached[name] == int(turn):
        _fail(name, action)


def _fail(name: str, action: str) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "sleep":
        time.sleep(SLEEP_SECONDS)
    elif action == "enospc":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    else:
        raise ArmedFault(f"{VARIABLE} made {name} fail")


def _note(name: str, file: str) -> None:
    with Path(file).open("a", encoding="utf-8") as passed:
        passed.write(f"{name}\n")
