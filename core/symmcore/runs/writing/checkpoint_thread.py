"""The thread that writes checkpoints, so that no training step waits for a disk."""

import threading
from collections.abc import Callable

_SECONDS_BETWEEN_TRIES = 2.0


class CheckpointThread:
    """Saves when it is asked to, and again now and then as long as that fails.

    The thread is started by the first :meth:`request` and ended by :meth:`close`, after which
    another request starts another one. All methods are for one thread at a time.
    """

    def __init__(self, save: Callable[[], bool]) -> None:
        """Nothing is started yet.

        Args:
            save: writes what is to be written; returns whether all of it is on the disk.
        """
        self._save = save
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._busy = self._failing = self._ending = False
        self._error: BaseException | None = None

    def request(self) -> None:
        """Have the thread save, after it has done what it does now."""
        self.wait()
        if self._thread is None:
            self._ending = False
            self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
            self._thread.start()
        with self._changed:
            self._busy = True
            self._changed.notify_all()

    def wait(self) -> None:
        """Return when what was asked for has been tried.

        Raises:
            BaseException: what ended it that was no failure of the disk, once.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._busy)
            error, self._error = self._error, None
        if error is not None:
            raise error

    def close(self) -> None:
        """End the thread once it has tried what was asked for."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        thread.join()

    def _run(self) -> None:
        while self._has_work():
            error, saved = None, True
            try:
                saved = self._save()
            except BaseException as raised:  # noqa: BLE001 - raised where it is waited for
                error = raised
            with self._changed:
                self._busy, self._failing, self._error = False, not saved, error
                self._changed.notify_all()

    def _has_work(self) -> bool:
        """Wait for something to do; False when there is nothing more."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._busy or self._ending,
                _SECONDS_BETWEEN_TRIES if self._failing else None,
            )
            self._busy = self._busy or (self._failing and not self._ending)
            return self._busy
