"""The products of the picked points, differentiable in the embeddings."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from symmcore.mining.candidates import Candidates, CodeTables, code_tables
from symmcore.mining.geometry import type_weights
from symmcore.mining.search import Picks

_BLOCK = 512  # groups a block of rows in the backward pass


def picked_products(
    points: Tensor, own: Tensor, other: Tensor, picks: Picks, candidates: Candidates
) -> Tensor:
    """The picked products, [g, h] = p . n or (p + q) . r, with gradients at the picks alone.

    Args:
        points: Originals, of shape (2, G, D).
        own: Weights of the reflections on the reflected point, of shape (2, G).
        other: Weights on the axis, of shape (2, G).
        picks: The result of a search in these candidates; with slopes, if a gradient is
            to be taken.
        candidates: What was chosen from.

    Returns:
        Products of shape (G, G).
    """
    result: Tensor = _PickedProducts.apply(points, own, other, picks, candidates)
    return result


class _PickedProducts(torch.autograd.Function):
    """p . n = sum over a, b of u_a v_b (x_a . x_b), with u, v the points' weights on originals.

    So the gradient with respect to the originals is the (2 G, 2 G) matrix of w u_a v_b times
    the originals, w being the incoming gradient, and that with respect to a weight of a
    reflection is the sum of w times the slopes of the search.
    """

    @staticmethod
    def forward(
        ctx: Any,
        points: Tensor,
        own: Tensor,
        other: Tensor,
        picks: Picks,
        candidates: Candidates,
    ) -> Tensor:
        ctx.candidates = candidates
        ctx.slopes = len(picks.slopes)
        ctx.save_for_backward(points, own, other, picks.codes, *picks.slopes, *picks.own_slopes)
        return picks.values.detach()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        points, own, other, codes, *slopes = ctx.saved_tensors
        tables = code_tables(ctx.candidates, points.device)
        if ctx.candidates.symmetric:
            # (g, h) and (h, g) are one pick: its whole gradient counts for either side.
            grad = grad + grad.T
        with torch.autocast(points.device.type, enabled=False):
            on_points = _points_gradient(points, type_weights(own, other), codes, grad, tables)
        on_other = _weights_gradient(grad, codes, slopes[: ctx.slopes], tables)
        on_own = None
        if ctx.needs_input_grad[1]:
            on_own = _weights_gradient(grad, codes, slopes[ctx.slopes :], tables)
        return on_points, on_own, on_other, None, None


def _points_gradient(
    points: Tensor, weights: Tensor, codes: Tensor, grad: Tensor, tables: CodeTables
) -> Tensor:
    """Gradient with respect to the originals at fixed weights, of shape (2, G, D)."""
    row_weights = weights[:, tables.rows].sum(1).transpose(1, 2)  # (2, G, K)
    column_weights = weights[:, tables.columns]  # (2, K, G)
    flat = points.flatten(0, 1)
    groups = codes.shape[0]
    result = torch.zeros_like(points)
    matrix = points.new_empty(2, min(_BLOCK, groups), 2, groups)
    for first in range(0, groups, _BLOCK):
        rows = slice(first, min(first + _BLOCK, groups))
        index = codes[rows].long()
        block = matrix[:, : len(index)]
        for a in range(2):
            left = row_weights[a, rows].gather(1, index).mul_(grad[rows])
            for b in range(2):
                torch.mul(left, column_weights[b].gather(0, index), out=block[a, :, b])
        square = block.reshape(-1, 2 * groups)
        result[:, rows] += torch.mm(square, flat).view(2, len(index), -1)
        if tables.exchanged is None:
            result += torch.mm(square.T, points[:, rows].flatten(0, 1)).view_as(points)
    return result


def _weights_gradient(
    grad: Tensor, codes: Tensor, slopes: list[Tensor], tables: CodeTables
) -> Tensor:
    """Gradient with respect to one weight of both reflections, of shape (2, G)."""
    index = codes.long()
    types = [row[index] for row in tables.rows]
    if tables.exchanged is None:
        types.append(tables.columns[index])
    result = grad.new_zeros(2, grad.shape[0])
    for place, (slope, kinds) in enumerate(zip(slopes, types, strict=True)):
        side = 1 if place < len(tables.rows) else 0  # sum over h for points of g, and vice versa
        weighted = grad * slope
        for synthetic in range(2):
            result[synthetic] += weighted.masked_fill(kinds != 2 + synthetic, 0.0).sum(side)
    return result
