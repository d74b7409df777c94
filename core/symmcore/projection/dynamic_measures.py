"""The measures of Vernier et al. (2020) for dynamic projections, by their names.

"Quantitative Evaluation of Time-Dependent Multidimensional Projection Techniques": eight of the
quality of the map of one frame, and four of how a map moves with time. Distances are compared on
a sample of the points, as their pairs are many.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import pdist
from scipy.stats import kendalltau, pearsonr, spearmanr

from symmcore.projection.neighbours import nearest_neighbours
from symmcore.projection.points import Points
from symmcore.projection.quality import NEIGHBOURS, continuity, trustworthiness
from symmcore.records import IndexArray

MOST_SAMPLED = 400
"""Points whose distances are compared: 79,800 pairs."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far distances in the plane go with those in the space.

    Attributes:
        normalized_stress: sum of squared differences over the sum of squared distances in the
            space, with those in the plane scaled to fit best; 0 is perfect.
        pearson, spearman, kendall: correlations; 1 is perfect.
    """

    normalized_stress: float
    pearson: float
    spearman: float
    kendall: float


@dataclass(frozen=True, slots=True)
class SpatialQuality:
    """The quality of the map of one frame.

    Attributes:
        neighborhood_preservation: mean share of each point's neighbours in the space that are
            neighbours in the plane.
        neighborhood_hit: mean share of each point's neighbours in the plane that are of its class.
        trustworthiness: see :func:`symmcore.projection.quality.trustworthiness`.
        continuity: see :func:`symmcore.projection.quality.continuity`.
        shepard: how the distances of pairs go together.
    """

    neighborhood_preservation: float
    neighborhood_hit: float
    trustworthiness: float
    continuity: float
    shepard: Agreement


def spatial_quality(
    points: Points, plane: Points, labels: IndexArray, true: IndexArray
) -> SpatialQuality:
    """Measure a map.

    Args:
        points: (N, D), N above :data:`NEIGHBOURS`.
        plane: (N, 2), where the map has them.
        labels: (N,), their classes.
        true: (N, NEIGHBOURS), the nearest other points of each in the space.
    """
    drawn = nearest_neighbours(plane, NEIGHBOURS).indices
    shared = (true[:, :, None] == drawn[:, None, :]).any(axis=2)
    sample = np.linspace(0, len(points) - 1, min(len(points), MOST_SAMPLED)).astype(np.int64)
    return SpatialQuality(
        neighborhood_preservation=float(shared.mean()),
        neighborhood_hit=float((labels[drawn] == labels[:, None]).mean()),
        trustworthiness=trustworthiness(points, plane),
        continuity=continuity(points, plane),
        shepard=agreement(pdist(points[sample]), pdist(plane[sample])),
    )


def temporal_stability(points: tuple[Points, ...], planes: tuple[Points, ...]) -> Agreement:
    """Compare how far each point moves in the plane, frame by frame, with how far in the space.

    Args:
        points: (N, D) of each frame, in the order of time.
        planes: (N, 2) of each frame.
    """
    moved = np.concatenate([_moved(one, next_) for one, next_ in pairwise(points)])
    drawn = np.concatenate([_moved(one, next_) for one, next_ in pairwise(planes)])
    return agreement(moved, drawn)


def agreement(true: npt.NDArray[np.float64], drawn: npt.NDArray[np.float64]) -> Agreement:
    """Compare distances (M,) in the space with those in the plane."""
    squares = float(drawn @ drawn)
    scale = float(true @ drawn) / squares if squares else 0.0
    left = true - scale * drawn
    total = float(true @ true)
    if not total or np.ptp(true) == 0.0 or np.ptp(drawn) == 0.0:  # there is nothing to correlate
        return Agreement(float(left @ left) / total if total else 0.0, np.nan, np.nan, np.nan)
    return Agreement(
        float(left @ left) / total,
        float(pearsonr(true, drawn).statistic),
        float(spearmanr(true, drawn).statistic),
        float(kendalltau(true, drawn).statistic),
    )


def _moved(before: Points, after: Points) -> npt.NDArray[np.float64]:
    moved: npt.NDArray[np.float64] = np.linalg.norm(after - before, axis=1)
    return moved
