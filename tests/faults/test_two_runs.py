"""Runs that begin at the same moment: one works, the others say which one does."""

import multiprocessing
from pathlib import Path

from orchestration.resources.lease import AnotherRunActive, hold_lease

forked = multiprocessing.get_context("fork")


def test_of_twenty_runs_at_once_in_one_home_one_wins(tmp_path: Path) -> None:
    gate, results, all_said = forked.Barrier(20), forked.Queue(), forked.Event()

    def start(number: int) -> None:
        gate.wait(30)
        try:
            with hold_lease(tmp_path, f"parallel-{number}"):
                results.put("won")
                all_said.wait(60)
        except AnotherRunActive as error:
            results.put(str(error))

    runs = [forked.Process(target=start, args=[number]) for number in range(20)]
    for run in runs:
        run.start()
    said = [results.get(timeout=60) for _ in runs]
    all_said.set()
    for run in runs:
        run.join(60)
    assert said.count("won") == 1
    assert all("another run (" in text for text in said if text != "won")
