"""The gradient of picked products on the originals.

It is one scaled row for each point of a picked pair: a product w (p . n) gives w n to the
gradient on p and w p to that on n. The rows are added to the points of one group at a time, so
that several threads can work on groups of their own and the order of the additions never depends
on how many they are. They are added in chunks: those of some other groups stay in the cache,
that of the sum in registers.
"""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from symmcore.compiled.jit import kernel, parallel_kernel
from symmcore.losses.backends.numba.kernels.chunks import CHUNK_BYTES, add_rows
from symmcore.losses.backends.numba.kernels.points import Floats

# Two different points of a group: i, j, i', j' are 0 to 3.
PAIRS = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))

_BLOCK = 128  # groups whose sums are made at a time
_PICKS = 64  # of each with some others: so few that the points these name stay in the cache
_ALIGNMENT = 64  # bytes: vectors that cross a cache's line take twice as long


class Upstream(NamedTuple):
    """The gradient on the picked products, and what each adds to that on the points.

    Attributes:
        codes: Codes of the picks, of shape (G, G).
        shares: The gradient on the picked product of (g, h) is ``slopes[g] * shares[g, h]``,
        slopes: of shape (G, G) and (G,).
        adds: What each pick adds to g, of shape (4, K): to which point of g which point of h, for
            the pick of (g, h), then for that of (h, g).
        kinds: How many points these name, S: 4, and 10 where there are sums of two.
        symmetric: Whether the two picks are one, so that the first with both weights says it all.
    """

    codes: NDArray[np.uint8]
    shares: Floats
    slopes: Floats
    adds: NDArray[np.uint8]
    kinds: int
    symmetric: bool


