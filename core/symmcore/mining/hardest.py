"""Argmax over the candidates of a tile of groups, by the tie rule.

Comparisons are written with floating-point results, and masks as sums of powers of two: on a CPU
torch vectorises those, not booleans or the place of a maximum.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from symmcore.mining.candidates import Candidates, CodeTables

Reflections = tuple[Tensor, Tensor]
"""Weights of g groups' reflections on the reflected point and on the axis, each (2, g)."""


@dataclass(frozen=True, slots=True)
class Room:
    """Memory that the tiles use in turn: the system would take it back and clear it each time.

    Attributes:
        products: For the products of a tile's points.
        values: For the values of its candidates, where they are not those products.
        tied: For which of them are tied.
    """

    products: Tensor
    values: Tensor
    tied: Tensor

    @classmethod
    def for_tiles(cls, pairs: int, candidates: Candidates, rank: int, like: Tensor) -> "Room":
        """What tiles of up to ``pairs`` pairs of groups need, of the type of ``like``."""
        of_candidates = len(candidates) * pairs
        return cls(
            like.new_empty(16 * pairs),
            like.new_empty(0 if candidates.are_all_pairs else of_candidates),
            like.new_empty(0 if rank > 1 else of_candidates),
        )


def point_products(originals: Tensor, row: Reflections, column: Reflections, room: Room) -> Tensor:
    """Products of the four points of g with those of h, by the codes of all pairs.

    Args:
        originals: Products of the originals, of shape (2, 2, g, h).
        row: Reflections of the groups g.
        column: Those of the groups h.
        room: Where the result is.

    Returns:
        Shape (16, g, h).
    """
    products = _tile(room.products, (16, *originals.shape[2:]))
    # [is p synthetic, is n synthetic, p is i or j, n is i or j]
    with_original, with_synthetic = products.view(2, 2, *originals.shape)
    both, synthetic = with_original
    both.copy_(originals)
    own, other = column
    torch.mul(both, own[:, None], out=synthetic)
    synthetic[:, 0].addcmul_(both[:, 1], other[0])
    synthetic[:, 1].addcmul_(both[:, 0], other[1])
    own, other = row[0][:, None, :, None], row[1][..., None]
    torch.mul(with_original, own, out=with_synthetic)
    with_synthetic[:, 0].addcmul_(with_original[:, 1], other[0])
    with_synthetic[:, 1].addcmul_(with_original[:, 0], other[1])
    return products


def candidate_values(products: Tensor, tables: CodeTables, room: Room) -> Tensor:
    """Values of the candidates by code, of shape (K, g, h), from ``point_products``."""
    if tables.values is None:
        return products  # all pairs, which give the products their order
    values = _tile(room.values, (len(tables.values), *products.shape[1:]))
    for value, (first, *second) in zip(values, tables.values, strict=True):
        if second:
            torch.add(products[first], products[second[0]], out=value)
        else:
            value.copy_(products[first])
    return values


def pick(
    values: Tensor,
    tables: CodeTables,
    rank: int,
    tolerance: float,
    room: Room,
    floor: Tensor | None = None,
) -> Tensor:
    """Codes of the largest values, or the rank-th largest.

    Args:
        values: By code, of shape (K, g, h).
        tables: Of these candidates.
        rank: 1 for the largest.
        tolerance: Relative difference up to which the largest count as tied.
        room: As for ``candidate_values``.
        floor: Absolute difference that counts as tied besides, of shape (g, h).

    Returns:
        int64 of shape (g, h).
    """
    if rank > 1:
        return values.argsort(dim=0, descending=True, stable=True)[rank - 1]
    best = values.amax(0)
    least = best.sub(best.abs(), alpha=tolerance)
    if floor is not None:
        least.sub_(floor)
    tied = torch.ge(values, least, out=_tile(room.tied, values.shape))
    # The highest bit of the sum of powers of two says which code it is. Every comparison with
    # NaN fails, and no bit stands for the last code, of synthetic points alone, which is NaN too.
    sums = torch.mv(tied.flatten(1).T, tables.weights)
    if sums.dtype == torch.float64:
        exponents = sums.view(torch.int64) >> 52
    else:
        exponents = sums.view(torch.int32) >> 23
    return (len(values) - 1 - exponents).long().view(least.shape)


def nearness(products: Tensor, row: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
    """Minus half the squared distances of pairs, and what rounding may add to it.

    Args:
        products: Of the pairs, of shape (K, g, h).
        row: Squared norms of the points of g, of shape (K, g, 1).
        column: Squared norms of the points of h, of shape (K, 1, h).
    """
    near = products.sub(row, alpha=0.5).sub_(column, alpha=0.5)
    rounding = 8.0 * torch.finfo(products.dtype).eps
    return near, rounding * (row.amax(0) + column.amax(0))


def _tile(room: Tensor, shape: tuple[int, ...]) -> Tensor:
    return room[: shape[0] * shape[1] * shape[2]].view(shape)
