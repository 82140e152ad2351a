"""Text from data made harmless for a terminal, a log or a mail."""

import logging
import re

# Control characters but the line end, marks that turn the direction of text, half characters.
_UNSEEN = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def plain(text: str) -> str:
    """A text that a terminal cannot obey: what is not seen is written as its number."""
    return _UNSEEN.sub(lambda found: ascii(found.group())[1:-1], text)


class PlainFormatter(logging.Formatter):
    """Lines of a log that no value from data can colour."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as plain text."""
        return plain(super().format(record))
