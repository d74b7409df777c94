"""The gradient of picked products: one scaled row for each point of a picked pair.

A product w (p . n) gives w n to the gradient on p and w p to that on n. The rows are added to
the four points of one group at a time, so that several threads can work on groups of their own
and the order of the additions never depends on how many they are.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from symmcore.mining.kernels.jit import kernel, parallel_kernel
from symmcore.mining.kernels.points import Floats, to_originals

# Groups whose sums are made at a time: many, so that the points of all others pass by rarely,
# unless these stay in the cache anyway.
_BLOCK, _SMALL_BLOCK = 64, 4
_OTHERS = 128  # other groups, whose points stay in the cache meanwhile


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
    group: int,
    first: int,
    stop: int,
    codes: NDArray[np.uint8],
    adds: NDArray[np.int64],
    symmetric: bool,
    shares: Floats,
    slopes: Floats,
    wanted: NDArray[np.int64],
    factors: Floats,
    counts: NDArray[np.int64],
) -> None:
    """List what a group's pairs with some others add to its gradient.

    Args:
        group: Which group; more arguments as ``gradient``.
        first: The first of the other groups.
        stop: Where they end.
        wanted: Written: the rows to add to each row of the group, of shape (S, N), N at least
            one more than twice the number of others.
        factors: Written: their factors, of the same shape.
        counts: Written: how many there are, of shape (S,), made even.
    """
    targets, sources, steps = adds[0], adds[1], adds[2]
    column_targets, column_sources, column_steps = adds[3], adds[4], adds[5]
    counts[:] = 0
    for h in range(first, stop):
        code, weight = codes[group, h], slopes[group] * shares[group, h]
        column_weight = slopes[h] * shares[h, group]
        if symmetric:
            weight += column_weight
        else:
            other_code = codes[h, group]
            target = column_targets[other_code]
            end = counts[target]
            wanted[target, end] = column_sources[other_code] + column_steps[other_code] * h
            factors[target, end] = column_weight
            counts[target] = end + 1
        target = targets[code]
        end = counts[target]
        wanted[target, end] = sources[code] + steps[code] * h
        factors[target, end] = weight
        counts[target] = end + 1
    for target in range(len(counts)):
        if counts[target] % 2 != 0:
            wanted[target, counts[target]] = 0
            factors[target, counts[target]] = 0
            counts[target] += 1


@kernel
def add_block(
    first: int,
    points: Floats,
    codes: NDArray[np.uint8],
    adds: NDArray[np.int64],
    symmetric: bool,
    shares: Floats,
    slopes: Floats,
    sums: Floats,
) -> None:
    """The gradients on all points of consecutive groups.

    Args:
        first: The first of the groups; more arguments as ``gradient``.
        sums: Written, of shape (N, S, D).
    """
    number, kinds, _ = sums.shape
    sums[:] = 0
    wanted = np.empty((kinds, 2 * _OTHERS + 1), np.int64)
    factors = np.empty((kinds, 2 * _OTHERS + 1), points.dtype)
    counts = np.empty(kinds, np.int64)
    for other in range(0, len(codes), _OTHERS):
        stop = min(other + _OTHERS, len(codes))
        for n in range(number):
            collect(
                first + n, other, stop, codes, adds, symmetric, shares, slopes, wanted, factors,
                counts,
            )  # fmt: skip
            for target in range(kinds):
                add_rows(sums, n, target, points, wanted, factors, counts[target])


@parallel_kernel
def gradient(
    points: Floats,
    codes: NDArray[np.uint8],
    adds: NDArray[np.int64],
    symmetric: bool,
    shares: Floats,
    slopes: Floats,
    on_dot: Floats,
    on_square: float,
    symm: tuple[float, float, float],
    products: Floats,
    weights: Floats,
    members: NDArray[np.int64],
    result: Floats,
) -> None:
    """The gradient on the embeddings.

    Args:
        points: What ``measure`` wrote, of shape (S G, D).
        codes: Codes of the picks, of shape (G, G).
        adds: What each pick adds to g, of shape (6, K). First of the pick of (g, h): to which
            row of the group, which row for h = 0, and how many rows further for each next h.
            Then the same of the pick of (h, g).
        symmetric: Whether the two picks are one, so that the first with both weights says it all.
        shares: The gradient on the picked value of (g, h) is ``slopes[g] * shares[g, h]``,
        slopes: of shape (G, G) and (G,).
        on_dot: Gradient on x_i . x_j from elsewhere, of shape (G,).
        on_square: Gradient on every ||x_i||^2 and ||x_j||^2 from elsewhere.
        symm: As in ``measure``.
        products: As ``measure`` wrote them.
        weights: As ``measure`` wrote them.
        members: Positions of the groups' images in the batch, of shape (2, G).
        result: Rows of the groups' images are written, of shape (B, D).
    """
    groups = len(codes)
    kinds, dim = len(points) // groups, points.shape[1]
    size = _SMALL_BLOCK if groups <= _OTHERS else _BLOCK
    for block in numba.prange((groups + size - 1) // size):
        first = block * size
        sums = np.empty((min(size, groups - first), kinds, dim), points.dtype)
        add_block(first, points, codes, adds, symmetric, shares, slopes, sums)
        for n in range(len(sums)):
            g = first + n
            to_originals(
                sums[n], points, g, (on_dot[g], on_square, on_square), symm, products, weights,
                result[members[0, g]], result[members[1, g]],
            )  # fmt: skip
