"""The four points of each pair group, from its two originals, and the way back: the gradient.

The gradient of picked products is one scaled row for each point of a picked pair: a product
w (p . n) gives w n to the gradient on p and w p to that on n. The rows are added to the four
points of one group at a time, so that several threads can work on groups of their own and the
order of the additions never depends on how many they are.
"""

import math

import numba
import numpy as np
from numpy.typing import NDArray

from symmcore.mining.kernels.jit import kernel, parallel_kernel

Floats = NDArray[np.floating]

# Two different points of a group: i, j, i', j' are 0 to 3.
PAIRS = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))

# Groups whose sums are made at a time: many, so that the points of all others pass by rarely,
# unless these stay in the cache anyway.
_BLOCK, _SMALL_BLOCK = 64, 4
_OTHERS = 128  # other groups, whose points stay in the cache meanwhile


@kernel
def reflection(
    dot: float, square: float, axis_square: float, alpha: float, beta: float, tiny: float
) -> tuple[float, float, float, float, float, float, float, float]:
    """The weights of a reflection and their derivatives, as ``reflection_weights`` defines them.

    Returns:
        The weight on the reflected point and that on the axis; then the derivatives of the
        first and those of the second with respect to dot, square and axis_square.
    """
    if axis_square < tiny:
        return beta, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    c = dot / axis_square
    if alpha == 2.0:
        slope = 2.0 * beta / axis_square
        return -beta, 2.0 * beta * c, 0.0, 0.0, 0.0, slope, 0.0, -slope * c
    on_square, on_projected = (1.0 - alpha) ** 2, alpha * (2.0 - alpha)
    bracket = on_square * square + on_projected * dot * c
    if bracket <= 0.0 or square <= 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    scale = beta * math.sqrt(square / bracket)
    # By projected = dot^2 / axis_square, then by dot, square and axis_square.
    by_projected = -0.5 * scale * on_projected / bracket
    by_dot = by_projected * 2.0 * c
    by_square = 0.5 * scale * (1.0 / square - on_square / bracket)
    by_axis = -by_projected * c * c
    return (
        scale * (1.0 - alpha),
        scale * alpha * c,
        by_dot * (1.0 - alpha),
        by_square * (1.0 - alpha),
        by_axis * (1.0 - alpha),
        alpha * (by_dot * c + scale / axis_square),
        alpha * by_square * c,
        alpha * (by_axis * c - scale * c / axis_square),
    )


@kernel
def place(kind: int, group: int, groups: int) -> int:
    """The row of what ``measure`` wrote for a group.

    Args:
        kind: 0 to 3 for i, j, i', j'; from 4 on the sums of two of them, in the order of ``PAIRS``.
        group: Which group.
        groups: How many there are.
    """
    if kind < 2:
        return 2 * group + kind
    if kind < 4:
        return 2 * groups + 2 * group + kind - 2
    return 4 * groups + len(PAIRS) * group + kind - 4


@parallel_kernel
def measure(
    embeddings: Floats,
    members: NDArray[np.int64],
    symm: tuple[float, float, float],
    points: Floats,
    products: Floats,
    weights: Floats,
) -> None:
    """Gather and measure the originals, and write what else is wanted of each group.

    Args:
        embeddings: Shape (B, D).
        members: Positions of the groups' images, of shape (2, G).
        symm: alpha, beta, and the square below which an axis has no direction.
        points: Written, of shape (S G, D): the originals i and j of each group in turn; with S at
            least 4 then the synthetic points i' and j'; with S = 10 then the sums of two of a
            group's four, in the order of ``PAIRS``. See ``place``.
        products: Written: x_i . x_j, ||x_i||^2 and ||x_j||^2, of shape (3, G).
        weights: Written: own and other of x_i', then of x_j', of shape (4, G).
    """
    alpha, beta, tiny = symm
    groups, dim = members.shape[1], embeddings.shape[1]
    kinds = len(points) // groups
    for g in numba.prange(groups):
        first, second = embeddings[members[0, g]], embeddings[members[1, g]]
        dot, square_i, square_j = 0.0, 0.0, 0.0
        for d in range(dim):
            dot += first[d] * second[d]
            square_i += first[d] * first[d]
            square_j += second[d] * second[d]
            points[2 * g, d] = first[d]
            points[2 * g + 1, d] = second[d]
        products[0, g], products[1, g], products[2, g] = dot, square_i, square_j
        of_i = reflection(dot, square_i, square_j, alpha, beta, tiny)
        of_j = reflection(dot, square_j, square_i, alpha, beta, tiny)
        weights[0, g], weights[1, g] = of_i[0], of_i[1]
        weights[2, g], weights[3, g] = of_j[0], of_j[1]
        if kinds > 2:
            own_i, other_i = weights[0, g], weights[1, g]
            own_j, other_j = weights[2, g], weights[3, g]
            synthetic_i, synthetic_j = place(2, g, groups), place(3, g, groups)
            for d in range(dim):
                x_i, x_j = first[d], second[d]
                points[synthetic_i, d] = own_i * x_i + other_i * x_j
                points[synthetic_j, d] = own_j * x_j + other_j * x_i
        for kind in range(4, kinds):
            p, q = PAIRS[kind - 4]
            total, left, right = place(kind, g, groups), place(p, g, groups), place(q, g, groups)
            for d in range(dim):
                points[total, d] = points[left, d] + points[right, d]


