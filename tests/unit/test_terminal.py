"""Nothing from data is read as markup, and nothing from data steers a terminal, log or mail."""

import ast
import io
import logging
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from orchestration.plain_text import PlainFormatter, plain
from orchestration.resources.letter import Alert, Cause, compose
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.terminal import say, styled

FOLDER = PROJECT_ROOT / "orchestration"
# What a terminal or rich reads as more than text, between letters of any kind.
HOSTILE = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "[/b]12",
                "P1[/x]",
                "[bold]",
                "[link=http://x.fr]",
                "[/]",
                "\\[",
                "\\",
                ":boom:",
                "{0}",
            ]
        ),
        st.sampled_from(
            ["\x1b[31m", "\x1b]8;;http://x.fr\x07", "\x9b2J", "\r", "\b", "\u202e", "\x00"]
        ),
        st.characters(),
    ),
    min_size=1,
    max_size=8,
).map("".join)


def said(words: str, **values: object) -> str:
    """What a colourless terminal as wide as any line shows."""
    text = io.StringIO()
    say(Console(file=text, width=10_000), words, **values)  # pyright: ignore[reportArgumentType]
    return text.getvalue().removesuffix("\n")


@given(HOSTILE)
def test_a_value_is_shown_as_it_is_and_steers_nothing(value: str) -> None:
    assert (
        said("{name} [bold]{name}[/] [red]✗[/]", name=value) == f"{plain(value)} {plain(value)} ✗"
    )
    assert not [sign for sign in plain(value) if sign < " " and sign != "\n"]
    assert not set(plain(value)) & set("\x1b\x9b\u202e\x7f")
    plain(value).encode("utf-8")


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"))))
def test_what_is_harmless_stays_as_it_is(value: str) -> None:
    assert plain(value) == value


def test_our_own_marks_style_and_values_take_the_style_of_their_place() -> None:
    text = styled("[red]{count:,} rows[/] of {file.name}", count=1200, file=Path("a/[b].csv"))
    assert text.plain == "1,200 rows of [b].csv"
    assert {str(span.style) for span in text[:5].spans} == {"red"}
    assert not text[-7:].spans
    assert styled("{mark}", mark=styled("[green]✓[/]")).spans


@settings(deadline=None, max_examples=50)
@given(HOSTILE)
def test_commands_show_what_data_say(value: str) -> None:
    from orchestration import commands
    from orchestration.progress import RunProgress, StepReport
    from orchestration.runs import RunOutcome

    text = io.StringIO()
    console = Console(file=text, width=10_000)
    progress = RunProgress(console)
    step = StepReport("raw__x", failures=[value], warnings=[value], state="failed")
    progress.steps["raw__x"] = step
    progress._print(step)
    outcome = RunOutcome("run", success=False, steps_not_run=["a__b"])
    commands._print_failure(outcome, progress, console)
    row = SimpleNamespace(quarantine_id=1, source="cashmere", message=value)
    last = {"success": False, "ended_at": value, "seconds": 1.0, "job": value, "run_id": value}
    report = {**last, "steps": [{"failures": [value]}]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestration.ingest.load.list_quarantine", lambda *_: [row])
        patch.setattr("orchestration.ingest.load.count_corrected", lambda *_: 0)
        patch.setattr(commands, "read_last_run", lambda _: report)
        patch.setattr(commands, "read_lease", lambda _: None)
        patch.setattr("orchestration.preflight.CHECKS", {"home": lambda _: value})
        commands.show_quarantine(Settings(), console, None, None, 50)
        commands._print_runs(Settings(), console)
        assert commands.check_installation(Settings(), console)
    shown = text.getvalue()
    assert shown.count(plain(value)) >= 7
    assert "\x1b" not in shown


@settings(deadline=None, max_examples=50)
@given(HOSTILE)
def test_a_log_and_a_mail_hold_no_commands_to_a_terminal(value: str) -> None:
    record = logging.LogRecord("x", logging.WARNING, "x", 1, "%s", (value,), None)
    assert PlainFormatter("%(message)s").format(record) == plain(value)
    mail = letter(value)
    for part in mail.iter_parts():
        content = part.get_content()
        assert not set(content) & set("\x1b\x9b\u202e\x00\x07\b")
    html = next(part for part in mail.iter_parts() if part.get_content_subtype() == "html")
    assert "<script" not in html.get_content()


def letter(value: str) -> EmailMessage:
    """A mail whose every part comes from data."""
    alert = Alert(
        "run", "1", value, [Cause(value, [f"<script>{value}"])], [value], [value],
        facts=[("File", value)], reason=value,
    )  # fmt: skip
    return compose(
        alert, installation="here", recipient="a@shop.fr", sender="b@shop.fr",
        written_at=datetime.now(UTC),
    )  # fmt: skip


def calls(name: str) -> list[tuple[str, ast.Call]]:
    """Every call of a method of that name in the product, with its place."""
    return [
        (f"{path.relative_to(FOLDER)}:{node.lineno}", node)
        for path in FOLDER.rglob("*.py")
        if path.name != "__main__.py"  # the demo generator alone: its numbers are its own
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
    ]


def made_by(call: ast.Call) -> str:
    """The function that makes a call's first argument, or nothing."""
    first = call.args[0] if call.args else None
    known = isinstance(first, ast.Call) and isinstance(first.func, ast.Name)
    return first.func.id if known else ""  # pyright: ignore


def test_nothing_is_printed_past_the_terminal_words() -> None:
    printed = [place for place, call in calls("print") if call.args and not made_by(call)]
    assert printed == [], "use orchestration.terminal.say: rich reads a text as markup"
    echoed = [
        place
        for place, call in calls("echo")
        if call.args and not isinstance(call.args[0], ast.Constant) and made_by(call) != "plain"
    ]
    assert echoed == [], "use plain(...): a terminal obeys control characters"


def test_only_words_of_our_own_are_markdown() -> None:
    places = {place.split(":")[0] for place, _ in calls("md")}
    assert places <= {"assets/publication.py", "assets/translator.py"}


def test_a_text_of_rich_is_never_made_of_data_by_its_marks() -> None:
    places = {place.split(":")[0] for place, _ in calls("from_markup")}
    assert places == {"terminal.py"}
    assert Text("[/b]12").plain == "[/b]12"
