"""Starting Python processes that import nothing from the current folder.

People go into the folder of a dataset that they downloaded and start a program there. Python puts
the current folder first on the import path of whatever is started with ``-c`` or ``-m``, as
``multiprocessing`` starts its processes, so that a ``random.py`` in that folder would run.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path

_SAFE_PATH = "PYTHONSAFEPATH"  # what -P is to one process, to all that inherit it
_PATH = "PYTHONPATH"

_STARTING = threading.Lock()


class _Process(SpawnProcess):
    """A spawned process that starts without the current folder on its import path."""

    def start(self) -> None:
        """See :class:`multiprocessing.Process`."""
        with _safe_path():
            super().start()


class _Context(SpawnContext):
    """Spawns such processes, its own and those of pools that are given it."""

    Process = _Process


def spawn_context() -> SpawnContext:
    """Return a context of multiprocessing whose processes leave out the current folder.

    Where the program itself has that folder on its path, as an interactive interpreter does,
    the processes have it too, after Python's own modules were imported.
    """
    if hasattr(os, "fork"):  # what POSIX keeps track of shared resources with is a process too
        with _safe_path():
            resource_tracker.ensure_running()
    return _Context()


def leave_out_current_folder() -> None:
    """Keep this process, and all it will start, from importing from the current folder.

    For a program, at its start. A PYTHONPATH that names the current folder is obeyed; an
    empty entry in it, which a trailing colon makes and which means the same, is not.
    """
    os.environ[_SAFE_PATH] = "1"
    sys.path[:] = [entry for entry in sys.path if entry]
    named = os.environ.get(_PATH, "").split(os.pathsep)
    if "" not in named:
        return
    kept = [entry for entry in named if entry]
    os.environ[_PATH] = os.pathsep.join(kept)
    here = str(Path.cwd())
    if here not in (str(Path(entry).absolute()) for entry in kept):
        sys.path[:] = [entry for entry in sys.path if entry != here]


@contextmanager
def _safe_path() -> Iterator[None]:
    """Start processes here: they inherit that the current folder is no part of the path."""
    with _STARTING:
        before = os.environ.get(_SAFE_PATH)
        os.environ[_SAFE_PATH] = "1"
        try:
            yield
        finally:
            if before is None:
                del os.environ[_SAFE_PATH]
            else:
                os.environ[_SAFE_PATH] = before
