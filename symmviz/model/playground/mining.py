"""The combinations of points of two groups, and which of them is the hardest."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import combinations, permutations, product

import numpy as np
from numpy.typing import NDArray

from symmcore.settings.symm import PairSet, PointType
from symmviz.model.playground.geometry import Points

_OFFICIAL_ORDER = (PointType.I, PointType.J, PointType.J_SYNTHETIC, PointType.I_SYNTHETIC)
_TOLERANCE = 1e-12  # relative, up to which candidates count as tied


@dataclass(frozen=True, slots=True)
class Candidate:
    """One or two points of a group with one point of another.

    Attributes:
        rows: The points of the one group; two for the angular loss.
        column: The point of the other.
    """

    rows: tuple[PointType, ...]
    column: PointType

    @property
    def synthetic(self) -> int:
        """How many of its points are synthetic."""
        return sum(point.is_synthetic for point in (*self.rows, self.column))


@cache
def pair_candidates(pairs: PairSet) -> tuple[Candidate, ...]:
    """Pairs (p, n), in the order that breaks ties: all 16, or the 6 of the official code."""
    if pairs == "paper":
        return _in_order(Candidate((p,), n) for p, n in product(PointType, PointType))
    return _in_order(Candidate((p,), n) for p, n in combinations(_OFFICIAL_ORDER, 2))


@cache
def triplet_candidates(pairs: PairSet) -> tuple[Candidate, ...]:
    """Triplets (p, q, r) of the angular loss, in that order: all 24, or the official 12."""
    if pairs == "paper":
        chosen = product(combinations(PointType, 2), PointType)
        return _in_order(Candidate(rows, r) for rows, r in chosen)
    return _in_order(Candidate((p, q), q) for p, q in permutations(PointType, 2))


def products(group: Points, other: Points, candidates: tuple[Candidate, ...]) -> Points:
    """p . n of each pair, or (p + q) . r of each triplet.

    Args:
        group: The four points of the one group, of shape (4, D).
        other: Those of the other.
        candidates: What is combined.

    Returns:
        Shape (K,).
    """
    table = group @ other.T
    return np.array([sum(table[p, one.column] for p in one.rows) for one in candidates])


def squared_distances(group: Points, other: Points, candidates: tuple[Candidate, ...]) -> Points:
    """Squared Euclidean distances of pairs, of shape (K,); arguments as :func:`products`."""
    rows = group[[one.rows[0] for one in candidates]]
    difference = rows - other[[one.column for one in candidates]]
    result: Points = (difference * difference).sum(-1)
    return result


def largest(values: Points, rank: int) -> int:
    """Which value is the rank-th largest; of those tied with the largest, the first."""
    if rank > 1:
        return int(_by_size(-values)[rank - 1])
    best = values.max()
    return int(np.argmax(values >= best - _TOLERANCE * abs(best)))


def smallest(squares: Points, rank: int, rounding: float) -> int:
    """Which squared distance is the rank-th smallest; of those tied with it, the first.

    Args:
        squares: Shape (K,).
        rank: 1 for the smallest.
        rounding: What rounding may add to a squared distance.
    """
    if rank > 1:
        return int(_by_size(squares)[rank - 1])
    best = squares.min()
    # The rule speaks of distances; a square differs by twice as much.
    return int(np.argmax(squares <= best * (1.0 + 2.0 * _TOLERANCE) + rounding))


def _by_size(values: Points) -> NDArray[np.int64]:
    return np.argsort(values, kind="stable")


def _in_order(chosen: Iterable[Candidate]) -> tuple[Candidate, ...]:
    return tuple(sorted(chosen, key=lambda one: (one.synthetic, one.rows, one.column)))
