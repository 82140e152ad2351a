"""What a run's report says of its time."""

from orchestration import stopwatch


def test_a_run_counts_its_own_time_only() -> None:
    with stopwatch.measured("sql"):
        pass
    stopwatch.start("left running by a query that was cut off")
    stopwatch.reset()
    assert stopwatch.spent() == {}
    with stopwatch.measured("sql"):
        pass
    assert set(stopwatch.spent()) == {"sql"}
