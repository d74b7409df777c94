"""Looks again and again at runs that another process or machine may still be writing."""

import threading
from collections.abc import Callable

from symmcore.errors import type_and_line
from symmcore.runs import Recording
from symmviz.services.faults import ignore_problem, report_fault

_SECONDS = 0.5


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
        self._closed = False
        self._thread: threading.Thread | None = None

    def follow(self, recordings: tuple[Recording, ...]) -> None:
        """Look at these from now on, and no longer at those before."""
        with self._condition:
            self._followed = tuple(one for one in recordings if not one.live)
            if self._followed and self._thread is None and not self._closed:
                self._thread = threading.Thread(
                    target=self._run, name="symmviz-follower", daemon=True
                )
                self._thread.start()

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
                self._condition.wait_for(lambda: self._closed, _SECONDS)
                if self._closed:
                    return
                followed = self._followed
            for recording in followed:
                try:
                    recording.poll()
                except Exception as error:  # noqa: BLE001 - one run's fault is none of the others'
                    self._say(recording, error)

    def _say(self, recording: Recording, error: Exception) -> None:
        sentence = f"{recording.folder} cannot be followed ({type_and_line(error)})."
        if sentence not in self._said:  # it is looked at again: a disk may come back
            self._said.add(sentence)
            report_fault(error)
            self._on_problem(sentence)
