"""Entries of the cache: folders that are whole or not there, made by one process at a time.

An entry is written as ``<key>.part`` and renamed when it is whole, under ``<key>.lock``, a lock of
the operating system that ends with its process, however that ends. What a killed process left
behind is removed by the next that writes anything.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from symmcore.locks import if_unlocked, locked

_PART = ".part"
# What reading a damaged entry raises, or one that is not there.
_DAMAGED = (OSError, ValueError, EOFError, TypeError)

_Opened = TypeVar("_Opened")


def open_whole(
    entry: Path,
    make: Callable[[Path], None],
    waiting: Callable[[], None],
    opened: Callable[[], _Opened],
) -> tuple[_Opened, bool]:
    """Open an entry under its lock; make it first where there is none, or a damaged one.

    Args:
        entry: its folder.
        make: fills the folder it is given.
        waiting: called now and then while another process makes the entry.
        opened: reads the entry.

    Returns:
        What ``opened`` gave, and whether there was a damaged entry before.

    Raises:
        OSError: if the entry cannot be made, and there is none that could be read.
    """
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        with locked(_lock_of(entry), waiting):
            # Somebody may have tidied up there, or a disk have lost the end of a file.
            with suppress(*_DAMAGED):
                return opened(), False
            damaged = os.path.lexists(entry)
            _make_whole(entry, make)
            return opened(), damaged
    except OSError:
        # A folder that may only be read: what is whole there serves, and was renamed into place.
        with suppress(*_DAMAGED):
            return opened(), False
        raise


def _make_whole(entry: Path, make: Callable[[Path], None]) -> None:
    _remove_leftovers(entry)
    part = part_of(entry)
    part.mkdir()
    try:
        make(part)
        part.rename(entry)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _lock_of(entry: Path) -> Path:
    return entry.with_name(f"{entry.name}.lock")


def part_of(entry: Path) -> Path:
    """Where an entry is written until it is whole."""
    return entry.with_name(entry.name + _PART)


def _remove_leftovers(own: Path) -> None:
    """Remove what processes that were killed left half-written, here or in other entries."""
    _remove_any(own)
    for part in own.parent.glob(f"*{_PART}"):
        entry = part.with_name(part.name.removesuffix(_PART))
        if entry == own:
            _remove_any(part)
        else:
            _unless_used(entry, partial(shutil.rmtree, part, ignore_errors=True))


def _remove_any(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def make_room(own: Path, content: str, size: int, limit: int) -> None:
    """Remove the least recently used entries until all stay within a limit.

    Args:
        own: the entry to be made.
        content: name of the file in an entry that takes its room.
        size: bytes that the new entry takes.
        limit: most bytes of all entries together.
    """
    found = map(_age_and_size, own.parent.glob(f"*/{content}"))
    others = [one for one in found if one is not None and one[2].suffix != _PART]
    total = size + sum(size for _, size, _ in others)
    for _, size, entry in sorted(others):
        if total <= limit:
            return
        total -= size
        _unless_used(entry, partial(_remove, entry))


def _age_and_size(content: Path) -> tuple[float, int, Path] | None:
    entry = content.parent
    try:
        return entry.stat().st_mtime, content.stat().st_size, entry
    except OSError:  # another's, that may not be looked into
        return None


def _unless_used(entry: Path, action: Callable[[], None]) -> None:
    with suppress(OSError):  # another's, whose lock may not be touched: let it be
        if_unlocked(_lock_of(entry), action)


def _remove(entry: Path) -> None:
    """Remove an entry, so that no half of it can be taken for a whole one."""
    part = part_of(entry)
    with suppress(PermissionError):  # Windows, while another process has it mapped
        entry.rename(part)
        shutil.rmtree(part, ignore_errors=True)


def finish(path: Path) -> None:
    """See that a file outlives a loss of power; it is renamed afterwards."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())
