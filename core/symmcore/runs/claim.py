"""Claims folders for new runs, so that nothing is overwritten and a failure leaves nothing."""

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from symmcore.errors import InputError
from symmcore.runs.files import reason
from symmcore.runs.layout import CONFIG, FRAMES, METRICS, is_run


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
    children = tuple(path for path in out.iterdir() if path.is_dir()) if out.is_dir() else ()
    for child in children:
        if is_run(child):
            raise holds_run(child)


def _check_folder(path: Path) -> None:
    existing = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not existing.is_dir():
        raise InputError(_CANNOT_WRITE.format(path, f"{existing} is a file"))
    if not os.access(existing, os.W_OK | os.X_OK):
        raise InputError(_CANNOT_WRITE.format(path, f"no permission to write in {existing}"))
    if any((path / name).exists() for name in (CONFIG, METRICS, FRAMES)):
        raise holds_run(path)


def make_folders(path: Path, undo: contextlib.ExitStack) -> None:
    """Make a folder and those above it; ``undo`` removes again what it has made.

    Raises:
        OSError: if one cannot be made.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        undo.callback(_remove, folder.rmdir)


def empty(folder: Path, before: frozenset[str]) -> None:
    """Remove from a folder what was not there before."""
    for path in folder.iterdir():
        if path.name not in before:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                _remove(path.unlink)


def _remove(action: Callable[[], None]) -> None:
    # Why the run could not begin is worth more than why this could not be taken back.
    with contextlib.suppress(OSError):
        action()


_CANNOT_WRITE = "{} cannot be written ({}): choose another output folder."


def holds_run(path: Path) -> InputError:
    """The error of a folder that holds a run."""
    return InputError(
        f"{path} already holds a run: choose another output folder, nothing was overwritten."
    )


def cannot_write(path: Path, error: OSError) -> InputError:
    """The error of a folder that cannot be written."""
    return InputError(_CANNOT_WRITE.format(path, reason(error)))
