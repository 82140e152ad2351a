"""Names that every asset shares: keys, groups, layers."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import dagster as dg

LAYERS = ("raw", "staging", "unified", "golden_customer", "enriched", "marts")
PUBLISHED_LAYERS = ("golden_customer", "enriched", "marts")
REFERENCE = "reference"
PUBLICATION = dg.AssetKey(["published", "habitue"])
LEDGER = dg.AssetKey(["ops", "files"])


def raw_key(source: str, entity: str) -> dg.AssetKey:
    """The key of a raw table."""
    return dg.AssetKey(["raw", f"{source}_{entity}"])


def landing_key(source: str) -> dg.AssetKey:
    """The key of a source's landing folder."""
    return dg.AssetKey(["landing", source])


def node_key(props: Mapping[str, Any]) -> dg.AssetKey:
    """The key of a dbt node: its schema and its table."""
    table = props["identifier"] if props["resource_type"] == "source" else props["name"]
    return dg.AssetKey([node_layer(props), table])


def node_layer(props: Mapping[str, Any]) -> str:
    """The layer of a dbt node; its schema may be another while it is private to the build."""
    return str(props.get("config", {}).get("schema") or props["schema"])


def node_group(props: Mapping[str, Any]) -> str:
    """The group of a dbt node, from the folder of its file: staging is apart per source."""
    if props["resource_type"] == "source":
        schema = str(props["schema"])
        return f"raw_{props['source_name']}" if schema == "raw" else schema
    folders = PurePosixPath(props["original_file_path"]).parts[1:-1]
    return "_".join(folders[:2]) if folders[0] == "staging" else folders[0]


def raw_sources(manifest: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """The landed sources, and the dbt source tables of each, in a fixed order."""
    sources: dict[str, list[Mapping[str, Any]]] = {}
    for props in sorted(manifest["sources"].values(), key=lambda item: item["identifier"]):
        if props["schema"] == "raw":
            sources.setdefault(props["source_name"], []).append(props)
    return sources


def models_of(manifest: Mapping[str, Any], group: str) -> list[Mapping[str, Any]]:
    """The models and seeds of a group, by name."""
    nodes = (n for n in manifest["nodes"].values() if n["resource_type"] in ("model", "seed"))
    return sorted((n for n in nodes if node_group(n) == group), key=lambda item: item["name"])


def groups(manifest: Mapping[str, Any]) -> list[str]:
    """Every group of models and seeds, from left to right."""
    order = {layer: position for position, layer in enumerate((REFERENCE, *LAYERS))}
    nodes = (n for n in manifest["nodes"].values() if n["resource_type"] in ("model", "seed"))
    names = {node_group(node) for node in nodes}
    return sorted(
        names, key=lambda name: (order[name.split("_", 1)[0] if name not in order else name], name)
    )
