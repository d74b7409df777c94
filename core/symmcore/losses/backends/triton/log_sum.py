"""The N-pair and angular losses with Symm by Triton's kernels, on a CUDA device."""

from typing import Any

import torch
from torch import Tensor

from symmcore.losses.backends.torch.terms import Scales
from symmcore.losses.backends.triton import miner
from symmcore.mining import Candidates, Groups, full_precision
from symmcore.mining.autograd import once_differentiable
from symmcore.settings.symm import Symm


def cuda_log_sum(
    embeddings: Tensor, groups: Groups, symm: Symm, candidates: Candidates, scales: Scales
) -> tuple[Tensor, Tensor]:
    """The loss, differentiable once, and the codes of the picks, uint8 of shape (G, G).

    Args:
        embeddings: float32 of shape (B, D), on the device.
        groups: The groups among them.
        symm: Settings of the synthesis.
        candidates: What mining chooses from.
        scales: Factors of the loss.
    """
    points = embeddings.index_select(0, groups.members.flatten()).view(2, len(groups), -1)
    with full_precision(points.device):
        result: tuple[Tensor, Tensor] = _LogSum.apply(
            points, groups.labels, symm, candidates, scales
        )
    return result


class _LogSum(torch.autograd.Function):
    """One step of autograd, from the originals of the groups, (2, G, D)."""

    @staticmethod
    def forward(
        ctx: Any, points: Tensor, labels: Tensor, symm: Symm, candidates: Candidates, scales: Scales
    ) -> tuple[Tensor, Tensor]:
        both = scales.negative, scales.positive
        found = miner.log_sum(points, symm, candidates, labels, both)
        ctx.symm, ctx.candidates, ctx.scales = symm, candidates, scales
        ctx.save_for_backward(points, found.codes, found.shares, found.slopes)
        ctx.mark_non_differentiable(found.codes)
        norms = (points * points).sum() * (0.25 * scales.l2_reg / len(labels))
        return found.loss + norms, found.codes

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, _: None) -> tuple[Tensor, None, None, None, None]:
        points, codes, shares, slopes = ctx.saved_tensors
        scales: Scales = ctx.scales
        share = grad / len(codes)
        grads = (
            share * scales.negative,
            slopes[1] * (-share * scales.positive),
            share * (0.25 * scales.l2_reg),
        )
        kept = codes, shares, slopes
        result = miner.gradient(points, ctx.symm, ctx.candidates, kept, grads)
        return result, None, None, None, None
