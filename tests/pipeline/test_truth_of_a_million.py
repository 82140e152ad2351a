"""The comparison with the generator's truth at a size where rare accidents happen by themselves.

HABITUE_TRUTH_LINES says how many order lines are made: a million unless told otherwise.
"""

import os
from collections.abc import Callable
from datetime import date

import pytest
from pipeline.home import Home
from pipeline.test_truth import served_sales, true_sales

from orchestration.demo.generate import generate

ORDER_LINES = int(os.environ.get("HABITUE_TRUTH_LINES", "1000000"))

pytestmark = pytest.mark.faults


def test_a_million_order_lines_agree_with_the_generator(
    new_home: Callable[[str], Home],
) -> None:
    home = new_home("million")
    truth = home.folder / "truth"
    generate(home.landing, truth, ORDER_LINES, seed=1, end_date=date(2026, 6, 30))
    home.run()
    assert served_sales(home) == true_sales(truth)
