"""Compiling with numba, typed."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., object])


def kernel(function: _Function) -> _Function:
    """Compile a function when it is first called with arguments of new types.

    Sums may be reordered, and a product and a sum rounded once, which is what lets loops use
    vector instructions; NaN and infinity keep their meaning.
    """
    compiler = numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
    return cast(_Function, compiler(function))
