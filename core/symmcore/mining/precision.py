"""Matrix products in full precision, whatever autocast is set to."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from symmcore.mining.autograd import once_differentiable


def full_precision(device: torch.device) -> AbstractContextManager[object]:
    """A context in which autocast, should it be on, does not lower the precision of products."""
    if torch.is_autocast_enabled(device.type):
        return torch.autocast(device.type, enabled=False)
    return nullcontext()


def cross_products(left: Tensor, right: Tensor) -> Tensor:
    """Products of all rows, [g, h] = left_g . right_h, of shape (G, H).

    Also the gradients are computed in the type of the arguments, wherever ``backward`` is called.

    Args:
        left: Shape (G, D).
        right: Shape (H, D).
    """
    result: Tensor = _CrossProducts.apply(left, right)
    return result


class _CrossProducts(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, left: Tensor, right: Tensor) -> Tensor:
        ctx.save_for_backward(left, right)
        with full_precision(left.device):
            return torch.mm(left, right.T)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        left, right = ctx.saved_tensors
        with full_precision(left.device):
            return torch.mm(grad, right), torch.mm(grad.T, left)
