"""Locks between processes, that end with the process that holds them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

_SECONDS_BETWEEN_LOOKS = 0.2


@contextmanager
def held(lock: FileLock, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock.

    Args:
        lock: which.
        waiting: called now and then while another process holds it; to give up, it raises.
    """
    while True:
        try:
            lock.acquire(timeout=_SECONDS_BETWEEN_LOOKS)
            break
        except Timeout:
            waiting()
    try:
        yield
    finally:
        lock.release()
