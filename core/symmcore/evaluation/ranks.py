"""How many images of other classes come before the first of a query's own."""

import torch
from torch import Tensor

from symmcore.evaluation.features import without_copies
from symmcore.mining import cross_products

# Rows of a tile of the matrix of similarities.
_CPU_TILE = 1024
_DEVICE_TILE = 8192
# Similarities held at a time where whole rows are (16 MiB in float32, and masks of that shape).
_ROWS_ELEMENTS = 2**22


def ranks(points: Tensor, labels: Tensor) -> Tensor:
    """How many images of other classes come before the nearest one of each image's own.

    The image itself is left out; of equal similarities the lower index comes first. Similarity is
    symmetric, so each tile of its matrix ranks the images of its rows and of its columns. Rounding
    may differ from tile to tile: where that could break a tie, the whole row is computed at once.

    Args:
        points: L2-normalised, of shape (N, D).
        labels: int64 of shape (N,), on the same device.

    Returns:
        int64 of shape (N,); no meaning where an image is alone in its class.
    """
    distinct, copies = without_copies(points)
    tile = _CPU_TILE if points.device.type == "cpu" else _DEVICE_TILE
    order = labels.argsort(stable=True)
    search = _Tiles(points[order], labels[order], tile)
    before, tied = search.count()
    result, doubtful = torch.empty_like(labels), torch.empty_like(tied)
    result[order], doubtful[order] = before, tied
    if copies is not None:
        doubtful |= _shares_a_copy(labels, copies)
    rows = doubtful.nonzero()[:, 0]
    size = max(1, _ROWS_ELEMENTS // len(points))
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        block = cross_products(points[part], distinct)
        if copies is not None:
            block = block.index_select(1, copies)
        result[part] = _ranks_in_rows(block, part, labels)
    return result


class _Tiles:
    """Counting by tiles on and above the diagonal of the matrix of similarities."""

    def __init__(self, points: Tensor, labels: Tensor, size: int) -> None:
        """Prepare for points (N, D) in the order of their labels."""
        self._labels = labels
        self._starts = range(0, len(points), size)
        self._parts = [points[start : start + size] for start in self._starts]
        # Of each point: the similarity of the nearest of its class.
        self._best = points.new_full((len(points),), -torch.inf)

    def count(self) -> tuple[Tensor, Tensor]:
        """How many of other classes are nearer, and whether any is as near: (N,) each."""
        last = self._last_of_own_class()
        for row, first in enumerate(last):
            for column in range(row, first + 1):
                self._find_nearest(row, column)
        above = torch.zeros_like(self._labels)
        level = torch.zeros_like(self._labels)
        for row in self._rows:
            for column in range(row, len(self._parts)):
                tile = self._tile(row, column)
                if column <= last[row]:
                    tile.masked_fill_(self._same(row, column), -torch.inf)
                self._add(tile, row, 1, above, level)
                if row != column:
                    self._add(tile, column, 0, above, level)
        return above, level > above

    def _last_of_own_class(self) -> list[int]:
        """For each row of tiles the last tile that holds a class of its."""
        highest = torch.stack([self._labels[self._span(row)][-1] for row in self._rows])
        ends = torch.searchsorted(self._labels, highest, right=True)
        return [(end - 1) // self._size for end in ends.tolist()]

    @property
    def _rows(self) -> range:
        return range(len(self._parts))

    @property
    def _size(self) -> int:
        return len(self._parts[0])

    def _span(self, part: int) -> slice:
        return slice(self._starts[part], self._starts[part] + len(self._parts[part]))

    def _tile(self, row: int, column: int) -> Tensor:
        return cross_products(self._parts[row], self._parts[column])

    def _same(self, row: int, column: int) -> Tensor:
        return self._labels[self._span(row), None] == self._labels[self._span(column)]

    def _find_nearest(self, row: int, column: int) -> None:
        same = self._same(row, column)
        if row == column:
            same.fill_diagonal_(False)
        own = self._tile(row, column).masked_fill_(~same, -torch.inf)
        for part, dim in ((row, 1), (column, 0)):
            best = self._best[self._span(part)]
            torch.maximum(best, own.amax(dim), out=best)

    def _add(self, tile: Tensor, part: int, dim: int, above: Tensor, level: Tensor) -> None:
        span = self._span(part)
        best = self._best[span].unsqueeze(dim)
        # Comparisons with a floating-point result: on a CPU torch sums those far faster.
        hits = torch.gt(tile, best, out=torch.empty_like(tile))
        above[span] += hits.sum(dim).long()
        level[span] += torch.ge(tile, best, out=hits).sum(dim).long()


def _shares_a_copy(labels: Tensor, copies: Tensor) -> Tensor:
    """Which images are of a class with an image that has a copy in another class: bool, (N,)."""
    count = int(copies.max()) + 1
    lowest = labels.new_full((count,), torch.iinfo(labels.dtype).max)
    lowest.scatter_reduce_(0, copies, labels, "amin")
    mixed = labels != lowest[copies]
    mixed_points = torch.zeros(count, dtype=torch.bool, device=labels.device)
    mixed_points[copies[mixed]] = True
    return torch.isin(labels, labels[mixed_points[copies]])


def _ranks_in_rows(block: Tensor, rows: Tensor, labels: Tensor) -> Tensor:
    """The same as ``ranks`` for some rows of the matrix of similarities, (R, N)."""
    index = torch.arange(len(labels), device=labels.device)
    same = labels[rows, None] == labels
    own = same & (rows[:, None] != index)
    positive = block.masked_fill(~own, -torch.inf)
    best = positive.amax(1, keepdim=True)
    first = torch.where(own & (positive == best), index, len(labels)).amin(1, keepdim=True)
    before = (block > best) | ((block == best) & (index < first))
    return (before & ~same).sum(1)
