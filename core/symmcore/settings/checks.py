"""Checks of single settings, each refused with one sentence that names it."""

import math

from symmcore.errors import InputError

LARGEST_NUMBER = 1e30
"""Far above what trains, and far enough below where 32 bits end (3e38) to be computed with."""


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
    """Check a number that must be more than 0 and at most ``LARGEST_NUMBER``.

    Raises:
        InputError: if it is not.
    """
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"The {name} is {value:g}: it must be a positive number.")
    _check_not_too_large(name, value)


def check_not_negative(name: str, value: float) -> None:
    """Check a number that must be at least 0 and at most ``LARGEST_NUMBER``.

    Raises:
        InputError: if it is not.
    """
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"The {name} is {value:g}: it must be 0 or a positive number.")
    _check_not_too_large(name, value)


def _check_not_too_large(name: str, value: float) -> None:
    if value > LARGEST_NUMBER:
        raise InputError(f"The {name} is {value:g}: it must be at most {LARGEST_NUMBER:g}.")
