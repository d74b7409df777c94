"""The N-pair and angular losses with Symm by compiled loops, on the CPU. Imports numba."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmcore.losses.backends.numba.kernels.sums import log_one_plus, shared_cross_entropy
from symmcore.losses.backends.numba.miner import CompiledMiner, threads_for
from symmcore.losses.backends.torch.terms import Scales
from symmcore.mining import Candidates, Groups
from symmcore.mining.autograd import once_differentiable
from symmcore.settings.symm import Symm


class CompiledLogSum:
    """Computes the loss of a batch, and with it the gradient.

    Args:
        symm: Settings of the synthesis.
        candidates: What mining chooses from.
        scales: Factors of the loss.
    """

    def __init__(self, symm: Symm, candidates: Candidates, scales: Scales) -> None:
        self._miner = CompiledMiner(symm, candidates)
        self._scales = scales
        self._official = symm.pairs == "official"

    def __call__(self, embeddings: Tensor, groups: Groups) -> tuple[Tensor, Tensor]:
        """The loss, differentiable once, and the codes of the picks, uint8 of shape (G, G).

        Args:
            embeddings: float32 or float64 of shape (B, D), on the CPU.
            groups: The groups among them.
        """
        wanted = embeddings.requires_grad and torch.is_grad_enabled()
        result: tuple[Tensor, Tensor] = _LogSum.apply(embeddings, groups, self, wanted)
        return result

    def compute(
        self, embeddings: Tensor, groups: Groups, with_gradient: bool
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """The loss, the codes, and the gradient on the embeddings if it is wanted."""
        scales, share = self._scales, 1.0 / len(groups)
        penalty = 0.25 * scales.l2_reg
        with threads_for(len(groups)) as threads:
            originals = groups.gather(embeddings).resolve_neg()
            mined = self._miner.mine(originals)
            dtype = mined.values.dtype
            slopes, loss = np.empty((2, len(groups)), dtype), np.empty((), dtype)
            on_products = np.full((3, len(groups)), share * penalty, dtype)
            on_products[0] = 0.0
            # The values become the shares of the gradient.
            common = mined.values, groups.labels.numpy(), scales.negative, mined.products
            if self._official:
                own, of_own = self._miner.own(mined)
                own *= scales.positive
                shared_cross_entropy(*common, own, share, penalty, slopes, loss)
                on_products += (scales.positive * slopes[1]) * of_own
            else:
                factors = share * scales.negative, -share * scales.positive
                log_one_plus(*common, scales.positive, factors, penalty, slopes, loss)
                on_products[0] += slopes[1]
            found = torch.from_numpy(loss), torch.from_numpy(mined.codes)
            if not with_gradient:
                return *found, None
            gradient = torch.empty_like(originals)  # aligned, unlike NumPy's
            self._miner.gradient(mined, slopes[0], on_products, threads, gradient.numpy())
        return *found, groups.scatter(gradient, len(embeddings))


class _LogSum(torch.autograd.Function):
    """One step of autograd.

    The loss is a scalar, so its gradient can be had together with it and be scaled later. That
    keeps the gradient and the embeddings instead of all that the gradient is made of. The first
    backward pass gives it away; another one, of a graph that is retained, computes it again.
    """

    @staticmethod
    def forward(
        ctx: Any, embeddings: Tensor, groups: Groups, log_sum: CompiledLogSum, with_gradient: bool
    ) -> tuple[Tensor, Tensor]:
        loss, codes, ctx.gradient = log_sum.compute(embeddings, groups, with_gradient)
        ctx.groups, ctx.log_sum = groups, log_sum
        ctx.save_for_backward(embeddings)
        ctx.mark_non_differentiable(codes)
        ctx.set_materialize_grads(False)
        return loss, codes

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor | None, _: None) -> tuple[Tensor | None, None, None, None]:
        gradient, ctx.gradient = ctx.gradient, None
        if grad is None:
            return None, None, None, None
        if gradient is None:
            (embeddings,) = ctx.saved_tensors
            _, _, gradient = ctx.log_sum.compute(embeddings, ctx.groups, True)
        if grad.item() != 1.0:  # it nearly always is: spares a pass over the gradient
            gradient.mul_(grad)
        return gradient, None, None, None
