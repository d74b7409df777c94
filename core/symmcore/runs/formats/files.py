"""Writes files of a run so that each is whole or what it was, whatever happens meanwhile.

All that a run writes goes through ``write``, ``fsync`` and ``rename`` of this module: a test
that puts failing ones in their place has every fault of a disk.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

write: Callable[[int, bytes | memoryview], int] = os.write
fsync: Callable[[int], None] = os.fsync
rename: Callable[[Path, Path], None] = os.replace

_HIDDEN = "."
PART = ".part"
"""What the names of files and folders end with that are being written; they begin with a dot."""
OLD = ".old"
"""What the name of a folder ends with that another one is taking the place of."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file as :func:`write_chunks` does, of one piece."""
    write_chunks(path, (content,))


def write_chunks(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
    """Write a file beside, flush it to the disk and rename it into place.

    Afterwards it is whole under its name, or what it was, also after a power failure.

    Raises:
        OSError: if it cannot be written.
    """
    beside = part_of(path)
    try:
        write_new(beside, chunks)
        rename(beside, path)
        fsync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def write_new(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
    """Write a file and flush it to the disk; nobody may look for it under this name yet.

    Args:
        path: of the file.
        chunks: its content, in pieces of any length.

    Raises:
        OSError: if it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY, 0o666)
    try:
        for chunk in chunks:
            write_all(descriptor, chunk)
        fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes | memoryview) -> None:
    """Write all of ``content``, in as many calls as the system takes.

    Raises:
        OSError: if some of it cannot be written; how much was is not known.
    """
    rest = memoryview(content)
    while rest:
        count = write(descriptor, rest)
        if count <= 0:
            raise OSError(0, "the system writes no more")
        rest = rest[count:]


def fsync_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk, where the system can.

    Raises:
        OSError: if the disk fails.
    """
    if os.name == "nt":  # which flushes names with their files
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fsync(descriptor)
    finally:
        os.close(descriptor)


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file that never changes a second name: a hard link, or a copy where that fails.

    Raises:
        OSError: if it cannot be read or written.
    """
    with contextlib.suppress(OSError):  # another disk, or a system that has no links
        os.link(source, target, follow_symlinks=False)
        return
    write_whole(target, source.read_bytes())


@contextlib.contextmanager
def folder_in_place(folder: Path) -> Iterator[Path]:
    """A new folder to write into, which takes the place of ``folder`` when it is whole.

    Raises:
        OSError: if that fails; what was there then stays.
    """
    part = part_of(folder)
    remove_whatever(part)
    try:
        part.mkdir(parents=True)
        yield part
        fsync_folder(part)
        replace_folder(part, folder)
        fsync_folder(folder.parent)
    finally:
        remove_whatever(part)


def replace_folder(part: Path, folder: Path) -> None:
    """Rename a folder into place; what was there is removed once it is.

    Raises:
        OSError: if that fails; what was there then stays.
    """
    if not folder.exists():
        rename(part, folder)
        return
    old = folder.with_name(f"{_HIDDEN}{folder.name}{OLD}")
    remove_whatever(old)
    rename(folder, old)
    try:
        rename(part, folder)
    except OSError:
        rename(old, folder)
        raise
    remove_whatever(old)


def restore_replaced(parent: Path) -> None:
    """Put back what was taken away for a folder that a crash then kept from its place."""
    for old in parent.glob(f"{_HIDDEN}*{OLD}"):
        folder = parent / old.name.removeprefix(_HIDDEN).removesuffix(OLD)
        if folder.exists():
            remove_whatever(old)
        else:
            rename(old, folder)


def remove_leftovers(folder: Path) -> None:
    """Remove what a process that was killed has left half-written in a folder."""
    for part in folder.glob(f"{_HIDDEN}*{PART}"):
        remove_whatever(part)


def remove_whatever(path: Path) -> None:
    """Remove a folder with all that is in it, or what else lies there, as far as that can be.

    A pipe in place of a folder would keep ``shutil.rmtree`` waiting for ever.
    """
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def remove_folder(folder: Path) -> None:
    """Remove a folder so that no half of it can be taken for a whole one.

    Raises:
        OSError: if it cannot be removed.
    """
    part = part_of(folder)
    rename(folder, part)
    remove_whatever(part)


def part_of(path: Path) -> Path:
    """The name under which ``path`` is written."""
    return path.with_name(f"{_HIDDEN}{path.name}.{os.getpid()}{PART}")


def reason(error: Exception) -> str:
    """Why a file could not be written or read, as part of a sentence."""
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or str(error) or type(error).__name__


_BINARY: int = getattr(os, "O_BINARY", 0)  # of Windows alone
