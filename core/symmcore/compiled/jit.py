"""Compiling with numba, typed, and on how many threads the result runs.

Machine code is kept by the text of a function's own file and of those that this imports from the
same package. So no kernel calls one of another package.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from importlib import import_module
from threading import Lock
from types import FunctionType, TracebackType
from typing import Any, Literal, TypeVar, cast

import numba
from numba.np.ufunc.parallel import threading_layer

from symmcore.compiled.code_cache import CodeCache

_Function = TypeVar("_Function", bound=Callable[..., object])

# Sums may be reordered, and a product and a sum rounded once, which is what lets loops use
# vector instructions; NaN and infinity keep their meaning.
_FASTMATH = {"reassoc", "contract"}


def kernel(function: _Function) -> _Function:
    """Compile a function when it is first called with arguments of new types."""
    return _compiled(function, parallel=False)


def dividing_kernel(function: _Function) -> _Function:
    """The same for loops that divide: by zero they give infinity or NaN, as NumPy does.

    Looking for a zero to raise an error by would keep them from vector instructions.
    """
    return _compiled(function, parallel=False, error_model="numpy")


def parallel_kernel(function: _Function) -> _Function:
    """The same for a function whose ``numba.prange`` loops several threads may share."""
    return _compiled(function, parallel=can_share())


def _compiled(
    function: _Function, *, parallel: bool, error_model: Literal["python", "numpy"] = "python"
) -> _Function:
    make = numba.njit(nogil=True, fastmath=_FASTMATH, parallel=parallel, error_model=error_model)
    dispatcher: Any = make(function)
    assert isinstance(function, FunctionType), "it is what def makes"
    # What cache=True does, which knows numba's own cache alone.
    dispatcher._cache = CodeCache(function, f"{sorted(_FASTMATH)} {parallel} {error_model}")
    return cast(_Function, dispatcher)


def load_from_cache_only(function: Callable[..., object]) -> None:
    """Have a kernel take machine code from the disk alone: compiling holds Python's lock.

    Where there is none for the arguments it is called with, it raises ``NotCachedError``.
    """
    dispatcher: Any = function
    dispatcher._cache.compiles = False


@cache
def can_share() -> bool:
    """Whether numba finds threads that may be used from any thread of a program.

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
        self._alone: AbstractContextManager[object] = nullcontext()

    def __enter__(self) -> int:
        """Returns how many there are."""
        if start_threads() == "workqueue":  # numba was told to use its own threads
            self._alone = _ONE_AT_A_TIME
        self._alone.__enter__()
        self._before = numba.get_num_threads()
        count = min(self._count, self._before)
        if count != self._before:
            numba.set_num_threads(count)
        return count

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        numba.set_num_threads(self._before)
        self._alone.__exit__(kind, error, trace)


_ONE_AT_A_TIME = Lock()


@cache
def start_threads() -> str:
    """Start numba's threads.

    In a thread that then ends: numba sets how many threads OpenMP uses, and that they may start
    others, for the thread it is called in. Where OpenMP is torch's too, torch would take that
    for its own settings.

    Returns:
        What kind of threads they are.

    Raises:
        ValueError: if numba was told to use a kind, or a number, that there is not.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="symmcore-numba") as starter:
        starter.submit(numba.get_num_threads).result()
    return str(threading_layer())  # type: ignore[no-untyped-call]  # numba types it not
