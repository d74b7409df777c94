"""Appends to metrics.jsonl; lines that cannot be written are kept until they can."""

import os
from pathlib import Path

from symmcore.runs.formats import files

_TAIL = 2**16


class MetricsWriter:
    """The metrics.jsonl of a run that is recorded; one thread at a time.

    A line that was taken is on the disk, or kept in memory and written before the next.
    """

    def __init__(self, path: Path) -> None:
        """Prepare; the file is opened, or made, with the first line.

        What a crash has left of a last line is then cut off.
        """
        self._path = path
        self._descriptor: int | None = None
        self._size: int | None = None
        self._pending: list[bytes] = []

    @property
    def size(self) -> int:
        """Bytes in the file that are whole lines, once it has been opened."""
        return self._size or 0

    @property
    def end(self) -> int:
        """Bytes in the file once all lines that were taken are written."""
        return self.size + sum(map(len, self._pending))

    @property
    def pending(self) -> int:
        """Lines that are not in the file."""
        return len(self._pending)

    def add(self, line: str) -> None:
        """Take a line, without its end; :meth:`flush` writes it."""
        self._pending.append(line.encode() + b"\n")

    def flush(self) -> None:
        """Write all lines that were taken.

        Raises:
            OSError: if that fails; they are kept.
        """
        try:
            descriptor, size = self._opened()
            content = b"".join(self._pending)
            files.write_all(descriptor, content)
        except OSError:
            self.close()  # and cut off, when it is opened again, what was written of them
            raise
        self._size = size + len(content)
        self._pending.clear()

    def sync(self) -> None:
        """Write all lines and have the disk keep them whatever happens.

        Raises:
            OSError: if that fails.
        """
        self.flush()
        descriptor, _ = self._opened()
        files.fsync(descriptor)

    def duplicate(self) -> int:
        """Another descriptor of the file, to flush it with; the caller closes it.

        Raises:
            OSError: if the file cannot be opened.
        """
        descriptor, _ = self._opened()
        return os.dup(descriptor)

    def tail(self, length: int) -> bytes:
        """The last bytes of the lines in the file.

        Raises:
            OSError: if they cannot be read.
        """
        descriptor, size = self._opened()
        length = min(length, size)
        os.lseek(descriptor, size - length, os.SEEK_SET)
        return os.read(descriptor, length)

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _opened(self) -> tuple[int, int]:
        if self._descriptor is not None and self._size is not None:
            return self._descriptor, self._size
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        descriptor = os.open(self._path, flags, 0o666)
        try:
            there = os.fstat(descriptor).st_size
            size = whole_lines(descriptor, there if self._size is None else min(there, self._size))
            if size < there:
                os.ftruncate(descriptor, size)
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor, self._size = descriptor, size
        return descriptor, size


def whole_lines(descriptor: int, size: int) -> int:
    """How many of the first ``size`` bytes of a file are whole lines."""
    end = size
    while end > 0:
        begin = max(0, end - _TAIL)
        os.lseek(descriptor, begin, os.SEEK_SET)
        place = os.read(descriptor, end - begin).rfind(b"\n")
        if place >= 0:
            return begin + place + 1
        end = begin
    return 0
