"""Compiling with numba, typed, and on how many threads the result runs."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import TracebackType
from typing import TypeVar, cast

import numba
import torch

_Function = TypeVar("_Function", bound=Callable[..., object])

# Sums may be reordered, and a product and a sum rounded once, which is what lets loops use
# vector instructions; NaN and infinity keep their meaning.
_FASTMATH = {"reassoc", "contract"}


def kernel(function: _Function) -> _Function:
    """Compile a function when it is first called with arguments of new types."""
    compiler = numba.njit(cache=True, nogil=True, fastmath=_FASTMATH)
    return cast(_Function, compiler(function))


def parallel_kernel(function: _Function) -> _Function:
    """The same for a function whose ``numba.prange`` loops several threads may share."""
    compiler = numba.njit(cache=True, nogil=True, fastmath=_FASTMATH, parallel=can_share())
    return cast(_Function, compiler(function))


@cache
def can_share() -> bool:
    """Whether numba has threads that may be used from any thread of a program.

    OpenMP's and TBB's may. numba's own, which it falls back on where it finds neither, end the
    process when two threads ask for them at once, and take longer to start than small batches.
    """
    for layer in ("tbbpool", "omppool"):
        try:
            import_module(f"numba.np.ufunc.{layer}")
        except ImportError:
            continue
        return True
    return False


class Threads:
    """A context in which parallel kernels run on at most ``count`` threads, at least one.

    Nor on more than numba was told to use.
    """

    def __init__(self, count: int) -> None:
        self._count = max(1, count)

    def __enter__(self) -> None:
        _start_pool()
        self._before = numba.get_num_threads()
        numba.set_num_threads(min(self._count, self._before))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        numba.set_num_threads(self._before)


@cache
def _start_pool() -> None:
    """Start numba's threads, whose OpenMP is torch's and then forgets how many torch may use."""
    before = torch.get_num_threads()
    numba.set_num_threads(numba.get_num_threads())
    torch.set_num_threads(before)
