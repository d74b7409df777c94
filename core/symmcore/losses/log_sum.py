"""What the N-pair and angular losses have in common, and their compiled form."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from symmcore.losses.base import LossResult, MetricLoss, Selection, check_not_negative
from symmcore.losses.terms import log_one_plus_sums, norm_penalty
from symmcore.mining import Candidates, Groups, Mined, PickedCodes, measure, on_cuda
from symmcore.mining.compiled import (
    CompiledMiner,
    Measured,
    Picked,
    Upstream,
    serves,
    threads_for,
)
from symmcore.symm import PairSet, Symm


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
        self.l2_reg = check_not_negative("l2_reg", l2_reg)
        self._scales = _Scales(scale, positive_scale, self.l2_reg)
        self._compiled_miner = None if symm is None else CompiledMiner(symm, candidates(symm.pairs))

    def _result(self, embeddings: Tensor, groups: Groups) -> LossResult:
        miner = self._compiled_miner
        if miner is None or not self.compiled:
            return super()._result(embeddings, groups)
        if serves(embeddings):
            wanted = embeddings.requires_grad and torch.is_grad_enabled()
            loss, codes = _CompiledLogSum.apply(embeddings, groups, miner, self._scales, wanted)
        elif on_cuda.serves(embeddings, miner.symm):
            points = embeddings.index_select(0, groups.members.flatten())
            points = points.view(2, len(groups), -1)
            loss, codes = _CudaLogSum.apply(points, groups.labels, miner, self._scales)
        else:
            return super()._result(embeddings, groups)
        picked = PickedCodes.of_matrix(miner.candidates, codes)
        return LossResult(loss, Selection(groups.members, groups.labels, picked))

    def _compute(self, points: Tensor, same: Tensor) -> tuple[Tensor, Mined | None]:
        geometry = measure(points)
        mined = None if self._miner is None else self._miner.products(geometry)
        products = self._baseline_products(points) if mined is None else mined.values
        scales = self._scales
        positive = scales.positive * geometry.dot
        loss = log_one_plus_sums(scales.negative * products, positive, same).mean()
        return loss + norm_penalty(geometry, self.l2_reg), mined

    @abstractmethod
    def _baseline_products(self, points: Tensor) -> Tensor:
        """Products of negatives without synthesis, (G, G), from originals (2, G, D)."""


@dataclass(frozen=True, slots=True)
class _Scales:
    negative: float
    positive: float
    l2_reg: float


class _CompiledLogSum(torch.autograd.Function):
    """The loss and the codes of its picks, as one step of autograd.

    The loss is a scalar, so its gradient can be had together with it and be scaled later. That
    keeps one matrix of the batch's size instead of all that the gradient is made of.
    """

    @staticmethod
    def forward(
        ctx: Any,
        embeddings: Tensor,
        groups: Groups,
        miner: CompiledMiner,
        scales: _Scales,
        with_gradient: bool,
    ) -> tuple[Tensor, Tensor]:
        with threads_for(len(groups)):
            measured = miner.measure(groups.gather(embeddings))
            picked = miner.pick(measured)
            sums = _log_sums(measured, picked, groups.labels.numpy(), scales)
            if with_gradient:
                gradient = miner.gradient(measured, picked.codes, sums.upstream)
                ctx.save_for_backward(groups.scatter(gradient, len(embeddings)))
        codes = torch.from_numpy(picked.codes)
        ctx.mark_non_differentiable(codes)
        return embeddings.new_tensor(sums.loss), codes

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, _: None) -> tuple[Tensor, None, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * grad, None, None, None, None


@dataclass(frozen=True, slots=True)
class _LogSums:
    """The loss, and its gradient on what was mined."""

    loss: float
    upstream: Upstream


def _log_sums(
    measured: Measured, picked: Picked, labels: NDArray[np.integer], scales: _Scales
) -> _LogSums:
    """Takes the picked values: their memory will hold the upstream's shares."""
    from symmcore.mining.kernels import sums

    values, dtype = picked.values, picked.values.dtype
    count = len(values)
    largest, slopes = np.empty(count, dtype), np.empty((2, count), dtype)
    sums.shift(values, labels, np.array([scales.negative, -np.inf], dtype), largest)
    torch.from_numpy(values).exp_()  # its loops use vector instructions
    share = 1.0 / count
    total = sums.log_one_plus(
        values, largest, measured.products[0], scales.positive,
        (share * scales.negative, -share * scales.positive), slopes,
    )  # fmt: skip
    norms = 0.25 * scales.l2_reg * float(torch.from_numpy(measured.products[1:]).sum())
    upstream = Upstream(values, slopes[0], slopes[1], 0.25 * share * scales.l2_reg)
    return _LogSums((total + norms) / count, upstream)


class _CudaLogSum(torch.autograd.Function):
    """The same by Triton's kernels, from the originals of the groups, (2, G, D)."""

    @staticmethod
    def forward(
        ctx: Any, points: Tensor, labels: Tensor, miner: CompiledMiner, scales: _Scales
    ) -> tuple[Tensor, Tensor]:
        both = scales.negative, scales.positive
        found = on_cuda.log_sum(points, miner.symm, miner.candidates, labels, both)
        ctx.miner, ctx.scales = miner, scales
        ctx.save_for_backward(points, found.codes, found.shares, found.slopes)
        ctx.mark_non_differentiable(found.codes)
        norms = (points * points).sum() * (0.25 * scales.l2_reg / len(labels))
        return found.loss + norms, found.codes

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, _: None) -> tuple[Tensor, None, None, None]:
        points, codes, shares, slopes = ctx.saved_tensors
        scales: _Scales = ctx.scales
        share = grad / len(codes)
        grads = (
            share * scales.negative,
            slopes[1] * (-share * scales.positive),
            share * (0.25 * scales.l2_reg),
        )
        kept = codes, shares, slopes
        result = on_cuda.gradient(points, ctx.miner.symm, ctx.miner.candidates, kept, grads)
        return result, None, None, None
