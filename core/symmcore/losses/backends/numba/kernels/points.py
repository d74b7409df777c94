"""What is measured of each pair group: products of its two originals, and how they reflect."""

import math

import numba
import numpy as np
from numpy.typing import NDArray

from symmcore.compiled.jit import kernel, parallel_kernel

Floats = NDArray[np.floating]


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


@parallel_kernel
def measure(
    originals: Floats,
    alpha: float,
    beta: float,
    products: Floats,
    weights: Floats,
    derivatives: NDArray[np.float64],
) -> None:
    """Measure the originals of each group.

    Args:
        originals: i and j of each group in turn, of shape (2 G, D).
        alpha: As in ``Symm``.
        beta: As there.
        products: Written: x_i . x_j, ||x_i||^2 and ||x_j||^2, of shape (3, G).
        weights: Written: own and other of x_i', then of x_j', of shape (4, G).
        derivatives: Written: those of x_i's own and then other with respect to the product, its
            own square and its axis's, then those of x_j's, of shape (12, G).
    """
    tiny = float(np.finfo(originals.dtype).tiny)
    for g in numba.prange(len(originals) // 2):
        first, second = originals[2 * g], originals[2 * g + 1]
        dot, square_i, square_j = 0.0, 0.0, 0.0
        for d in range(len(first)):
            dot += first[d] * second[d]
            square_i += first[d] * first[d]
            square_j += second[d] * second[d]
        products[0, g], products[1, g], products[2, g] = dot, square_i, square_j
        of_i = reflection(dot, square_i, square_j, alpha, beta, tiny)
        of_j = reflection(dot, square_j, square_i, alpha, beta, tiny)
        weights[0, g], weights[1, g] = of_i[0], of_i[1]
        weights[2, g], weights[3, g] = of_j[0], of_j[1]
        for n in range(6):
            derivatives[n, g], derivatives[6 + n, g] = of_i[2 + n], of_j[2 + n]
