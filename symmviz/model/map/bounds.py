"""The part of the plane that all maps show."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from symmcore.records import FloatArray

# The part shown is the points' with a margin. It follows them out only when they come to the
# edge, and in only when it would shrink to less than this share, so that the picture does not
# breathe from frame to frame.
_MARGIN = 0.05
_EDGE = 0.01
_SHRINK_BELOW = 0.8


@dataclass(frozen=True, slots=True)
class Bounds:
    """A rectangle of the plane."""

    left: float = -1.0
    right: float = 1.0
    bottom: float = -1.0
    top: float = 1.0

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From bottom to top."""
        return self.top - self.bottom

    def grown(self, share: float) -> "Bounds":
        """With a margin on each side, a share of the longer side."""
        margin = share * max(self.width, self.height)
        return Bounds(
            self.left - margin, self.right + margin, self.bottom - margin, self.top + margin
        )

    def covers(self, other: "Bounds") -> bool:
        """Whether another rectangle lies within this one."""
        return (
            self.left <= other.left
            and self.right >= other.right
            and self.bottom <= other.bottom
            and self.top >= other.top
        )


def bounds_of(points: Iterable[FloatArray]) -> Bounds | None:
    """The rectangle that holds all finite points; None where there are none.

    Points in one place, or on a line along an axis, are given room around them.

    Args:
        points: (N, 2) arrays.
    """
    corners = []
    for array in points:
        if len(array):
            with np.errstate(invalid="ignore"):
                low, high = np.fmin.reduce(array, axis=0), np.fmax.reduce(array, axis=0)
            corners += [low, high]
    finite = [corner for corner in corners if np.isfinite(corner).all()]
    if not finite:
        return None
    left, bottom = (float(value) for value in np.min(finite, axis=0))
    right, top = (float(value) for value in np.max(finite, axis=0))
    side = max(right - left, top - bottom) or 1.0
    across = max(0.05 * side - (right - left), 0.0) / 2
    along = max(0.05 * side - (top - bottom), 0.0) / 2
    return Bounds(left - across, right + across, bottom - along, top + along)


def followed(kept: Bounds | None, points: Bounds) -> Bounds:
    """What to show of the plane, where ``kept`` was shown before and the points lie there now."""
    wanted = points.grown(_MARGIN)
    if kept is None or not kept.covers(points.grown(_EDGE)):
        return wanted
    shrunk = max(wanted.width / kept.width, wanted.height / kept.height) < _SHRINK_BELOW
    return wanted if shrunk else kept
