"""Commands to a training, as threading primitives that it looks at between batches."""

import threading


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

    @property
    def paused(self) -> bool:
        """Whether the next checkpoint will wait."""
        return not self._running.is_set()

    def checkpoint(self) -> None:
        """Wait while paused.

        Raises:
            StopRequestedError: if a stop was asked for.
        """
        self._running.wait()
        if self._stop.is_set():
            raise StopRequestedError
