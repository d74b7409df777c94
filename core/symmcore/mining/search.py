"""The hardest candidate of each pair of groups, from the Gram matrix of the originals.

Every synthetic point is a combination of two originals, so a product of any two points of two
groups follows from the four products of their originals. The groups are taken in tiles small
enough for the cache: no synthetic point is made, and the products of all combinations exist
for one tile at a time. Nothing here is differentiable; ``picked_products`` is.

Comparisons are written with floating-point results, and masks as sums of powers of two: on a CPU
torch vectorises those, not booleans or the place of a maximum.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from symmcore.mining.candidates import Candidates, CodeTables, code_tables, look_up
from symmcore.mining.tiles import Blocks, cut


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
class TilePicks:
    """What is picked for the pairs of groups of one tile.

    Attributes:
        codes: Codes of the candidates, uint8 of shape (g, h).
        slopes: For each point of the candidate, in the order p, (q,) n, the product of its
            axis with the other side, where the point is synthetic (elsewhere it means
            nothing), each of shape (g, h). Empty if not asked for.
        own_slopes: The same, with the point's original in place of its axis.
    """

    codes: Tensor
    slopes: tuple[Tensor, ...]
    own_slopes: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Picks:
    """What is picked for each ordered pair of groups (g, h).

    Pairs of groups of one class are filled in too, with no meaning on the diagonal.

    Attributes:
        values: Products of the picks, p . n or (p + q) . r, of shape (G, G).
        blocks: How the pairs of groups are cut into tiles.
        tiles: The picks of each tile, in the order of ``blocks.tiles()``.
    """

    values: Tensor
    blocks: Blocks
    tiles: tuple[TilePicks, ...]


@torch.no_grad()
def search(job: Search) -> Picks:
    """Find the pick of every pair of groups."""
    groups = job.points.shape[1]
    blocks = cut(groups, job.points.device, job.candidates.symmetric)
    tables = code_tables(job.candidates, job.points.device, job.points.dtype)
    slopes = _Slopes.wanted(job, tables)
    originals = blocks.split(job.points)
    values = job.points.new_empty(groups, groups)
    room = _Room.for_tiles(job, blocks)
    tiles = []
    for row, column in blocks.tiles():
        rows, columns = blocks.spans[row], blocks.spans[column]
        gram = torch.mm(originals[row], originals[column].T)
        products = _products(job, gram, rows, columns, room)
        stack = _candidate_values(tables, products, room)
        index = _pick(job, tables, stack, rows, columns, room)
        _store(values, stack.gather(0, index[None])[0], rows, columns, blocks.symmetric)
        kept = ((), ()) if slopes is None else slopes.take(products, index)
        tiles.append(TilePicks(index.to(torch.uint8), *kept))
    return Picks(values, blocks, tuple(tiles))


@dataclass(frozen=True, slots=True)
class _Room:
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
    def for_tiles(cls, job: Search, blocks: Blocks) -> "_Room":
        """What the largest tile of a search needs."""
        largest = max(span.stop - span.start for span in blocks.spans) ** 2
        count = len(job.candidates)
        return cls(
            job.points.new_empty(16 * largest),
            job.points.new_empty(0 if count == 16 else count * largest),
            job.points.new_empty(0 if job.rank > 1 else count * largest),
        )


def _tile(room: Tensor, planes: int, height: int, width: int) -> Tensor:
    return room[: planes * height * width].view(planes, height, width)


def _products(job: Search, gram: Tensor, rows: slice, columns: slice, room: _Room) -> Tensor:
    """Products of the four points of g with those of h, by the codes of all pairs: (16, g, h)."""
    height, width = rows.stop - rows.start, columns.stop - columns.start
    products = _tile(room.products, 16, height, width)
    # [is p synthetic, is n synthetic, p is i or j, n is i or j]
    with_original, with_synthetic = products.view(2, 2, 2, 2, height, width)
    originals, synthetic = with_original
    originals.copy_(gram.view(2, height, 2, width).transpose(1, 2))
    other = job.other[:, columns]
    torch.mul(originals, job.own[:, None, columns], out=synthetic)
    synthetic[:, 0].addcmul_(originals[:, 1], other[0])
    synthetic[:, 1].addcmul_(originals[:, 0], other[1])
    other = job.other[:, rows, None]
    torch.mul(with_original, job.own[:, None, rows, None], out=with_synthetic)
    with_synthetic[:, 0].addcmul_(with_original[:, 1], other[0])
    with_synthetic[:, 1].addcmul_(with_original[:, 0], other[1])
    return products


def _candidate_values(tables: CodeTables, products: Tensor, room: _Room) -> Tensor:
    """Values of the candidates by code, of shape (K, g, h)."""
    planes = tables.values
    if len(planes) == len(products):
        return products  # all pairs, which give the planes their order
    values = _tile(room.values, len(planes), *products.shape[1:])
    for value, (first, *second) in zip(values, planes, strict=True):
        if second:
            torch.add(products[first], products[second[0]], out=value)
        else:
            value.copy_(products[first])
    return values


def _pick(
    job: Search, tables: CodeTables, stack: Tensor, rows: slice, columns: slice, room: _Room
) -> Tensor:
    """Codes of the picks of a tile, int64 of shape (g, h)."""
    floor = None
    if job.squares is not None:
        stack, floor = _nearness(
            stack,
            job.squares[tables.rows[0], rows, None],
            job.squares[tables.columns, None, columns],
        )
    if job.rank > 1:
        return stack.argsort(dim=0, descending=True, stable=True)[job.rank - 1]
    best = stack.amax(0)
    if floor is None:
        least = best.sub(best.abs(), alpha=job.tolerance)
    else:
        # The rule speaks of distances; a square differs by twice as much.
        least = best.sub(best.abs(), alpha=job.tolerance * (2.0 + job.tolerance)).sub_(floor)
    return _first_of_tied(stack, least, tables, room)


def _nearness(stack: Tensor, row: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
    """Minus half the squared distances of pairs, and what rounding may add to it.

    Args:
        stack: Their products, of shape (K, g, h).
        row: Squared norms of the points of g, of shape (K, g, 1).
        column: Squared norms of the points of h, of shape (K, 1, h).
    """
    nearness = stack.sub(row, alpha=0.5).sub_(column, alpha=0.5)
    rounding = 8.0 * torch.finfo(stack.dtype).eps
    return nearness, rounding * (row.amax(0) + column.amax(0))


def _first_of_tied(stack: Tensor, least: Tensor, tables: CodeTables, room: _Room) -> Tensor:
    """The smallest code among the candidates of at least ``least``, int64 of shape (g, h)."""
    tied = torch.ge(stack, least, out=_tile(room.tied, *stack.shape))
    # The highest bit of the sum of powers of two says which code it is.
    sums = torch.mv(tied.flatten(1).T, tables.weights)
    last = len(tables.columns) - 1
    if stack.dtype == torch.float64:
        codes = (last + 1023) - (sums.view(torch.int64) >> 52)
    else:
        codes = (last + 127) - (sums.view(torch.int32) >> 23)
    # Every comparison with NaN fails: the last code, of synthetic points alone, is NaN too.
    return codes.clamp_max_(last).long().view(least.shape)


@dataclass(frozen=True, slots=True)
class _Slopes:
    """Which slopes to keep; one gather for all of them costs less than one for each.

    Attributes:
        planes: The planes of all slopes, int64 of shape (sum of counts, K).
        counts: How many planes add up to each slope.
        on_axis: How many of the slopes are on the axis; the others are on the original.
    """

    planes: Tensor
    counts: list[int]
    on_axis: int

    @classmethod
    def wanted(cls, job: Search, tables: CodeTables) -> "_Slopes | None":
        """What a search asks for; None if it wants no slopes."""
        on_axis = tables.on_axis if job.slopes else ()
        on_own = tables.on_own if job.own_slopes else ()
        planes = (*on_axis, *on_own)
        if not planes:
            return None
        return cls(torch.cat(planes), [len(part) for part in planes], len(on_axis))

    def take(self, products: Tensor, codes: Tensor) -> tuple[tuple[Tensor, ...], ...]:
        """The slopes on the axis and on the original of the picks of a tile."""
        taken = products.gather(0, look_up(self.planes, codes))
        parts = taken.split_with_sizes(self.counts)
        slopes = tuple(part.sum(0) if len(part) > 1 else part[0] for part in parts)
        return slopes[: self.on_axis], slopes[self.on_axis :]


def _store(values: Tensor, tile: Tensor, rows: slice, columns: slice, symmetric: bool) -> None:
    """Write a tile's values, and those of the pairs exchanged if the candidates allow it."""
    if not symmetric:
        values[rows, columns] = tile
    elif rows == columns:
        # On the diagonal the rule decides for g < h alone, the other half follows.
        upper = tile.triu(1)
        torch.add(upper, upper.T, out=values[rows, columns])
    else:
        values[rows, columns] = tile
        values[columns, rows] = tile.T
