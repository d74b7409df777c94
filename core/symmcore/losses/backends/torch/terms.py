"""Terms that the N-pair and angular losses have in common."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import softplus

from symmcore.mining import Geometry
from symmcore.mining.autograd import once_differentiable

_NO_ONE = 50.0  # beyond it 1 + exp(x) is exp(x), in float64 too


@dataclass(frozen=True, slots=True)
class Scales:
    """Factors of a loss.

    Attributes:
        negative: On the products of negatives.
        positive: On the product of a positive pair.
        l2_reg: On the norm penalty.
    """

    negative: float
    positive: float
    l2_reg: float


def log_one_plus_sums(negative: Tensor, scale: float, positive: Tensor, left_out: Tensor) -> Tensor:
    """log(1 + sum_h exp(scale n_gh - p_g)) for each g, stable for any n and p.

    Args:
        negative: n, of shape (G, H).
        scale: Factor on them.
        positive: p, of shape (G,).
        left_out: Which h do not count for g, bool of shape (G, H). Not all of a row.

    Returns:
        Shape (G,).
    """
    result: Tensor = _LogOnePlusSums.apply(negative, scale, positive, left_out)
    return result


def shared_cross_entropy(values: Tensor, scale: float, own: Tensor, same: Tensor) -> Tensor:
    """Cross-entropy of softmax_h(m_gh) against equal shares on the groups of g's class, stable.

    Args:
        values: m off the diagonal but for the factor, of shape (G, G).
        scale: Factor on them.
        own: m on the diagonal, of shape (G,).
        same: Which groups are of one class, bool of shape (G, G). Not all of a row.

    Returns:
        Shape (G,).
    """
    result: Tensor = _SharedCrossEntropy.apply(values, scale, own, same)
    return result


def norm_penalty(geometry: Geometry, weight: float) -> Tensor:
    """weight / 4 times the mean ||x_i||^2 plus the mean ||x_j||^2 (from the authors' code)."""
    return geometry.squares.sum() * (0.25 * weight / len(geometry.dot))


class _LogOnePlusSums(torch.autograd.Function):
    """One matrix is kept for the gradient, where the separate operations would keep several."""

    @staticmethod
    def forward(
        ctx: Any, negative: Tensor, scale: float, positive: Tensor, left_out: Tensor
    ) -> Tensor:
        shares = negative.clone() if scale == 1.0 else negative * scale
        shares.masked_fill_(left_out, -torch.inf)
        largest = shares.amax(1, keepdim=True)
        shares.sub_(largest).exp_()
        sums = shares.sum(1)
        exponent = sums.log().add_(largest[:, 0]).sub_(positive)
        # The 1 joins in the logarithm: 1 minus the share of the positive would lose its
        # gradient in float32 once that share is close to 1.
        result = softplus(exponent, threshold=_NO_ONE)
        ctx.scale = scale
        ctx.save_for_backward(shares, exponent.sigmoid_(), sums)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        shares, slope, sums = ctx.saved_tensors
        on_exponent = grad * slope
        return shares * (ctx.scale * on_exponent / sums)[:, None], None, -on_exponent, None


class _SharedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, scale: float, own: Tensor, same: Tensor) -> Tensor:
        logits = values * scale
        logits.diagonal().copy_(own)
        negatives, of_negatives = _softmax(logits.masked_fill(same, -torch.inf))
        positives, of_positives = _softmax(logits.masked_fill_(~same, -torch.inf))
        targets = same / same.sum(1, keepdim=True, dtype=logits.dtype)
        mean = (logits.masked_fill_(~same, 0.0) * targets).sum(1)
        exponent = of_negatives - of_positives
        other = exponent.sigmoid()[:, None]
        # One minus the share of the own class would lose the gradient in float32 once it is
        # close to 1.
        ctx.scale = scale
        ctx.save_for_backward(negatives * other + ((positives - targets) - positives * other))
        return softplus(exponent, threshold=_NO_ONE) + (of_positives - mean)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (slopes,) = ctx.saved_tensors
        result = slopes * grad[:, None]
        on_own = result.diagonal().clone()
        result.diagonal().zero_()
        return result.mul_(ctx.scale), None, on_own, None


def _softmax(logits: Tensor) -> tuple[Tensor, Tensor]:
    """The softmax of each row and the logarithm of the sum of its exponentials."""
    sums = logits.logsumexp(1)
    return (logits - sums[:, None]).exp(), sums
