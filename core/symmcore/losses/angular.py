"""Angular loss (Eq. 9 and 10)."""

import math

from torch import Tensor

from symmcore.losses.log_sum import LogSumLoss
from symmcore.mining import cross_products, triplet_candidates
from symmcore.settings.losses import check_angle
from symmcore.settings.symm import Symm


class AngularLoss(LogSumLoss):
    r"""Angular loss (Wang et al. 2017), alone or with Symmetrical Synthesis.

    .. math::
        \frac{1}{G} \sum_g \log\Big(1 + \sum_h \exp(4 \tan^2 a \; t_{gh}
        - 2 (1 + \tan^2 a) \; x_i^g \cdot x_j^g)\Big)
        + \frac{\lambda}{4 G} \sum_g \big(\lVert x_i^g \rVert^2 + \lVert x_j^g \rVert^2\big)

    over the groups h of another label than g; :math:`t_{gh} = (x_i^g + x_j^g) \cdot x_j^h`
    (Eq. 9), and with synthesis the largest (p + q) . r over two different points p, q of g and a
    point r of h (Eq. 10). Embeddings are used as they are, not normalised.

    With ``pairs="official"`` it is the authors' cross-entropy: of the softmax over all groups, g
    with its own hardest combination too, against equal shares on the groups of g's label.

    The groups are disjoint pairs of images of one class, in batch order. An image left over takes
    no part, and a batch without two pairs of different classes raises ``ValueError``.

    ``symmcore.losses.reference.angular`` is the same in a few lines, for reading.

    Args:
        angle_deg: The angle a, in degrees (the authors' code uses 45).
        l2_reg: Weight of the squared norms (the authors' code uses 0.002).
        symm: Settings of the synthesis; None for the baseline. It has 24 candidates, with
            ``pairs="official"`` 12.

    Raises:
        TypeError: If angle_deg or l2_reg is not a number or symm not a ``Symm``.
        ValueError: If angle_deg is not between 0 and 90, l2_reg is negative or not finite, or
            the rank exceeds the candidates.
    """

    def __init__(
        self, angle_deg: float = 45.0, l2_reg: float = 0.002, symm: Symm | None = None
    ) -> None:
        square = math.tan(math.radians(check_angle("angle_deg", angle_deg))) ** 2
        super().__init__(4.0 * square, 2.0 * (1.0 + square), l2_reg, symm, triplet_candidates)
        self._angle_deg = angle_deg

    @property
    def angle_deg(self) -> float:
        """The angle, in degrees."""
        return self._angle_deg

    def _baseline_products(self, points: Tensor) -> Tensor:
        first, second = points.unbind()
        return cross_products(first + second, second)
