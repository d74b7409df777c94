"""Where the names of classes stand on a map."""

import math
from dataclasses import dataclass

import numpy as np

from symmcore.records import FloatArray, IndexArray
from symmviz.model.map.class_choice import ShownClasses

MOST_POINTS = 20_000
"""Of more points no middles are taken: that would keep the window waiting."""

_FEWEST = 3  # points: the name of fewer would hide them
_MOST_COVERED = 0.08  # of a map: on a small one the names of all classes would hide the points


@dataclass(frozen=True, slots=True)
class Box:
    """A name's rectangle: its middle, and its size."""

    x: float
    y: float
    width: float
    height: float

    def within(self, width: float, height: float) -> bool:
        """Whether all of it lies in a map of this size."""
        return self.width <= 2 * min(self.x, width - self.x) and self.height <= 2 * min(
            self.y, height - self.y
        )

    def meets(self, other: "Box") -> bool:
        """Whether the two cover a place both."""
        return (
            2 * abs(self.x - other.x) < self.width + other.width
            and 2 * abs(self.y - other.y) < self.height + other.height
        )


def class_middles(
    points: FloatArray, labels: IndexArray, classes: ShownClasses
) -> tuple[tuple[int, float, float], ...]:
    """Each class that is not hidden and the median place of its points, the largest class first.

    Empty where classes are too many to be named, or points too many; a class of one or two points,
    which its name would hide, is left out.

    Args:
        points: (N, 2); those that are not numbers do not count.
        labels: (N,) int64.
        classes: of the map.
    """
    if not classes.are_few or len(points) > MOST_POINTS:
        return ()
    known = np.isfinite(points).all(axis=1)
    found = []
    for label in classes.labels:
        own = points[known & (labels == label)]
        if label not in classes.hidden and len(own) >= _FEWEST:
            x, y = np.median(own, axis=0).tolist()
            found.append((-len(own), label, x, y))
    return tuple((label, x, y) for _, label, x, y in sorted(found))


def _inside(box: Box, width: float) -> float:
    """Where the middle of a name is so that the sides do not cut it; one beyond stays there."""
    return min(max(box.x, box.width / 2), width - box.width / 2) if 0 <= box.x <= width else box.x


def placed(
    boxes: tuple[Box, ...],
    covered: tuple[Box, ...] = (),
    size: tuple[float, float] | None = None,
) -> tuple[Box | None, ...]:
    """Where names stand without covering each other: moved by up to two lines, else left out.

    The last are left out, too, where all together would cover much of the map.

    Args:
        boxes: where they would stand, those first that matter most.
        covered: what no name may cover.
        size: width and height of the map, whose edges are to cut no name; None for any.
    """
    taken = list(covered)
    room = math.inf if size is None else _MOST_COVERED * size[0] * size[1]
    result: list[Box | None] = []
    for box in boxes:
        x = box.x if size is None else _inside(box, size[0])
        tries = (
            Box(x, box.y + lines * box.height, box.width, box.height) for lines in (0, -1, 1, -2, 2)
        )
        inside = (one for one in tries if size is None or one.within(*size))
        free = next((one for one in inside if not any(map(one.meets, taken))), None)
        if free is not None:
            room -= free.width * free.height
            free = free if room >= 0 else None
        result.append(free)
        if free is not None:
            taken.append(free)
    return tuple(result)
