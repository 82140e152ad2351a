"""Runs that begin at the same moment: one works, the others say which one does."""

import multiprocessing
from collections.abc import Callable
from contextlib import AbstractContextManager

from orchestration.resources.lease import AnotherRunActive

RUNS = 20
forked = multiprocessing.get_context("fork")


def assert_one_wins(hold: Callable[[str], AbstractContextManager[object]]) -> None:
    """Have twenty processes ask for the right to write at once; `hold` takes the run's name."""
    gate, results, all_said = forked.Barrier(RUNS), forked.Queue(), forked.Event()

    def start(number: int) -> None:
        gate.wait(30)
        try:
            with hold(f"parallel-{number}"):
                results.put("won")
                all_said.wait(60)
        except AnotherRunActive as error:
            results.put(str(error))

    runs = [forked.Process(target=start, args=[number]) for number in range(RUNS)]
    for run in runs:
        run.start()
    said = [results.get(timeout=60) for _ in runs]
    all_said.set()
    for run in runs:
        run.join(60)
    assert said.count("won") == 1
    assert all("another run (" in text for text in said if text != "won")
