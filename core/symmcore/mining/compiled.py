"""Mining of products and its gradient by compiled loops, on the CPU.

The gradient is taken in one step from that on the picked products to that on the embeddings, so
none of what lies between is differentiable by torch: a loss that uses this is one step of autograd.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symmcore.mining.candidates import Candidates, code_tables
from symmcore.mining.mine import tie_tolerance
from symmcore.symm import Symm

_BLOCK = 64  # groups of a tile: it stays in the cache
# Multiplications of the gradient that are worth the start of a thread.
_THREAD_WORK = 2**26

_Adds = tuple[NDArray[np.uint8], NDArray[np.int64]]


def serves(embeddings: Tensor) -> bool:
    """Whether the compiled loops take these embeddings: on the CPU, float32 or float64."""
    return (
        embeddings.device.type == "cpu"
        and embeddings.dtype in (torch.float32, torch.float64)
        and _has_numba()
    )


@dataclass(frozen=True, slots=True)
class Measured:
    """The groups of a batch, measured.

    Attributes:
        members: Positions of the groups' images in the batch, int64 of shape (2, G).
        points: The originals, of shape (2, G, D); if a gradient is wanted all that it is made of,
            see ``kernels.points.measure``.
        products: x_i . x_j, ||x_i||^2 and ||x_j||^2, of shape (3, G).
        weights: Weights of the reflections, of shape (4, G).
    """

    members: Tensor
    points: Tensor
    products: Tensor
    weights: Tensor


@dataclass(frozen=True, slots=True)
class Upstream:
    """The gradient on what was mined and measured.

    Attributes:
        shares: The gradient on the picked product of (g, h) is ``slopes[g] * shares[g, h]``,
        slopes: of shape (G, G) and (G,).
        on_dot: That on x_i . x_j, of shape (G,).
        on_square: That on every ||x_i||^2 and ||x_j||^2.
    """

    shares: Tensor
    slopes: Tensor
    on_dot: Tensor
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

    def measure(self, embeddings: Tensor, members: Tensor, *, with_gradient: bool) -> Measured:
        """Gather and measure the groups of embeddings (B, D)."""
        from symmcore.mining.kernels import points as kernels

        rows = (10 if self._has_triplets else 4) if with_gradient else 2
        groups = members.shape[1]
        measured = Measured(
            members,
            points=embeddings.new_empty(rows, groups, embeddings.shape[1]),
            products=embeddings.new_empty(3, groups),
            weights=embeddings.new_empty(4, groups),
        )
        kernels.measure(
            embeddings.contiguous().numpy(), members.numpy(), self._reflection(embeddings),
            measured.points.numpy(), measured.products.numpy(), measured.weights.numpy(),
        )  # fmt: skip
        return measured

    def pick(self, measured: Measured) -> tuple[Tensor, Tensor]:
        """The picked products and their codes, uint8, each of shape (G, G)."""
        from symmcore.mining.kernels import picks as kernels

        originals = measured.points[:2]
        groups = originals.shape[1]
        values = originals.new_empty(groups, groups)
        codes = torch.empty(groups, groups, dtype=torch.uint8)
        pick = self._picker(measured.weights, values, codes)
        starts = range(0, groups, _BLOCK)
        blocks = [originals[:, start : start + _BLOCK].flatten(0, 1) for start in starts]
        for row, rows in enumerate(starts):
            for column, columns in enumerate(starts[row:], row):
                gram = torch.mm(blocks[row], blocks[column].T)
                pick(gram.numpy(), rows, columns)
                if self.candidates.symmetric:
                    kernels.mirror(
                        rows, columns, len(blocks[row]) // 2, len(blocks[column]) // 2,
                        _exchanged(self.candidates), values.numpy(), codes.numpy(),
                    )  # fmt: skip
                elif row != column:
                    pick(gram.T.contiguous().numpy(), columns, rows)
        return values, codes

    def gradient(
        self, measured: Measured, codes: Tensor, upstream: Upstream, images: int
    ) -> Tensor:
        """The gradient on the embeddings, of shape (images, D).

        Args:
            measured: As ``measure`` returned it, with what the gradient is made of.
            codes: As ``pick`` returned them.
            upstream: The gradient on the picked products and what else the loss used.
            images: How many embeddings the batch held.
        """
        from symmcore.mining.kernels.gradient import gradient

        points = measured.points
        groups, dim = points.shape[1:]
        # Images left over have no gradient; without any, every row will be written.
        empty = points.new_empty if 2 * groups == images else points.new_zeros
        result = empty(images, dim)

        def part(start: int, stop: int) -> None:
            gradient(
                points.numpy(), codes.numpy(), *_adds(self.candidates, groups),
                self.candidates.symmetric, upstream.shares.numpy(), upstream.slopes.numpy(),
                upstream.on_dot.numpy(), upstream.on_square, self._reflection(points),
                measured.products.numpy(), measured.weights.numpy(), measured.members.numpy(),
                start, stop, result.numpy(),
            )  # fmt: skip

        _in_parts(part, groups, min(torch.get_num_threads(), groups**2 * dim // _THREAD_WORK))
        return result

    @property
    def _has_triplets(self) -> bool:
        return len(self.candidates.rows[0]) == 2

    def _reflection(self, embeddings: Tensor) -> tuple[float, float, float]:
        tiny = torch.finfo(embeddings.dtype).tiny
        return float(self.symm.alpha), float(self.symm.beta), tiny

    def _picker(
        self, weights: Tensor, values: Tensor, codes: Tensor
    ) -> Callable[[NDArray[np.floating], int, int], None]:
        """What picks in one tile, given its Gram matrix, first row and first column."""
        from symmcore.mining.kernels import picks as kernels

        tolerance = np.array([tie_tolerance(values.dtype)], values.numpy().dtype)
        common = tolerance, weights.numpy(), values.numpy(), codes.numpy()
        rank = self.symm.rank
        if rank > 1 or self.symm.pairs != "paper":
            planes, order = _planes(self.candidates)
            return lambda gram, rows, columns: kernels.pick_any(
                gram, rows, columns, *common, planes, order, rank
            )
        kernel = kernels.pick_triplets if self._has_triplets else kernels.pick_pairs
        return lambda gram, rows, columns: kernel(gram, rows, columns, *common)


def _in_parts(part: Callable[[int, int], None], count: int, threads: int) -> None:
    """Call ``part(start, stop)`` for all of ``count``, in this thread and others that end here."""
    if threads < 2:
        part(0, count)
        return
    bounds = [count * number // threads for number in range(threads + 1)]
    with ThreadPoolExecutor(threads - 1) as pool:
        others = [pool.submit(part, *span) for span in pairwise(bounds[1:])]
        part(0, bounds[1])
        for other in others:
            other.result()


@cache
def _has_numba() -> bool:
    return find_spec("numba") is not None


@cache
def _planes(candidates: Candidates) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    tables = code_tables(candidates, torch.device("cpu"))
    return tables.values.contiguous().numpy(), tables.order.numpy()


@cache
def _adds(candidates: Candidates, groups: int) -> tuple[_Adds, _Adds]:
    """What a pick of (g, h) adds to g, and what it adds to h: ``targets`` and ``sources``."""
    from symmcore.mining.kernels.points import PAIRS

    sides = (tuple(sorted(row)) for row in candidates.rows)
    of_g = [side[0] if len(side) == 1 else 4 + PAIRS.index(side) for side in sides]
    of_h = candidates.columns
    return (
        (np.array(of_g, np.uint8), groups * np.array(of_h)),
        (np.array(of_h, np.uint8), groups * np.array(of_g)),
    )


@cache
def _exchanged(candidates: Candidates) -> NDArray[np.uint8]:
    return np.array(candidates.exchanged(), np.uint8)
