"""Which points lie within a line that was drawn around them."""

import numpy as np
import numpy.typing as npt

from symmcore.records import FloatArray


def inside(
    line: npt.NDArray[np.float64], points: npt.NDArray[np.float64] | FloatArray
) -> npt.NDArray[np.bool_]:
    """Which points lie within a closed line: those that a ray crosses it an odd number of times.

    Args:
        line: (K, 2) corners; the last is joined to the first.
        points: (N, 2); one that is not a number is outside.

    Returns:
        (N,) bool.
    """
    within = np.zeros(len(points), np.bool_)
    if len(line) < 3:
        return within
    low, high = line.min(axis=0), line.max(axis=0)
    near = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
    x, y = points[near].T
    odd = np.zeros(len(near), np.bool_)
    for (x0, y0), (x1, y1) in zip(line, np.roll(line, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        odd ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    within[near] = odd
    return within
