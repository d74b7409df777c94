"""Products of the originals of some groups with those of others, above the diagonal only.

As many multiplications as a library's product of matrices takes would be twice what is needed;
torch has no product of a matrix with its own transpose that leaves out a half.

Why LLVM's language: of the same loop in Python numba makes code that takes 4.0, 3.2 and 3.0 times
as long at 64, 512 and 2,048 groups of 512 dimensions. The whole loss, forward and backward, would
take 0.86, 2.16 and 2.17 times what N-pair without Symm takes, against 0.54, 1.02 and 1.09, where at
most 1.2, 1.8 and 2.2 are wanted (CPU time of one thread, an AMD EPYC with AVX-512, numba 0.68).
"""

from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils as _cgutils
from numba.extending import intrinsic

from symmcore.compiled.jit import kernel, parallel_kernel
from symmcore.losses.backends.numba.kernels.points import Floats

cgutils = cast(Any, _cgutils)  # numba leaves it untyped


def _has_wide_vectors() -> bool:
    """Whether this machine has vectors of 64 bytes, as far as LLVM knows."""
    try:
        return bool(binding.get_host_cpu_features().get("avx512f"))
    except RuntimeError:  # LLVM cannot ask every kind of machine
        return False


# The widest vectors of this machine; eight sums of that width fit into its registers. A machine
# that numba is told to compile for instead gets the same numbers, perhaps more slowly.
_VECTOR_BYTES = 64 if _has_wide_vectors() else 32


def _add_products(
    _typing: Any,
    originals: types.Array,
    g: types.Integer,
    other: types.Integer,
    h: types.Integer,
    stop: types.Integer,
    sums: types.Array,
) -> tuple[object, Callable[..., object]] | None:
    """Write ``add_products`` in LLVM's language, for arrays of these types."""
    if originals.dtype != sums.dtype or originals.layout != "C" or sums.layout != "C":
        return None  # numba then says that there is no such function

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> object:
        def array(which: int) -> Any:
            return context.make_array(signature.args[which])(context, builder, arguments[which])

        number, index = context.get_data_type(sums.dtype), arguments[1].type
        size = context.get_abi_sizeof(number)
        vector = ir.VectorType(number, _VECTOR_BYTES // size)
        source, goal = array(0), array(5).data
        dim = cgutils.unpack_tuple(builder, source.shape)[1]

        def row(group: Any, which: int) -> Any:
            place = builder.add(builder.mul(group, index(2)), index(which))
            return builder.gep(source.data, [builder.mul(place, dim)])

        left = [row(group, which) for group in arguments[1:3] for which in range(2)]
        right = [row(arguments[3], which) for which in range(2)]
        entry = builder.block
        test, body, end = (builder.append_basic_block(name) for name in ("test", "body", "end"))
        builder.branch(test)

        builder.position_at_end(test)
        place, totals = builder.phi(index), [builder.phi(vector) for _ in range(8)]
        place.add_incoming(index(0), entry)
        builder.cbranch(builder.icmp_signed("<", place, arguments[4]), body, end)

        builder.position_at_end(body)

        def load(start: Any) -> Any:
            at = builder.bitcast(builder.gep(start, [place]), vector.as_pointer())
            return builder.load(at, align=size)

        # In the order in which the sums are written: by row of g and other, then by row of h.
        factors = [load(start) for start in right]
        pairs = [(load(start), factor) for start in left for factor in factors]
        for total, pair in zip(totals, pairs, strict=True):
            product = builder.fmul(*pair, flags=("contract",))
            total.add_incoming(ir.Constant(vector, [0.0] * vector.count), entry)
            total.add_incoming(builder.fadd(total, product, flags=("contract",)), body)
        place.add_incoming(builder.add(place, index(vector.count)), body)
        builder.branch(test)

        builder.position_at_end(end)
        name = f"llvm.vector.reduce.fadd.v{vector.count}f{8 * size}"
        across = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(number, [number, vector]), name
        )
        for which, total in enumerate(totals):
            result = builder.call(across, [number(0.0), total], fastmath=("reassoc",))
            builder.store(result, builder.gep(goal, [index(which)]), align=size)
        return context.get_dummy_value()

    return types.void(originals, g, other, h, stop, sums), generate


add_products = cast(
    Callable[[Floats, int, int, int, int, Floats], None],
    intrinsic(_add_products),
)
"""The products of the originals of two groups with those of a third, in registers.

LLVM by itself makes the sums of one or two of them at a time. Nothing is checked: all elements
named must be there.

Args:
    originals: As in ``points.measure``.
    g: A group.
    other: Another one, or the same.
    h: The third.
    stop: So many dimensions count, whole vectors.
    sums: Written, of shape (8,): x_i^g . x_i^h, x_i^g . x_j^h, the two of x_j^g, then the other's.
"""


@kernel
def two_rows(originals: Floats, rows: int, columns: int, n: int, upper: bool, tile: Floats) -> None:
    """The products of two groups of a tile's rows with the groups of its columns.

    Args:
        originals: As in ``points.measure``; more arguments as ``gram``.
        n: The first of the two, counted from the first of the rows. If there is no second, the
            first is computed and written twice.
    """
    lanes = _VECTOR_BYTES // tile.itemsize
    dim = originals.shape[1]
    whole = dim // lanes * lanes
    second = min(n + 1, len(tile) // 2 - 1)
    sums = np.empty(8, tile.dtype)
    for m in range(max(0, rows + n - columns) if upper else 0, tile.shape[1] // 2):
        add_products(originals, rows + n, rows + second, columns + m, whole, sums)
        for place, group in enumerate((n, second)):
            for p in range(2):
                for q in range(2):
                    total = sums[4 * place + 2 * p + q]
                    for d in range(whole, dim):
                        left = originals[2 * (rows + group) + p, d]
                        total += left * originals[2 * (columns + m) + q, d]
                    tile[2 * group + p, 2 * m + q] = total


@parallel_kernel
def gram(originals: Floats, rows: int, columns: int, upper: bool, tile: Floats) -> None:
    """The products of the originals of a tile, groups ``rows`` onwards with ``columns`` onwards.

    Args:
        originals: As in ``points.measure``.
        rows: First group of the tile's rows.
        columns: First group of its columns.
        upper: Whether what is below the diagonal is not needed; but for single groups beside it
            it is left alone.
        tile: Written, of shape (2 N, 2 M).
    """
    groups = len(tile) // 2
    twos = (groups + 1) // 2
    mirrored = not upper and rows == columns and tile.shape[0] <= tile.shape[1]
    for pair in numba.prange((twos + 1) // 2):
        # This pair of groups and, unless it is the same, that at the same distance from the
        # end: every thread has the same share of what is above the diagonal.
        for two in range(pair, twos - pair, max(1, twos - 1 - 2 * pair)):
            two_rows(originals, rows, columns, 2 * two, upper or mirrored, tile)
    if mirrored:  # the products of (g, h) are those of (h, g)
        for n in numba.prange(groups):
            for m in range(n):
                for p in range(2):
                    for q in range(2):
                        tile[2 * n + p, 2 * m + q] = tile[2 * m + q, 2 * n + p]
