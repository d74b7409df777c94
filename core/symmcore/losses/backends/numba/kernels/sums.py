"""The loss of each group g from the values mined for it, and its derivatives."""

import math

import numba
import numpy as np
from numpy.typing import NDArray

from symmcore.compiled.jit import kernel, parallel_kernel
from symmcore.losses.backends.numba.kernels.points import Floats


@kernel
def exponentials(
    row: Floats, label: int, labels: NDArray[np.integer], scale: float
) -> tuple[float, float]:
    """Replace the n_gh of one g by exp(n_gh - the largest of them), by 0 in g's own class.

    Args:
        row: The products n_gh is made of, of shape (G,); overwritten.
        label: Class of g.
        labels: Class of each group, of shape (G,).
        scale: The factor on the products.

    Returns:
        The largest n_gh, and the sum of the exponentials.
    """
    factor, nothing = row.dtype.type(scale), row.dtype.type(-np.inf)
    for h in range(len(row)):
        row[h] = nothing if labels[h] == label else factor * row[h]
    largest = row[0]
    for h in range(len(row)):
        largest = max(largest, row[h])
    for h in range(len(row)):
        row[h] = math.exp(row[h] - largest)
    total = 0.0
    for h in range(len(row)):
        total += row[h]
    return largest, total


@kernel
def softplus(exponent: float) -> float:
    """log(1 + e^x), stable."""
    if exponent > 0.0:
        return exponent + math.log1p(math.exp(-exponent))
    return math.log1p(math.exp(exponent))


@parallel_kernel
def log_one_plus(
    values: Floats,
    labels: NDArray[np.integer],
    scale: float,
    products: Floats,
    positive_scale: float,
    scales: tuple[float, float],
    penalty: float,
    slopes: Floats,
    loss: Floats,
) -> None:
    """The mean over the groups of log(1 + sum_h exp(n_gh - p_g)) and of the squared norms.

    Args:
        values: Picked products, of shape (G, G); overwritten with exp(n_gh - largest of the row),
            0 where g and h are of one class.
        labels: As in ``exponentials``.
        scale: As in ``exponentials``.
        products: As ``points.measure`` wrote them.
        positive_scale: p is so many times x_i . x_j.
        scales: Factors on the slopes.
        penalty: Factor on ||x_i||^2 + ||x_j||^2.
        slopes: Written, of shape (2, G): the derivative of a group's term with respect to its
            n_gh is the first times the new value, that with respect to its p minus the second;
            both times their factors.
        loss: Written, of shape ().
    """
    terms = np.empty(len(values))
    for g in numba.prange(len(values)):
        largest, total = exponentials(values[g], labels[g], labels, scale)
        exponent = math.log(total) + largest - positive_scale * products[0, g]
        # The 1 joins in the logarithm: 1 minus the share of the positive would lose its
        # gradient in float32 once that share is close to 1.
        term = softplus(exponent)
        slope = math.exp(exponent - term)
        slopes[0, g], slopes[1, g] = scales[0] * slope / total, scales[1] * slope
        terms[g] = term
    # Not summed by the threads: rounding would depend on their number.
    result = 0.0
    for g in range(len(terms)):
        result += terms[g] + penalty * (products[1, g] + products[2, g])
    loss[()] = result / len(terms)


@parallel_kernel
def shared_cross_entropy(
    values: Floats,
    labels: NDArray[np.integer],
    scale: float,
    products: Floats,
    own: Floats,
    share: float,
    penalty: float,
    slopes: Floats,
    loss: Floats,
) -> None:
    """The mean cross-entropy of the softmax over all groups against equal shares on g's class.

    Args:
        values: Picked products, of shape (G, G), what is on the diagonal aside; overwritten with
            the derivatives of the group's term with respect to what it compares, 0 on the
            diagonal.
        labels: As in ``exponentials``.
        scale: As in ``exponentials``, for groups of g's class too.
        products: As ``points.measure`` wrote them.
        own: What stands for g with itself, of shape (G,).
        share: Factor on the slopes.
        penalty: Factor on ||x_i||^2 + ||x_j||^2.
        slopes: Written, of shape (2, G): what the new values are to be multiplied with for the
            derivatives with respect to the picked products, and the derivative with respect
            to ``own``; both with the factor.
        loss: Written, of shape ().
    """
    terms = np.empty(len(values))
    for g in numba.prange(len(values)):
        row, label = values[g], labels[g]
        count = 0
        for h in range(len(row)):
            count += labels[h] == label
        places, alike = np.empty(count, np.int64), np.empty(count, np.float64)
        places[0], alike[0] = g, own[g]
        end = 0
        for h in range(len(row) if count > 1 else 0):  # mostly g is alone in its class
            if labels[h] == label:
                places[end], alike[end] = h, own[g] if h == g else scale * row[h]
                end += 1
        mean, highest = alike.sum() / count, alike.max()
        for n in range(count):
            alike[n] = math.exp(alike[n] - highest)
        positives = alike.sum()
        largest, total = exponentials(row, label, labels, scale)
        exponent = math.log(total) + largest - math.log(positives) - highest
        term = softplus(exponent)
        # The share of the other classes, apart from which is the share of g's own: their sum
        # would lose the gradient in float32 once it is close to 1.
        other = math.exp(exponent - term)
        factor = row.dtype.type(other / total)
        for h in range(len(row)):
            row[h] *= factor
        slopes[0, g] = share * scale
        for n in range(count):
            part = alike[n] / positives
            slope = (part - 1.0 / count) - part * other
            if places[n] == g:
                slopes[1, g] = share * slope
            else:
                row[places[n]] = slope
        terms[g] = term + (math.log(positives) + highest - mean)
    # Not summed by the threads: rounding would depend on their number.
    result = 0.0
    for g in range(len(terms)):
        result += terms[g] + penalty * (products[1, g] + products[2, g])
    loss[()] = result / len(terms)
