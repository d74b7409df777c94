"""The hardest candidate of each pair of groups, from the Gram matrix of the originals.

Every synthetic point is a combination of two originals, so a product of any two points of two
groups follows from the four products of their originals. The groups are taken in tiles small
enough for the cache: no synthetic point is made, and the products of all combinations exist
for one tile at a time. Nothing here is differentiable; ``mined_products`` is.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from symmcore.mining.candidates import Candidates, CodeTables, code_tables, look_up
from symmcore.mining.hardest import Room, candidate_values, nearness, pick, point_products
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
    largest = max(span.stop - span.start for span in blocks.spans)
    room = Room.for_tiles(largest * largest, job.candidates, job.rank, job.points)
    tiles = []
    for row, column in blocks.tiles():
        rows, columns = blocks.spans[row], blocks.spans[column]
        gram = torch.mm(originals[row], originals[column].T)
        by_pair = gram.view(2, len(gram) // 2, 2, -1).transpose(1, 2)
        of_rows = job.own[:, rows], job.other[:, rows]
        of_columns = job.own[:, columns], job.other[:, columns]
        products = point_products(by_pair, of_rows, of_columns, room)
        all_values = candidate_values(products, tables, room)
        index = _pick(job, all_values, tables, (rows, columns), room)
        _store(values, all_values.gather(0, index[None])[0], rows, columns, blocks.symmetric)
        kept = ((), ()) if slopes is None else slopes.take(products, index)
        tiles.append(TilePicks(index.to(torch.uint8), *kept))
    return Picks(values, blocks, tuple(tiles))


def _pick(
    job: Search, values: Tensor, tables: CodeTables, place: tuple[slice, slice], room: Room
) -> Tensor:
    """Codes of the picks of a tile, int64 of shape (g, h)."""
    if job.squares is None:
        return pick(values, tables, job.rank, job.tolerance, room)
    rows, columns = place
    near, floor = nearness(
        values,
        job.squares[tables.rows[0], rows, None],
        job.squares[tables.columns, None, columns],
    )
    # The rule speaks of distances; a square differs by twice as much.
    return pick(near, tables, job.rank, job.tolerance * (2.0 + job.tolerance), room, floor)


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
