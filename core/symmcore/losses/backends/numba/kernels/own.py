"""The hardest combination of the four points of a group with themselves, as positive product."""

import numba
import numpy as np
from numpy.typing import NDArray

from symmcore.compiled.jit import kernel, parallel_kernel
from symmcore.losses.backends.numba.kernels.points import Floats


@kernel
def place_of(values: Floats, tie: float, rank: int) -> int:
    """The first number that ties with the largest, or the place of the rank-th largest.

    The smaller place of equal ones is first; the last place if numbers are missing (NaN).
    """
    hardest = values[0]
    for value in values:
        hardest = max(hardest, value)
    least = hardest - tie * abs(hardest)
    for k in range(len(values)):
        before = 0
        for other in range(len(values)):
            if values[other] > values[k] or (values[other] == values[k] and other < k):
                before += 1
        wanted = values[k] >= least if rank == 1 else before == rank - 1
        if wanted and values[-1] == values[-1]:
            return k
    return len(values) - 1


@parallel_kernel
def own_products(
    products: Floats,
    weights: Floats,
    derivatives: NDArray[np.float64],
    pairs: NDArray[np.int64],
    tolerance: Floats,
    rank: int,
    values: Floats,
    slopes: Floats,
) -> None:
    """The largest product of two points of each group, by the tie rule, or the rank-th largest.

    Args:
        products: As ``points.measure`` wrote them.
        weights: As ``points.measure`` wrote them.
        derivatives: As ``points.measure`` wrote them.
        pairs: The points that are combined, i, j, i', j' being 0 to 3, of shape (2, K).
        tolerance: Relative difference up to which combinations tie, of shape (1,).
        rank: 1 for the hardest.
        values: Written, of shape (G,).
        slopes: Written: their derivatives with respect to ``products``, of shape (3, G).
    """
    for g in numba.prange(products.shape[1]):
        dot, square_i, square_j = products[0, g], products[1, g], products[2, g]
        # Weights of the points on x_i and on x_j, in the order i, j, i', j'.
        on_i, on_j = np.zeros(4, products.dtype), np.zeros(4, products.dtype)
        on_i[0], on_j[1] = 1.0, 1.0
        on_i[2], on_j[2] = weights[0, g], weights[1, g]
        on_j[3], on_i[3] = weights[2, g], weights[3, g]
        found = np.empty(pairs.shape[1], products.dtype)
        for k in range(len(found)):
            p, n = pairs[0, k], pairs[1, k]
            with_i = on_i[p] * square_i + on_j[p] * dot
            with_j = on_i[p] * dot + on_j[p] * square_j
            found[k] = on_i[n] * with_i + on_j[n] * with_j
        code = place_of(found, tolerance[0], rank)
        values[g] = found[code]
        p, n = pairs[0, code], pairs[1, code]
        by_dot = float(on_i[p] * on_j[n] + on_j[p] * on_i[n])
        by_i, by_j = float(on_i[p] * on_i[n]), float(on_j[p] * on_j[n])
        for side in range(2):
            point, other = (p, n) if side == 0 else (n, p)
            if point < 2:
                continue
            by_weight_i = on_i[other] * square_i + on_j[other] * dot
            by_weight_j = on_i[other] * dot + on_j[other] * square_j
            first = 6 * (point - 2)
            of_own, of_other = derivatives[first : first + 3, g], derivatives[first + 3 :, g]
            by_own = by_weight_i if point == 2 else by_weight_j
            by_other = by_weight_j if point == 2 else by_weight_i
            by_dot += by_own * of_own[0] + by_other * of_other[0]
            by_reflected = by_own * of_own[1] + by_other * of_other[1]
            by_axis = by_own * of_own[2] + by_other * of_other[2]
            by_i += by_reflected if point == 2 else by_axis
            by_j += by_axis if point == 2 else by_reflected
        slopes[0, g], slopes[1, g], slopes[2, g] = by_dot, by_i, by_j
