"""Personal data in a text that is not meant to hold any: found by its form, and masked."""

import re
from datetime import datetime

# Also as it stands in an address of the web; a name of an export has no blank to end at.
_MAIL = re.compile(r"[^\s@%<>\"'(),;:=/]*(?:@|%40)[^\s@%<>\"'(),;:=/]*", re.IGNORECASE)
_TELEPHONE = re.compile(r"(?<![\d+])(?:\+|0)(?:[ ._/()-]{0,2}\d){8,14}(?!\d)")
_LONG_NUMBER = re.compile(r"(?<!\d)\d(?:[ .-]?\d){10,}(?!\d)")
_MOMENTS = ("%Y%m%d%H%M", "%Y%m%d%H%M%S")


def masked(text: str) -> str:
    """The text with a word in place of each mail address, telephone number and card number."""
    text = _MAIL.sub("(e-mail)", text)
    text = _TELEPHONE.sub("(telephone)", text)
    return _LONG_NUMBER.sub(_masked_number, text)


def _masked_number(found: re.Match[str]) -> str:
    """A number as long as a card's, unless it is the moment of an export."""
    for form in _MOMENTS:
        try:
            if found[0].isdigit() and 1990 <= datetime.strptime(found[0], form).year <= 2100:
                return found[0]
        except ValueError:
            continue
    return "(number)"
