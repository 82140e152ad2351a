"""Where the program may be killed: beside every rename and every commit there is a fault point."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_places import fault_points

from orchestration.resources.fault_points import VARIABLE, fault_point
from orchestration.settings import PROJECT_ROOT

SOURCE = PROJECT_ROOT / "orchestration"
# Statements that publish nothing: by file and code, with the reason.
HARMLESS = {
    ("resources/run_storage.py", "connection.commit()"): "a setting of the session, no row",
}


def is_rename(call: ast.Call) -> bool:
    """`path.replace(other)`, `path.rename(other)`, `os.replace`, `os.rename`, `shutil.move`."""
    function = call.func
    if not isinstance(function, ast.Attribute):
        return False
    of = function.value.id if isinstance(function.value, ast.Name) else ""
    if (of, function.attr) in {("os", "replace"), ("os", "rename"), ("shutil", "move")}:
        return True
    return function.attr in {"replace", "rename"} and len(call.args) == 1 and not call.keywords


def is_commit(statement: ast.stmt) -> bool:
    """`connection.commit()`, also of a cursor or session."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "commit"
    )


def commits_at_its_end(statement: ast.stmt) -> bool:
    """`with connection.transaction()`, `with connection.begin()`, `with database` of SQLite.

    `with session.transaction()` is ours, and has its fault points inside.
    """
    if not isinstance(statement, ast.With):
        return False
    return any(_commits(item.context_expr) for item in statement.items)


def _commits(expression: ast.expr) -> bool:
    if isinstance(expression, ast.Name):
        return expression.id in {"database", "connection"}
    text = ast.unparse(expression)
    return text.endswith(("connection.transaction()", "connection.begin()"))


def renames(statement: ast.stmt) -> bool:
    """Whether a simple statement renames something."""
    if hasattr(statement, "body"):
        return False
    calls = (node for node in ast.walk(statement) if isinstance(node, ast.Call))
    return any(is_rename(call) for call in calls)


def is_point(statement: ast.stmt | None) -> bool:
    """Whether a statement is `fault_point(…)`."""
    return statement is not None and ast.unparse(statement).startswith("fault_point(")


def blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements that follow each other."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            if isinstance(found := getattr(node, name, None), list):
                yield found


def bare(tree: ast.AST) -> Iterator[str]:
    """Renames and commits without a fault point just before and just after."""
    for block in blocks(tree):
        for before, statement, after in zip(
            [None, *block], block, [*block[1:], None], strict=False
        ):
            if renames(statement) or is_commit(statement):
                if not (_ends_with_point(before) and is_point(after)):
                    yield ast.unparse(statement)
            elif commits_at_its_end(statement) and not (
                isinstance(statement, ast.With) and is_point(statement.body[-1]) and is_point(after)
            ):
                yield ast.unparse(statement).splitlines()[0]


def _ends_with_point(statement: ast.stmt | None) -> bool:
    """A fault point, or a block whose last step it is, as a `try` around what is committed."""
    if isinstance(statement, ast.Try):
        return is_point(statement.body[-1])
    return is_point(statement)


def test_every_rename_and_every_commit_has_its_fault_points() -> None:
    found = {
        (path.relative_to(SOURCE).as_posix(), code)
        for path in SOURCE.rglob("*.py")
        for code in bare(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == set(HARMLESS)


@pytest.mark.parametrize(
    "code",
    [
        "path.replace(other)",
        "os.replace(a, b)",
        "x = 1; new.folder.rename(self.folder)",
        "shutil.move(a, b)",
        "fault_point('a')\nconnection.commit()",
        "connection.commit()\nfault_point('a')",
        "with self.connection.transaction():\n    yield\nfault_point('a')",
        "with engine.connect() as c, connection.begin():\n    yield",
        "with database:\n    yield database",
    ],
)
def test_one_without_them_is_found(code: str) -> None:
    assert len(list(bare(ast.parse(code)))) == 1


@pytest.mark.parametrize(
    "code",
    [
        "text.replace('a', 'b')",
        "moment.replace(tzinfo=UTC)",
        "fault_point('a')\npath.replace(other)\nfault_point('b')",
        "with database:\n    yield database\n    fault_point('a')\nfault_point('b')",
        "with session.transaction():\n    work()",
    ],
)
def test_what_renames_nothing_and_what_has_them_is_not(code: str) -> None:
    assert list(bare(ast.parse(code))) == []


def test_the_points_are_read_from_the_source() -> None:
    found = fault_points()
    for name in (
        "transaction.before_commit",
        "publish.after_rename",
        "upgrade.step_1",
        "report.before_rename",
        "server.after_rename",
        "aside.before_rename",
    ):
        assert name in found
    assert not [name for name in found if "{" in name]


def test_the_places_passed_are_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "passed"
    monkeypatch.setenv(VARIABLE, f"*:{file}:note")
    for name in ("a", "b", "a"):
        fault_point(name)
    assert file.read_text().split() == ["a", "b", "a"]
