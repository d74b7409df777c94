"""Mining of products and its gradient by compiled loops, on the CPU.

The gradient is taken in one step from that on the picked products to that on the embeddings, so
none of what lies between is differentiable by torch: a loss that uses this is one step of autograd.
Importing this imports numba.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symmcore.compiled.jit import Threads
from symmcore.losses.backends.numba.kernels.both_orders import pick_official, search_both_orders
from symmcore.losses.backends.numba.kernels.gradient import PAIRS, Upstream, gradient
from symmcore.losses.backends.numba.kernels.gram import gram
from symmcore.losses.backends.numba.kernels.own import own_products
from symmcore.losses.backends.numba.kernels.picks import (
    mirror,
    pick_pairs,
    pick_triplets,
)
from symmcore.losses.backends.numba.kernels.points import Floats, measure
from symmcore.losses.backends.numba.kernels.search import search
from symmcore.mining.candidates import Candidates, pair_candidates
from symmcore.mining.miner import tie_tolerance
from symmcore.settings.symm import Symm

# Groups of a tile: it stays in the cache. Its square on the diagonal must be in one: no fewer
# columns than rows.
_ROWS, _COLUMNS = 128, 256
_THREAD_GROUPS = 16  # that are worth a thread


def threads_for(groups: int) -> Threads:
    """A context in which the loops run on as many threads as torch would use and are worth it."""
    return Threads(min(torch.get_num_threads(), groups // _THREAD_GROUPS))


class MinedGroups(NamedTuple):
    """The groups of a batch, measured and mined.

    Attributes:
        originals: x_i and x_j of each group in turn, of shape (2 G, D).
        products: x_i . x_j, ||x_i||^2 and ||x_j||^2, of shape (3, G).
        weights: Weights of the reflections, of shape (4, G).
        derivatives: Their derivatives, of shape (12, G), see ``kernels.points.measure``.
        values: The picked products, of shape (G, G).
        codes: Their codes, of the same shape.
    """

    originals: Floats
    products: Floats
    weights: Floats
    derivatives: NDArray[np.float64]
    values: Floats
    codes: NDArray[np.uint8]


class CompiledMiner:
    """Finds the largest product of every two groups, or the rank-th largest.

    Args:
        symm: How to reflect, and which rank to take.
        candidates: What to choose from.
    """

    def __init__(self, symm: Symm, candidates: Candidates) -> None:
        self._symm = symm
        self._candidates = candidates
        self._official = candidates == pair_candidates("official")
        self._unrolled = symm.rank == 1 and (symm.pairs == "paper" or self._official)
        # Codes with g and h exchanged; none if they are not the pick of (h, g).
        exchanged = candidates.exchanged() if candidates.symmetric else ()
        self._exchanged = np.array(exchanged, np.uint8)
        self._planes = planes_of(candidates)
        self._turned_planes = self._planes % 4 * 4 + self._planes // 4
        self._own_pairs = np.array(candidates.own_pairs(), np.int64).T.copy()
        self._adds = _adds(candidates)
        # Sums of two points are not made where no pick has any.
        self._kinds = 4 if self._adds.max() < 4 else 4 + len(PAIRS)

    def mine(self, originals: Tensor) -> MinedGroups:
        """Measure the groups and search the candidates of all pairs of them.

        Args:
            originals: x_i and x_j of each group in turn, contiguous, of shape (2 G, D).
        """
        given = originals.numpy()
        groups, dtype = len(given) // 2, given.dtype
        mined = MinedGroups(
            given, np.empty((3, groups), dtype), np.empty((4, groups), dtype),
            np.empty((12, groups)), np.empty((groups, groups), dtype),
            np.empty((groups, groups), np.uint8),
        )  # fmt: skip
        alpha, beta = float(self._symm.alpha), float(self._symm.beta)
        measure(given, alpha, beta, mined.products, mined.weights, mined.derivatives)
        self._pick(mined)
        return mined

    def own(self, mined: MinedGroups) -> tuple[Floats, Floats]:
        """The hardest product of two points of each group itself, as the candidates combine them.

        Returns:
            The products, of shape (G,), and their derivatives with respect to
            ``mined.products``, of shape (3, G).
        """
        values, slopes = np.empty_like(mined.products[0]), np.empty_like(mined.products)
        own_products(
            mined.products, mined.weights, mined.derivatives, self._own_pairs,
            _tolerance(values.dtype), self._symm.rank, values, slopes,
        )  # fmt: skip
        return values, slopes

    def gradient(
        self, mined: MinedGroups, slopes: Floats, on_products: Floats, threads: int, result: Floats
    ) -> None:
        """The gradient on the originals.

        Args:
            mined: As ``mine`` returned it, but with the shares of ``Upstream`` for its values.
            slopes: The slopes of ``Upstream``, of shape (G,).
            on_products: The gradient on ``mined.products`` from elsewhere, of shape (3, G).
            threads: How many this runs on; changes no number.
            result: Written, of the originals' shape.
        """
        upstream = Upstream(
            mined.codes, mined.values, slopes, self._adds, self._kinds,
            self._candidates.symmetric,
        )  # fmt: skip
        gradient(
            mined.originals, mined.weights, mined.derivatives, upstream, on_products, threads,
            result,
        )  # fmt: skip

    def _pick(self, mined: MinedGroups) -> None:
        """Search tile by tile."""
        groups, dtype = len(mined.values), mined.values.dtype
        upper = self._candidates.symmetric or not self._unrolled or self._official
        room = np.empty(4 * min(_ROWS, groups) * min(_COLUMNS, groups), dtype)
        for row in range(0, groups, _ROWS):
            rows = min(_ROWS, groups - row)
            for column in range(row, groups, _COLUMNS):
                columns = min(_COLUMNS, groups - column)
                tile = room[: 4 * rows * columns].reshape(2 * rows, 2 * columns)
                gram(mined.originals, row, column, upper, tile)
                if self._candidates.symmetric:
                    self._pick_pairs(tile, row, column, mined)
                elif upper:
                    self._pick_both_orders(tile, row, column, mined)
                else:
                    _pick_triplets(tile, row, column, mined)

    def _pick_pairs(self, tile: Floats, row: int, column: int, mined: MinedGroups) -> None:
        """Search for the pairs above the diagonal, whose picks are those of the others too."""
        common = _common(tile, row, column, mined)
        if self._unrolled:
            pick_pairs(*common, self._exchanged)
            return
        search(*common, self._planes, self._symm.rank, True)
        height, width = (side // 2 for side in tile.shape)
        mirror(row, column, height, width, self._exchanged, mined.values, mined.codes)

    def _pick_both_orders(self, tile: Floats, row: int, column: int, mined: MinedGroups) -> None:
        """Search for the pairs above the diagonal and for those below it."""
        common = _common(tile, row, column, mined)
        if self._unrolled:
            pick_official(*common)
        else:
            search_both_orders(*common, self._planes, self._turned_planes, self._symm.rank)


def _pick_triplets(tile: Floats, row: int, column: int, mined: MinedGroups) -> None:
    """Search for all pairs (g, h) of a tile, and (h, g) but for the square on the diagonal."""
    pick_triplets(*_common(tile, row, column, mined))
    skipped = len(tile) // 2 if column == row else 0
    # torch turns a matrix in half the time that NumPy takes
    turned = torch.from_numpy(tile[:, 2 * skipped :]).T.contiguous().numpy()
    pick_triplets(*_common(turned, column + skipped, row, mined))


def _common(
    tile: Floats, row: int, column: int, mined: MinedGroups
) -> tuple[Floats, int, int, Floats, Floats, Floats, NDArray[np.uint8]]:
    """The first arguments of every search of a tile, given its Gram matrix and where it begins."""
    tolerance = _tolerance(tile.dtype)
    return tile, row, column, tolerance, mined.weights, mined.values, mined.codes


def planes_of(candidates: Candidates) -> NDArray[np.int64]:
    """The products that add up to each value, as ``kernels.search.search`` takes them."""
    sums = [
        [4 * p + n for p in row] for row, n in zip(candidates.rows, candidates.columns, strict=True)
    ]
    return np.ascontiguousarray(np.array(sums, np.int64).T)


def _adds(candidates: Candidates) -> NDArray[np.uint8]:
    """What each pick adds to the gradient, as ``kernels.gradient.gradient`` takes it."""
    sides = (tuple(sorted(row)) for row in candidates.rows)
    of_g = [side[0] if len(side) == 1 else 4 + PAIRS.index(side) for side in sides]
    of_h = list(candidates.columns)
    return np.array((of_g, of_h, of_h, of_g), dtype=np.uint8)


@cache
def _tolerance(dtype: np.dtype[np.floating]) -> Floats:
    return np.array([tie_tolerance(torch.from_numpy(np.empty(0, dtype)).dtype)], dtype)
