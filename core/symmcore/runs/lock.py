"""The lock of a run directory: one process at a time writes it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from symmcore.errors import InputError
from symmcore.runs.files import reason
from symmcore.runs.layout import LOCK


class RunLock:
    """The right to write a run, held until it is released or the process ends.

    It is a lock of the operating system: one that a dead process held is free. Where the file
    system has no locks, as some network folders, it is granted to everybody.
    """

    def __init__(self, folder: Path) -> None:
        """Take it.

        Raises:
            InputError: if another process holds it, or this one already does.
            OSError: if its file cannot be written.
        """
        self._path = folder / LOCK
        self._is_new = not self._path.exists()
        lock = FileLock(self._path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise InputError(
                f"{folder} is being written by another process: wait until that has ended; the "
                "run can be looked at meanwhile."
            ) from None
        except NotImplementedError:
            return
        self._lock: FileLock | None = lock

    _lock: FileLock | None = None

    def release(self) -> None:
        """Give it back; may be called again."""
        if self._lock is not None:
            self._lock.release()

    def remove(self) -> None:
        """Give it back and remove its file, for a run that never began."""
        self.release()
        if self._is_new:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


@contextlib.contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a run.

    Raises:
        InputError: if another process holds it, or its file cannot be written.
    """
    try:
        lock = RunLock(folder)
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({reason(error)}).") from error
    try:
        yield
    finally:
        lock.release()
