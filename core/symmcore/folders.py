"""Folders of the user that this program writes to without being told one."""

import atexit
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import platformdirs

_TEMPORARY = "SYMMCORE_TEMPORARY_CACHE"  # tells subprocesses
_MAKING = threading.Lock()


class NoCacheFolderError(OSError):
    """There is nowhere to keep what can be made again."""

    def __init__(self) -> None:
        super().__init__("there is no home folder: set HOME or XDG_CACHE_HOME to a whole path")


def user_cache_folder() -> Path:
    """Return the folder of this program's caches, which need not be there yet.

    Never a relative one: that would be in whatever folder the program was started in, which may
    be a dataset from outside, while caches are trusted. The system knows no home folder where
    HOME is not set and the user id has no entry in its database, as in containers.

    Raises:
        NoCacheFolderError: if there is none.
    """
    folder = _absolute(lambda: platformdirs.user_cache_path("symmviz", appauthor=False))
    if folder is None:
        raise NoCacheFolderError
    return folder


def temporary_cache_folder() -> Path:
    """Return a private folder, the same in all subprocesses from now on, that ends with this one.

    Raises:
        OSError: if none can be made.
    """
    with _MAKING:
        known = os.environ.get(_TEMPORARY)
        if known is None:
            known = os.environ[_TEMPORARY] = tempfile.mkdtemp(prefix="symmviz-")
            atexit.register(shutil.rmtree, known, ignore_errors=True)
    return Path(known)


def remove_temporary_cache_folder() -> None:
    """Remove it now, for a program that does not end as Python does; no subprocess has it."""
    known = os.environ.pop(_TEMPORARY, None)
    if known is not None:
        shutil.rmtree(known, ignore_errors=True)


def default_runs_folder() -> Path:
    """Return where the window keeps runs by default: among the user's documents.

    Without a home folder that is ``runs`` in the current folder.
    """
    documents = _absolute(platformdirs.user_documents_path)
    return Path("runs").absolute() if documents is None else documents / "symmviz" / "runs"


def home_folder() -> Path:
    """Return the user's home folder; the current one where the system knows none."""
    return _absolute(Path.home) or Path().absolute()


def _absolute(find: Callable[[], Path]) -> Path | None:
    """The folder, unless it cannot be told or begins with a "~" that nobody knows."""
    try:
        folder = find()
    except (OSError, RuntimeError):
        return None
    return folder if folder.is_absolute() else None
