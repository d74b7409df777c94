"""The nearest neighbours of every point, which UMAP and t-SNE make their graphs of."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from symmcore.projection.points import Points, centred
from symmcore.records import FloatArray, IndexArray

EXACT_UP_TO = 20_000
"""Points up to which every pair is compared; above, a library's index looks for them."""

_BLOCK_BYTES = 32 * 2**20
_COMPARED = 15
_PLANE = 2  # dimensions in which a tree finds neighbours in a hundredth of the time
# Share of the squared norms, below which float32 tells points apart only about their mean.
_CLOSE = 0.01


class Neighbours(NamedTuple):
    """The k nearest other points of each point, nearest first.

    Attributes:
        indices: (N, k) int64.
        distances: (N, k) float64, Euclidean.
    """

    indices: IndexArray
    distances: npt.NDArray[np.float64]


def nearest_neighbours(points: Points, k: int, seed: int = 0) -> Neighbours:
    """Find the ``k`` nearest other points of each of ``points`` (N, D), with k below N.

    In the plane the result is exact. In more dimensions it is up to :data:`EXACT_UP_TO` points,
    but for float32 rounding. Above, it is that of pynndescent, approximate and repeatable by the
    seed; exact where that is missing.
    """
    if points.shape[1] == _PLANE and bool(np.isfinite(points).all()):
        return _by_tree(points, k)
    if len(points) > EXACT_UP_TO:
        try:
            return _indexed(points, k, seed)
        except ImportError:
            pass  # slower, and as good
    away = centred(points)
    if float(np.square(away).sum()) < _CLOSE * float(np.square(points).sum()):
        points = away
    return exact_neighbours(points.astype(np.float32), k)


def exact_neighbours(points: Points | FloatArray, k: int) -> Neighbours:
    """Find the ``k`` nearest other points of each of ``points`` (N, D), with k below N.

    Every pair is compared in the type of the points, some rows against all at a time; of equally
    near ones the lower index comes first.
    """
    squares = np.einsum("ij,ij->i", points, points)
    count = len(points)
    indices = np.empty((count, k), dtype=np.int64)
    distances = np.empty((count, k), dtype=np.float64)
    step = max(1, _BLOCK_BYTES // (points.itemsize * max(count, 1)))
    for first in range(0, count, step):
        block = points[first : first + step]
        away = block @ points.T
        away *= -2.0
        away += squares
        own = np.arange(len(block))
        away[own, first + own] = np.inf
        near = np.argpartition(away, k - 1, axis=1)[:, :k]
        found = np.take_along_axis(away, near, axis=1)
        order = np.lexsort((near, found))  # ties by index
        near = np.take_along_axis(near, order, axis=1)
        indices[first : first + step] = near
        between = squares[first : first + step, None] + np.take_along_axis(found, order, axis=1)
        distances[first : first + step] = np.sqrt(np.maximum(between, 0.0))
    return Neighbours(indices, distances)


def changed_share(before: Points, after: Points) -> float:
    """Return the share of neighbours after a change that were none before it, in [0, 1].

    Of the 15 nearest of each point of ``before`` (N, D) and ``after`` (N, D); 0 of fewer than
    two points.
    """
    k = min(_COMPARED, len(after) - 1)
    if k < 1:
        return 0.0
    old, new = (nearest_neighbours(points, k).indices for points in (before, after))
    kept = sum(int((new == column[:, None]).sum()) for column in old.T)
    return 1.0 - kept / new.size


def _by_tree(points: Points, k: int) -> Neighbours:
    """Look for them by a k-d tree; of those found equally near the lower index comes first."""
    from scipy.spatial import KDTree  # the window imports this module, and does without SciPy

    count = len(points)
    # one more than is needed, for ties, besides the point itself
    distances, indices = KDTree(points).query(points, min(k + 2, count))
    own = indices == np.arange(count)[:, None]
    own[~own.any(axis=1), -1] = True  # of so many copies the point itself may not be found
    order = np.lexsort((indices, np.where(own, np.inf, distances)))[:, :k]
    return Neighbours(
        np.take_along_axis(indices, order, axis=1).astype(np.int64),
        np.take_along_axis(distances, order, axis=1),
    )


def _indexed(points: Points, k: int, seed: int) -> Neighbours:
    """Look for them by pynndescent, which gives each point itself as its nearest.

    Raises:
        ImportError: if it is not installed.
    """
    from pynndescent import NNDescent

    rows = points.astype(np.float32)
    index = NNDescent(rows, n_neighbors=k + 1, random_state=seed, n_jobs=1)
    indices, distances = index.neighbor_graph
    count = len(rows)
    # a copy of a point may stand before the point itself
    own = indices == np.arange(count)[:, None]
    own[~own.any(axis=1), -1] = True
    others = ~own
    return Neighbours(
        indices[others].reshape(count, k).astype(np.int64),
        distances[others].reshape(count, k).astype(np.float64),
    )
