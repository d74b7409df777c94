"""Claims folders for new runs, so that nothing is overwritten and a failure leaves nothing."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from symmcore.errors import InputError
from symmcore.runs.formats.files import reason, remove_whatever
from symmcore.runs.formats.layout import (
    CLASSES,
    CONFIG,
    FILES,
    FRAMES,
    METRICS,
    PROJECTIONS,
    STATUS,
    THUMBNAILS,
    is_run,
)
from symmcore.runs.formats.lock import RunLock
from symmcore.settings.checkpoint_files import CHECKPOINTS


def check_free(out: Path, directories: tuple[Path, ...]) -> None:
    """Make sure that writing to these directories can work and overwrites nothing.

    Raises:
        InputError: saying which directory holds a run or cannot be written.
    """
    try:
        _check_free(out, directories)
    except OSError as error:  # a name too long, or a folder that cannot be looked into
        raise cannot_write(out, error) from error


def _check_free(out: Path, directories: tuple[Path, ...]) -> None:
    for directory in (out, *directories):
        _check_folder(directory)
    for directory in directories:
        _check_names(directory)
    children = tuple(path for path in out.iterdir() if path.is_dir()) if out.is_dir() else ()
    for child in children:
        if is_run(child):
            raise already_holds_run(child)


def _check_folder(path: Path) -> None:
    existing = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not existing.is_dir():
        raise InputError(_CANNOT_WRITE.format(path, f"{existing} is a file"))
    if not os.access(existing, os.W_OK | os.X_OK):
        raise InputError(_CANNOT_WRITE.format(path, f"no permission to write in {existing}"))
    _check_no_run(path)


def _check_no_run(path: Path) -> None:
    if any((path / name).exists() for name in (CONFIG, METRICS, FRAMES)):
        raise already_holds_run(path)


def _check_names(path: Path) -> None:
    """Check that nothing in a folder has a name that a run writes under."""
    _check_no_run(path)
    for name in (CLASSES, FILES, STATUS, CHECKPOINTS, PROJECTIONS, THUMBNAILS):
        if os.path.lexists(path / name):
            raise InputError(
                f"{path} holds {name}, which a run would write over: choose another output folder."
            )


def claimed(folder: Path, undo: contextlib.ExitStack) -> RunLock:
    """Make a folder for a new run and take its lock; ``undo`` takes all of it back.

    What is in the folder by now stays when it is taken back, and what comes later goes.

    Raises:
        InputError: if the folder holds a run by now, or another process begins one in it.
        OSError: if it cannot be written.
    """
    _make_folders(folder, undo)
    try:
        lock = RunLock(folder)
    except InputError:
        if is_run(folder):
            raise already_holds_run(folder) from None
        raise
    undo.callback(lock.remove)
    _check_names(folder)  # another process was first, perhaps
    undo.callback(_empty, folder, frozenset(path.name for path in folder.iterdir()))
    return lock


def _make_folders(path: Path, undo: contextlib.ExitStack) -> None:
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        undo.callback(_remove, folder.rmdir)


def _empty(folder: Path, before: frozenset[str]) -> None:
    """Remove from a folder what was not there before."""
    with contextlib.suppress(OSError):  # as in _remove
        for path in tuple(folder.iterdir()):
            if path.name not in before:
                remove_whatever(path)


def _remove(action: Callable[[], None]) -> None:
    # Why the run could not begin is worth more than why this could not be taken back.
    with contextlib.suppress(OSError):
        action()


_CANNOT_WRITE = "{} cannot be written ({}): choose another output folder."


def already_holds_run(path: Path) -> InputError:
    """The error of a folder that holds a run."""
    return InputError(
        f"{path} already holds a run: choose another output folder, nothing was overwritten."
    )


def cannot_write(path: Path, error: OSError) -> InputError:
    """The error of a folder that cannot be written."""
    return InputError(_CANNOT_WRITE.format(path, reason(error)))
