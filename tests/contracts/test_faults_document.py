"""docs/faults.md names what is there: every fault of a file, and a test that exists."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (I\d+) \|.*\|([^|]*)\|$", re.MULTILINE)
TEST = re.compile(r"`([a-z0-9_]+)`")


def rows() -> dict[str, list[str]]:
    """The names of the tests of each fault."""
    document = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    return {number: TEST.findall(cell) for number, cell in ROW.findall(document)}


def known_tests() -> set[str]:
    """Test functions, and unit tests of models."""
    python = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    models = "\n".join(path.read_text() for path in (ROOT / "models").rglob("*unit_tests.yml"))
    return {
        *re.findall(r"^def (test_\w+)\(", python, re.MULTILINE),
        *re.findall(r"^\s*- name: (\w+)$", models, re.MULTILINE),
    }


def test_faults_are_tested() -> None:
    named = {name for names in rows().values() for name in names}
    assert named
    assert named - known_tests() == set()


def test_every_fault_of_a_file_has_its_line() -> None:
    assert sorted(rows(), key=lambda number: int(number[1:])) == [f"I{n}" for n in range(1, 64)]


def test_every_fault_names_its_test() -> None:
    assert [number for number, names in rows().items() if not names] == []
