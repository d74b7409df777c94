"""Computes in the time that nobody else wants of the cores."""

import math
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
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
    has no such policy. What has begun by then is finished with that priority too, where the system
    lets a process take the policy back: Linux does if it runs as root, or its ``RLIMIT_NICE`` is
    as high as its priority; elsewhere it is waited for.
    """

    def __init__(self) -> None:
        self._has_policy = sys.platform == "linux"
        self._pool = ThreadPoolExecutor(1, "spare", initializer=_run_where_idle)
        self._starved_until = -math.inf

    def next(self, items: Iterator[Item]) -> Item | None:
        """The next item; None after the last. What the iterator raises is raised here."""
        if not self._has_policy or time.monotonic() < self._starved_until:
            return next(items, None)
        clock = _Clock()
        future = self._pool.submit(_next, items, clock)
        try:
            return future.result(_SECONDS_TO_NOTICE)
        except TimeoutError:
            pass
        is_lifted = False
        while not future.done():
            if clock.thread and not is_lifted and clock.is_starved():
                is_lifted = _set_policy(clock.thread, is_idle=False)
            wait((future,), _SECONDS_TO_NOTICE)
        if is_lifted:
            self._pool.submit(_run_where_idle).result()
        if is_lifted or clock.is_starved():
            self._starved_until = time.monotonic() + _SECONDS_UNTIL_TRIED_AGAIN
        return future.result()

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown()


class _Clock:
    """How much of a core a thread gets, from when it begins a piece of work until it ends that.

    Attributes:
        thread: the system's number of it; 0 before it begins.
    """

    def __init__(self) -> None:
        self._asked = time.monotonic()
        self._took = 0.0  # once it has ended
        self._computed = 0.0
        self._before = 0.0
        self._cpu: int | None = None
        self.thread = 0

    def begin(self) -> None:
        """Take the time, on the thread itself."""
        self._before = time.thread_time()
        self._cpu = time.pthread_getcpuclockid(threading.get_ident())
        self.thread = threading.get_native_id()

    def end(self) -> None:
        """Stop, on the thread itself."""
        self._cpu = None
        self._computed = time.thread_time() - self._before
        self._took = time.monotonic() - self._asked

    def is_starved(self) -> bool:
        """Whether it gets, or got, only a small share of a core."""
        took, computed, cpu = self._took, self._computed, self._cpu
        if not took:
            took = time.monotonic() - self._asked
            computed = 0.0 if cpu is None else time.clock_gettime(cpu) - self._before
        return took > _SECONDS_TO_NOTICE and computed < _SHARE_OF_THE_STARVED * took


def _run_where_idle() -> None:
    _set_policy(0, is_idle=True)  # else the thread keeps the priority of its process


def _set_policy(thread: int, *, is_idle: bool) -> bool:
    """Choose the policy of a thread, 0 for the calling one; whether the system allows it."""
    if sys.platform != "linux":
        return False
    policy = os.SCHED_IDLE if is_idle else os.SCHED_OTHER
    try:
        os.sched_setscheduler(thread, policy, os.sched_param(0))
    except OSError:
        return False
    return True


def _next(items: Iterator[Item], clock: _Clock) -> Item | None:
    """The next item, timed."""
    clock.begin()
    try:
        return next(items, None)
    finally:
        clock.end()
