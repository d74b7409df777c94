"""Locks between processes, that end with the process that holds them."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

try:
    import fcntl
except ImportError:  # Windows, whose file systems all have locks
    fcntl = None  # type: ignore[assignment]  # so says every type checker that is not on Windows

_SECONDS_BETWEEN_LOOKS = 0.2
# What network file systems answer that have no locks, or whose server of locks is away.
_WITHOUT_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP})


@contextmanager
def locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock.

    Args:
        path: the file that is locked; made where it is not there, in a folder that is.
        waiting: called now and then while another process holds it; to give up, it raises.

    Raises:
        OSError: if the file cannot be made or opened.
    """
    lock = lock_of(path)
    while True:
        try:
            lock.acquire(timeout=_SECONDS_BETWEEN_LOOKS)
            break
        except Timeout:
            waiting()
    try:
        yield
    finally:
        lock.release()


def if_unlocked(path: Path, action: Callable[[], None]) -> None:
    """Call ``action`` under a lock, unless another process holds it.

    Raises:
        OSError: as for :func:`locked`.
    """
    with suppress(Timeout), lock_of(path).acquire(timeout=0):
        action()


def lock_of(path: Path) -> BaseFileLock:
    """A lock of the operating system; the existence of another file where it has none there.

    filelock goes over to such a file by itself for some errors, and waits for ever on others.

    Raises:
        OSError: if the file cannot be made or opened.
    """
    if fcntl is not None:
        with path.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno in _WITHOUT_LOCKS:
                    return SoftFileLock(path.with_name(f"{path.name}.held"))
    return FileLock(path)