@kernel
def aligned(count: int, like: Floats) -> Floats:
    """Room for so many numbers, of the type of an array, that begins where a line does."""
    room = np.empty(count + _ALIGNMENT // like.itemsize, like.dtype)
    skipped = (-room.ctypes.data % _ALIGNMENT) // like.itemsize
    return room[skipped : skipped + count]


@kernel
def gather(originals: Floats, weights: Floats, first: int, start: int, points: Floats) -> None:
    """Write a chunk of all points of consecutive groups.

    Args:
        originals: As in ``points.measure``.
        weights: As ``points.measure`` wrote them.
        first: The first of the groups.
        start: Where the chunk begins.
        points: Written, of shape (N, S, W): i, j, i' and j' of each group, and with S = 10 then
            the sums of two of them in the order of ``PAIRS``; what is beyond D is left alone.
    """
    number, kinds, width = points.shape
    count = min(width, originals.shape[1] - start)
    for n in range(min(number, len(originals) // 2 - first)):
        g = first + n
        own_i, other_i = weights[0, g], weights[1, g]
        own_j, other_j = weights[2, g], weights[3, g]
        x_i, x_j = originals[2 * g, start:], originals[2 * g + 1, start:]
        at_i, at_j = points[n, 0], points[n, 1]
        synthetic_i, synthetic_j = points[n, 2], points[n, 3]
        # One loop would write to so many arrays that LLVM would not use vectors: they may overlap.
        for d in range(count):
            at_i[d] = x_i[d]
            synthetic_i[d] = own_i * x_i[d] + other_i * x_j[d]
        for d in range(count):
            at_j[d] = x_j[d]
            synthetic_j[d] = own_j * x_j[d] + other_j * x_i[d]
        for kind in range(4, kinds):
            p, q = PAIRS[kind - 4]
            both, left, right = points[n, kind], points[n, p], points[n, q]
            for d in range(count):
                both[d] = left[d] + right[d]


@kernel
def to_originals(
    sums: Floats,
    originals: Floats,
    group: int,
    on_products: tuple[float, float, float],
    weights: Floats,
    derivatives: NDArray[np.float64],
    result: Floats,
) -> None:
    """The gradient on a group's originals from that on its four points.

    Args:
        sums: Gradients on the group's points, of shape (S, D or more); overwritten.
        originals: As in ``points.measure``.
        group: Which group.
        on_products: Gradients on x_i . x_j, ||x_i||^2 and ||x_j||^2 from elsewhere.
        weights: As ``points.measure`` wrote them.
        derivatives: As ``points.measure`` wrote them.
        result: The group's rows of this (2 G, D) are written.
    """
    first, second = originals[2 * group], originals[2 * group + 1]
    on_i, on_j = result[2 * group], result[2 * group + 1]
    for row in range(4, len(sums)):
        p, q = PAIRS[row - 4]
        left, right, both = sums[p], sums[q], sums[row]
        for d in range(len(both)):
            left[d] += both[d]
            right[d] += both[d]
    grad_i, grad_j, grad_synthetic_i, grad_synthetic_j = sums[0], sums[1], sums[2], sums[3]
    nothing = sums.dtype.type(0)
    own_i, other_i, own_j, other_j = nothing, nothing, nothing, nothing
    for d in range(len(first)):
        own_i += grad_synthetic_i[d] * first[d]
        other_i += grad_synthetic_i[d] * second[d]
        own_j += grad_synthetic_j[d] * second[d]
        other_j += grad_synthetic_j[d] * first[d]
    of_i, of_j = derivatives[:6, group], derivatives[6:, group]
    on_dot, on_square_i, on_square_j = on_products
    on_dot += own_i * of_i[0] + other_i * of_i[3] + own_j * of_j[0] + other_j * of_j[3]
    on_square_i += own_i * of_i[1] + other_i * of_i[4] + own_j * of_j[2] + other_j * of_j[5]
    on_square_j += own_i * of_i[2] + other_i * of_i[5] + own_j * of_j[1] + other_j * of_j[4]
    scalars = np.empty(3, sums.dtype)
    scalars[0], scalars[1], scalars[2] = on_dot, 2.0 * on_square_i, 2.0 * on_square_j
    by_dot, by_i, by_j = scalars[0], scalars[1], scalars[2]
    weight_i, weight_other_i = weights[0, group], weights[1, group]
    weight_j, weight_other_j = weights[2, group], weights[3, group]
    # Two loops for the sake of vectors, as above.
    for d in range(len(first)):
        on_i[d] = (
            grad_i[d]
            + (weight_i * grad_synthetic_i[d] + weight_other_j * grad_synthetic_j[d])
            + (by_dot * second[d] + by_i * first[d])
        )
    for d in range(len(first)):
        on_j[d] = (
            grad_j[d]
            + (weight_other_i * grad_synthetic_i[d] + weight_j * grad_synthetic_j[d])
            + (by_dot * first[d] + by_j * second[d])
        )


@kernel
def collect(
    group: int,
    first: int,
    stop: int,
    upstream: Upstream,
    wanted: NDArray[np.uint16],
    factors: Floats,
    counts: NDArray[np.uint32],
) -> None:
    """List what a group's pairs with some others add to its gradient.

    Args:
        group: Which group.
        first: The first of the other groups.
        stop: Where they end.
        upstream: As in ``gradient``.
        wanted: Written: for each point of the group the points of the others that are added to it,
            counted from the first of them; of shape (S, M), M at least as many as the others,
            twice as many where the two picks of a pair are not one.
        factors: Written: their factors, of the same shape.
        counts: Written: how many there are, of shape (S,).
    """
    codes, shares, slopes, adds, kinds, symmetric = upstream
    targets, sources, column_targets, column_sources = adds[0], adds[1], adds[2], adds[3]
    slope = slopes[group]
    counts[:] = 0
    for h in range(first, stop):
        code, weight = codes[group, h], slope * shares[group, h]
        column_weight = slopes[h] * shares[h, group]
        row = (h - first) * kinds
        if symmetric:
            weight += column_weight
        else:
            other_code = codes[h, group]
            target = column_targets[other_code]
            end = counts[target]
            wanted[target, end] = row + column_sources[other_code]
            factors[target, end] = column_weight
            counts[target] = end + 1
        target = targets[code]
        end = counts[target]
        wanted[target, end] = row + sources[code]
        factors[target, end] = weight
        counts[target] = end + 1


@kernel
def add_block(
    first: int,
    originals: Floats,
    weights: Floats,
    upstream: Upstream,
    sums: Floats,
) -> None:
    """The gradients on all points of consecutive groups.

    Args:
        first: The first of the groups; more arguments as ``gradient``.
        sums: Written, of shape (N, S, D or more, whole chunks).
    """
    number, kinds, dim = sums.shape
    groups, width = len(upstream.codes), CHUNK_BYTES // sums.itemsize
    others = _PICKS if upstream.symmetric else _PICKS // 2
    sums[:] = 0
    points = aligned(others * kinds * width, sums).reshape((others, kinds, width))
    points[:] = 0
    wanted = np.empty((number, kinds, _PICKS), np.uint16)
    factors = np.empty((number, kinds, _PICKS), sums.dtype)
    counts = np.empty((number, kinds), np.uint32)
    for other in range(0, groups, others):
        stop = min(other + others, groups)
        for n in range(number):
            collect(first + n, other, stop, upstream, wanted[n], factors[n], counts[n])
        for start in range(0, dim, width):
            gather(originals, weights, other, start, points)
            for n in range(number):
                for kind in range(kinds):
                    place = n * kinds + kind
                    at, begin = place * dim + start, place * _PICKS
                    end = begin + counts[n, kind]
                    add_rows(sums, at, points, wanted, factors, begin, end)


@parallel_kernel
def gradient(
    originals: Floats,
    weights: Floats,
    derivatives: NDArray[np.float64],
    upstream: Upstream,
    on_products: Floats,
    threads: int,
    result: Floats,
) -> None:
    """The gradient on the originals.

    Args:
        originals: As in ``points.measure``.
        weights: As ``points.measure`` wrote them.
        derivatives: As ``points.measure`` wrote them.
        upstream: The gradient on the picked products.
        on_products: Gradient on what ``points.measure`` writes first, from elsewhere, of shape
            (3, G).
        threads: How many share the work; changes no number.
        result: Written, of shape (2 G, D).
    """
    groups, kinds = len(upstream.codes), upstream.kinds
    width = CHUNK_BYTES // originals.itemsize
    padded = (originals.shape[1] + width - 1) // width * width
    # Blocks of one size, as many for each thread, or some threads would wait for others.
    rounds = (groups + threads * _BLOCK - 1) // (threads * _BLOCK)
    size = (groups + threads * rounds - 1) // (threads * rounds)
    for block in numba.prange((groups + size - 1) // size):
        first = block * size
        number = min(size, groups - first)
        sums = aligned(number * kinds * padded, originals).reshape((number, kinds, padded))
        add_block(first, originals, weights, upstream, sums)
        for n in range(number):
            g = first + n
            elsewhere = on_products[0, g], on_products[1, g], on_products[2, g]
            to_originals(sums[n], originals, g, elsewhere, weights, derivatives, result)
