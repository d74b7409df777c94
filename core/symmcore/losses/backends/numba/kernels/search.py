"""The hardest of any candidates, or the rank-th hardest, of every two groups of a tile.

A tile pairs groups g, ``rows`` onwards, with groups h, ``columns`` onwards; its Gram matrix holds
the products of their originals, x_i and x_j of each group in turn on either side. A row of a tile
is searched candidate by candidate, in loops over h that LLVM makes of vectors: those begin at 0,
branch nowhere and write to few arrays. Which candidates there are, and in which order, only
``Candidates`` says.
"""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from symmcore.compiled.jit import kernel, parallel_kernel
from symmcore.losses.backends.numba.kernels.points import Floats

# A row begins at a multiple of as many groups: what a loop leaves over for single numbers takes as
# long as the rest. So up to 15 pairs below the diagonal are picked from what the tile happens to
# hold there; ``picks.mirror`` writes over them.
_LANES = 16


@kernel
def copy(values: Floats, result: Floats) -> None:
    """Write numbers to another array."""
    for h in range(len(result)):
        result[h] = values[h]


@kernel
def add(first: Floats, second: Floats, result: Floats) -> None:
    """Write the sums of two rows."""
    for h in range(len(result)):
        result[h] = first[h] + second[h]


@kernel
def reflect_columns(own: Floats, on: Floats, other: Floats, axis: Floats, result: Floats) -> None:
    """Write the products of one point of g with the reflections of many h."""
    for h in range(len(result)):
        result[h] = own[h] * on[h] + other[h] * axis[h]


@kernel
def reflect_row(own: float, on: Floats, other: float, axis: Floats, result: Floats) -> None:
    """Write the products of a reflection of g with one kind of point of many h."""
    for h in range(len(result)):
        result[h] = own * on[h] + other * axis[h]


@kernel
def point_products(
    gram: Floats,
    rows: int,
    columns: int,
    g: int,
    start: int,
    weights: Floats,
    products: Floats,
) -> None:
    """The products of the four points of a group with those of the groups of a tile's columns.

    Args:
        gram: As in ``search``, as all arguments that are not named here.
        g: The group, counted from the first of the rows.
        start: The first of the groups h, counted from the first of the columns.
        products: Written, of shape (16, W): p . n for p and n in the order i, j, i', j', in row
            4 p + n; the groups h from ``start`` on are first in a row.
    """
    width = gram.shape[1] // 2 - start
    for p in range(2):
        row = gram[2 * g + p, 2 * start :]
        of_i, of_j = products[4 * p], products[4 * p + 1]
        for h in range(width):
            of_i[h] = row[2 * h]
            of_j[h] = row[2 * h + 1]
        for n in range(2):
            own, other = weights[2 * n, columns + start :], weights[2 * n + 1, columns + start :]
            on, axis = products[4 * p + n], products[4 * p + 1 - n]
            reflect_columns(own, on, other, axis, products[4 * p + 2 + n, :width])
    for p in range(2):
        own_g, other_g = weights[2 * p, rows + g], weights[2 * p + 1, rows + g]
        for n in range(4):
            on, axis = products[4 * p + n], products[4 * (1 - p) + n]
            reflect_row(own_g, on, other_g, axis, products[8 + 4 * p + n, :width])


@kernel
def take_larger(values: Floats, best: Floats) -> None:
    """Keep the larger of two numbers."""
    for h in range(len(best)):
        best[h] = max(best[h], values[h])


@kernel
def take_tied(
    values: Floats, code: np.floating[Any], least: Floats, best: Floats, codes: Floats
) -> None:
    """Take a candidate wherever it ties with the best."""
    for h in range(len(best)):
        ties = values[h] >= least[h]
        best[h] = values[h] if ties else best[h]
        codes[h] = code if ties else codes[h]


@kernel
def take_lost(values: Floats, code: np.floating[Any], best: Floats, codes: Floats) -> None:
    """Take a candidate wherever it is NaN."""
    for h in range(len(best)):
        lost = values[h] != values[h]
        best[h] = values[h] if lost else best[h]
        codes[h] = code if lost else codes[h]


@kernel
def exchange_larger(
    values: Floats, codes: Floats, level_values: Floats, level_codes: Floats
) -> None:
    """Exchange candidates with those kept at a level, wherever they are larger."""
    for h in range(len(values)):
        value, code, kept, kept_code = values[h], codes[h], level_values[h], level_codes[h]
        larger = value > kept
        level_values[h] = value if larger else kept
        values[h] = kept if larger else value
        level_codes[h] = code if larger else kept_code
        codes[h] = kept_code if larger else code


@kernel
def first_of_tied(
    values: Floats,
    places: NDArray[np.int64],
    tie: float,
    best: Floats,
    codes: Floats,
    least: Floats,
) -> None:
    """The first candidate that ties with the hardest; the last if that is NaN.

    The last one is of synthetic points alone, so NaN if any of the four points is.

    Args:
        values: Values of the candidates, in the rows that ``places`` says by code.
        places: Of shape (K,).
        tie: Relative difference up to which candidates tie.
        best: Written, of shape (W,): the picked values.
        codes: Written, of shape (W,): their codes.
        least: Room, of the same shape.
    """
    last = len(places) - 1
    copy(values[places[0]], best)
    for k in range(1, last + 1):
        take_larger(values[places[k]], best)
    for h in range(len(best)):
        least[h] = best[h] - tie * abs(best[h])
    codes[:] = last
    copy(values[places[last]], best)
    for k in range(last - 1, -1, -1):
        take_tied(values[places[k]], codes.dtype.type(k), least, best, codes)
    take_lost(values[places[last]], codes.dtype.type(last), best, codes)


