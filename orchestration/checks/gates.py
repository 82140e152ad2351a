"""Gates: after each layer, and per source where sources are apart, what must hold to go on.

A gate is one step with a blocking check per table. When one fails, nothing downstream of the
layer runs; a source that failed leaves the other's branch to go on to where they meet.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.assets.names import groups, models_of, node_key, raw_key, raw_sources
from orchestration.checks.files import file_faults, idle_entities, source_has_landed
from orchestration.checks.suites import Suite, has_suite, read_suite
from orchestration.checks.validation import Failure, validate
from orchestration.settings import Settings
from orchestration.stopwatch import measured

if TYPE_CHECKING:
    from orchestration.checks.tables import OpenTable
    from orchestration.resources.warehouse import Session

EXPECTATIONS = "expectations"
FILES = "files"
GATE_PREFIX = "gate_"


def gates(settings: Settings, manifest: Mapping[str, Any]) -> list[dg.AssetChecksDefinition]:
    """The gates, from left to right."""
    tables: dict[str, list[dg.AssetKey]] = {
        f"raw_{source}": [raw_key(source, table["name"]) for table in entities]
        for source, entities in raw_sources(manifest).items()
    }
    for group in groups(manifest):
        tables[group] = [node_key(model) for model in models_of(manifest, group)]
    specs = {group: _specs(keys) for group, keys in tables.items()}
    return [_gate(settings, manifest, group, found) for group, found in specs.items() if found]


def _specs(keys: Iterable[dg.AssetKey]) -> list[dg.AssetCheckSpec]:
    specs: list[dg.AssetCheckSpec] = []
    for key in keys:
        layer, table = key.path
        if layer == "raw":
            text = "No file is refused, every row is accounted for, few rows are quarantined."
            specs.append(dg.AssetCheckSpec(FILES, asset=key, blocking=True, description=text))
        if has_suite(layer, table):
            text = f"The suite expectations/{layer}/{table}.json holds."
            specs.append(
                dg.AssetCheckSpec(EXPECTATIONS, asset=key, blocking=True, description=text)
            )
    return specs


def _gate(
    settings: Settings,
    manifest: Mapping[str, Any],
    group: str,
    specs: list[dg.AssetCheckSpec],
) -> dg.AssetChecksDefinition:
    landed = {
        raw_key(source, table["name"]): (source, str(table["name"]))
        for source, entities in raw_sources(manifest).items()
        for table in entities
    }
    source = next((name for name in raw_sources(manifest) if group.endswith(f"_{name}")), None)

    @dg.multi_asset_check(
        name=f"{GATE_PREFIX}{group}", specs=specs, can_subset=True, required_resource_keys={"lease"}
    )
    def gate(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        from orchestration.checks.tables import table_opener
        from orchestration.resources.target import build_warehouse

        with build_warehouse(settings, "transformer").session() as session:
            open_table = table_opener(settings, session)
            silent = source is not None and not source_has_landed(session, source)
            idle = idle_entities(session, source) if source is not None else frozenset[str]()
            for check in sorted(context.selected_asset_check_keys):
                if check.name == FILES:
                    yield _files_result(
                        settings, session, check.asset_key, *landed[check.asset_key]
                    )
                elif silent:
                    yield _not_judged(check.asset_key, f"no file of {source} has ever landed")
                elif _entity(check.asset_key) in idle:
                    yield _not_judged(
                        check.asset_key, f"{source} has not sold yet, its exports are empty"
                    )
                else:
                    yield _suite_result(open_table, session, check.asset_key)

    return gate


def _entity(key: dg.AssetKey) -> str:
    """The entity of a raw or staging table: raw.magento_store, staging.stg_magento__store."""
    layer, table = key.path
    return table.partition("_" if layer == "raw" else "__")[2]


def _not_judged(key: dg.AssetKey, reason: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=True, check_name=EXPECTATIONS, asset_key=key, description=f"not judged: {reason}"
    )


def _files_result(
    settings: Settings, session: "Session", key: dg.AssetKey, source: str, entity: str
) -> dg.AssetCheckResult:
    with measured("sql"):
        faults, count = file_faults(settings, session, source, entity)
    return dg.AssetCheckResult(
        passed=not faults,
        check_name=FILES,
        asset_key=key,
        description="; ".join(faults) or None,
        metadata={
            "files": count,
            "faults": dg.MetadataValue.json(list(faults)),
        },
    )


def _suite_result(
    open_table: "OpenTable", session: "Session", key: dg.AssetKey
) -> dg.AssetCheckResult:
    layer, name = key.path
    suite = read_suite(layer, name)
    failures, rows = judged(open_table, session, suite)
    only_warns = all(failure.is_warning for failure in failures)
    return dg.AssetCheckResult(
        passed=not failures,
        severity=dg.AssetCheckSeverity.WARN if only_warns else dg.AssetCheckSeverity.ERROR,
        check_name=EXPECTATIONS,
        asset_key=key,
        description="; ".join(str(failure) for failure in failures) or None,
        metadata={
            "expectations": len(suite.expectations),
            "rows": rows,
            "suite": f"expectations/{layer}/{name}.json",
            "failures": dg.MetadataValue.json([str(failure) for failure in failures]),
        },
    )


def judged(open_table: "OpenTable", session: "Session", suite: Suite) -> tuple[list[Failure], int]:
    """What of the suite fails, and how many rows were judged.

    Raw tables keep every version of a record. Where one fails, the newest versions decide: a record
    that was sent again, corrected, stops nothing.

    Raises:
        PostgresConnectionLost: the server went away meanwhile; no data is to blame.
    """
    table, rows = open_table(suite)
    failures = validate(suite, table, rows)
    if failures:
        # Without its connection every expectation fails; asking anything raises that by its name.
        session.execute("select 1")
    if failures and suite.layer == "raw":
        from orchestration.checks.tables import newest_versions

        table, rows = newest_versions(session, suite)
        failures = validate(suite, table, rows)
    return failures, rows
