"""log(1 + sum_h exp(n_gh - p_g)) for each group g, in two passes round torch's own exp."""

import math

import numba
import numpy as np
from numpy.typing import NDArray

from symmcore.mining.kernels.jit import parallel_kernel
from symmcore.mining.kernels.points import Floats


@parallel_kernel
def shift(values: Floats, labels: NDArray[np.integer], constants: Floats, largest: Floats) -> None:
    """Scale values, subtract the largest of the row, and leave out the row's own class.

    Args:
        values: Picked products, of shape (G, G); overwritten, with minus infinity where g and h
            are of one class.
        labels: Class of each group, of shape (G,).
        constants: The factor on the products, and minus infinity.
        largest: Written: the largest of each row, of shape (G,).
    """
    factor, nothing = constants[0], constants[1]
    for g in numba.prange(len(values)):
        row, label = values[g], labels[g]
        for h in range(len(row)):
            row[h] = nothing if labels[h] == label else factor * row[h]
        most = row[0]
        for h in range(len(row)):
            most = max(most, row[h])
        largest[g] = most
        for h in range(len(row)):
            row[h] -= most


@parallel_kernel
def log_one_plus(
    shares: Floats,
    largest: Floats,
    positive: Floats,
    positive_scale: float,
    scales: tuple[float, float],
    slopes: Floats,
) -> float:
    """The sum over the groups of log(1 + sum_h exp(n_gh - p_g)).

    Args:
        shares: exp(n_gh - largest of the row), of shape (G, G).
        largest: As ``shift`` wrote it, of shape (G,).
        positive: x_i . x_j, of shape (G,); p is ``positive_scale`` times it.
        positive_scale: That factor.
        scales: Factors on the slopes.
        slopes: Written, of shape (2, G): the derivative of a group's term with respect to its
            n_gh is the first times the share, that with respect to its p minus the second; both
            times their factors.
    """
    terms, total = np.empty(len(shares)), 0.0
    for g in numba.prange(len(shares)):
        row, exponentials = shares[g], 0.0
        for h in range(len(row)):
            exponentials += row[h]
        exponent = math.log(exponentials) + largest[g] - positive_scale * positive[g]
        # The 1 joins in the logarithm: 1 minus the share of the positive would lose its
        # gradient in float32 once that share is close to 1.
        if exponent > 0.0:
            term = exponent + math.log1p(math.exp(-exponent))
        else:
            term = math.log1p(math.exp(exponent))
        slope = math.exp(exponent - term)
        slopes[0, g], slopes[1, g] = scales[0] * slope / exponentials, scales[1] * slope
        terms[g] = term
    # Not summed by the threads: rounding would depend on their number.
    for g in range(len(terms)):
        total += terms[g]
    return total
