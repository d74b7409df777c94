"""Lifted structure loss (Eq. 5 and 6)."""

import numpy as np
import torch
from torch import Tensor

from symmcore.losses.base import GroupCounts, Hinges, MetricLoss
from symmcore.mining import (
    Mined,
    measure,
    normalise,
    pair_candidates,
    square_root,
    squared_distances,
    tie_tolerance,
    widest,
)
from symmcore.settings.symm import Symm, check_not_negative


class LiftedStructureLoss(MetricLoss):
    r"""Lifted structure loss (Oh Song et al. 2016), alone or with Symmetrical Synthesis.

    On L2-normalised embeddings, the baseline (Eq. 5) is

    .. math::
        \frac{1}{2 G} \sum_g \Big[\log\Big(\sum_k e^{m - D_{ik}} + \sum_k e^{m - D_{jk}}\Big)
        + D_{ij}\Big]_+^2

    over the grouped images k of other labels. With synthesis (Eq. 6), where D*_gh is the smallest
    distance of a point of g from a point of h:

    .. math::
        \frac{1}{G} \sum_g \Big[\log \sum_h e^{m - D^*_{gh}} + D_{ij}\Big]_+^2

    A distance of zero has zero gradient.

    The groups are disjoint pairs of images of one class, in batch order. An image left over takes
    no part, and a batch without two pairs of different classes raises ``ValueError``.

    ``symmcore.losses.reference.lifted_structure`` is the same in a few lines, for reading.

    Args:
        margin: The margin m.
        symm: Settings of the synthesis; None for the baseline.

    Raises:
        TypeError: If margin is not a number or symm not a ``Symm``.
        ValueError: If margin is negative or not finite, or the rank exceeds the candidates.
    """

    def __init__(self, margin: float = 1.0, symm: Symm | None = None) -> None:
        super().__init__(symm, pair_candidates)
        self.margin = check_not_negative("margin", margin)

    def _trivial_terms(self, positives: GroupCounts, negatives: GroupCounts) -> GroupCounts:
        # All distances are zero: each of the sum's terms is e^m. The baseline has two for each
        # of a negative group's two images.
        terms_a_group, share = (4.0, 0.5) if self.symm is None else (1.0, 1.0)
        largest = np.maximum(np.log(terms_a_group * negatives) + self.margin, 0.0)
        return share * np.square(largest)

    def _compute(self, points: Tensor, same: Tensor) -> tuple[Tensor, Mined | None, Hinges | None]:
        dtype, tolerance = points.dtype, tie_tolerance(points.dtype)
        points = normalise(widest(points))
        positive = square_root((points[0] - points[1]).square().sum(-1))
        if self._miner is None:
            mined, share = None, 0.5
            same = same.repeat(2, 2)
            squares = squared_distances(points.flatten(0, 1), ~same, tolerance)
        else:
            mined, share = self._miner.squared_distances(measure(points), tolerance), 1.0
            squares = mined.values
        exponents = (self.margin - square_root(squares)).masked_fill(same, -torch.inf)
        # The rows of x_i and of x_j of a group belong to one sum.
        sums = exponents.view(-1, len(positive), exponents.shape[1]).logsumexp((0, 2))
        hinges = torch.relu(sums + positive)
        return share * hinges.square().mean().to(dtype), mined, Hinges(hinges.detach())
