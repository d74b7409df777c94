"""The hardest candidate of each pair of groups, from the Gram matrix of the originals.

Every synthetic point is a combination of two originals, so a product of any two points of two
groups follows from the four products of their originals. The groups are taken in tiles small
enough for the cache: no synthetic point is made, and the products of all combinations exist
for one tile at a time. Nothing here is differentiable; ``picked_products`` is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from symmcore.mining.candidates import Candidates, CodeTables, code_tables

_BLOCK = 128  # groups on each side of a tile: 16 products of a tile fit a core's cache


@dataclass(frozen=True, slots=True)
class Search:
    """What to search, and how candidates compare.

    Attributes:
        points: Originals, of shape (2, G, D).
        own: Weights of the reflections on the reflected point, of shape (2, G).
        other: Weights on the axis, of shape (2, G).
        candidates: What to choose from.
        rank: 1 for the hardest.
        tolerance: Relative difference up to which the hardest candidates count as tied.
        squares: Squared norms of the four points, of shape (4, G), to take the smallest
            Euclidean distance of a pair; None to take the largest product.
        slopes: Whether to keep what the gradient on ``other`` needs, and
        own_slopes: that on ``own``.
    """

    points: Tensor
    own: Tensor
    other: Tensor
    candidates: Candidates
    rank: int
    tolerance: float
    squares: Tensor | None = None
    slopes: bool = True
    own_slopes: bool = True


@dataclass(frozen=True, slots=True)
class Picks:
    """What is picked for each ordered pair of groups (g, h).

    Pairs of groups of one class are filled in too, with no meaning on the diagonal.

    Attributes:
        codes: Code of the picked candidate, uint8 of shape (G, G).
        values: Its product, p . n or (p + q) . r, of shape (G, G).
        slopes: For each point of the candidate, in the order p, (q,) n, a (G, G) matrix that
            holds the product of the point's axis with the other side, where the point is
            synthetic (elsewhere it means nothing). Of a symmetric set only the first is
            kept, because the second is its transpose. Empty if not asked for.
        own_slopes: The same, with the point's original in place of its axis.
    """

    codes: Tensor
    values: Tensor
    slopes: tuple[Tensor, ...]
    own_slopes: tuple[Tensor, ...]


@torch.no_grad()
def search(job: Search) -> Picks:
    """Find the pick of every pair of groups."""
    groups = job.points.shape[1]
    tables = code_tables(job.candidates, job.points.device)
    picks = _empty_picks(job, groups)
    block = min(_BLOCK, groups)
    buffer = job.points.new_empty(16 * block * block)
    for rows in _spans(0, groups):
        start = rows.start if job.candidates.symmetric else 0
        gram = _gram(job.points, rows, slice(start, groups))
        for columns in _spans(start, groups):
            part = gram[..., columns.start - start : columns.stop - start]
            products = _products(job, part, rows, columns, buffer)
            tile = _pick(job, tables, products, rows, columns)
            _store(picks, tile, tables, rows, columns)
    return picks


def _spans(start: int, stop: int) -> Iterator[slice]:
    for first in range(start, stop, _BLOCK):
        yield slice(first, min(first + _BLOCK, stop))


def _empty_picks(job: Search, groups: int) -> Picks:
    shape = (groups, groups)
    count = 1 if job.candidates.symmetric else len(job.candidates.rows[0]) + 1

    def matrices(wanted: bool) -> tuple[Tensor, ...]:
        return tuple(job.points.new_empty(shape) for _ in range(count if wanted else 0))

    return Picks(
        codes=torch.empty(shape, dtype=torch.uint8, device=job.points.device),
        values=job.points.new_empty(shape),
        slopes=matrices(job.slopes),
        own_slopes=matrices(job.own_slopes),
    )


def _gram(points: Tensor, rows: slice, columns: slice) -> Tensor:
    """Products of the originals, [a, b, g, h] = x_a^g . x_b^h."""
    left = points[:, rows].flatten(0, 1)
    right = points[:, columns].flatten(0, 1)
    gram = torch.mm(left, right.T)
    return gram.view(2, rows.stop - rows.start, 2, -1).transpose(1, 2)


def _products(job: Search, gram: Tensor, rows: slice, columns: slice, buffer: Tensor) -> Tensor:
    """Products of the four points of g with those of h, [p, n, g, h], written to ``buffer``."""
    shape = (4, 4, rows.stop - rows.start, columns.stop - columns.start)
    products = buffer[: 16 * shape[2] * shape[3]].view(shape)
    known = products[:2]
    known[:, :2] = gram
    other = job.other[:, columns]
    torch.mul(known[:, :2], job.own[:, None, columns], out=known[:, 2:])
    known[:, 2].addcmul_(known[:, 1], other[0])
    known[:, 3].addcmul_(known[:, 0], other[1])
    other = job.other[:, rows, None]
    torch.mul(known, job.own[:, None, rows, None], out=products[2:])
    products[2].addcmul_(known[1], other[0])
    products[3].addcmul_(known[0], other[1])
    return products


def _pick(job: Search, tables: CodeTables, products: Tensor, rows: slice, columns: slice) -> Picks:
    """The picks of one tile; all slopes are there if asked for."""
    values = _candidate_values(job.candidates, tables, products)
    hardness = values
    floor = None
    if job.squares is not None:
        hardness, floor = _negative_squares(job, tables, values, rows, columns)
    if job.rank == 1:
        index = _hardest(hardness, tables, job.tolerance, floor)
    else:
        order = hardness.argsort(dim=0, descending=True, stable=True)
        index = order[job.rank - 1]
    return Picks(
        codes=index.to(torch.uint8),
        values=values.gather(0, index[None])[0],
        slopes=_slopes(tables, products, index, tables.axis) if job.slopes else (),
        own_slopes=_slopes(tables, products, index, tables.own) if job.own_slopes else (),
    )


def _candidate_values(candidates: Candidates, tables: CodeTables, products: Tensor) -> Tensor:
    """Products of the candidates, [code, g, h]."""
    planes = products.flatten(0, 1)
    if len(candidates) == len(planes):
        return planes
    values = planes[4 * tables.rows[0] + tables.columns]
    for row in tables.rows[1:]:
        values += planes[4 * row + tables.columns]
    return values


def _negative_squares(
    job: Search, tables: CodeTables, values: Tensor, rows: slice, columns: slice
) -> tuple[Tensor, Tensor]:
    """Minus the squared distances of the candidate pairs, and what rounding may add to them."""
    assert job.squares is not None
    row, column = job.squares[:, rows], job.squares[:, columns]
    hardness = 2.0 * values
    hardness -= row[tables.rows[0], :, None]
    hardness -= column[tables.columns, None, :]
    rounding = 16.0 * torch.finfo(values.dtype).eps
    floor = rounding * (row.amax(0)[:, None] + column.amax(0))
    return hardness, floor


def _hardest(
    hardness: Tensor, tables: CodeTables, tolerance: float, floor: Tensor | None
) -> Tensor:
    """Codes of the hardest candidates after the tie rule, int64 of shape (g, h)."""
    best = hardness.amax(0)
    if floor is None:
        least = best - tolerance * best.abs()
    else:
        # The rule speaks of distances; a square differs by twice as much.
        least = best - (2.0 * tolerance + tolerance**2) * best.abs() - floor
    tied = (hardness >= least).view(torch.uint8)
    preferred = (tied * tables.preference[:, None, None]).amax(0)
    return tables.by_preference[preferred.long()].long()


def _slopes(
    tables: CodeTables, products: Tensor, index: Tensor, originals: Tensor
) -> tuple[Tensor, ...]:
    """For each point of the picked candidates, one original times the other side of the pick.

    Args:
        tables: The candidates' tables.
        products: All products of the tile.
        index: Codes of the picks.
        originals: For each type of point, which of i (0) and j (1) to take in its place.
    """
    planes = products.flatten(0, 1)
    column = tables.columns[index]
    rows = [row[index] for row in tables.rows]
    slopes = [planes.gather(0, (4 * originals[row] + column)[None])[0] for row in rows]
    against = [planes.gather(0, (4 * row + originals[column])[None])[0] for row in rows]
    return (*slopes, against[0] if len(against) == 1 else against[0] + against[1])


def _store(picks: Picks, tile: Picks, tables: CodeTables, rows: slice, columns: slice) -> None:
    """Write a tile's picks, and those of the pairs exchanged if the candidates allow it."""
    if tables.exchanged is None:
        picks.codes[rows, columns] = tile.codes
        picks.values[rows, columns] = tile.values
        for whole, part in zip(picks.slopes, tile.slopes, strict=True):
            whole[rows, columns] = part
        for whole, part in zip(picks.own_slopes, tile.own_slopes, strict=True):
            whole[rows, columns] = part
        return
    mirrored = tables.exchanged[tile.codes.long()].T
    planes = [(picks.codes, tile.codes, mirrored), (picks.values, tile.values, tile.values.T)]
    if tile.slopes:
        planes.append((picks.slopes[0], tile.slopes[0], tile.slopes[1].T))
    if tile.own_slopes:
        planes.append((picks.own_slopes[0], tile.own_slopes[0], tile.own_slopes[1].T))
    for whole, upper, lower in planes:
        if rows == columns:
            # On the diagonal the rule decides for g < h alone, the other half follows.
            whole[rows, columns] = upper.triu(1).add_(lower.tril(-1))
        else:
            whole[rows, columns] = upper
            whole[columns, rows] = lower
