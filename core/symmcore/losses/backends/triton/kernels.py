"""Mining of products, the sums of its loss and its gradient as Triton kernels, for CUDA.

Not run on a GPU yet: the tests run them in Triton's interpreter on the CPU, which shows that they
compute what they should, not how fast. Triton comes with torch on Linux; elsewhere the losses run
in eager torch. Its language has no types that a checker knows.
"""

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False
# mypy: disallow-untyped-calls=False, disallow-untyped-decorators=False

import triton
import triton.language as tl


@triton.jit
def _prefer(value, code, least, best, picked):
    ties = value >= least
    return tl.where(ties, value, best), tl.where(ties, code, picked)


@triton.jit
def _grams(points, first, second, groups, dim, block: tl.constexpr, depth: tl.constexpr):
    """Products of the originals of two blocks of groups: i.i, i.j, j.i and j.j."""
    ii = tl.zeros((block, block), tl.float32)
    ij = tl.zeros((block, block), tl.float32)
    ji = tl.zeros((block, block), tl.float32)
    jj = tl.zeros((block, block), tl.float32)
    other = points + groups * dim
    for start in range(0, dim, depth):
        at = start + tl.arange(0, depth)
        left = first[:, None] * dim + at[None, :]
        left_in = (first[:, None] < groups) & (at[None, :] < dim)
        right = second[None, :] * dim + at[:, None]
        right_in = (second[None, :] < groups) & (at[:, None] < dim)
        left_i = tl.load(points + left, left_in, 0.0)
        left_j = tl.load(other + left, left_in, 0.0)
        right_i = tl.load(points + right, right_in, 0.0)
        right_j = tl.load(other + right, right_in, 0.0)
        # Not TF32: ties and small losses need all digits.
        ii = tl.dot(left_i, right_i, ii, input_precision="ieee")
        ij = tl.dot(left_i, right_j, ij, input_precision="ieee")
        ji = tl.dot(left_j, right_i, ji, input_precision="ieee")
        jj = tl.dot(left_j, right_j, jj, input_precision="ieee")
    return ii, ij, ji, jj


@triton.jit
def _weights(weights, group, groups):
    """own and other of x_i', then of x_j', of some groups."""
    inside = group < groups
    own_i = tl.load(weights + group, inside, 0.0)
    other_i = tl.load(weights + groups + group, inside, 0.0)
    own_j = tl.load(weights + 2 * groups + group, inside, 0.0)
    other_j = tl.load(weights + 3 * groups + group, inside, 0.0)
    return own_i, other_i, own_j, other_j


