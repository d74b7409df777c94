"""Texts with names that users chose: as tooltips, and broken into lines."""

import re
from html import escape

from symmviz.model.names import shown_text

# A character that goes with the one before it: a break between them would change either.
_JOINED = r"\s\u0300-\u036f\u200c\u200d\u2066-\u2069\ufe00-\ufe0f\U0001f3fb-\U0001f3ff"
_LONG_WORD = re.compile(rf"([^\s\u200b]{{23}}[^\s\u200b\u200d])(?=[^{_JOINED}])")
_BREAK = "\N{ZERO WIDTH SPACE}"


def plain_tip(text: str) -> str:
    """A tooltip that shows a text as it is: Qt would take a name such as <b> for markup."""
    shown = escape(breakable(shown_text(text)))
    return f"<span>{shown.replace(chr(10), '<br>')}</span>" if text else ""


def breakable(text: str) -> str:
    """The same text, with places to break a line in words that are as long as paths.

    Qt breaks lines between words alone: one long name would make a window wider than the screen.
    """
    after_separators = re.sub(r"([/\\])(?=\w)", rf"\1{_BREAK}", text)
    return _LONG_WORD.sub(rf"\1{_BREAK}", after_separators)
