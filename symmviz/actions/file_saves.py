"""Writes files away from the GUI thread, and says what came of each."""

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path


class FileSaves:
    """Files that are being written.

    Args:
        write: begins to write a file.
        say: told a sentence on each file, and whether it says what went wrong.
    """

    def __init__(
        self, write: "Callable[[Path, bytes], Future[None]]", say: Callable[[str, bool], None]
    ) -> None:
        self._write = write
        self._say = say
        self._saving: list[tuple[Path, Future[None]]] = []

    def save(self, path: Path, content: bytes) -> None:
        """Write a file; what comes of it is said by :meth:`poll`."""
        self._saving.append((path, self._write(path, content)))

    def poll(self) -> None:
        """Say which files have been written, and which could not be."""
        done = [one for one in self._saving if one[1].done()]
        self._saving = [one for one in self._saving if one not in done]
        for path, saving in done:
            self._say_of(path, saving)

    def _say_of(self, path: Path, saving: "Future[None]") -> None:
        if saving.cancelled():
            self._say(f"{path} was not written.", True)
            return
        error = saving.exception()
        if error is None:
            self._say(f"Saved as {path}.", False)
            return
        reason = getattr(error, "strerror", None) or error
        self._say(f"{path} cannot be written ({reason}).", True)
