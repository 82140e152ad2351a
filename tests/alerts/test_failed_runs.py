"""What a failed run tells to whom; the runs are Dagster's own, on small tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from orchestration.automation.alerts import letters_of
from orchestration.automation.failed_run import FailedRun, read_failed_run
from orchestration.checks.validation import Failure
from orchestration.resources.letter import Alert
from orchestration.served import Served
from orchestration.settings import Settings
from orchestration.summary import PublishedFacts

ENGINEERS, ANALYSTS, TEAM = "engineers@shop.fr", "analysts@shop.fr", "data@shop.example"
OWNERS = {"unified.unified_orders": (ENGINEERS,), "marts.sales_daily": (ANALYSTS,)}
TOO_LOW = Failure(
    expectation="expect_column_values_to_be_between",
    arguments={"column": "net_amount", "min_value": 0},
    failed_rows=3,
    rows=1200,
    example_key={"order_key": "o17"},
    observed=None,
    remedy="Look at the till's export of that day.",
)
SERVED = Served(
    PublishedFacts(
        as_of="2026-03-01",
        published_at=datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=25, minutes=5),
        run_id="run-0",
        tables=16,
        customers=26,
        buyers=12,
        orders=33,
        net_amount="1,209.44",
    )
)

Run = Callable[..., FailedRun]


def table(layer: str, name: str, *deps: str, fails: Exception | None = None) -> dg.AssetsDefinition:
    @dg.asset(key=[layer, name], deps=[dep.split(".") for dep in deps])
    def build() -> None:
        if fails is not None:
            raise fails

    return build


def gate(name: str, metadata: Mapping[str, Mapping[str, Any]]) -> dg.AssetChecksDefinition:
    """A gate that fails on every table that it is given metadata for."""
    specs = [
        dg.AssetCheckSpec("expectations", asset=key.split("."), blocking=True) for key in metadata
    ]

    @dg.multi_asset_check(name=f"gate_{name}", specs=specs)
    def judge() -> Iterator[dg.AssetCheckResult]:
        for key, found in metadata.items():
            yield dg.AssetCheckResult(
                passed=False,
                check_name="expectations",
                asset_key=key.split("."),
                metadata=found,
            )

    return judge


def failures(*found: Failure) -> dict[str, Any]:
    """As the project's gates report them."""
    return {"failures": dg.MetadataValue.json([str(one) for one in found])}


@pytest.fixture
def run() -> Iterator[Run]:
    """Run assets and checks, and read what went wrong."""

    def carry_out(
        *parts: dg.AssetsDefinition | dg.AssetChecksDefinition,
        tests: Mapping[str, str] | None = None,
    ) -> FailedRun:
        result = dg.materialize(list(parts), instance=instance, raise_on_error=False)
        assert not result.success
        return read_failed_run(instance, result.run_id, tests or {})

    with dg.DagsterInstance.ephemeral() as instance:
        yield carry_out


def tell(settings: Settings, failed: FailedRun) -> dict[str, Alert]:
    letters, warnings = letters_of(settings, failed, OWNERS, SERVED)
    assert warnings == []
    return letters


def said(texts: Sequence[str]) -> str:
    return "\n".join(texts)


def test_a_failed_gate_goes_to_the_owner_of_the_table(run: Run, settings: Settings) -> None:
    failed = run(
        table("unified", "unified_orders"),
        gate("unified", {"unified.unified_orders": failures(TOO_LOW)}),
        table("marts", "sales_daily", "unified.unified_orders"),
        table("published", "habitue", "marts.sales_daily"),
    )
    ((recipient, alert),) = tell(settings, failed).items()
    assert recipient == ENGINEERS
    assert alert.title == (
        "Gate unified failed on unified.unified_orders: nothing new is published"
    )
    (cause,) = alert.causes
    assert said(cause.faults) == (
        "expect_column_values_to_be_between(net_amount) fails on 3 of 1,200 rows, "
        "for example order_key=o17. Look at the till's export of that day."
    )
    assert "data as of 2026-03-01, published 25 h ago" in said(alert.effects)
    assert "Not built because of it: marts (1 table)." in alert.effects
    assert "Nothing new is published." in alert.effects
    assert alert.link == f"http://127.0.0.1:3000/runs/{failed.run_id}"
    assert (alert.kind, alert.period) == ("run", failed.run_id)


def test_each_owner_gets_the_own_part_and_the_team_what_nobody_owns(
    run: Run, settings: Settings
) -> None:
    failed = run(
        table("raw", "cashmere_tickets"),
        table("unified", "unified_orders"),
        gate("raw_cashmere", {"raw.cashmere_tickets": {"faults": ["late.csv: EMPTY_FILE"]}}),
        gate("unified", {"unified.unified_orders": failures(TOO_LOW)}),
    )
    letters = tell(settings, failed)
    assert set(letters) == {ENGINEERS, TEAM}
    assert [cause.place for cause in letters[TEAM].causes] == [
        "gate raw_cashmere, table raw.cashmere_tickets"
    ]
    assert [cause.place for cause in letters[ENGINEERS].causes] == [
        "gate unified, table unified.unified_orders"
    ]


