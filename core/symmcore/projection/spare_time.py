"""Computes in the time that nobody else wants of the cores."""

import contextlib
import math
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_SHARE_OF_THE_STARVED = 0.25
_SECONDS_TO_NOTICE = 0.2
_SECONDS_UNTIL_TRIED_AGAIN = 3.0

Item = TypeVar("Item")


class SpareTime:
    """Advances iterators on a thread that the system runs where a core is idle.

    A low priority is not enough: Linux wakes the window, or a training, on any core that is not
    idle, where one waits for the other while what has a low priority goes on beside. A core that
    runs nothing but threads of the idle policy counts as free. Measured on 2 cores: two runs train
    at 0.96 of their speed beside a map in motion, and at 0.89 with the low priority alone.

    Where no core is idle at all such a thread would stand still: it is noticed, and for a while
    iterators are advanced on the calling thread, with its priority. So they are where the system
    has no such policy.
    """

    def __init__(self) -> None:
        self._has_policy = sys.platform == "linux"
        self._pool = ThreadPoolExecutor(1, "spare", initializer=_run_where_idle)
        self._starved_until = -math.inf

    def next(self, items: Iterator[Item]) -> Item | None:
        """The next item; None after the last. What the iterator raises is raised here."""
        if not self._has_policy or time.monotonic() < self._starved_until:
            return next(items, None)
        began = time.monotonic()
        item, computed = self._pool.submit(_timed_next, items).result()
        took = time.monotonic() - began
        if took > _SECONDS_TO_NOTICE and computed < _SHARE_OF_THE_STARVED * took:
            self._starved_until = time.monotonic() + _SECONDS_UNTIL_TRIED_AGAIN
        return item

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown()


def _run_where_idle() -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # the thread keeps the priority of its process
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _timed_next(items: Iterator[Item]) -> tuple[Item | None, float]:
    """The next item, and the seconds of a core that it took."""
    began = time.thread_time()
    item = next(items, None)
    return item, time.thread_time() - began
