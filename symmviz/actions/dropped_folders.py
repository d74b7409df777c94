"""What becomes of a folder that is dropped on the Start page."""

from collections.abc import Callable
from concurrent.futures import Future
from enum import Enum
from functools import partial
from pathlib import Path

from symmcore.errors import type_and_line
from symmcore.runs.reading.finding import holds_run
from symmviz.services.session import Session
from symmviz.views.start.page import StartPage


class _Kind(Enum):
    RUN = "run"
    IMAGES = "images"
    NO_FOLDER = "no folder"


class DroppedFolders:
    """Finds out what was dropped, which takes long on a slow disk, and then shows or chooses it.

    Args:
        page: what it is dropped on.
        session: looks at the disk.
        open_runs: shows the runs of folders.
    """

    def __init__(
        self, page: StartPage, session: Session, open_runs: Callable[[tuple[Path, ...]], None]
    ) -> None:
        self._page = page
        self._session = session
        self._open = open_runs
        self._looking: tuple[Path, Future[_Kind]] | None = None
        page.dropped.connect(self._look_into)

    def poll(self) -> None:
        """Open what was dropped if it is a run; train on it if it is another folder."""
        if self._looking is None or not self._looking[1].done():
            return
        (path, found), self._looking = self._looking, None
        error = found.exception()
        if error is not None:
            reason = (isinstance(error, OSError) and error.strerror) or type_and_line(error)
            self._page.set_error(f"{path} cannot be looked into ({reason}).")
            return
        kind = found.result()
        if kind is _Kind.RUN:
            self._open((path,))
        elif kind is _Kind.IMAGES:
            self._page.set_dataset(f"folder:{path}")
        else:
            self._page.set_error(f"{path} is no folder: drop the folder of a run, or of images.")

    def _look_into(self, path: Path) -> None:
        self._looking = path, self._session.look_up(partial(_kind, path))


def _kind(path: Path) -> _Kind:
    """What a path is.

    Raises:
        OSError: if it cannot be looked into.
    """
    if not path.is_dir():
        return _Kind.NO_FOLDER
    return _Kind.RUN if holds_run(path) else _Kind.IMAGES
