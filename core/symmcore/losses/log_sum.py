"""Base class of the N-pair and angular losses, which chooses the backend."""

from abc import abstractmethod
from collections.abc import Callable

import numpy as np
from torch import Tensor

from symmcore.losses.backends import backend_for
from symmcore.losses.backends.base import LogSum
from symmcore.losses.backends.torch.backend import TorchBackend
from symmcore.losses.backends.torch.terms import Scales, log_one_plus_sums, norm_penalty
from symmcore.losses.base import (
    GroupCounts,
    Hinges,
    LossResult,
    MetricLoss,
    Selection,
)
from symmcore.mining import Candidates, Groups, Mined, measure
from symmcore.settings.symm import PairSet, Symm, check_not_negative


class LogSumLoss(MetricLoss):
    """mean_g log(1 + sum_h exp(scale n_gh - positive_scale x_i . x_j)), plus a norm penalty.

    n_gh is the product mined for groups g and h, or that of the baseline. On the CPU compiled
    loops compute the loss with Symm if numba is installed; the first call then takes seconds
    longer, once on a machine, as numba keeps what it compiled. On a CUDA device Triton's kernels
    do, at rank 1 and with the paper's pairs.

    Attributes:
        compiled: Set it to False to have the loss with Symm computed by torch's own operations.

    Args:
        scale: Factor on the products of negatives.
        positive_scale: Factor on the product of the positive pair.
        l2_reg: Weight of the squared norms.
        symm: Settings of the synthesis; None for the baseline.
        candidates: Gives what mining chooses from, for a pair set.
    """

    compiled = True

    def __init__(
        self,
        scale: float,
        positive_scale: float,
        l2_reg: float,
        symm: Symm | None,
        candidates: Callable[[PairSet], Candidates],
    ) -> None:
        super().__init__(symm, candidates)
        self._scales = Scales(scale, positive_scale, check_not_negative("l2_reg", l2_reg))

    @property
    def l2_reg(self) -> float:
        """Weight of the squared norms."""
        return self._scales.l2_reg

    def _result(self, embeddings: Tensor, groups: Groups) -> LossResult:
        miner = self._miner
        if miner is None:
            return super()._result(embeddings, groups)
        loss = LogSum(miner.symm, miner.candidates, self._scales)
        backend = backend_for(loss, embeddings) if self.compiled else TorchBackend()
        value, codes = backend.log_sum(loss, embeddings, groups)
        return LossResult(value, Selection(groups, codes))

    def _trivial_terms(self, positives: GroupCounts, negatives: GroupCounts) -> GroupCounts:
        # All exponents are zero. The authors' cross-entropy has the groups of the own class in
        # its sum, and not only the pair itself.
        official = self.symm is not None and self.symm.pairs == "official"
        terms: GroupCounts = np.log((positives if official else 1.0) + negatives)
        return terms

    def _compute(self, points: Tensor, same: Tensor) -> tuple[Tensor, Mined | None, Hinges | None]:
        geometry, scales = measure(points), self._scales
        products = self._baseline_products(points)
        positive = scales.positive * geometry.dot
        loss = log_one_plus_sums(products, scales.negative, positive, same).mean()
        return loss + norm_penalty(geometry, self.l2_reg), None, None

    @abstractmethod
    def _baseline_products(self, points: Tensor) -> Tensor:
        """Products of negatives without synthesis, (G, G), from originals (2, G, D)."""
