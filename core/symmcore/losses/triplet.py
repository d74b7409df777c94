"""Triplet loss (Eq. 3 and 4), over all negatives or the semi-hard one."""

import numpy as np
import torch
from torch import Tensor

from symmcore.losses.base import GroupCounts, Hinges, MetricLoss
from symmcore.mining import (
    Mined,
    measure,
    normalise,
    pair_candidates,
    rounding,
    squared_distances,
    tie_tolerance,
    widest,
)
from symmcore.settings.symm import Symm, check_not_negative


class TripletLoss(MetricLoss):
    r"""Triplet loss on L2-normalised embeddings, alone or with Symmetrical Synthesis.

    The baseline (Eq. 3) takes both images of each group as anchor a, the other as positive p:

    .. math::
        \frac{1}{2 G} \sum_{(a, p)} \sum_k \big[D_{ap}^2 - D_{ak}^2 + m\big]_+

    over the grouped images k of other labels. With synthesis (Eq. 4), where D*_gh is the smallest
    distance of a point of g from a point of h:

    .. math::
        \frac{1}{G} \sum_g \sum_h \big[D_{ij}^2 - (D^*_{gh})^2 + m\big]_+

    Semi-hard (Schroff et al. 2015), each (a, p), or each g, uses one negative: the nearest that
    is farther than the positive or, if none is, the farthest.

    The groups are disjoint pairs of images of one class, in batch order. An image left over takes
    no part, and a batch without two pairs of different classes raises ``ValueError``.

    ``symmcore.losses.reference.triplet`` is the same in a few lines, for reading.

    Args:
        margin: The margin m.
        semihard: Whether to use the semi-hard negative only.
        symm: Settings of the synthesis; None for the baseline.

    Raises:
        TypeError: If margin is not a number, semihard no bool or symm not a ``Symm``.
        ValueError: If margin is negative or not finite, or the rank exceeds the candidates.
    """

    def __init__(
        self, margin: float = 0.2, semihard: bool = False, symm: Symm | None = None
    ) -> None:
        super().__init__(symm, pair_candidates)
        if not isinstance(semihard, bool):
            raise TypeError(f"semihard must be a bool, not {type(semihard).__name__}")
        self.margin = check_not_negative("margin", margin)
        self.semihard = semihard

    def _trivial_terms(self, positives: GroupCounts, negatives: GroupCounts) -> GroupCounts:
        # All distances are zero, so every hinge is the margin.
        if self.semihard:
            return np.full_like(negatives, self.margin)
        images_a_group = 2.0 if self.symm is None else 1.0
        return self.margin * images_a_group * negatives

    def _compute(self, points: Tensor, same: Tensor) -> tuple[Tensor, Mined | None, Hinges | None]:
        dtype, tolerance = points.dtype, tie_tolerance(points.dtype)
        points = normalise(widest(points))
        positive = (points[0] - points[1]).square().sum(-1)
        if self._miner is None:
            mined = None
            # Both images of a group are anchors, in the order i of all groups, j of all groups.
            positive, same = positive.repeat(2), same.repeat(2, 2)
            distances = squared_distances(points.flatten(0, 1), ~same, tolerance)
        else:
            mined = self._miner.squared_distances(measure(points), tolerance)
            distances = mined.values
        if self.semihard:
            chosen = _semihard(positive.detach(), distances.detach(), same)
            hinge = torch.relu(positive - distances.gather(1, chosen)[:, 0] + self.margin)
            terms = Hinges(hinge.detach())
        else:
            hinges = torch.relu(positive[:, None] - distances + self.margin)
            hinge = hinges.masked_fill(same, 0.0).sum(1)
            terms = Hinges(hinges.detach(), same)
        return hinge.mean().to(dtype), mined, terms


def _semihard(positive: Tensor, distances: Tensor, same: Tensor) -> Tensor:
    """The semi-hard negative of each row, int64 of shape (R, 1).

    A negative as far as the positive is not farther, whatever rounding makes of it.
    """
    farther = ~same & (distances > positive[:, None] + rounding(distances))
    nearest = distances.masked_fill(~farther, torch.inf).argmin(1, keepdim=True)
    farthest = distances.masked_fill(same, -torch.inf).argmax(1, keepdim=True)
    return torch.where(farther.any(1, keepdim=True), nearest, farthest)
