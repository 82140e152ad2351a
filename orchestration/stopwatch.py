"""Where the time of this process goes, by name."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Generator
from contextlib import contextmanager

_spent: defaultdict[str, float] = defaultdict(float)
_running: Counter[str] = Counter()
_started: dict[str, float] = {}
_lock = threading.Lock()


def reset() -> None:
    """Forget what was counted: a new run begins."""
    with _lock:
        for counted in (_spent, _running, _started):
            counted.clear()


def start(name: str) -> None:
    """Begin a stretch of work; stretches of one name in several threads count once."""
    with _lock:
        if not _running[name]:
            _started[name] = time.perf_counter()
        _running[name] += 1


def stop(name: str) -> None:
    """End a stretch of work that was begun."""
    with _lock:
        if not _running[name]:
            return
        _running[name] -= 1
        if not _running[name]:
            _spent[name] += time.perf_counter() - _started[name]


@contextmanager
def measured(name: str) -> Generator[None]:
    """Count the time of the block under `name`."""
    start(name)
    try:
        yield
    finally:
        stop(name)


def spent() -> dict[str, float]:
    """Seconds by name, since the process or its newest run began."""
    with _lock:
        return dict(_spent)
