"""What the axes of a plot show of the values there are."""

import numpy as np

from symmviz.model.curve import Values

Range = tuple[float, float]

_PADDING = 0.04
_LEAST_SHARE = 0.1
# A constant would have an axis of no height: it gets one of this part of its value.
_LEAST_PART = 0.1
# Beyond, the height of an axis is no float any more.
_LARGEST = 1e300


def finite_range(values: Values) -> Range | None:
    """The lowest and the highest of the values that are numbers; None where there is none."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else None


def joined_range(ranges: "list[Range | None]") -> Range | None:
    """The range around all of these."""
    known = [one for one in ranges if one is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def share_axis(values: Range | None) -> Range:
    """An axis for shares from 0 to 1: it fits them, but no finer than a tenth, within 0 and 1."""
    low, high = (0.0, 1.0) if values is None else values
    lacking = max(_LEAST_SHARE - (high - low), 0.0)
    low, high = low - lacking / 2, high + lacking / 2
    up = max(-low, 0.0) - max(high - 1.0, 0.0)  # all of it where it would begin below 0
    low, high = low + up, high + up
    padding = (high - low) * _PADDING
    return low - padding, high + padding


def value_axis(values: Range | None) -> Range:
    """An axis for any values: it fits them; around a constant it has a tenth of that value."""
    low, high = (0.0, 1.0) if values is None else (_clipped(values[0]), _clipped(values[1]))
    if low == high == 0.0:
        high = 1.0
    lacking = max(max(abs(low), abs(high)) * _LEAST_PART - (high - low), 0.0)
    padding = lacking / 2 + (high - low) * _PADDING
    return low - padding, high + padding


def place_axis(places: Range | None, least: float) -> Range:
    """A horizontal axis from 0 on that fits places, but is never finer than ``least``."""
    first, last = (0.0, least) if places is None else places
    lacking = max(least - (last - first), 0.0)
    first = max(first - lacking / 2, 0.0)
    last = max(last + lacking / 2, first + least)
    padding = (last - first) * _PADDING
    return max(first - padding, 0.0), last + padding


def _clipped(value: float) -> float:
    return min(max(value, -_LARGEST), _LARGEST)