@kernel
def to_originals(
    sums: Floats,
    points: Floats,
    group: int,
    on_products: tuple[float, float, float],
    symm: tuple[float, float, float],
    products: Floats,
    weights: Floats,
    on_i: Floats,
    on_j: Floats,
) -> None:
    """The gradient on a group's originals from that on its four points.

    Args:
        sums: Gradients on what ``measure`` wrote of the group, of shape (S, D); overwritten.
        points: What it wrote, of shape (S G, D).
        group: Which group.
        on_products: Gradients on x_i . x_j, ||x_i||^2 and ||x_j||^2 from elsewhere.
        symm: As in ``measure``.
        products: As ``measure`` wrote them.
        weights: As ``measure`` wrote them.
        on_i: Written: the gradient on x_i, of shape (D,).
        on_j: Written: that on x_j.
    """
    alpha, beta, tiny = symm
    first, second = points[2 * group], points[2 * group + 1]
    for row in range(4, len(sums)):
        p, q = PAIRS[row - 4]
        for d in range(sums.shape[1]):
            sums[p, d] += sums[row, d]
            sums[q, d] += sums[row, d]
    grad_i, grad_j, grad_synthetic_i, grad_synthetic_j = sums[0], sums[1], sums[2], sums[3]
    own_i, other_i, own_j, other_j = 0.0, 0.0, 0.0, 0.0
    for d in range(len(first)):
        own_i += grad_synthetic_i[d] * first[d]
        other_i += grad_synthetic_i[d] * second[d]
        own_j += grad_synthetic_j[d] * second[d]
        other_j += grad_synthetic_j[d] * first[d]
    dot, square_i, square_j = products[0, group], products[1, group], products[2, group]
    of_i = reflection(dot, square_i, square_j, alpha, beta, tiny)
    of_j = reflection(dot, square_j, square_i, alpha, beta, tiny)
    on_dot, on_square_i, on_square_j = on_products
    on_dot += own_i * of_i[2] + other_i * of_i[5] + own_j * of_j[2] + other_j * of_j[5]
    on_square_i += own_i * of_i[3] + other_i * of_i[6] + own_j * of_j[4] + other_j * of_j[7]
    on_square_j += own_i * of_i[4] + other_i * of_i[7] + own_j * of_j[3] + other_j * of_j[6]
    scalars = np.empty(3, sums.dtype)
    scalars[0], scalars[1], scalars[2] = on_dot, 2.0 * on_square_i, 2.0 * on_square_j
    by_dot, by_i, by_j = scalars[0], scalars[1], scalars[2]
    weight_i, weight_other_i = weights[0, group], weights[1, group]
    weight_j, weight_other_j = weights[2, group], weights[3, group]
    for d in range(len(first)):
        on_i[d] = (
            grad_i[d]
            + (weight_i * grad_synthetic_i[d] + weight_other_j * grad_synthetic_j[d])
            + (by_dot * second[d] + by_i * first[d])
        )
        on_j[d] = (
            grad_j[d]
            + (weight_other_i * grad_synthetic_i[d] + weight_j * grad_synthetic_j[d])
            + (by_dot * first[d] + by_j * second[d])
        )


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
    threads: int,
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
        threads: How many there may be; changes no number.
        result: Rows of the groups' images are written, of shape (B, D).
    """
    groups = len(codes)
    kinds, dim = len(points) // groups, points.shape[1]
    # At least two blocks for each thread, or one could have twice the work of the others.
    size = _SMALL_BLOCK if groups <= _OTHERS else min(_BLOCK, 1 + groups // (2 * threads))
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
