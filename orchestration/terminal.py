"""What is said on the terminal: our own words may be styled, what comes from data never is."""

import re
from string import Formatter
from typing import LiteralString

from rich.console import Console
from rich.text import Text

from orchestration.plain_text import plain

_PLACE = re.compile(r"\{([\w.]+)(?::([^{}]*))?\}")
_FIELDS = Formatter()


def styled(words: LiteralString, **values: object) -> Text:
    """Words of our own, with their marks, and values put in as plain text.

    Args:
        words: A literal: `[bold]Landing[/]  {count:,} files wait`. The type checker refuses a text
            that was made from data.
        values: By name; a Text among them keeps its style.
    """
    template = Text.from_markup(words)
    whole, end = Text(), 0
    for place in _PLACE.finditer(template.plain):
        field, _ = _FIELDS.get_field(place[1], (), values)
        value = _value(field, place[2] or "")
        for span in template[place.start() : place.end()].spans:
            value.stylize(span.style)
        whole.append_text(template[end : place.start()]).append_text(value)
        end = place.end()
    return whole.append_text(template[end:])


def say(console: Console, words: LiteralString, **values: object) -> None:
    """Print a line as `styled` makes it; a long one is left to the terminal to break."""
    console.print(styled(words, **values), soft_wrap=True)


def _value(value: object, form: str) -> Text:
    return value.copy() if isinstance(value, Text) else Text(plain(format(value, form)))