@triton.jit
def _hardest_triplet(
    p00, p01, p02, p03, p10, p11, p12, p13, p20, p21, p22, p23, p30, p31, p32, p33,
    tolerance, block: tl.constexpr,
):  # fmt: skip
    """The largest of the 24 sums (p + q) . r, and its code, by the tie rule."""
    most = p20 + p30
    most = tl.maximum(most, p00 + p10)
    most = tl.maximum(most, p01 + p11)
    most = tl.maximum(most, p02 + p12)
    most = tl.maximum(most, p03 + p13)
    most = tl.maximum(most, p00 + p20)
    most = tl.maximum(most, p01 + p21)
    most = tl.maximum(most, p00 + p30)
    most = tl.maximum(most, p01 + p31)
    most = tl.maximum(most, p10 + p20)
    most = tl.maximum(most, p11 + p21)
    most = tl.maximum(most, p10 + p30)
    most = tl.maximum(most, p11 + p31)
    most = tl.maximum(most, p02 + p22)
    most = tl.maximum(most, p03 + p23)
    most = tl.maximum(most, p02 + p32)
    most = tl.maximum(most, p03 + p33)
    most = tl.maximum(most, p12 + p22)
    most = tl.maximum(most, p13 + p23)
    most = tl.maximum(most, p12 + p32)
    most = tl.maximum(most, p13 + p33)
    most = tl.maximum(most, p21 + p31)
    most = tl.maximum(most, p22 + p32)
    most = tl.maximum(most, p23 + p33)
    least = most - tolerance * tl.abs(most)
    best, picked = p23 + p33, tl.full((block, block), 23, tl.int32)
    best, picked = _prefer(p22 + p32, 22, least, best, picked)
    best, picked = _prefer(p21 + p31, 21, least, best, picked)
    best, picked = _prefer(p20 + p30, 20, least, best, picked)
    best, picked = _prefer(p13 + p33, 19, least, best, picked)
    best, picked = _prefer(p12 + p32, 18, least, best, picked)
    best, picked = _prefer(p13 + p23, 17, least, best, picked)
    best, picked = _prefer(p12 + p22, 16, least, best, picked)
    best, picked = _prefer(p03 + p33, 15, least, best, picked)
    best, picked = _prefer(p02 + p32, 14, least, best, picked)
    best, picked = _prefer(p03 + p23, 13, least, best, picked)
    best, picked = _prefer(p02 + p22, 12, least, best, picked)
    best, picked = _prefer(p11 + p31, 11, least, best, picked)
    best, picked = _prefer(p10 + p30, 10, least, best, picked)
    best, picked = _prefer(p11 + p21, 9, least, best, picked)
    best, picked = _prefer(p10 + p20, 8, least, best, picked)
    best, picked = _prefer(p01 + p31, 7, least, best, picked)
    best, picked = _prefer(p00 + p30, 6, least, best, picked)
    best, picked = _prefer(p01 + p21, 5, least, best, picked)
    best, picked = _prefer(p00 + p20, 4, least, best, picked)
    best, picked = _prefer(p03 + p13, 3, least, best, picked)
    best, picked = _prefer(p02 + p12, 2, least, best, picked)
    best, picked = _prefer(p01 + p11, 1, least, best, picked)
    best, picked = _prefer(p00 + p10, 0, least, best, picked)
    return best, picked


@triton.jit
def _hardest_pair(
    p00, p01, p02, p03, p10, p11, p12, p13, p20, p21, p22, p23, p30, p31, p32, p33,
    tolerance, block: tl.constexpr,
):  # fmt: skip
    """The largest of the 16 products p . n, and its code, by the tie rule."""
    most = tl.maximum(tl.maximum(p00, p01), tl.maximum(p10, p11))
    most = tl.maximum(most, tl.maximum(tl.maximum(p02, p03), tl.maximum(p12, p13)))
    most = tl.maximum(most, tl.maximum(tl.maximum(p20, p21), tl.maximum(p30, p31)))
    most = tl.maximum(most, tl.maximum(tl.maximum(p22, p23), tl.maximum(p32, p33)))
    least = most - tolerance * tl.abs(most)
    best, picked = p33, tl.full((block, block), 15, tl.int32)
    best, picked = _prefer(p32, 14, least, best, picked)
    best, picked = _prefer(p23, 13, least, best, picked)
    best, picked = _prefer(p22, 12, least, best, picked)
    best, picked = _prefer(p31, 11, least, best, picked)
    best, picked = _prefer(p30, 10, least, best, picked)
    best, picked = _prefer(p21, 9, least, best, picked)
    best, picked = _prefer(p20, 8, least, best, picked)
    best, picked = _prefer(p13, 7, least, best, picked)
    best, picked = _prefer(p12, 6, least, best, picked)
    best, picked = _prefer(p03, 5, least, best, picked)
    best, picked = _prefer(p02, 4, least, best, picked)
    best, picked = _prefer(p11, 3, least, best, picked)
    best, picked = _prefer(p10, 2, least, best, picked)
    best, picked = _prefer(p01, 1, least, best, picked)
    best, picked = _prefer(p00, 0, least, best, picked)
    return best, picked


