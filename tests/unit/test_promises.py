"""What the documents promise has a test behind it that exists under the name given there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "promises.md"
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def _rows() -> list[list[str]]:
    """The cells of every row of the document's tables, without their heads."""
    lines = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if "|" in line]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] != "Promise" and not set(row[0]) <= {"-", ":"}]


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row[0][:60])
def test_every_promise_names_a_test_that_exists(row: list[str]) -> None:
    promise, tests, _limits = row
    named = _NAMED.findall(tests)
    assert named, f"no test is named for: {promise}"
    for file, name in named:
        assert name in _functions(ROOT / file), f"{file} has no {name}"


def test_every_promise_of_the_readme_stands_in_the_document() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    chapter = text.partition("## What it promises")[2].partition("## ")[0]
    promises = [
        " ".join(found.split())
        for found in re.findall(r"^- (.*?)(?=\n- |\n\n|\Z)", chapter, re.DOTALL | re.MULTILINE)
    ]
    listed = " ".join(DOCUMENT.read_text(encoding="utf-8").split())
    assert len(promises) > 5
    assert [promise for promise in promises if promise not in listed] == []
