"""How far a map can be trusted: pure functions of points in the space and in the plane."""

import math

import numpy as np
import numpy.typing as npt

from symmcore.projection.neighbours import nearest_neighbours
from symmcore.projection.points import Points
from symmcore.records import IndexArray, MapQuality

NEIGHBOURS = 10
"""Of each point, for trustworthiness and continuity."""
MOST_ROWS = 2_000
"""Points whose neighbours are looked at; of more, so many at equal distances in the order."""

_BLOCK_BYTES = 32 * 2**20


def map_quality(points: Points, coordinates: Points, labels: IndexArray) -> MapQuality:
    """Measure a map.

    Args:
        points: (N, D), normalised, where the images are in the space.
        coordinates: (N, 2), where the map has them.
        labels: (N,), their classes.
    """
    return MapQuality(
        trustworthiness=trustworthiness(points, coordinates),
        continuity=continuity(points, coordinates),
        recall_at_1=recall_at_1(points, labels),
        plane_recall_at_1=recall_at_1(coordinates, labels),
    )


def trustworthiness(
    points: Points, coordinates: Points, k: int = NEIGHBOURS, most_rows: int = MOST_ROWS
) -> float:
    """Return how few neighbours in the plane are none in the space, in [0, 1].

    Venna and Kaski (2001): 1 - 2 / (n k (2 N - 3 k - 1)) times the sum, over the points and
    over those of their k nearest in the plane that are not among the k nearest in the space,
    of their rank in the space less k. N counts all points, n the ``most_rows`` at most
    that are looked at. Of few points k is no more than half of them; NaN of fewer than three.
    """
    return _preserved(np.asarray(points), np.asarray(coordinates), k, most_rows)


def continuity(points: Points, coordinates: Points, k: int = NEIGHBOURS) -> float:
    """Return how few neighbours in the space are none in the plane, in [0, 1].

    As :func:`trustworthiness`, with space and plane exchanged.
    """
    return _preserved(np.asarray(coordinates), np.asarray(points), k, MOST_ROWS)


def recall_at_1(points: Points, labels: IndexArray) -> float:
    """Return the share of points whose nearest other point is of their class.

    By Euclidean distance, ties by index; a point whose class has no other is not asked. NaN
    where none is.
    """
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    asked = counts[inverse] > 1
    if not asked.any():
        return math.nan
    near = nearest_neighbours(points, 1).indices[:, 0]
    return float((labels[near] == labels)[asked].mean())


def _preserved(ranked: Points, drawn: Points, k: int, most_rows: int) -> float:
    """Return trustworthiness, of neighbours in ``drawn`` by their ranks in ``ranked``."""
    count = len(ranked)
    k = min(k, (count - 1) // 2)
    if k < 1:
        return math.nan
    rows = np.unique(np.linspace(0, count - 1, min(count, most_rows)).astype(np.int64))
    penalty = 0
    step = max(1, _BLOCK_BYTES // (8 * count))
    for first in range(0, len(rows), step):
        block = rows[first : first + step]
        away = _distances(drawn, block)
        near = np.argpartition(away, k - 1, axis=1)[:, :k]
        true = _distances(ranked, block)
        for column in near.T:
            # how many are as near or nearer: ties count against the map
            own = np.take_along_axis(true, column[:, None], axis=1)
            ranks = (true <= own).sum(axis=1)
            penalty += int(np.maximum(ranks - k, 0).sum())
    return 1.0 - 2.0 * penalty / (len(rows) * k * (2 * count - 3 * k - 1))


def _distances(points: Points, block: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return squared distances (B, N) of some rows from all, infinite from themselves."""
    squares = np.einsum("ij,ij->i", points, points)
    away: npt.NDArray[np.float64] = squares - 2.0 * (points[block] @ points.T)
    away += squares[block, None]
    away[np.arange(len(block)), block] = np.inf
    return away
