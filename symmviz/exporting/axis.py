"""Axes of pictures: a range, and round numbers in it."""

import math
from dataclasses import dataclass

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
_MARGIN = 0.05


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis shows, and which numbers are marked."""

    low: float
    high: float
    ticks: tuple[float, ...]


def nice_axis(
    low: float, high: float, count: int, *, least: float = 0.0, tight: bool = False
) -> Axis:
    """An axis that shows all from ``low`` to ``high``.

    Args:
        low: the least value.
        high: the largest.
        count: about how many numbers are marked.
        least: what it shows at least, however close the values are.
        tight: whether it ends where the values do, without a margin.
    """
    span = max(high - low, least, 1e-12 * max(abs(low), abs(high), 1e-300))
    if high == low and not least:
        span = abs(high) or 1.0
    middle = (low + high) / 2
    if not tight:
        half = span * (0.5 + _MARGIN)
        low, high = middle - half, middle + half
    step = _round_step((high - low) / max(count, 1))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return Axis(low, high, tuple(at * step for at in range(first, last + 1)))


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(one * power for one in _ROUND if one * power >= rough * (1 - 1e-9))
