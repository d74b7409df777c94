"""The hardest candidates of a tile for its pairs of groups in both orders, where these are two.

What (g, h) chooses from and what (h, g) does are made of the same products. Of a tile on the
diagonal those above it say all.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from symmcore.compiled.jit import kernel, parallel_kernel
from symmcore.losses.backends.numba.kernels.picks import prefer
from symmcore.losses.backends.numba.kernels.points import Floats
from symmcore.losses.backends.numba.kernels.search import point_products, search_products

# Groups g of a block: the picks of its pairs (h, g) are written a line of the cache at a time.
# What a block picks below the diagonal from what the tile happens to hold there, it writes over.
_BLOCK = 16


@kernel
def write_turned(
    found: Floats,
    picked: NDArray[np.uint8],
    row: int,
    column: int,
    upper: bool,
    values: Floats,
    codes: NDArray[np.uint8],
) -> None:
    """Write picks of (h, g) and their values, of shape (N, W), turned.

    Args:
        found: The values.
        picked: The codes.
        row: Group g of the first of their rows.
        column: Group h of the first of their columns; with ``upper`` the same.
        upper: Whether only those above the diagonal are written.
        values: Of shape (G, G).
        codes: Of shape (G, G).
    """
    count, width = found.shape
    for h in range(width):
        value_row, code_row = values[column + h, row:], codes[column + h, row:]
        for n in range(min(count, h) if upper else count):
            value_row[n] = found[n, h]
            code_row[n] = picked[n, h]


@parallel_kernel
def search_both_orders(
    gram: Floats,
    rows: int,
    columns: int,
    tolerance: Floats,
    weights: Floats,
    values: Floats,
    codes: NDArray[np.uint8],
    planes: NDArray[np.int64],
    turned_planes: NDArray[np.int64],
    rank: int,
) -> None:
    """What ``search`` finds for the pairs (g, h) of a tile, and for the pairs (h, g).

    Of a tile whose rows begin where its columns do, only what is above the diagonal counts.

    Arguments as ``search``.

    Args:
        turned_planes: The planes with g and h exchanged.
    """
    height, whole, candidates = gram.shape[0] // 2, gram.shape[1] // 2, planes.shape[1]
    upper = rows == columns
    for block in numba.prange((height + _BLOCK - 1) // _BLOCK):
        first = block * _BLOCK
        count, start = min(_BLOCK, height - first), first if upper else 0
        width = whole - start
        products = np.empty((16, whole), gram.dtype)
        sums = np.empty((candidates if len(planes) == 2 else 0, width), gram.dtype)
        levels = np.empty((2, rank + 1, width), gram.dtype)
        found, picked = np.empty((count, width), gram.dtype), np.empty((count, width), np.uint8)
        for n in range(count):
            point_products(gram, rows, columns, first + n, start, weights, products)
            value_row = values[rows + first + n, columns + start : columns + whole]
            code_row = codes[rows + first + n, columns + start : columns + whole]
            search_products(products, planes, tolerance[0], rank, value_row, code_row, sums, levels)
            search_products(
                products, turned_planes, tolerance[0], rank, found[n], picked[n], sums, levels
            )
        write_turned(found, picked, rows + first, columns + start, upper, values, codes)


@kernel
def hardest_official(
    p01: float, p02: float, p12: float, p03: float, p13: float, p32: float, tie: float
) -> tuple[float, np.uint8]:
    """The largest of the 6 products of the authors' code, and its code, by the tie rule."""
    hardest = max(max(max(p01, p02), max(p03, p12)), max(p13, p32))
    least = hardest - tie * abs(hardest)
    best, picked = p32, np.uint8(5)
    best, picked = prefer(p13, np.uint8(4), least, best, picked)
    best, picked = prefer(p12, np.uint8(3), least, best, picked)
    best, picked = prefer(p03, np.uint8(2), least, best, picked)
    best, picked = prefer(p02, np.uint8(1), least, best, picked)
    best, picked = prefer(p01, np.uint8(0), least, best, picked)
    if p32 != p32:
        return p32, np.uint8(5)
    return best, picked


@parallel_kernel
def pick_official(
    gram: Floats,
    rows: int,
    columns: int,
    tolerance: Floats,
    weights: Floats,
    values: Floats,
    codes: NDArray[np.uint8],
) -> None:
    """The largest of the 6 products p . n of the authors' code, by the tie rule, in both orders.

    The same as ``search_both_orders`` at rank 1, in registers. Arguments as there.
    """
    height, whole, tie = gram.shape[0] // 2, gram.shape[1] // 2, tolerance[0]
    upper = rows == columns
    for block in numba.prange((height + _BLOCK - 1) // _BLOCK):
        first = block * _BLOCK
        count, start = min(_BLOCK, height - first), first if upper else 0
        width = whole - start
        found, picked = np.empty((count, width), gram.dtype), np.empty((count, width), np.uint8)
        own_h_i, other_h_i = weights[0, columns + start :], weights[1, columns + start :]
        own_h_j, other_h_j = weights[2, columns + start :], weights[3, columns + start :]
        for n in range(count):
            g = first + n
            gram_i, gram_j = gram[2 * g, 2 * start :], gram[2 * g + 1, 2 * start :]
            own_i, other_i = weights[0, rows + g], weights[1, rows + g]
            own_j, other_j = weights[2, rows + g], weights[3, rows + g]
            value_row = values[rows + g, columns + start :]
            code_row = codes[rows + g, columns + start :]
            for h in range(width):
                p00, p01 = gram_i[2 * h], gram_i[2 * h + 1]
                p10, p11 = gram_j[2 * h], gram_j[2 * h + 1]
                p02 = own_h_i[h] * p00 + other_h_i[h] * p01
                p12 = own_h_i[h] * p10 + other_h_i[h] * p11
                p03 = own_h_j[h] * p01 + other_h_j[h] * p00
                p13 = own_h_j[h] * p11 + other_h_j[h] * p10
                p32 = own_j * p12 + other_j * p02
                value_row[h], code_row[h] = hardest_official(p01, p02, p12, p03, p13, p32, tie)
            found_row, picked_row = found[n], picked[n]
            for h in range(width):
                # Products of a point of h, the first index, with one of g.
                p00, p10 = gram_i[2 * h], gram_i[2 * h + 1]
                p01, p11 = gram_j[2 * h], gram_j[2 * h + 1]
                p02 = own_i * p00 + other_i * p01
                p12 = own_i * p10 + other_i * p11
                p03 = own_j * p01 + other_j * p00
                p13 = own_j * p11 + other_j * p10
                p32 = own_h_j[h] * p12 + other_h_j[h] * p02
                found_row[h], picked_row[h] = hardest_official(p01, p02, p12, p03, p13, p32, tie)
        write_turned(found, picked, rows + first, columns + start, upper, values, codes)
