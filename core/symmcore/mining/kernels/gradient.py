"""The gradient of picked products: one scaled row for each point of a picked pair.

A product w (p . n) gives w n to the gradient on p and w p to that on n. The rows are added to
the four points of one group at a time, so that several threads can work on groups of their own
and the order of the additions never depends on how many they are.
"""

import numpy as np
from numpy.typing import NDArray

from symmcore.mining.kernels.jit import kernel
from symmcore.mining.kernels.points import Floats, to_originals

# Groups whose sums are made at a time, and others whose points stay in the cache meanwhile.
_BLOCK = 64
_OTHERS = 128


@kernel
def add_rows(
    sums: Floats,
    group: int,
    target: int,
    rows: Floats,
    wanted: NDArray[np.int64],
    factors: Floats,
    count: int,
) -> None:
    """Add rows of a matrix, scaled: six in one pass over the sum, then two.

    Elements are addressed without slices, whose making takes time too.

    Args:
        sums: Row [group, target] is written to, of shape (N, S, D).
        group: Which group's.
        target: Which of its rows.
        rows: Shape (R, D).
        wanted: Which rows, of shape (S, M); those of ``target`` are read.
        factors: Their factors, of shape (S, M).
        count: How many, even.
    """
    done = 0
    while done + 6 <= count:
        row_a, row_b = wanted[target, done + 0], wanted[target, done + 1]
        row_c, row_d = wanted[target, done + 2], wanted[target, done + 3]
        row_e, row_f = wanted[target, done + 4], wanted[target, done + 5]
        a, b = factors[target, done + 0], factors[target, done + 1]
        c, d = factors[target, done + 2], factors[target, done + 3]
        e, f = factors[target, done + 4], factors[target, done + 5]
        for k in range(rows.shape[1]):
            sums[group, target, k] += (
                (a * rows[row_a, k] + b * rows[row_b, k])
                + (c * rows[row_c, k] + d * rows[row_d, k])
                + (e * rows[row_e, k] + f * rows[row_f, k])
            )
        done += 6
    while done < count:
        row_a, row_b = wanted[target, done], wanted[target, done + 1]
        a, b = factors[target, done], factors[target, done + 1]
        for k in range(rows.shape[1]):
            sums[group, target, k] += a * rows[row_a, k] + b * rows[row_b, k]
        done += 2


@kernel
def collect(
    first: int,
    codes: NDArray[np.uint8],
    weights: Floats,
    count: int,
    targets: NDArray[np.uint8],
    sources: NDArray[np.int64],
    wanted: NDArray[np.int64],
    factors: Floats,
    counts: NDArray[np.int64],
) -> None:
    """Append to the lists of one group what its pairs with other groups add.

    Args:
        first: The first of the other groups, the others follow.
        codes: The pick of each pair, of shape (at least ``count``,).
        weights: The gradient on its value, of the same shape.
        count: How many other groups.
        targets: Which row of the group a code adds to, of shape (K,).
        sources: Which row it adds, for group 0, of shape (K,).
        wanted: Rows to add to each row of the group, of shape (S, N); appended to.
        factors: Their factors, of shape (S, N); appended to.
        counts: How many there are, of shape (S,).
    """
    for h in range(count):
        target = targets[codes[h]]
        place = counts[target]
        wanted[target, place] = sources[codes[h]] + (first + h)
        factors[target, place] = weights[h]
        counts[target] = place + 1


@kernel
def gradient(
    points: Floats,
    codes: NDArray[np.uint8],
    of_row: tuple[NDArray[np.uint8], NDArray[np.int64]],
    of_column: tuple[NDArray[np.uint8], NDArray[np.int64]],
    symmetric: bool,
    shares: Floats,
    slopes: Floats,
    on_dot: Floats,
    on_square: float,
    symm: tuple[float, float, float],
    products: Floats,
    weights: Floats,
    members: NDArray[np.int64],
    start: int,
    stop: int,
    result: Floats,
) -> None:
    """The gradient on the embeddings of the groups ``start`` to ``stop``.

    Args:
        points: What ``measure`` wrote, of shape (S, G, D).
        codes: Codes of the picks, of shape (G, G).
        of_row: What the pick of (g, h) adds to g: ``targets`` and ``sources`` of ``collect``.
        of_column: What the pick of (h, g) adds to g.
        symmetric: Whether the two are one, so that ``of_row`` with both weights says it all.
        shares: The gradient on the picked value of (g, h) is ``slopes[g] * shares[g, h]``,
        slopes: of shape (G, G) and (G,).
        on_dot: Gradient on x_i . x_j from elsewhere, of shape (G,).
        on_square: Gradient on every ||x_i||^2 and ||x_j||^2 from elsewhere.
        symm: As in ``measure``.
        products: As ``measure`` wrote them.
        weights: As ``measure`` wrote them.
        members: Positions of the groups' images in the batch, of shape (2, G).
        start: First group.
        stop: Where to end.
        result: Rows of the groups' images are written, of shape (B, D).
    """
    kinds, groups, dim = points.shape
    rows = points.reshape(kinds * groups, dim)
    # One h adds at most two rows: one as h of (g, h), one as g of (h, g).
    wanted = np.empty((kinds, 2 * _OTHERS + 1), np.int64)
    factors = np.empty((kinds, 2 * _OTHERS + 1), points.dtype)
    counts = np.empty(kinds, np.int64)
    row_codes, column_codes = np.empty(_OTHERS, np.uint8), np.empty(_OTHERS, np.uint8)
    row_weights, column_weights = np.empty(_OTHERS, points.dtype), np.empty(_OTHERS, points.dtype)
    # The points of all others pass by once for each block, so where they are many it is large.
    block = 1 if groups <= _OTHERS else _BLOCK
    sums = np.empty((block, kinds, dim), points.dtype)
    for first in range(start, stop, block):
        last = min(first + block, stop)
        sums[:] = 0
        for other in range(0, groups, _OTHERS):
            count = min(_OTHERS, groups - other)
            for g in range(first, last):
                for h in range(count):
                    row_codes[h], column_codes[h] = codes[g, other + h], codes[other + h, g]
                    row_weights[h] = slopes[g] * shares[g, other + h]
                    column_weights[h] = slopes[other + h] * shares[other + h, g]
                    if symmetric:
                        row_weights[h] += column_weights[h]
                counts[:] = 0
                collect(other, row_codes, row_weights, count, *of_row, wanted, factors, counts)
                if not symmetric:
                    collect(
                        other, column_codes, column_weights, count, *of_column, wanted, factors,
                        counts,
                    )  # fmt: skip
                for target in range(kinds):
                    if counts[target] % 2 != 0:
                        wanted[target, counts[target]] = g
                        factors[target, counts[target]] = 0
                        counts[target] += 1
                    add_rows(sums, g - first, target, rows, wanted, factors, counts[target])
        for g in range(first, last):
            to_originals(
                sums[g - first], points, g, (on_dot[g], on_square, on_square), symm, products,
                weights, result[members[0, g]], result[members[1, g]],
            )  # fmt: skip
