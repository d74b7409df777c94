"""Mining of products and its gradient by compiled loops, on the CPU.

The gradient is taken in one step from that on the picked products to that on the embeddings, so
none of what lies between is differentiable by torch: a loss that uses this is one step of autograd.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symmcore.mining.candidates import Candidates, code_tables
from symmcore.mining.mine import tie_tolerance
from symmcore.symm import Symm

if TYPE_CHECKING:  # numba is optional, and slow to import
    from symmcore.mining.kernels.jit import Threads

_ROWS, _COLUMNS = 128, 256  # groups of a tile: it stays in the cache
_THREAD_GROUPS = 16  # that are worth a thread

Floats = NDArray[np.floating]


def serves(embeddings: Tensor) -> bool:
    """Whether the compiled loops take these embeddings: on the CPU, float32 or float64."""
    return (
        embeddings.device.type == "cpu"
        and embeddings.dtype in (torch.float32, torch.float64)
        and _has_numba()
        and not _Forked.is_it
    )


class _Forked:
    """Whether this process was forked from one: OpenMP's threads do not follow it."""

    is_it = False

    @classmethod
    def note(cls) -> None:
        cls.is_it = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Forked.note)


def threads_for(groups: int) -> "Threads":
    """A context in which the loops run on as many threads as torch would use and are worth it."""
    from symmcore.mining.kernels.jit import Threads

    return Threads(min(torch.get_num_threads(), groups // _THREAD_GROUPS))


@dataclass(frozen=True, slots=True)
class Measured:
    """The groups of a batch, measured.

    Attributes:
        originals: x_i and x_j of each group in turn, of shape (2 G, D).
        products: x_i . x_j, ||x_i||^2 and ||x_j||^2, of shape (3, G).
        weights: Weights of the reflections, of shape (4, G).
        derivatives: Their derivatives, of shape (12, G), see ``kernels.points.measure``.
    """

    originals: Floats
    products: Floats
    weights: Floats
    derivatives: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Picked:
    """What was mined.

    Attributes:
        values: The picked products, of shape (G, G).
        codes: Their codes, of the same shape.
    """

    values: Floats
    codes: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Upstream:
    """The gradient on what was mined and measured.

    Attributes:
        shares: The gradient on the picked product of (g, h) is ``slopes[g] * shares[g, h]``,
        slopes: of shape (G, G) and (G,).
        on_dot: That on x_i . x_j, of shape (G,).
        on_square: That on every ||x_i||^2 and ||x_j||^2.
    """

    shares: Floats
    slopes: Floats
    on_dot: Floats
    on_square: float


@dataclass(frozen=True, slots=True)
class CompiledMiner:
    """Finds the largest product of every two groups, or the rank-th largest.

    Attributes:
        symm: How to reflect, and which rank to take.
        candidates: What to choose from.
    """

    symm: Symm
    candidates: Candidates

    def measure(self, originals: Tensor) -> Measured:
        """Measure groups, from x_i and x_j of each in turn, contiguous, of shape (2 G, D)."""
        from symmcore.mining.kernels.points import measure

        given = originals.numpy()
        groups, dtype = len(given) // 2, given.dtype
        products, weights = np.empty((3, groups), dtype), np.empty((4, groups), dtype)
        derivatives = np.empty((12, groups))
        symm = float(self.symm.alpha), float(self.symm.beta), float(np.finfo(dtype).tiny)
        measure(given, symm, products, weights, derivatives)
        return Measured(given, products, weights, derivatives)

    def pick(self, measured: Measured) -> Picked:
        """Search the candidates of all pairs of groups."""
        groups, dtype = measured.weights.shape[1], measured.weights.dtype
        picked = Picked(np.empty((groups, groups), dtype), np.empty((groups, groups), np.uint8))
        pick = self._picker(measured.weights, picked)
        originals = torch.from_numpy(measured.originals)
        for row in range(0, groups, _ROWS):
            rows = originals[2 * row : 2 * (row + _ROWS)]
            for column in range(row, groups, _COLUMNS):
                gram = torch.mm(rows, originals[2 * column : 2 * (column + _COLUMNS)].T)
                pick(gram.numpy(), row, column)
                if self.candidates.symmetric:
                    continue  # the pairs (h, g) are written too
                # Below the diagonal, but for the square on it.
                below = gram[:, 2 * _ROWS :] if column == row else gram
                if below.shape[1] > 0:
                    pick(below.T.contiguous().numpy(), max(column, row + _ROWS), row)
        return picked

    def gradient(self, measured: Measured, codes: NDArray[np.uint8], upstream: Upstream) -> Tensor:
        """The gradient on the originals, of their shape.

        Args:
            measured: As ``measure`` returned it.
            codes: As ``pick`` returned them.
            upstream: The gradient on the picked products and what else the loss used.
        """
        from numba import get_num_threads

        from symmcore.mining.kernels.gradient import gradient

        originals = measured.originals
        result = torch.empty_like(torch.from_numpy(originals))  # aligned, unlike NumPy's
        gradient(
            originals, measured.weights, measured.derivatives, codes, _adds(self.candidates),
            self.candidates.symmetric, upstream.shares, upstream.slopes, upstream.on_dot,
            upstream.on_square, get_num_threads(), result.numpy(),
        )  # fmt: skip
        return result

    @property
    def _has_triplets(self) -> bool:
        return len(self.candidates.rows[0]) == 2

    def _picker(self, weights: Floats, picked: Picked) -> Callable[[Floats, int, int], None]:
        """What picks in one tile, given its Gram matrix, first row and first column."""
        from symmcore.mining.kernels import picks as kernels

        common = _tolerance(weights.dtype), weights, picked.values, picked.codes
        rank = self.symm.rank
        if rank > 1 or self.symm.pairs != "paper":
            tables = *_planes(self.candidates), rank, _exchanged(self.candidates)
            return lambda gram, row, column: kernels.pick_any(gram, row, column, *common, *tables)
        if self._has_triplets:
            return lambda gram, row, column: kernels.pick_triplets(gram, row, column, *common)
        exchanged = _exchanged(self.candidates)
        return lambda gram, row, column: kernels.pick_pairs(gram, row, column, *common, exchanged)


@cache
def _has_numba() -> bool:
    """Whether numba is installed and compiles; it can be told not to, for debugging."""
    if find_spec("numba") is None:
        return False
    from numba import config

    return not config.DISABLE_JIT  # type: ignore[attr-defined]  # numba sets it by itself


@cache
def _planes(candidates: Candidates) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    tables = code_tables(candidates, torch.device("cpu"))
    return tables.values.contiguous().numpy(), tables.order.numpy()


@cache
def _adds(candidates: Candidates) -> NDArray[np.uint8]:
    """What each pick adds to the gradient, as ``kernels.gradient.gradient`` takes it."""
    from symmcore.mining.kernels.gradient import PAIRS

    sides = (tuple(sorted(row)) for row in candidates.rows)
    of_g = [side[0] if len(side) == 1 else 4 + PAIRS.index(side) for side in sides]
    of_h = list(candidates.columns)
    return np.array((of_g, of_h, of_h, of_g), dtype=np.uint8)


@cache
def _exchanged(candidates: Candidates) -> NDArray[np.uint8]:
    """Codes with g and h exchanged; empty if they are not the pick of (h, g)."""
    return np.array(candidates.exchanged() if candidates.symmetric else (), np.uint8)


@cache
def _tolerance(dtype: np.dtype[np.floating]) -> Floats:
    return np.array([tie_tolerance(torch.from_numpy(np.empty(0, dtype)).dtype)], dtype)
