"""The KPI dictionary: what every published column means, written from the models themselves."""

import json
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

PUBLISHED_LAYERS = ("golden_customer", "enriched", "marts")
HEADING = """# KPI dictionary

Written from the models by `habitue dictionary`; change a description beside its model, not here.
A D-number names the definition in [definitions](definitions.md) that a figure follows.
"""

Node = dict[str, Any]  # one entry of dbt's manifest


def published_models(manifest: dict[str, Any]) -> list[Node]:
    """The models that readers see, by layer and name; helper models (`int_*`) are left out."""
    models = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and _layer(node) in PUBLISHED_LAYERS
        and not node["name"].startswith("int_")
    ]
    return sorted(models, key=lambda node: (PUBLISHED_LAYERS.index(_layer(node)), node["name"]))


def tests_by_model(manifest: dict[str, Any]) -> dict[str, list[Node]]:
    """Data tests and unit tests under the unique id of the model that they check."""
    found: dict[str, list[Node]] = {}
    unit_tests = manifest.get("unit_tests", {}).values()
    for node in [*manifest["nodes"].values(), *unit_tests]:
        if node["resource_type"] == "test" and node.get("attached_node"):
            found.setdefault(node["attached_node"], []).append(node)
        if node["resource_type"] == "unit_test":
            found.setdefault(node["depends_on"]["nodes"][0], []).append(node)
    return found


def one_line(text: str) -> str:
    """Text fit for a cell of a table: one line, no bars."""
    return " ".join(text.split()).replace("|", "\\|")


def grain(tests: list[Node]) -> str:
    """The columns that name one row, from the model's test; empty when it has none."""
    named: dict[str, Node] = {}
    for test in tests:
        metadata: Node = test.get("test_metadata") or {}
        named[str(metadata.get("name"))] = test
    if rows := named.get("sound_rows"):
        return ", ".join(map(str, rows["test_metadata"]["kwargs"]["key"]))
    return str(named.get("unique", {}).get("column_name") or "")


def model_section(node: Node, tests: list[Node]) -> Iterator[str]:
    """The lines about one model: what a row is, its key, its columns, its pinned rules."""
    text, _, example = str(node["description"]).partition("```sql")
    yield f"\n## {_layer(node)}.{node['name']}\n"
    yield one_line(text) + "\n"
    yield f"One row per: `{grain(tests)}`. SQL: `{node['original_file_path']}`\n"
    if example:
        yield f"```sql\n{dedent(example.partition('```')[0]).strip()}\n```\n"
    yield "| Column | Meaning |"
    yield "|---|---|"
    for column in node["columns"].values():
        yield f"| `{column['name']}` | {one_line(column['description'])} |"
    rules = sorted(test["name"] for test in tests if test["resource_type"] == "unit_test")
    if rules:
        yield "\nPinned by unit tests:\n"
        yield from (f"- {rule.replace('_', ' ')}" for rule in rules)


def kpi_dictionary(manifest: dict[str, Any]) -> str:
    """The whole dictionary as Markdown."""
    tests = tests_by_model(manifest)
    lines = [HEADING]
    for node in published_models(manifest):
        lines.extend(model_section(node, tests.get(node["unique_id"], [])))
    return "\n".join(lines) + "\n"


def write_kpi_dictionary(manifest_file: Path, destination: Path) -> None:
    """Write the dictionary of a parsed project.

    Raises:
        FileNotFoundError: the project has not been parsed yet; run `habitue prepare`.
    """
    manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
    destination.write_text(kpi_dictionary(manifest), encoding="utf-8")


def _layer(node: dict[str, Any]) -> str:
    """The layer that readers know; the schema of the build may be another."""
    return str(node["config"]["schema"])
