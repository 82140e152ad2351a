"""Everything that Dagster knows of the project. Loading this reads dbt's manifest and no more."""

import dagster as dg

from orchestration.assets.ingestion import ingestion_assets, landing_assets
from orchestration.assets.publication import golden_keys_asset, publication_assets
from orchestration.assets.transformation import transformation_assets
from orchestration.assets.writing import run_lease
from orchestration.automation.jobs import jobs
from orchestration.automation.mail_sensors import mail_sensors
from orchestration.automation.retention import retention_sensor
from orchestration.automation.schedules import schedules
from orchestration.automation.sensors import landing_sensor
from orchestration.checks.freshness import freshness_check, with_freshness_policy
from orchestration.checks.gates import gates
from orchestration.project import load_manifest
from orchestration.settings import Settings, get_settings


def build_definitions(settings: Settings) -> dg.Definitions:
    """The definitions of one installation.

    Raises:
        ManifestMissing: dbt's manifest has not been written yet.
    """
    manifest = load_manifest(settings)
    assets = [
        *landing_assets(settings, manifest),
        golden_keys_asset(manifest),
        *ingestion_assets(settings, manifest),
        *transformation_assets(settings, manifest),
        *publication_assets(settings, manifest),
    ]
    all_jobs = jobs(manifest)
    return dg.Definitions(
        assets=dg.map_asset_specs(with_freshness_policy, assets),
        asset_checks=[*gates(settings, manifest), freshness_check(settings)],
        jobs=all_jobs,
        schedules=schedules(settings),
        sensors=[
            landing_sensor(settings, all_jobs),
            retention_sensor(settings),
            *mail_sensors(settings),
        ],
        resources={"lease": run_lease(settings)},
        executor=dg.in_process_executor,
    )


defs = build_definitions(get_settings())
