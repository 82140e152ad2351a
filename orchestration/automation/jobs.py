"""Jobs: everything, and one per source up to where the sources meet."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.assets.names import raw_sources
from orchestration.automation.retries import WHOLE_RUN, retry_what_may_pass

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

EVERYTHING = "everything"


def jobs(manifest: Mapping[str, Any]) -> "list[UnresolvedAssetJobDefinition]":
    """The job `everything`, and a job named after each source."""
    whole = dg.define_asset_job(  # pyright: ignore[reportUnknownMemberType]
        EVERYTHING,
        selection=dg.AssetSelection.all(),
        description="From the landing folders to the published file, gates included.",
        tags=WHOLE_RUN,
        hooks={retry_what_may_pass},
    )
    return [whole, *(_source_job(source) for source in raw_sources(manifest))]


def _source_job(source: str) -> "UnresolvedAssetJobDefinition":
    return dg.define_asset_job(  # pyright: ignore[reportUnknownMemberType]
        source,
        selection=_groups(f"raw_{source}", f"staging_{source}"),
        description=f"Load and stage {source} alone, gates included; nothing is published.",
        tags=WHOLE_RUN,
        hooks={retry_what_may_pass},
    )


def _groups(*names: str) -> dg.AssetSelection:
    return dg.AssetSelection.groups(*names)  # pyright: ignore[reportUnknownMemberType]
