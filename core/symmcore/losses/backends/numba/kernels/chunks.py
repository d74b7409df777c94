"""Sums of scaled rows, a chunk at a time, in LLVM's language."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from symmcore.losses.backends.numba.kernels.points import Floats

CHUNK_BYTES = 256
"""Of a row: so much of a sum stays in registers."""


def _add_rows(
    _typing: Any,
    sums: types.Array,
    at: types.Integer,
    rows: types.Array,
    wanted: types.Array,
    factors: types.Array,
    first: types.Integer,
    stop: types.Integer,
) -> tuple[object, Callable[..., object]] | None:
    """Write ``add_rows`` in LLVM's language, for arrays of these types."""
    if not (sums.dtype == rows.dtype == factors.dtype) or any(
        array.layout != "C" for array in (sums, rows, wanted, factors)
    ):
        return None  # numba then says that there is no such function

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> object:
        def data(which: int) -> Any:
            array = context.make_array(signature.args[which])
            return array(context, builder, arguments[which]).data

        def vector_at(array: Any, element: Any) -> Any:
            return builder.bitcast(builder.gep(array, [element]), vector.as_pointer())

        number = context.get_data_type(sums.dtype)
        size = context.get_abi_sizeof(number)
        vector = ir.VectorType(number, CHUNK_BYTES // size)
        index = arguments[1].type
        width, one = ir.Constant(index, vector.count), ir.Constant(index, 1)
        source, chunks, scales = data(2), data(3), data(4)
        goal = vector_at(data(0), arguments[1])
        before = builder.load(goal, align=size)
        entry = builder.block
        test, body, end = (builder.append_basic_block(name) for name in ("test", "body", "end"))
        builder.branch(test)

        builder.position_at_end(test)
        place, total = builder.phi(index), builder.phi(vector)
        place.add_incoming(arguments[5], entry)
        total.add_incoming(before, entry)
        builder.cbranch(builder.icmp_signed("<", place, arguments[6]), body, end)

        builder.position_at_end(body)
        chunk = builder.zext(builder.load(builder.gep(chunks, [place])), index)
        row = builder.load(vector_at(source, builder.mul(chunk, width)), align=size)
        scale = builder.load(builder.gep(scales, [place]))
        scale = builder.insert_element(ir.Constant(vector, ir.Undefined), scale, index(0))
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
        scale = builder.shuffle_vector(scale, ir.Constant(vector, ir.Undefined), lanes)
        scaled = builder.fmul(scale, row, flags=("contract",))
        total.add_incoming(builder.fadd(total, scaled, flags=("contract",)), body)
        place.add_incoming(builder.add(place, one), body)
        builder.branch(test)

        builder.position_at_end(end)
        builder.store(total, goal, align=size)
        return context.get_dummy_value()

    return types.void(sums, at, rows, wanted, factors, first, stop), generate


add_rows = cast(
    Callable[[Floats, int, Floats, NDArray[np.uint16], Floats, int, int], None],
    intrinsic(_add_rows),
)
"""Add scaled chunks of rows to a chunk of a sum, which stays in registers meanwhile.

numba cannot be told that arrays do not overlap, and would store the sum each time. Nothing is
checked: all elements named must be there, those of whole chunks too.

Args:
    sums: To this array, contiguous as all are, and of the type of ``rows`` and ``factors``.
    at: From this element on.
    rows: From this array.
    wanted: Which chunks of it, which follow one another.
    factors: Their factors.
    first: The first element of these two that counts.
    stop: Where they end.
"""
