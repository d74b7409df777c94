"""N-pair loss (Eq. 7 and 8)."""

from torch import Tensor

from symmcore.losses.base import MetricLoss, check_not_negative
from symmcore.losses.terms import log_one_plus_sums, norm_penalty
from symmcore.mining import Mined, cross_products, measure, pair_candidates
from symmcore.symm import Symm


class NPairLoss(MetricLoss):
    r"""N-pair loss (Sohn 2016), alone or with Symmetrical Synthesis.

    .. math::
        \frac{1}{G} \sum_g \log\Big(1 + \sum_h \exp(s_{gh} - x_i^g \cdot x_j^g)\Big)
        + \frac{\lambda}{4 G} \sum_g \big(\lVert x_i^g \rVert^2 + \lVert x_j^g \rVert^2\big)

    over the groups h of another label than g; :math:`s_{gh} = x_i^g \cdot x_j^h` (Eq. 7), and
    with synthesis the largest product of a point of g with a point of h (Eq. 8). Embeddings are
    used as they are, not normalised.

    Args:
        l2_reg: Weight of the squared norms (the authors' code uses 0.002).
        symm: Settings of the synthesis; None for the baseline.

    Raises:
        TypeError: If l2_reg is not a number or symm not a ``Symm``.
        ValueError: If l2_reg is negative or not finite, or the rank exceeds the candidates.

    Example:
        >>> loss = NPairLoss(symm=Symm())
        >>> loss(torch.randn(8, 16), torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])).shape
        torch.Size([])
    """

    def __init__(self, l2_reg: float = 0.002, symm: Symm | None = None) -> None:
        super().__init__(symm, pair_candidates)
        self.l2_reg = check_not_negative("l2_reg", l2_reg)

    def _compute(self, points: Tensor, same: Tensor) -> tuple[Tensor, Mined | None]:
        geometry = measure(points)
        mined = None if self._miner is None else self._miner.products(geometry)
        if mined is None:
            first, second = points.unbind()
            products = cross_products(first, second)
        else:
            products = mined.values
        loss = log_one_plus_sums(products, geometry.dot, same).mean()
        return loss + norm_penalty(geometry, self.l2_reg), mined
