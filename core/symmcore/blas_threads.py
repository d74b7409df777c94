"""How many threads BLAS computes with: a fact of the process, which several threads settle."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import threadpool_limits


class _BlasThreads:
    """The limits that hold now, and what was before the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: list[int] = []
        self._before: threadpool_limits | None = None

    @contextmanager
    def limited(self, most: int) -> Iterator[None]:
        """Hold one more limit."""
        self._change(lambda: self._wanted.append(most))
        try:
            yield
        finally:
            self._change(lambda: self._wanted.remove(most))

    def _change(self, change: Callable[[], object]) -> None:
        from threadpoolctl import threadpool_limits

        with self._lock, _controlled_here():
            change()
            if self._wanted:
                limits = threadpool_limits(min(self._wanted), user_api="blas")
                self._before = self._before or limits
            elif self._before is not None:
                self._before.restore_original_limits()
                self._before = None


@contextmanager
def _controlled_here() -> Iterator[None]:
    """Let this thread change limits: since 3.8 threadpoolctl ignores all but one thread."""
    import threadpoolctl

    openblas = getattr(threadpoolctl, "OpenBLASController", None)
    clear = getattr(openblas, "clear_controlling_thread", lambda *, force: None)
    clear(force=True)
    try:
        yield
    finally:
        clear(force=True)


_BLAS = _BlasThreads()


def limited_blas_threads(most: int) -> AbstractContextManager[None]:
    """Let BLAS compute with so many threads at most, in the whole process, for a ``with`` block.

    Blocks of several threads may overlap: the smallest limit holds, and when the last ends, what
    held before the first does again. (OpenBLAS has one number for all threads: of two limits that
    each restore what they found, the later would restore the earlier's.)

    Args:
        most: threads, at least 1.
    """
    return _BLAS.limited(most)