@triton.jit
def pick(
    points, weights, tolerance, values, codes, exchanged, groups, dim,
    triplets: tl.constexpr, block: tl.constexpr, depth: tl.constexpr,
):  # fmt: skip
    """Write values and codes of one tile; pairs of both orders where they are one pick."""
    row, column = tl.program_id(0), tl.program_id(1)
    if triplets or row <= column:
        g = row * block + tl.arange(0, block)
        h = column * block + tl.arange(0, block)
        p00, p01, p10, p11 = _grams(points, g, h, groups, dim, block, depth)
        own_i, other_i, own_j, other_j = _weights(weights, h, groups)
        p02 = own_i[None, :] * p00 + other_i[None, :] * p01
        p12 = own_i[None, :] * p10 + other_i[None, :] * p11
        p03 = own_j[None, :] * p01 + other_j[None, :] * p00
        p13 = own_j[None, :] * p11 + other_j[None, :] * p10
        own_i, other_i, own_j, other_j = _weights(weights, g, groups)
        p20 = own_i[:, None] * p00 + other_i[:, None] * p10
        p21 = own_i[:, None] * p01 + other_i[:, None] * p11
        p22 = own_i[:, None] * p02 + other_i[:, None] * p12
        p23 = own_i[:, None] * p03 + other_i[:, None] * p13
        p30 = own_j[:, None] * p10 + other_j[:, None] * p00
        p31 = own_j[:, None] * p11 + other_j[:, None] * p01
        p32 = own_j[:, None] * p12 + other_j[:, None] * p02
        p33 = own_j[:, None] * p13 + other_j[:, None] * p03
        if triplets:
            last = 23
            best, picked = _hardest_triplet(
                p00, p01, p02, p03, p10, p11, p12, p13, p20, p21, p22, p23, p30, p31, p32, p33,
                tolerance, block,
            )  # fmt: skip
        else:
            last = 15
            best, picked = _hardest_pair(
                p00, p01, p02, p03, p10, p11, p12, p13, p20, p21, p22, p23, p30, p31, p32, p33,
                tolerance, block,
            )  # fmt: skip
        lost = p33 != p33  # every comparison with NaN fails
        best = tl.where(lost, p33, best)
        picked = tl.where(lost, last, picked)
        inside = (g[:, None] < groups) & (h[None, :] < groups)
        if triplets:
            place = g[:, None] * groups + h[None, :]
            tl.store(values + place, best, inside)
            tl.store(codes + place, picked.to(tl.uint8), inside)
        else:
            # The rule decides for g < h, the pick of (h, g) is the same exchanged.
            upper = inside & (g[:, None] < h[None, :])
            place = g[:, None] * groups + h[None, :]
            tl.store(values + place, best, upper)
            tl.store(codes + place, picked.to(tl.uint8), upper)
            turned = h[None, :] * groups + g[:, None]
            mirrored = tl.load(exchanged + picked, upper, 0)
            tl.store(values + turned, best, upper)
            tl.store(codes + turned, mirrored, upper)


@triton.jit
def log_one_plus(
    values, labels, dot, terms, slopes, groups, scale, positive_scale, block: tl.constexpr
):
    """One row: log(1 + sum_h exp(scale n_gh - positive_scale x_i.x_j)), and what it leaves.

    ``values`` becomes exp(scale n_gh - largest), zero for groups of one class; ``slopes`` (2, G)
    what the derivatives are made of, as in the loops for the CPU.
    """
    g = tl.program_id(0)
    own = tl.load(labels + g)
    largest = float("-inf")
    for start in range(0, groups, block):
        h = start + tl.arange(0, block)
        counts = (h < groups) & (tl.load(labels + h, h < groups, 0) != own)
        value = tl.load(values + g * groups + h, counts, 0.0) * scale
        largest = tl.maximum(largest, tl.max(tl.where(counts, value, float("-inf")), 0))
    total = 0.0
    for start in range(0, groups, block):
        h = start + tl.arange(0, block)
        counts = (h < groups) & (tl.load(labels + h, h < groups, 0) != own)
        value = tl.load(values + g * groups + h, counts, 0.0) * scale
        share = tl.where(counts, tl.exp(value - largest), 0.0)
        tl.store(values + g * groups + h, share, h < groups)
        total += tl.sum(share, 0)
    exponent = tl.log(total) + largest - positive_scale * tl.load(dot + g)
    # log(1 + e^x) without the loss of digits of either end.
    small = tl.exp(-tl.abs(exponent))
    rest = tl.where(small < 1e-4, small - 0.5 * small * small, tl.log(1.0 + small))
    term = tl.where(exponent > 0.0, exponent, 0.0) + rest
    slope = tl.exp(exponent - term)
    tl.store(terms + g, term)
    tl.store(slopes + g, slope / total)
    tl.store(slopes + groups + g, slope)


