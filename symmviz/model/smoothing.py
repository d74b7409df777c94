"""A moving average that shows where a noisy line goes."""

import math

import numpy as np

from symmviz.model.curve import Values

# Below this a number is too little of the sum to be seen in it.
_LEAST_WEIGHT = 1e-12


def smoothed(values: Values, weight: float) -> Values:
    """Exponential moving average without the pull of its start.

    ``y_n = sum_k weight^k x_(n-k) / sum_k weight^k`` over all numbers up to the n-th; what is
    no number is passed over and stays none.

    Args:
        values: (N,) float64; NaN is a gap.
        weight: of the past, from 0, which gives the values themselves, to below 1.

    Returns:
        (N,) float64.
    """
    if not 0 < weight < 1:
        return values
    there = np.isfinite(values)
    found = np.full(len(values), np.nan)
    found[there] = _average(values[there], weight)
    return found


def _average(values: Values, weight: float) -> Values:
    # Sums over 1, 2, 4, ... numbers: each of two that lie side by side.
    sums, length = values.copy(), 1
    while weight**length > _LEAST_WEIGHT and length < len(values):
        sums[length:] += weight**length * sums[:-length].copy()
        length *= 2
    shares = -np.expm1(np.arange(1.0, len(values) + 1) * math.log(weight))
    return sums * ((1 - weight) / shares)
