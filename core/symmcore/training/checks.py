"""Checks of single settings, each refused with one sentence that names it."""

import math

from symmcore.errors import InputError


def check_at_least(name: str, value: int, least: int) -> None:
    """Check a whole number.

    Args:
        name: what it is, as part of a sentence: "number of steps".
        value: what was given.
        least: the smallest that is possible.

    Raises:
        InputError: if it is less.
    """
    if value < least:
        raise InputError(f"The {name} is {value}: it must be at least {least}.")


def check_positive(name: str, value: float) -> None:
    """Check a number that must be finite and more than 0.

    Raises:
        InputError: if it is not.
    """
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"The {name} is {value:g}: it must be a positive number.")


def check_not_negative(name: str, value: float) -> None:
    """Check a number that must be finite and at least 0.

    Raises:
        InputError: if it is not.
    """
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"The {name} is {value:g}: it must be 0 or a positive number.")