@triton.jit
def _on_i(kind, own_i, other_j):
    """Weight of x_i in the point of that kind."""
    synthetic = tl.where(kind == 2, own_i, other_j)
    return tl.where(kind == 0, 1.0, tl.where(kind == 1, 0.0, synthetic))


@triton.jit
def _on_j(kind, other_i, own_j):
    synthetic = tl.where(kind == 2, other_i, own_j)
    return tl.where(kind == 1, 1.0, tl.where(kind == 0, 0.0, synthetic))


@triton.jit
def add_picked(
    points, weights, shares, slopes, codes, row_types, column_types, sums, groups, dim, kinds,
    triplets: tl.constexpr, block: tl.constexpr, depth: tl.constexpr,
):  # fmt: skip
    """The gradient on one kind of point of a block of groups, from all other groups.

    Written to ``sums`` (4, G, D). The sums are taken in a fixed order, by one program each.
    """
    g = tl.program_id(0) * block + tl.arange(0, block)
    at = tl.program_id(1) * depth + tl.arange(0, depth)
    target = tl.program_id(2)
    slope_g = tl.load(slopes + g, g < groups, 0.0)
    total = tl.zeros((block, depth), tl.float32)
    for start in range(0, groups, block):
        h = start + tl.arange(0, block)
        inside = (g[:, None] < groups) & (h[None, :] < groups)
        own_i, other_i, own_j, other_j = _weights(weights, h, groups)
        slope_h = tl.load(slopes + h, h < groups, 0.0)
        row = g[:, None] * groups + h[None, :]
        column = h[None, :] * groups + g[:, None]
        grad = slope_g[:, None] * tl.load(shares + row, inside, 0.0)
        turned = slope_h[None, :] * tl.load(shares + column, inside, 0.0)
        code = tl.load(codes + row, inside, 0)
        if not triplets:
            grad += turned  # (g, h) and (h, g) are one pick
        p = tl.load(row_types + code)
        n = tl.load(column_types + code)
        hit = p == target
        if triplets:
            hit |= tl.load(row_types + kinds + code) == target
        grad = tl.where(hit, grad, 0.0)
        on_i = grad * _on_i(n, own_i[None, :], other_j[None, :])
        on_j = grad * _on_j(n, other_i[None, :], own_j[None, :])
        if triplets:
            code = tl.load(codes + column, inside, 0)
            p = tl.load(row_types + code)
            q = tl.load(row_types + kinds + code)
            turned = tl.where(tl.load(column_types + code) == target, turned, 0.0)
            both = _on_i(p, own_i[None, :], other_j[None, :])
            on_i += turned * (both + _on_i(q, own_i[None, :], other_j[None, :]))
            both = _on_j(p, other_i[None, :], own_j[None, :])
            on_j += turned * (both + _on_j(q, other_i[None, :], own_j[None, :]))
        place = h[:, None] * dim + at[None, :]
        there = (h[:, None] < groups) & (at[None, :] < dim)
        x_i = tl.load(points + place, there, 0.0)
        x_j = tl.load(points + groups * dim + place, there, 0.0)
        total = tl.dot(on_i, x_i, total, input_precision="ieee")
        total = tl.dot(on_j, x_j, total, input_precision="ieee")
    place = (target * groups + g[:, None]) * dim + at[None, :]
    tl.store(sums + place, total, (g[:, None] < groups) & (at[None, :] < dim))
