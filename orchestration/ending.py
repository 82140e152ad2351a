"""How a command ends that is told to: by Ctrl+C, or by SIGTERM as a service manager sends it.

Both raise the same exception wherever the command is, so that what it opened is closed and what it
started is ended. A shell without job control starts what stands before an & deaf to Ctrl+C;
Dagster gives SIGTERM the handler that it finds at Ctrl+C's, and would be deaf to both.
"""

import signal
import threading
from types import FrameType

_NAMES = {signal.SIGINT: "Ctrl+C", signal.SIGTERM: "SIGTERM"}
_SHELLS_OFFSET = 128
_told: list["Ended"] = []


class Ended(KeyboardInterrupt):
    """The command was told to end; `exit_code` is the one that shells know for its signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = _SHELLS_OFFSET + number
        self.sentence = (
            f"ended by {_NAMES[signal.Signals(number)]}: nothing half done was published; "
            "the same command again carries on"
        )


def listen() -> None:
    """From now on both signals raise `Ended` in the main thread."""
    _told.clear()
    if threading.current_thread() is threading.main_thread():
        for number in _NAMES:
            signal.signal(number, _end)


def told_to_end() -> Ended | None:
    """What was raised since; libraries may have made another exception of it."""
    return _told[0] if _told else None


def _end(number: int, _: FrameType | None) -> None:
    _told.append(Ended(number))
    raise _told[-1]
