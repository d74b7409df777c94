"""Tooltips with names that users chose."""

from html import escape


def plain_tip(text: str) -> str:
    """A tooltip that shows a text as it is: Qt would take a name such as <b> for markup."""
    return f"<span>{escape(text).replace(chr(10), '<br>')}</span>" if text else ""