def test_who_owns_all_of_it_gets_one_mail(run: Run, settings: Settings) -> None:
    failed = run(
        table("unified", "unified_orders"),
        table("marts", "sales_daily"),
        gate("unified", {"unified.unified_orders": failures(TOO_LOW)}),
        gate("marts", {"marts.sales_daily": failures(TOO_LOW, TOO_LOW)}),
    )
    owners = f"{ENGINEERS}=one@shop.fr, {ANALYSTS}=one@shop.fr"
    ((recipient, alert),) = tell(
        settings.model_copy(update={"alerts_owners": owners}), failed
    ).items()
    assert recipient == "one@shop.fr"
    assert len(alert.causes) == 2
    assert "and 1 more" in alert.title
    assert ENGINEERS in alert.reason
    assert ANALYSTS in alert.reason


def dbt_test(description: str | None = None) -> dg.AssetChecksDefinition:
    """A test of sales_daily that fails, and its step with it, as dagster-dbt reports it."""
    spec = dg.AssetCheckSpec("no_line_is_lost", asset=["marts", "sales_daily"])

    @dg.multi_asset_check(name="marts", specs=[spec])
    def marts() -> Iterator[dg.AssetCheckResult]:
        yield dg.AssetCheckResult(
            passed=False,
            check_name="no_line_is_lost",
            description=description,
            metadata={"dagster_dbt/failed_row_count": 2},
        )
        raise RuntimeError("dbt build of sales_daily failed")

    return marts


def test_a_failed_dbt_test_says_what_it_proves(run: Run, settings: Settings) -> None:
    texts = {"no_line_is_lost": "Every line counts."}
    alert = tell(settings, run(table("marts", "sales_daily"), dbt_test(), tests=texts))[ANALYSTS]
    assert said(alert.causes[0].faults) == (
        "test no_line_is_lost fails on 2 rows; it proves: Every line counts."
    )
    assert len(alert.causes) == 1, "the step's own error only repeats it"


def test_broken_rules_come_one_by_one(run: Run, settings: Settings) -> None:
    broken = "net_amount is filled: broken on 2 rows, for example C01; store_key is unique: broken"
    alert = tell(settings, run(table("marts", "sales_daily"), dbt_test(broken)))[ANALYSTS]
    assert alert.causes[0].faults == [
        "net_amount is filled: broken on 2 rows, for example C01",
        "store_key is unique: broken",
    ]


def test_a_failed_step_goes_to_the_owner_of_its_table_without_stack_and_addresses(
    run: Run, settings: Settings
) -> None:
    error = ValueError("duplicate key (ada@example.co.uk)\nDETAIL: (email)=(ada@example.co.uk)")
    failed = run(table("marts", "sales_daily", fails=error))
    alert = tell(settings, failed)[ANALYSTS]
    assert alert.title == "Step marts.sales_daily failed: this job publishes nothing"
    assert said(alert.causes[0].faults) == "ValueError: duplicate key ((an address))"


def test_our_own_errors_come_with_their_remedy(run: Run, settings: Settings) -> None:
    from orchestration.project import DbtFailed

    failed = run(
        table("marts", "sales_daily", fails=DbtFailed("dbt build failed:\nCatalog Error: no table"))
    )
    assert tell(settings, failed)[ANALYSTS].causes[0].faults == [
        "dbt build failed:",
        "Catalog Error: no table",
    ]


def test_many_faults_are_cut_short(run: Run, settings: Settings) -> None:
    failed = run(
        table("unified", "unified_orders"),
        gate("unified", {"unified.unified_orders": failures(*[TOO_LOW] * 25)}),
    )
    faults = tell(settings, failed)[ENGINEERS].causes[0].faults
    assert len(faults) == 11
    assert faults[-1] == "and 15 more, see the run"


def test_a_run_that_dagster_gave_up_goes_to_the_team(settings: Settings) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        job = dg.define_asset_job("everything")
        definitions = dg.Definitions([table("marts", "sales_daily")], jobs=[job])
        lost = instance.create_run_for_job(definitions.resolve_job_def("everything"))
        instance.report_run_failed(lost, message="it ran longer than 6 hours")
        failed = read_failed_run(instance, lost.run_id, {})
    alert = tell(settings, failed)[TEAM]
    assert alert.causes[0].place == "the run itself"
    assert said(alert.causes[0].faults) == "it ran longer than 6 hours"


def test_an_owner_whom_nobody_reads_for_is_named(run: Run, settings: Settings) -> None:
    failed = run(table("raw", "cashmere_tickets", fails=ValueError("broken")))
    letters, (warning,) = letters_of(
        settings.model_copy(update={"alerts_to": ""}), failed, OWNERS, SERVED
    )
    assert letters == {}
    assert "nobody gets the mail of team:customer-data: set HABITUE_ALERTS_TO" in warning
