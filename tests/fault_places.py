"""Every fault point of the program, read from its source."""

import ast
from collections.abc import Iterator

from orchestration.migrations.upgrade import steps
from orchestration.settings import PROJECT_ROOT

# Functions that rename, and which of their arguments names the two points around it.
RENAMING = {"put_in_place": 2, "write_whole": 2, "rename": 2}
AROUND = ("before_rename", "after_rename")


def fault_points() -> list[str]:
    """Their names, in order."""
    found: set[str] = set()
    for path in (PROJECT_ROOT / "orchestration").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                found.update(_named(node, node.func.id))
    return sorted(found)


def _named(call: ast.Call, function: str) -> Iterator[str]:
    if function == "fault_point":
        text = ast.unparse(call.args[0])
        if "{step.version}" in text:
            for step in steps("duckdb"):
                yield ast.literal_eval(text.removeprefix("f")).format(step=step)
        elif isinstance(call.args[0], ast.Constant):
            yield str(call.args[0].value)
    elif function in RENAMING and len(call.args) > RENAMING[function]:
        point = call.args[RENAMING[function]]
        if isinstance(point, ast.Constant):
            for when in AROUND:
                yield f"{point.value}.{when}"
