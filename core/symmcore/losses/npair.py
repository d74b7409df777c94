"""N-pair loss (Eq. 7 and 8)."""

from torch import Tensor

from symmcore.losses.log_sum import LogSumLoss
from symmcore.mining import cross_products, pair_candidates
from symmcore.settings.symm import Symm


class NPairLoss(LogSumLoss):
    r"""N-pair loss (Sohn 2016), alone or with Symmetrical Synthesis.

    .. math::
        \frac{1}{G} \sum_g \log\Big(1 + \sum_h \exp(s_{gh} - x_i^g \cdot x_j^g)\Big)
        + \frac{\lambda}{4 G} \sum_g \big(\lVert x_i^g \rVert^2 + \lVert x_j^g \rVert^2\big)

    over the groups h of another label than g; :math:`s_{gh} = x_i^g \cdot x_j^h` (Eq. 7), and
    with synthesis the largest product of a point of g with a point of h (Eq. 8). Embeddings are
    used as they are, not normalised.

    With ``pairs="official"`` it is the authors' cross-entropy: of the softmax over all groups, g
    with its own hardest combination too, against equal shares on the groups of g's label.

    The groups are disjoint pairs of images of one class, in batch order. An image left over takes
    no part, and a batch without two pairs of different classes raises ``ValueError``.

    ``symmcore.losses.reference.npair`` is the same in a few lines, for reading.

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
        super().__init__(1.0, 1.0, l2_reg, symm, pair_candidates)

    def _baseline_products(self, points: Tensor) -> Tensor:
        first, second = points.unbind()
        return cross_products(first, second)
