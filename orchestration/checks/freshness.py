"""Freshness: how old the data is that readers see, judged by the data and not by the last run."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.assets.names import PUBLICATION
from orchestration.served import STALE_AFTER, exports_stopped
from orchestration.settings import Settings
from orchestration.summary import published_facts

NIGHTLY = dg.FreshnessPolicy.time_window(
    fail_window=timedelta(hours=36), warn_window=timedelta(hours=26)
)


def freshness_check(settings: Settings) -> dg.AssetChecksDefinition:
    """A check that warns when the last counted day is long over; it never stops a run."""

    @dg.asset_check(
        asset=PUBLICATION,
        name="data_is_fresh",
        blocking=False,
        description=f"The last counted day ended less than {STALE_AFTER.days} days ago.",
    )
    def data_is_fresh() -> dg.AssetCheckResult:
        facts = published_facts(settings)
        today = datetime.now(ZoneInfo(settings.time_zone)).date()
        if facts is None:
            return _result(False, "nothing was published yet; run `habitue run`")
        return judge(date.fromisoformat(facts.as_of), today, settings.demo_folder.is_dir())

    return data_is_fresh


def with_freshness_policy(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Marts and the published file show in the UI when no run has renewed them for a day."""
    if spec.group_name in ("marts", "published"):
        return dg.apply_freshness_policy(spec, NIGHTLY)
    return spec


def judge(as_of: date, today: date, is_demo: bool = False) -> dg.AssetCheckResult:
    """Fresh when `as_of`, the last counted day, is not ahead of `today` nor older than allowed."""
    if as_of > today:
        return _result(
            False,
            f"the last counted day is {as_of}, {(as_of - today).days} days ahead: correct the "
            "document that is dated in the future and send it again, or run with --as-of",
        )
    stopped = exports_stopped(as_of, today, is_demo)
    return _result(stopped is None, stopped or f"data up to {as_of}")


def _result(passed: bool, text: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=passed, severity=dg.AssetCheckSeverity.WARN, description=text)
