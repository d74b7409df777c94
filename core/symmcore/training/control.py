"""Commands to a training, as threading primitives that it looks at between batches."""

import threading
from collections.abc import Callable


class StopRequestedError(Exception):
    """Raised inside the training at the next batch boundary after ``stop``."""


class Control:
    """Pause, resume and stop, safe to call from any thread at any time.

    The training calls :meth:`checkpoint` at every batch boundary; nothing else blocks.
    """

    def __init__(self) -> None:
        self._running = threading.Event()
        self._running.set()
        self._stop = threading.Event()
        self._closing = threading.Event()

    def pause(self) -> None:
        """Make the next checkpoint wait."""
        self._running.clear()

    def resume(self) -> None:
        """Let a waiting checkpoint go on."""
        self._running.set()

    def stop(self) -> None:
        """Make the next checkpoint, or one that waits now, raise."""
        self._stop.set()
        self._running.set()

    def close(self) -> None:
        """Stop, without the evaluation that otherwise ends a training that was stopped."""
        self._closing.set()
        self.stop()

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop.is_set()

    def checkpoint(self, waiting: Callable[[], None]) -> bool:
        """Wait while paused.

        Takes no lock unless it waits, so that a signal handler may call :meth:`stop`.

        Args:
            waiting: called before it waits, and only then: whoever watches must learn of
                every wait, since only a command ends it.

        Returns:
            Whether it waited.

        Raises:
            StopRequestedError: if a stop was asked for.
        """
        waits = not self._running.is_set() and not self._stop.is_set()
        if waits:
            waiting()
            self._running.wait()
        if self._stop.is_set():
            raise StopRequestedError
        return waits

    def check_closing(self) -> None:
        """Raise ``StopRequestedError`` if there is no time for anything more."""
        if self._closing.is_set():
            raise StopRequestedError
