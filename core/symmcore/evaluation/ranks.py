"""How many images of other classes come before the first of a query's own."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from symmcore.evaluation.features import without_copies
from symmcore.mining import cross_products

# Rows of a tile of the matrix of similarities: on a CPU one that stays in its cache, and smaller
# tiles hold less beside the classes that they are for.
_CPU_TILE = 256
_DEVICE_TILE = 8192
# Similarities held at a time where whole rows are (16 MiB in float32, and masks of that shape).
_ROWS_ELEMENTS = 2**22


# What rounding may add to a similarity of centred points, in units of the type's own rounding; sums
# of a few hundred products stay well below.
_ROUNDING = 16.0


def ranks(points: Tensor, labels: Tensor, deciding: Iterable[int] | None = None) -> Tensor:
    """How many images of other classes come before the nearest one of each image's own.

    The image itself is left out; of equal similarities the lower index comes first. Similarity is
    symmetric, so each tile of its matrix ranks the images of its rows and of its columns. Tiles are
    computed in float32, of points less their mean: embeddings that nearly coincide differ in
    digits that their products do not have. Where float32 cannot tell which of two images is
    nearer, the query is compared with all images again in the points' own type.

    Args:
        points: L2-normalised, of shape (N, D), float64 where the device has it.
        labels: int64 of shape (N,), on the same device.
        deciding: The K for which it matters whether fewer than K images come before; other
            differences may be left undecided. None if every rank matters.

    Returns:
        int64 of shape (N,); no meaning where an image is alone in its class.
    """
    ks = None if deciding is None else tuple(deciding)
    order = labels.argsort(stable=True)
    search = _Tiles(_Centred.of(points[order]), labels[order], _tile_size(points, ks))
    before, up_to = search.any_before() if ks == (1,) else search.count()
    doubtful = before < up_to if ks is None else torch.zeros_like(before, dtype=torch.bool)
    for k in ks or ():
        doubtful |= (before < k) & (k <= up_to)
    result = torch.empty_like(labels)
    result[order] = before
    rows = order[doubtful]
    if len(rows):
        exact = _Rows(points, labels, order)
        size = max(1, _ROWS_ELEMENTS // len(points))
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            result[part] = exact.ranks(part)
    return result


def gallery_ranks(
    queries: Tensor, labels: Tensor, gallery: Tensor, gallery_labels: Tensor
) -> Tensor:
    """How many images of other classes come before the nearest one of each query's own.

    Of equal similarities the lower index comes first; copies of an image tie.

    Args:
        queries: L2-normalised, of shape (Q, D), float64 where the device has it.
        labels: integers of shape (Q,), each of them among ``gallery_labels``.
        gallery: like ``queries``, of shape (N, D).
        gallery_labels: integers of shape (N,).

    Returns:
        int64 of shape (Q,).
    """
    distinct, copies = without_copies(gallery)
    index = torch.arange(len(gallery), device=gallery.device)
    parts = []
    size = max(1, _ROWS_ELEMENTS // len(gallery))
    for rows, of in zip(queries.split(size), labels.split(size), strict=True):
        block = cross_products(rows, distinct)
        if copies is not None:
            block = block[:, copies]
        own = of[:, None] == gallery_labels
        best = block.masked_fill(~own, -torch.inf).amax(1, keepdim=True)
        level = block == best
        first = torch.where(own & level, index, len(gallery)).amin(1, keepdim=True)
        parts.append(((block > best) | (level & (index < first))).sum(1))
    return torch.cat(parts)


def _tile_size(points: Tensor, ks: tuple[int, ...] | None) -> int:
    if points.device.type != "cpu":
        return _DEVICE_TILE
    # Without masks of its shape beside it a larger tile stays in the cache too, and threads that
    # work on it meet less often.
    return 2 * _CPU_TILE if ks == (1,) else _CPU_TILE


@dataclass(frozen=True, slots=True)
class _Centred:
    """Points as two factors of similarities, float32, that differ from the products by a constant.

    x . y is x' . y' + x' . c + y' . c + ||c||^2, where x' = x - c.

    Attributes:
        left: Of shape (N, D + 2).
        right: Of shape (N, D + 2).
        margin: How far rounding may move apart two similarities with each point, of shape (N,).
    """

    left: Tensor
    right: Tensor
    margin: Tensor

    @classmethod
    def of(cls, points: Tensor) -> "_Centred":
        """Centre the points."""
        centre = points.mean(0)
        centred = points - centre
        along = centred @ centre
        norms = (centred * centred).sum(1).sqrt()
        margin = norms * norms.amax() + 2.0 * along.abs().amax()
        low, along = centred.float(), along.float()[:, None]
        one = torch.ones_like(along)
        rounding = _ROUNDING * torch.finfo(torch.float32).eps
        return cls(
            torch.cat((low, along, one), 1),
            torch.cat((low, one, along), 1),
            (rounding * margin).float(),
        )


class _Tiles:
    """Counting by tiles on and above the diagonal of the matrix of similarities."""

    def __init__(self, points: _Centred, labels: Tensor, size: int) -> None:
        """Prepare for points in the order of their labels."""
        self._labels = labels
        self._starts = range(0, len(labels), size)
        self._left = [points.left[start : start + size] for start in self._starts]
        self._right = [points.right[start : start + size] for start in self._starts]
        self._margin = points.margin
        # Of each point: the similarity of the nearest of its class.
        self._best = points.margin.new_full((len(labels),), -torch.inf)

    def count(self) -> tuple[Tensor, Tensor]:
        """How many of other classes come before at least and at most: (N,) each."""
        last = self._last_of_own_class()
        for row, first in enumerate(last):
            for column in range(row, first + 1):
                self._take_own(self._tile(row, column), row, column)
        above = torch.zeros_like(self._labels)
        level = torch.zeros_like(self._labels)
        for row in self._rows:
            for column in range(row, len(self._left)):
                tile = self._tile(row, column)
                if column <= last[row]:
                    rows, columns = self._shared(row, column)
                    tile[rows, columns].masked_fill_(self._same(row, column), -torch.inf)
                self._add(tile, row, 1, above, level)
                if row != column:
                    self._add(tile, column, 0, above, level)
        return above, level

    def any_before(self) -> tuple[Tensor, Tensor]:
        """Whether at least one of another class comes before, and at most: 0 or 1, (N,) each.

        What :meth:`count` says of K = 1, in half its time: each tile is computed once, and its
        largest value is found faster than its hits are counted.
        """
        last = self._last_of_own_class()
        others = torch.full_like(self._best, -torch.inf)
        for row in self._rows:
            for column in range(row, len(self._left)):
                tile = self._tile(row, column)
                if column <= last[row]:
                    self._take_own(tile, row, column)
                    rows, columns = self._shared(row, column)
                    tile[rows, columns].masked_fill_(self._same(row, column), -torch.inf)
                for part, dim in self._sides(row, column):
                    nearest = others[self._span(part)]
                    torch.maximum(nearest, tile.amax(dim), out=nearest)
        above = others > self._best + self._margin
        level = others >= self._best - self._margin
        return above.long(), level.long()

    def _last_of_own_class(self) -> list[int]:
        """For each row of tiles the last tile that holds a class of its."""
        highest = torch.stack([self._labels[self._span(row)][-1] for row in self._rows])
        ends = torch.searchsorted(self._labels, highest, right=True)
        return [(end - 1) // self._size for end in ends.tolist()]

    @property
    def _rows(self) -> range:
        return range(len(self._left))

    @property
    def _size(self) -> int:
        return len(self._left[0])

    def _span(self, part: int) -> slice:
        return slice(self._starts[part], self._starts[part] + len(self._left[part]))

    def _tile(self, row: int, column: int) -> Tensor:
        return cross_products(self._left[row], self._right[column])

    @staticmethod
    def _sides(row: int, column: int) -> tuple[tuple[int, int], ...]:
        """The parts of the points that a tile compares, and the dimension to reduce for each."""
        return ((row, 1),) if row == column else ((row, 1), (column, 0))

    def _shared(self, row: int, column: int) -> tuple[slice, slice]:
        """The rows and columns of a tile that may hold pairs of one class: labels are in order."""
        left, right = self._labels[self._span(row)], self._labels[self._span(column)]
        first = int(torch.searchsorted(left, right[:1]))
        return slice(first, None), slice(int(torch.searchsorted(right, left[-1:], right=True)))

    def _same(self, row: int, column: int) -> Tensor:
        """Which pairs of the shared part are of one class."""
        rows, columns = self._shared(row, column)
        left, right = self._labels[self._span(row)][rows], self._labels[self._span(column)][columns]
        return left[:, None] == right

    def _take_own(self, tile: Tensor, row: int, column: int) -> None:
        """Take a tile's part in finding the nearest of each point's own class."""
        rows, columns = self._shared(row, column)
        same = self._same(row, column)
        if row == column:
            same.fill_diagonal_(False)
        own = tile[rows, columns].masked_fill(~same, -torch.inf)
        for (part, dim), which in zip(self._sides(row, column), (rows, columns), strict=False):
            best = self._best[self._span(part)][which]
            torch.maximum(best, own.amax(dim), out=best)

    def _add(self, tile: Tensor, part: int, dim: int, above: Tensor, level: Tensor) -> None:
        span = self._span(part)
        best = self._best[span].unsqueeze(dim)
        # Comparisons with a floating-point result: on a CPU torch sums those far faster.
        margin = self._margin[span].unsqueeze(dim)
        hits = torch.gt(tile, best + margin, out=torch.empty_like(tile))
        above[span] += hits.sum(dim).long()
        level[span] += torch.ge(tile, best - margin, out=hits).sum(dim).long()


class _Rows:
    """Ranks of some queries, each compared with all images: copies of an image tie exactly."""

    def __init__(self, points: Tensor, labels: Tensor, order: Tensor) -> None:
        """Prepare for points (N, D); ``order`` sorts them by label, then index."""
        self._points = points
        self._distinct, copies = without_copies(points)
        self._count = len(points)
        self._index = torch.arange(self._count, device=points.device)
        self._copies = self._index if copies is None else copies
        # By distinct point, then by index: where the copies of a point are.
        self._keys = (self._copies * (self._count + 1) + self._index).sort().values
        self._copied = self._copies.bincount(minlength=len(self._distinct))
        self._first = self._copied.cumsum(0) - self._copied
        self._order = order
        ordered = labels[order]
        self._start = torch.searchsorted(ordered, labels)
        self._stop = torch.searchsorted(ordered, labels, right=True)

    def ranks(self, rows: Tensor) -> Tensor:
        """The same as the function ``ranks`` for some rows, int64 of shape (R,)."""
        block = cross_products(self._points[rows], self._distinct)
        best, first = self._nearest(rows, block)
        itself = block.gather(1, self._copies[rows, None])[:, 0]
        # All that are nearer are of other classes, but for the query itself.
        above = torch.gt(block, best[:, None], out=torch.empty_like(block))
        before = (above @ self._copied.to(block.dtype)).long() - (itself > best).long()
        queries, tied = (block == best[:, None]).nonzero().unbind(1)
        end = torch.searchsorted(self._keys, tied * (self._count + 1) + first[queries])
        before.index_add_(0, queries, end - self._first[tied])
        return before - ((itself == best) & (rows < first)).long()

    def _nearest(self, rows: Tensor, block: Tensor) -> tuple[Tensor, Tensor]:
        """The largest similarity of each query's own class, and the first image that has it."""
        start, stop = self._start[rows, None], self._stop[rows, None]
        places = start + self._index[: int((stop - start).max())]
        own = self._order[places.clamp_max(self._count - 1)]
        left_out = (places >= stop) | (own == rows[:, None])
        similarities = block.gather(1, self._copies[own]).masked_fill_(left_out, -torch.inf)
        best = similarities.amax(1)
        has_it = ~left_out & (similarities == best[:, None])
        return best, torch.where(has_it, own, self._count).amin(1)