@kernel
def ranked(
    values: Floats,
    places: NDArray[np.int64],
    rank: int,
    best: Floats,
    codes: Floats,
    levels: Floats,
) -> None:
    """The rank-th largest candidate, without the tie rule.

    Of equal ones each has a rank of its own, in an order that depends on where larger ones stand.
    The last one if there are fewer numbers, the others being NaN.

    Args:
        values: As in ``first_of_tied``.
        places: As there.
        rank: Of the candidate wanted.
        best: As there.
        codes: As there.
        levels: Room, of shape (2, rank + 1, W or more).
    """
    last, width = len(places) - 1, len(best)
    levels[0, :rank] = -np.inf
    levels[1, :rank] = last
    moving, moving_codes = levels[0, rank, :width], levels[1, rank, :width]
    for k in range(last + 1):
        copy(values[places[k]], moving)
        moving_codes[:] = k
        for level in range(rank):
            exchange_larger(moving, moving_codes, levels[0, level], levels[1, level])
    copy(levels[0, rank - 1], best)
    copy(levels[1, rank - 1], codes)
    few = values[places[last]]
    for h in range(width):
        best[h] = few[h] if best[h] == -np.inf else best[h]


@kernel
def search_products(
    products: Floats,
    planes: NDArray[np.int64],
    tie: float,
    rank: int,
    best: Floats,
    codes: NDArray[np.uint8],
    sums: Floats,
    levels: Floats,
) -> None:
    """The largest value of the candidates, or the rank-th largest, of a group and many others.

    Args:
        products: As ``point_products`` writes them.
        planes: As in ``search``.
        tie: Relative difference up to which candidates tie.
        rank: As in ``search``.
        best: Written, of shape (W,): the picked values.
        codes: Written, of shape (W,): their codes.
        sums: Room, of shape (K, W or more) if values are sums of two products.
        levels: Room, of shape (2, rank + 1, W or more).
    """
    width = len(best)
    picked = levels[1, rank, :width]
    for k in range(len(sums)):
        add(products[planes[0, k]], products[planes[1, k]], sums[k, :width])
    # Values of pairs are products, in another order.
    of = sums if len(planes) == 2 else products
    at = np.arange(planes.shape[1]) if len(planes) == 2 else planes[0]
    if rank == 1:
        first_of_tied(of, at, tie, best, picked, levels[0, 0, :width])
    else:
        ranked(of, at, rank, best, picked, levels)
    for h in range(width):
        codes[h] = np.uint8(picked[h])


@kernel
def search_rows(
    gram: Floats,
    rows: int,
    columns: int,
    pair: int,
    tolerance: Floats,
    weights: Floats,
    values: Floats,
    codes: NDArray[np.uint8],
    planes: NDArray[np.int64],
    rank: int,
    upper: bool,
) -> None:
    """Two rows of ``search``: of a group, counted from ``rows``, and of that as far from the end.

    So every thread has the same share of what is above the diagonal. The two may be one.
    """
    height, whole, candidates = gram.shape[0] // 2, gram.shape[1] // 2, planes.shape[1]
    products = np.empty((16, whole), gram.dtype)
    sums = np.empty((candidates if len(planes) == 2 else 0, whole), gram.dtype)
    levels = np.empty((2, rank + 1, whole), gram.dtype)
    for g in range(pair, height - pair, max(1, height - 1 - 2 * pair)):
        start = max(0, rows + g - columns) // _LANES * _LANES if upper else 0
        if start >= whole:
            continue
        point_products(gram, rows, columns, g, start, weights, products)
        best = values[rows + g, columns + start : columns + whole]
        picked = codes[rows + g, columns + start : columns + whole]
        search_products(products, planes, tolerance[0], rank, best, picked, sums, levels)


@parallel_kernel
def search(
    gram: Floats,
    rows: int,
    columns: int,
    tolerance: Floats,
    weights: Floats,
    values: Floats,
    codes: NDArray[np.uint8],
    planes: NDArray[np.int64],
    rank: int,
    upper: bool,
) -> None:
    """The largest value of the candidates, by the tie rule, or the rank-th largest.

    Args:
        gram: Products of the originals of the tile, of shape (2 g, 2 h); with
            ``upper``, what is below the diagonal does not count.
        rows: First group of the tile's rows.
        columns: First group of its columns.
        tolerance: Relative difference up to which candidates tie, of shape (1,).
        weights: Weights of the reflections as ``measure`` writes them, of shape (4, G).
        values: The tile of this (G, G) is written: the picked values.
        codes: The tile of this (G, G) is written: the codes of the picks.
        planes: The products 4 p + n whose sum is the value of a candidate, by code, of shape
            (1 or 2, K).
        rank: 1 for the hardest, with the tie rule.
        upper: Whether pairs below the diagonal are not needed; some are written all the same.
    """
    height = gram.shape[0] // 2
    for pair in numba.prange((height + 1) // 2):
        search_rows(
            gram, rows, columns, pair, tolerance, weights, values, codes, planes, rank,
            upper,
        )  # fmt: skip
