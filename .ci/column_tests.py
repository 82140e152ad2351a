"""Show dbt-coverage which columns the tests of whole rows judge: it sees only tests at a column.

Usage: column_tests.py MANIFEST DESTINATION
Writes the manifest with one more test for each column that a `sound_rows` test names as filled (as
those of a key are), as a pseudonym, or as one of a list of values. Columns that only a condition
mentions do not count.
"""

import json
import sys
from pathlib import Path
from typing import Any

TEST = "sound_rows"


def judged_columns(arguments: dict[str, Any]) -> list[str]:
    """The columns that a `sound_rows` test judges one by one."""
    named = (arguments.get(part, []) for part in ("key", "filled", "pseudonyms", "values"))
    return list(dict.fromkeys(column for part in named for column in part))


def with_column_tests(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with a test at each column that a test of whole rows judges."""
    nodes: dict[str, Any] = dict(manifest["nodes"])
    for name, node in manifest["nodes"].items():
        metadata = node.get("test_metadata")
        if node["resource_type"] != "test" or not metadata or metadata["name"] != TEST:
            continue
        for column in judged_columns(metadata["kwargs"]):
            nodes[f"{name}.{column}"] = {**node, "column_name": column}
    return {**manifest, "nodes": nodes}


if __name__ == "__main__":
    manifest = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Path(sys.argv[2]).write_text(json.dumps(with_column_tests(manifest)), encoding="utf-8")
