"""The order people expect of names: "class 2" before "class 10"."""

import re
import unicodedata

_DIGITS = re.compile(r"([0-9]+)")


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Key to sort names by: numbers in them by value, letters without their case.

    One name written in two Unicode forms sorts to one place; the name itself decides
    between names that are otherwise equal, so that the order never depends on the order
    they came in.
    """
    words = _DIGITS.split(unicodedata.normalize("NFC", name).casefold())
    # odd places hold digits, so that text meets text and number meets number
    parts = [int(word) if place % 2 else word for place, word in enumerate(words)]
    return parts, name
