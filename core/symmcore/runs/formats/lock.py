"""The lock of a run directory: one process at a time writes it."""

import contextlib
from pathlib import Path

from filelock import SoftFileLock, Timeout

from symmcore.errors import InputError
from symmcore.locks import lock_of
from symmcore.runs.formats.layout import LOCK


class RunLock:
    """The right to write a run, held until it is released or the process ends.

    It is a lock of the operating system: one that a dead process held is free. Where the file
    system has no locks, as some network folders, a file beside it stands for it, which a process
    that was killed may leave.
    """

    def __init__(self, folder: Path) -> None:
        """Take it.

        Raises:
            InputError: if another process holds it, or this one already does.
            OSError: if its file cannot be written.
        """
        self._path = folder / LOCK
        self._is_new = not self._path.exists()
        self._lock = lock_of(self._path)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            # filelock removes a file of a dead process by itself, but not in all its versions
            is_file = isinstance(self._lock, SoftFileLock)
            hint = f" If there is none, remove {self._lock.lock_file}." if is_file else ""
            raise InputError(
                f"{folder} is being written by another process: wait until that has ended; the "
                f"run can be looked at meanwhile.{hint}"
            ) from None

    def release(self) -> None:
        """Give it back; may be called again."""
        self._lock.release()

    def remove(self) -> None:
        """Give it back and remove its file, for a run that never began."""
        self.release()
        if self._is_new:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
