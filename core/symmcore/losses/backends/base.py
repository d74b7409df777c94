"""Interface of the backends, and the loss they compute."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from symmcore.losses.backends.torch.terms import Scales
from symmcore.mining import Candidates, Groups, MinedCodes
from symmcore.settings.symm import Symm


@dataclass(frozen=True, slots=True)
class LogSum:
    """The N-pair or angular loss with Symm, which differ in these three alone.

    mean_g log(1 + sum_h exp(negative S*_gh - positive x_i . x_j)) plus a norm penalty; with
    ``symm.pairs="official"`` the authors' cross-entropy in place of it. Both are written out in
    ``symmcore.losses.reference``.

    Attributes:
        symm: How to reflect, and which rank to take.
        candidates: What mining chooses from.
        scales: Factors of the loss.
    """

    symm: Symm
    candidates: Candidates
    scales: Scales


class Backend(Protocol):
    """One way to compute a loss and its gradient."""

    def serves(self, loss: LogSum, embeddings: Tensor) -> bool:
        """Whether it can compute this loss of these embeddings here."""

    def log_sum(
        self, loss: LogSum, embeddings: Tensor, groups: Groups
    ) -> tuple[Tensor, MinedCodes]:
        """The loss, differentiable once, and what mining picked.

        Args:
            loss: Which loss.
            embeddings: float32 or float64 of shape (B, D).
            groups: The pair groups among them.
        """
