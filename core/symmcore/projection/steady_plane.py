"""The plane of a PCA map: as true as the best one, and as near the last as that allows.

Late in training the class centres are nearly a simplex, the leading eigenvalues nearly
equal, and the best plane swings through the space at the slightest change; turning its
coordinates to fit the last frame's cannot help, since it is the plane that moved. So it begins
as the plane on which the points lie most as they were drawn last, which is one step of power
iteration from the last plane: where the eigenvalues are well apart, that converges to PCA
within a frame or two, and where they are nearly equal, it stays put.

That alone is as true as the best plane on average, not on every frame: of 288 images in a hundred
classes it had from 0.6 to 1.5 times the Recall@1 of the best plane. So where it keeps less than
:data:`KEPT_AT_LEAST` of the variance, or less than :data:`TRUE_AT_LEAST` of the
trustworthiness or of the Recall@1 of the best plane's map, of training or test, it goes towards the
best plane: a step at a time, as far as it must. No plane moves by less than half as much as the
best one does, turned to fit: the nearest plane alone, however false, moves 0.45 to 0.71 times as
far on the frames of three seeds of alphabets and digits, and this one 0.57 to 0.79 times.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh, orthogonal_procrustes, polar
from scipy.spatial import KDTree

from symmcore.projection.points import Points
from symmcore.projection.quality import trustworthiness
from symmcore.records import IndexArray

KEPT_AT_LEAST = 0.9
"""Of the variance that the best plane keeps."""
TRUE_AT_LEAST = 0.955
"""Of the best map's trustworthiness and Recall@1; more moves it more, for chance's sake."""

_STEPS = 8  # from the nearest plane to the best one
_MOST_ROWS = 500  # points whose neighbours are looked at for trustworthiness


class SplitPoints(NamedTuple):
    """The images of one split.

    Attributes:
        rows: where they are among all points.
        labels: (N,) their classes.
    """

    rows: slice
    labels: IndexArray


def steady_plane(points: Points, splits: tuple[SplitPoints, ...], target: Points | None) -> Points:
    """Choose the plane of centred points (N, D) and its axes, close to the target's (N, 2).

    Returns:
        (D, 2) float64 with orthonormal columns; the principal axes without a target.
    """
    scatter = points.T @ points
    size = len(scatter)
    values, vectors = eigh(scatter, subset_by_index=(size - 2, size - 1))
    best: Points = vectors[:, ::-1]
    if target is None:
        return best
    # Of all orthonormal bases, this one's coordinates have the largest product with the
    # target's. It works on points, not on the last basis, so that it does not matter
    # whether the embedding space has turned, or the runs have no basis in common.
    nearest: Points = polar(points.T @ target)[0]
    best = _turned(points, best, target)
    truths = None
    for step in range(_STEPS):
        share = step / _STEPS
        basis: Points = polar((1.0 - share) * nearest + share * best)[0]
        basis = _turned(points, basis, target)
        if np.vdot(basis, scatter @ basis) < KEPT_AT_LEAST * values.sum():
            continue
        truths = truths or _truths(points, splits, best)
        if _is_as_true(_truths(points, splits, basis), truths):
            return basis
    return best


def _turned(points: Points, basis: Points, target: Points) -> Points:
    turned: Points = basis @ orthogonal_procrustes(points @ basis, target)[0]
    return turned


def _truths(points: Points, splits: tuple[SplitPoints, ...], basis: Points) -> tuple[float, ...]:
    """Return the trustworthiness and the Recall@1 of the map of each split."""
    found: list[float] = []
    for split in splits:
        own = points[split.rows]
        plane = own @ basis
        found += (
            trustworthiness(own, plane, most_rows=_MOST_ROWS),
            _recall_at_1(plane, split.labels),
        )
    return tuple(found)


def _recall_at_1(plane: Points, labels: IndexArray) -> float:
    """Return the share of points whose nearest other point is of their class.

    As :func:`symmcore.projection.quality.recall_at_1`, but for ties and for classes of one: in
    the plane a tree finds neighbours sooner than a product of all pairs.
    """
    if len(plane) < 2:
        return np.nan
    near = KDTree(plane).query(plane, 2)[1]
    index = np.arange(len(plane))
    other = np.where(near[:, 0] == index, near[:, 1], near[:, 0])
    return float((labels[other] == labels).mean())


def _is_as_true(truths: tuple[float, ...], best: tuple[float, ...]) -> bool:
    """Whether nothing is less than :data:`TRUE_AT_LEAST` of the best; NaN never is."""
    return not any(one < TRUE_AT_LEAST * other for one, other in zip(truths, best, strict=True))
