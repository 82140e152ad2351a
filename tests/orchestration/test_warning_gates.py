"""Expectations that may be untrue of good data: told, and stopping nothing."""

import pandas as pd

from orchestration.checks.judge import frame_table
from orchestration.checks.suites import Suite, read_suite
from orchestration.checks.validation import validate


def warns(values: list[float], **more: object) -> list[bool]:
    rule = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {
            "column": "amount",
            "min_value": 0,
            **({"mostly": 0.99} if "mostly" in more else {}),
        },
        "meta": {"remedy": "Look.", **({"severity": "warning"} if "severity" in more else {})},
    }
    held = Suite("staging", "orders", {"meta": {"key": ["id"]}, "expectations": [rule]})
    frame = pd.DataFrame({"id": range(len(values)), "amount": values})
    return [one.is_warning for one in validate(held, frame_table("t", frame), len(frame))]


def test_a_share_that_a_few_rows_break_is_a_warning_and_many_are_a_fault() -> None:
    assert warns([-1.0] + [1.0] * 5, mostly=True) == [True]
    assert warns([-1.0] * 10 + [1.0] * 5, mostly=True) == [False]
    assert warns([-1.0] + [1.0] * 500, mostly=True) == []


def test_what_every_row_must_be_is_a_fault_unless_its_suite_says_otherwise() -> None:
    assert warns([-1.0, 1.0]) == [False]
    assert warns([-1.0, 1.0], severity=True) == [True]


def test_a_group_too_large_to_be_one_person_stops_nothing() -> None:
    """A small base, of which a fifth shares contacts in one chain: they are left apart (D27)."""
    suite = read_suite("golden_customer", "customer_identities")
    frame = pd.DataFrame(
        {
            "source_customer_key": [f"magento:{n}" for n in range(105)],
            "customer_key": "gc_1",
            "match_rule": "kept_apart",
            "cluster_size": [21] * 21 + [1] * 84,
        }
    )
    judged = validate(suite, frame_table("t", frame), len(frame))
    assert [one.is_warning for one in judged] == [True]
