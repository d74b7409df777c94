"""Terms that several losses have in common."""

import torch
from torch import Tensor

from symmcore.mining import Geometry


def log_one_plus_sums(exponents: Tensor, negatives: Tensor) -> Tensor:
    """log(1 + sum_h exp(z_gh)) over the negatives h of each g, stable for any z.

    The 1 is added in the logarithm's own scale: 1 minus a share of the sum would lose the
    gradient in float32 once the share is close to 1.

    Args:
        exponents: z, of shape (G, H).
        negatives: Which h count for g, bool of shape (G, H).

    Returns:
        Shape (G,).
    """
    sums = torch.logsumexp(exponents.masked_fill(~negatives, -torch.inf), 1)
    return torch.logaddexp(sums, torch.zeros_like(sums))


def norm_penalty(geometry: Geometry) -> Tensor:
    """A quarter of the mean ||x_i||^2 plus the mean ||x_j||^2 (from the authors' code)."""
    return 0.25 * geometry.squares.mean(1).sum()
