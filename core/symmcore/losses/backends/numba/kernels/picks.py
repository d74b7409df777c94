"""The hardest of all pairs, or triplets, of points of every two groups of a tile, unrolled.

What ``search`` finds for any candidates is found here for those of the paper, at rank 1, in
registers: small batches take half the time. A test compares every code with ``Candidates``.

A tile pairs groups g, ``rows`` onwards, with groups h, ``columns`` onwards; its Gram matrix holds
the products of their originals, x_i and x_j of each group in turn on either side. The candidates
are in the order that breaks ties (``Candidates``); a pick is the first that ties with the best.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from symmcore.compiled.jit import kernel, parallel_kernel
from symmcore.losses.backends.numba.kernels.points import Floats

# A row begins at a multiple of as many groups: what a loop leaves over for single numbers takes as
# long as the rest. So up to 15 pairs below the diagonal are picked from what the tile happens to
# hold there; ``mirror`` writes over them.
_LANES = 16


@kernel
def prefer(
    value: float, code: np.uint8, least: float, best: float, picked: np.uint8
) -> tuple[float, np.uint8]:
    """The candidate if it ties with the best, else what was picked so far."""
    if value >= least:
        return value, code
    return best, picked


@kernel
def two_largest(a: float, b: float, c: float, d: float) -> float:
    """The sum of the two largest of four numbers."""
    low, high = min(a, b), max(a, b)
    other_low, other_high = min(c, d), max(c, d)
    return max(high + other_high, max(low + high, other_low + other_high))


@parallel_kernel
def mirror(
    rows: int,
    columns: int,
    height: int,
    width: int,
    exchanged: NDArray[np.uint8],
    values: Floats,
    codes: NDArray[np.uint8],
) -> None:
    """Write the picks of (h, g) from those of (g, h), for g < h of a tile.

    Args:
        rows: First group of the tile's rows.
        columns: First group of its columns.
        height: Groups in its rows.
        width: Groups in its columns.
        exchanged: Codes with g and h exchanged, of shape (K,).
        values: Picked values, of shape (G, G).
        codes: Codes of the picks, of shape (G, G).
    """
    for h in numba.prange(columns, columns + width):
        for g in range(rows, min(rows + height, h)):
            values[h, g] = values[g, h]
            codes[h, g] = exchanged[codes[g, h]]


@kernel
def pick_row(
    gram: Floats,
    rows: int,
    columns: int,
    g: int,
    tolerance: Floats,
    weights: Floats,
    values: Floats,
    codes: NDArray[np.uint8],
) -> None:
    """One row of ``pick_pairs``: the pairs of its group g, counted from the first."""
    tie, start = tolerance[0], max(0, rows + g - columns) // _LANES * _LANES
    # Loops that begin at 0 are made of vectors.
    gram_i, gram_j = gram[2 * g, 2 * start :], gram[2 * g + 1, 2 * start :]
    own_h_i, other_h_i = weights[0, columns + start :], weights[1, columns + start :]
    own_h_j, other_h_j = weights[2, columns + start :], weights[3, columns + start :]
    own_i, other_i = weights[0, rows + g], weights[1, rows + g]
    own_j, other_j = weights[2, rows + g], weights[3, rows + g]
    value_row, code_row = values[rows + g, columns + start :], codes[rows + g, columns + start :]
    for h in range(len(gram_i) // 2):
        p00, p01 = gram_i[2 * h], gram_i[2 * h + 1]
        p10, p11 = gram_j[2 * h], gram_j[2 * h + 1]
        p02 = own_h_i[h] * p00 + other_h_i[h] * p01
        p12 = own_h_i[h] * p10 + other_h_i[h] * p11
        p03 = own_h_j[h] * p01 + other_h_j[h] * p00
        p13 = own_h_j[h] * p11 + other_h_j[h] * p10
        p20, p30 = own_i * p00 + other_i * p10, own_j * p10 + other_j * p00
        p21, p31 = own_i * p01 + other_i * p11, own_j * p11 + other_j * p01
        p22, p32 = own_i * p02 + other_i * p12, own_j * p12 + other_j * p02
        p23, p33 = own_i * p03 + other_i * p13, own_j * p13 + other_j * p03
        hardest = max(
            max(max(max(p00, p01), max(p10, p11)), max(max(p02, p03), max(p12, p13))),
            max(max(max(p20, p21), max(p30, p31)), max(max(p22, p23), max(p32, p33))),
        )
        least = hardest - tie * abs(hardest)
        best, picked = p33, np.uint8(15)
        best, picked = prefer(p32, np.uint8(14), least, best, picked)
        best, picked = prefer(p23, np.uint8(13), least, best, picked)
        best, picked = prefer(p22, np.uint8(12), least, best, picked)
        best, picked = prefer(p31, np.uint8(11), least, best, picked)
        best, picked = prefer(p30, np.uint8(10), least, best, picked)
        best, picked = prefer(p21, np.uint8(9), least, best, picked)
        best, picked = prefer(p20, np.uint8(8), least, best, picked)
        best, picked = prefer(p13, np.uint8(7), least, best, picked)
        best, picked = prefer(p12, np.uint8(6), least, best, picked)
        best, picked = prefer(p03, np.uint8(5), least, best, picked)
        best, picked = prefer(p02, np.uint8(4), least, best, picked)
        best, picked = prefer(p11, np.uint8(3), least, best, picked)
        best, picked = prefer(p10, np.uint8(2), least, best, picked)
        best, picked = prefer(p01, np.uint8(1), least, best, picked)
        best, picked = prefer(p00, np.uint8(0), least, best, picked)
        # Every comparison with NaN fails, but some of the products may be numbers.
        lost = p33 != p33
        value_row[h] = p33 if lost else best
        code_row[h] = np.uint8(15) if lost else picked


@parallel_kernel
def pick_pairs(
    gram: Floats,
    rows: int,
    columns: int,
    tolerance: Floats,
    weights: Floats,
    values: Floats,
    codes: NDArray[np.uint8],
    exchanged: NDArray[np.uint8],
) -> None:
    """The largest of all 16 products p . n, by the tie rule.

    Args:
        gram: Products of the originals of the tile, of shape (2 g, 2 h); what is below the
            diagonal does not count.
        rows: First group of the tile's rows.
        columns: First group of its columns.
        tolerance: Relative difference up to which candidates tie, of shape (1,).
        weights: Weights of the reflections as ``measure`` writes them, of shape (4, G).
        values: The tile of this (G, G) is written: the products.
        codes: The tile of this (G, G) is written: the codes of the picks.
        exchanged: Codes with g and h exchanged, of shape (16,): the pairs (h, g) are written too.
    """
    height, width = gram.shape[0] // 2, gram.shape[1] // 2
    for pair in numba.prange((height + 1) // 2):
        # This group and, unless it is the same, that at the same distance from the end: every
        # thread has the same share of what is above the diagonal.
        for g in range(pair, height - pair, max(1, height - 1 - 2 * pair)):
            pick_row(gram, rows, columns, g, tolerance, weights, values, codes)
    mirror(rows, columns, height, width, exchanged, values, codes)


@parallel_kernel
def pick_triplets(
    gram: Floats,
    rows: int,
    columns: int,
    tolerance: Floats,
    weights: Floats,
    values: Floats,
    codes: NDArray[np.uint8],
) -> None:
    """The largest of all 24 sums (p + q) . r, by the tie rule.

    Arguments as ``pick_pairs``, but for the last.
    """
    height, width, tie = gram.shape[0] // 2, gram.shape[1] // 2, tolerance[0]
    for g in numba.prange(height):
        gram_i, gram_j = gram[2 * g], gram[2 * g + 1]
        own_i, other_i = weights[0, rows + g], weights[1, rows + g]
        own_j, other_j = weights[2, rows + g], weights[3, rows + g]
        value_row, code_row = values[rows + g], codes[rows + g]
        for h in range(width):
            a, b = columns + h, 2 * h
            p00, p01, p10, p11 = gram_i[b], gram_i[b + 1], gram_j[b], gram_j[b + 1]
            p02 = weights[0, a] * p00 + weights[1, a] * p01
            p12 = weights[0, a] * p10 + weights[1, a] * p11
            p03 = weights[2, a] * p01 + weights[3, a] * p00
            p13 = weights[2, a] * p11 + weights[3, a] * p10
            p20, p30 = own_i * p00 + other_i * p10, own_j * p10 + other_j * p00
            p21, p31 = own_i * p01 + other_i * p11, own_j * p11 + other_j * p01
            p22, p32 = own_i * p02 + other_i * p12, own_j * p12 + other_j * p02
            p23, p33 = own_i * p03 + other_i * p13, own_j * p13 + other_j * p03
            # The hardest is the sum of the two largest p . r of one r.
            hardest = max(
                max(
                    two_largest(p00, p10, p20, p30),
                    two_largest(p01, p11, p21, p31),
                ),
                max(
                    two_largest(p02, p12, p22, p32),
                    two_largest(p03, p13, p23, p33),
                ),
            )
            least = hardest - tie * abs(hardest)
            best, picked = p23 + p33, np.uint8(23)
            best, picked = prefer(p22 + p32, np.uint8(22), least, best, picked)
            best, picked = prefer(p21 + p31, np.uint8(21), least, best, picked)
            best, picked = prefer(p20 + p30, np.uint8(20), least, best, picked)
            best, picked = prefer(p13 + p33, np.uint8(19), least, best, picked)
            best, picked = prefer(p12 + p32, np.uint8(18), least, best, picked)
            best, picked = prefer(p13 + p23, np.uint8(17), least, best, picked)
            best, picked = prefer(p12 + p22, np.uint8(16), least, best, picked)
            best, picked = prefer(p03 + p33, np.uint8(15), least, best, picked)
            best, picked = prefer(p02 + p32, np.uint8(14), least, best, picked)
            best, picked = prefer(p03 + p23, np.uint8(13), least, best, picked)
            best, picked = prefer(p02 + p22, np.uint8(12), least, best, picked)
            best, picked = prefer(p11 + p31, np.uint8(11), least, best, picked)
            best, picked = prefer(p10 + p30, np.uint8(10), least, best, picked)
            best, picked = prefer(p11 + p21, np.uint8(9), least, best, picked)
            best, picked = prefer(p10 + p20, np.uint8(8), least, best, picked)
            best, picked = prefer(p01 + p31, np.uint8(7), least, best, picked)
            best, picked = prefer(p00 + p30, np.uint8(6), least, best, picked)
            best, picked = prefer(p01 + p21, np.uint8(5), least, best, picked)
            best, picked = prefer(p00 + p20, np.uint8(4), least, best, picked)
            best, picked = prefer(p03 + p13, np.uint8(3), least, best, picked)
            best, picked = prefer(p02 + p12, np.uint8(2), least, best, picked)
            best, picked = prefer(p01 + p11, np.uint8(1), least, best, picked)
            best, picked = prefer(p00 + p10, np.uint8(0), least, best, picked)
            lost = p33 != p33
            value_row[columns + h] = p33 if lost else best
            code_row[columns + h] = np.uint8(23) if lost else picked
