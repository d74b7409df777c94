"""Looks again and again at runs that another process or machine may still be writing."""

import math
import threading
import time
from collections.abc import Callable

from symmcore.errors import type_and_line
from symmcore.runs import Recording
from symmviz.services.faults import ignore_problem, report_fault

_SECONDS = 0.5
# That of which it is told is looked at sooner: metrics, of which there is something new with each
# step, at this pace.
_SECONDS_BETWEEN_METRICS = 0.1


class Follower:
    """Polls the recordings that are not of this process, on a thread of its own.

    Threads: one, from the first recording to :meth:`close`.

    Args:
        on_problem: told in a sentence, once, why a run cannot be followed; on the thread.
    """

    def __init__(self, on_problem: Callable[[str], None] = ignore_problem) -> None:
        self._on_problem = on_problem
        self._said: set[str] = set()
        self._condition = threading.Condition()
        self._followed: tuple[Recording, ...] = ()
        self._closed = self._is_told = self._is_told_of_metrics = False
        self._whole_at = -math.inf
        self._thread: threading.Thread | None = None

    def follow(self, recordings: tuple[Recording, ...]) -> None:
        """Look at these from now on, and no longer at those before."""
        with self._condition:
            self._followed = tuple(one for one in recordings if not one.live)
            self._is_told = True
            self._condition.notify()
            if self._followed and self._thread is None and not self._closed:
                self._thread = threading.Thread(
                    target=self._run, name="symmviz-follower", daemon=True
                )
                self._thread.start()

    def notify(self, *, is_more_than_metrics: bool) -> None:
        """Something is new in one of them: look soon; from any thread."""
        with self._condition:
            self._is_told_of_metrics = True
            if is_more_than_metrics:
                self._is_told = True
            self._condition.notify()

    def close(self, timeout: float) -> bool:
        """End the thread; whether it has ended within ``timeout`` seconds."""
        with self._condition:
            self._closed = True
            self._condition.notify()
            thread = self._thread
        if thread is None:
            return True
        thread.join(timeout)
        return not thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._condition:
                is_whole = self._wait()
                if self._closed:
                    return
                followed = self._followed
            for recording in followed:
                try:
                    if is_whole:
                        recording.poll()
                    else:
                        recording.poll_metrics()
                except Exception as error:  # noqa: BLE001 - one run's fault is none of the others'
                    self._say(recording, error)

    def _wait(self) -> bool:
        """Wait until there may be something new; whether it may be more than metrics."""
        self._wait_for(lambda: self._is_told, _SECONDS_BETWEEN_METRICS)
        left = self._whole_at + _SECONDS - time.monotonic()
        self._wait_for(lambda: self._is_told or self._is_told_of_metrics, left)
        now = time.monotonic()
        is_whole = self._is_told or now - self._whole_at >= _SECONDS
        if is_whole:
            self._whole_at = now
        self._is_told = self._is_told_of_metrics = False
        return is_whole

    def _wait_for(self, is_over: Callable[[], bool], seconds: float) -> None:
        self._condition.wait_for(lambda: self._closed or is_over(), max(0.0, seconds))

    def _say(self, recording: Recording, error: Exception) -> None:
        sentence = f"{recording.folder} cannot be followed ({type_and_line(error)})."
        if sentence not in self._said:  # it is looked at again: a disk may come back
            self._said.add(sentence)
            report_fault(error)
            self._on_problem(sentence)
