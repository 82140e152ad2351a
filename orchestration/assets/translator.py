"""How a dbt node looks in Dagster."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject

from orchestration.assets.names import LEDGER, node_group, node_key, node_layer
from orchestration.resources.owners import DEFAULT_OWNER

SETTINGS = DagsterDbtTranslatorSettings(
    enable_code_references=True, enable_source_tests_as_checks=True
)


class LayerTranslator(DagsterDbtTranslator):
    """Key from schema and name, group from the folder, the description as it was written."""

    def __init__(self) -> None:
        super().__init__(SETTINGS)

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """A source's staging waits for its own raw tables alone, not for the whole ledger.

        Its files stand in the ledger as soon as its rows are loaded: both commit together. Waiting
        for the asset of the ledger would make each source wait for every other.
        """
        spec = super().get_asset_spec(manifest, unique_id, project)
        group = spec.group_name or ""
        if not group.startswith("staging_") or group == "staging_habitue":
            return spec
        own = [dep for dep in spec.deps if dep.asset_key != LEDGER]
        return spec.replace_attributes(deps=own)  # pyright: ignore[reportUnknownMemberType]

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Schema and table."""
        return node_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The folder, with the source for staging."""
        return node_group(dbt_resource_props)

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """What the model's author wrote; the SQL stands in the metadata."""
        return str(dbt_resource_props.get("description") or "").strip()

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """The column schema, and the model's SQL and file."""
        metadata = dict(super().get_metadata(dbt_resource_props))
        metadata["file"] = dbt_resource_props["original_file_path"]
        if code := dbt_resource_props.get("raw_code"):
            metadata["sql"] = dg.MetadataValue.md(f"```sql\n{code}\n```")
        return metadata

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:
        """The owners that dbt knows, else the team that keeps the customer base."""
        return super().get_owners(dbt_resource_props) or [DEFAULT_OWNER]

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        """dbt's tags, and the layer."""
        layer = node_layer(dbt_resource_props)
        return {**super().get_tags(dbt_resource_props), "layer": layer}
