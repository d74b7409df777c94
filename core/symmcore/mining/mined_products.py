"""Products of the mined candidates, as one operation of autograd."""

from itertools import chain
from typing import Any

import torch
from torch import Tensor

from symmcore.mining.autograd import once_differentiable
from symmcore.mining.candidates import Candidates, code_tables, look_up
from symmcore.mining.geometry import type_weights
from symmcore.mining.precision import full_precision
from symmcore.mining.search import Picks, TilePicks
from symmcore.mining.tiles import Blocks


def mined_products(
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
    result: Tensor = _MinedProducts.apply(points, own, other, picks, candidates)
    return result


class _MinedProducts(torch.autograd.Function):
    """p . n = sum over a, b of u_a v_b (x_a . x_b), with u, v the points' weights on originals.

    So the gradient with respect to the originals is the (2 G, 2 G) matrix of w u_a v_b times
    the originals, w being the incoming gradient, and that with respect to a weight of a
    reflection is the sum of w times the slopes of the search. Both are taken tile by tile.
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
        ctx.blocks = picks.blocks
        ctx.counts = (len(picks.tiles[0].slopes), len(picks.tiles[0].own_slopes))
        kept = [(tile.codes, *tile.slopes, *tile.own_slopes) for tile in picks.tiles]
        ctx.save_for_backward(points, own, other, *chain.from_iterable(kept))
        return picks.values.detach()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        points, own, other, *kept = ctx.saved_tensors
        slopes, own_slopes = ctx.counts
        step = 1 + slopes + own_slopes
        tiles = [
            TilePicks(
                kept[first],
                tuple(kept[first + 1 : first + 1 + slopes]),
                tuple(kept[first + 1 + slopes : first + step]),
            )
            for first in range(0, len(kept), step)
        ]
        with full_precision(points.device):
            gradient = _Gradient(points, own, other, ctx.blocks, ctx.candidates)
            for place, tile in zip(ctx.blocks.tiles(), tiles, strict=True):
                gradient.add(grad, place, tile)
        return gradient.points(), gradient.own, gradient.other, None, None


class _Gradient:
    """Gathers the gradient tile by tile.

    Attributes:
        own: With respect to the reflections' weights on the reflected point, of shape (2, G).
        other: With respect to those on the axis, of shape (2, G).
    """

    def __init__(
        self, points: Tensor, own: Tensor, other: Tensor, blocks: Blocks, candidates: Candidates
    ) -> None:
        tables = code_tables(candidates, points.device, points.dtype)
        weights = type_weights(own, other)
        self.own = torch.zeros_like(own)
        self.other = torch.zeros_like(other)
        self._blocks = blocks
        self._columns = _by_code(weights, tables.columns)
        self._rows = sum(
            (_by_code(weights, row) for row in tables.rows[1:]),
            start=_by_code(weights, tables.rows[0]),
        )
        self._signs = tables.signs
        self._originals = blocks.split(points)
        self._parts: list[Tensor | None] = [None] * len(self._originals)

    def points(self) -> Tensor:
        """The gradient with respect to the originals, of shape (2, G, D)."""
        return self._blocks.join([part for part in self._parts if part is not None])

    def add(self, grad: Tensor, place: tuple[int, int], tile: TilePicks) -> None:
        """Add what the pairs of groups of one tile contribute."""
        row, column = place
        rows, columns = self._blocks.spans[row], self._blocks.spans[column]
        grad_tile = grad[rows, columns]
        if self._blocks.symmetric:
            # (g, h) and (h, g) are one pick, which is the tile's.
            grad_tile = grad_tile + grad[columns, rows].T
            if row == column:
                grad_tile = grad_tile.triu_(1)
        codes = tile.codes.long()
        matrix = self._matrix(grad_tile, codes, rows, columns)
        if row == column:
            self._add_product(row, matrix + matrix.T, row)
        else:
            self._add_product(row, matrix, column)
            self._add_product(column, matrix.T, row)
        for total, slopes in ((self.other, tile.slopes), (self.own, tile.own_slopes)):
            if slopes:
                self._add_slopes(total, grad_tile, slopes, codes, (rows, columns))

    def _add_product(self, block: int, matrix: Tensor, other: int) -> None:
        """Add ``matrix`` times the originals of block ``other`` to the gradient of ``block``."""
        part = self._parts[block]
        if part is None:
            self._parts[block] = torch.mm(matrix, self._originals[other])
        else:
            part.addmm_(matrix, self._originals[other])

    def _matrix(self, grad: Tensor, codes: Tensor, rows: slice, columns: slice) -> Tensor:
        """w u_a v_b, of shape (2 g, 2 h)."""
        height, width = codes.shape
        left = self._rows[:, rows].gather(2, codes.expand(2, -1, -1)).mul_(grad)
        # A gather along the first side of a matrix is slow: look up in the flattened table.
        count = len(self._columns[0, 0])
        first = torch.arange(0, count * width, count, device=codes.device)
        right = look_up(self._columns[:, columns].flatten(1), codes + first)
        matrix = grad.new_empty(2, height, 2, width)
        torch.mul(left[:, :, None], right.transpose(0, 1), out=matrix)
        return matrix.view(2 * height, 2 * width)

    def _add_slopes(
        self,
        total: Tensor,
        grad: Tensor,
        slopes: tuple[Tensor, ...],
        codes: Tensor,
        place: tuple[slice, slice],
    ) -> None:
        """Add the gradient with respect to one weight of the reflections, (2, G)."""
        last = len(slopes) - 1
        for point, (slope, signs) in enumerate(zip(slopes, self._signs, strict=True)):
            side = 1 if point == last else 0  # the last point is one of h, the others are of g
            kinds, weighted = look_up(signs, codes), grad * slope
            of_i, of_j = total[:, place[side]]
            of_i.add_(kinds.clamp_min(0.0).mul_(weighted).sum(1 - side))
            of_j.sub_(kinds.clamp_max_(0.0).mul_(weighted).sum(1 - side))


def _by_code(weights: Tensor, types: Tensor) -> Tensor:
    """The weights (2, 4, G) of the point each code has in one place, of shape (2, G, K)."""
    return weights.index_select(1, types).transpose(1, 2).contiguous()
