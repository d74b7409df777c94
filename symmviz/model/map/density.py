"""Where the points of a map lie densest."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from symmcore.records import FloatArray

SHARES = (0.5, 0.8, 0.95)
"""A contour each: around the densest part of the map that holds this share of the points."""
_CELLS = 72  # along the longer side
_BLUR = 2.0  # cells
_MARGIN = 9  # cells around all points, where the blur ends
_FEWEST = 3

Grid = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """How densely points lie.

    Attributes:
        grid: (X, Y) points a cell, blurred.
        corner: coordinates of the middle of the first cell.
        step: of the cells, both ways.
        levels: of the grid, one for each of :data:`SHARES`.
        problem: why there is no grid, in a sentence; empty where there is.
    """

    grid: Grid
    corner: tuple[float, float]
    step: float
    levels: tuple[float, ...]
    problem: str = ""


def density(points: FloatArray) -> Density:
    """The density of points in the plane.

    Args:
        points: (N, 2); those that are not numbers do not count.
    """
    from scipy.ndimage import gaussian_filter  # not before somebody looks at a density

    known = points[np.isfinite(points).all(axis=1)].astype(np.float64)
    if len(known) < _FEWEST:
        return _none("Of fewer than three points there is no density.")
    low = known.min(axis=0)
    span = known.max(axis=0) - low
    if not span.max() > 0:
        return _none("All points lie in one place: there is no density.")
    step = float(span.max()) / _CELLS
    counts = np.ceil(span / step).astype(np.int64) + 1 + 2 * _MARGIN
    cells = np.rint((known - low) / step).astype(np.int64) + _MARGIN
    grid = np.zeros(counts, np.float64)
    np.add.at(grid, (cells[:, 0], cells[:, 1]), 1.0)
    grid = gaussian_filter(grid, _BLUR, mode="constant")
    left, bottom = (low - _MARGIN * step).tolist()
    at_points = grid[cells[:, 0], cells[:, 1]]
    # A little lower: around a point that lies alone there is a contour, too.
    levels = 0.99 * np.quantile(at_points, [1.0 - share for share in SHARES])
    return Density(grid, (left, bottom), step, tuple(levels.tolist()))


def _none(problem: str) -> Density:
    return Density(np.zeros((0, 0)), (0.0, 0.0), 1.0, (), problem)
