"""Follows a run directory: finds what is new in it, while something may be writing it."""

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from symmcore.errors import RunError
from symmcore.runs.formats.checkpoints import is_complete
from symmcore.runs.formats.files import reason
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.layout import (
    FRAMES,
    METRICS,
    PROJECTIONS,
    STATUS,
    checkpoint_step,
    frame_step,
    gallery_step,
    is_method,
)
from symmcore.runs.formats.status_file import is_alive, read_status
from symmcore.runs.formats.untrusted_files import check_inside, is_whole
from symmcore.runs.reading.index import RunIndex
from symmcore.runs.reading.metrics_follower import MetricsFollower
from symmcore.settings.checkpoint_files import CHECKPOINTS

_MOST_FILES = 200_000
_MOST_CHECKS_A_POLL = 1000
_PATIENCE = 60.0
"""Seconds after which a file that is half there is not waited for any more, but warned of."""
_LONGEST_MESSAGE = 2000
_ENDED = (RunStatus.FINISHED, RunStatus.STOPPED, RunStatus.DIVERGED, RunStatus.FAILED)
_SILENCE = 180.0
"""Seconds without anything new after which a run that says it trains is not believed."""


class DirectoryFollower:
    """Keeps an index of a run directory, which may grow, be copied or be cut meanwhile.

    Files that are half there are waited for. Links out of the directory are ignored, with a
    warning.
    """

    def __init__(
        self, run: Path, index: RunIndex, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._run = run
        self._index = index
        self._clock = clock
        self._metrics = MetricsFollower(run, index)
        self._whole: dict[str, tuple[int, int]] = {}
        self._waiting: dict[Path, float] = {}
        self._news = clock()
        self._checks_left = 0
        self._polled = False
        self._grew = False

    def poll(self) -> bool:
        """Take in what is new; True if the index's state changed."""
        grew = self._take_metrics()
        before = len(self._whole)
        self._checks_left = _MOST_CHECKS_A_POLL
        self._index.set_steps(
            set(self._steps(FRAMES, frame_step, self._file_is_whole)),
            set(self._steps(FRAMES, gallery_step, self._file_is_whole)),
            set(self._steps(CHECKPOINTS, checkpoint_step, self._checkpoint_is_whole)),
            {
                method: set(self._steps(f"{PROJECTIONS}/{method}", frame_step, self._file_is_whole))
                for method in self._methods()
            },
        )
        if not self._polled:
            self._news = self._clock() - self._age()
        elif grew or len(self._whole) > before:
            self._news = self._clock()
            self._grew = True
        self._polled = True
        self._judge()
        self._judge_last_line()
        return self._index.refresh()

    def poll_metrics(self) -> bool:
        """Take in what is new of the metrics alone; True if the index's state changed."""
        if self._take_metrics():
            self._news = self._clock()
            self._grew = True
        return self._index.refresh()

    def _take_metrics(self) -> bool:
        try:
            grew = self._metrics.poll()
        except RunError as error:
            self._index.warn(METRICS, str(error))
            return False
        self._index.warn(METRICS, None)
        return grew

    def _age(self) -> float:
        """Seconds since the metrics were written, by the clocks of two machines, perhaps."""
        try:
            return max(0.0, time.time() - (self._run / METRICS).stat().st_mtime)
        except OSError:
            return 0.0

    def _steps(
        self,
        folder: str,
        step_of: Callable[[str], int | None],
        whole: Callable[[Path], bool],
    ) -> Iterator[int]:
        path = str(self._run / folder)
        for name in self._names(folder):
            step = step_of(name)
            if step is not None and self._checked(os.path.join(path, name), whole):  # noqa: PTH118
                yield step

    def _methods(self) -> list[str]:
        return [name for name in self._names(PROJECTIONS) if is_method(name)][:100]

    def _names(self, folder: str) -> list[str]:
        path = self._run / folder
        try:
            if not os.path.lexists(path):
                return []
            check_inside(self._run, path)
            with os.scandir(path) as entries:
                names = [entry.name for entry, _ in zip(entries, range(_MOST_FILES), strict=False)]
        except RunError as error:
            self._index.warn(folder, str(error))
            return []
        except OSError as error:
            self._index.warn(folder, f"{path} cannot be read ({reason(error)}).")
            return []
        self._index.warn(folder, None)
        return names

    def _checked(self, name: str, whole: Callable[[Path], bool]) -> bool:
        """Whether a file or folder is all there; it is looked at again when it has changed.

        Of hundreds that have not, a path would take ten times as long as asking the system.
        """
        try:
            status = os.stat(name)  # noqa: PTH116 - see above
        except OSError as error:
            path = Path(name)
            if path.is_symlink():
                self._index.warn(name, f"{path} cannot be followed ({reason(error)}).")
            return False
        seen = (status.st_mtime_ns, status.st_ino)
        if self._whole.get(name) == seen:
            return True
        if not self._checks_left:  # the next poll has some more
            return False
        self._checks_left -= 1
        path = Path(name)
        try:
            if whole(path):
                self._whole[name] = seen
                self._waiting.pop(path, None)
                self._index.warn(name, None)
                return True
            problem = f"{path} is cut short or damaged: it is passed over."
        except RunError as error:
            problem = str(error)
            self._index.warn(name, problem)
        if self._waited(path, status):
            self._index.warn(name, problem)
        return False

    def _waited(self, path: Path, status: os.stat_result) -> bool:
        """Whether a file that is not whole was given time enough to become so."""
        first = self._waiting.setdefault(path, self._clock())
        old = time.time() - status.st_mtime > _PATIENCE
        return self._clock() - first > _PATIENCE or old

    def _file_is_whole(self, path: Path) -> bool:
        return is_whole(self._run, path)

    def _checkpoint_is_whole(self, path: Path) -> bool:
        check_inside(self._run, path)
        if not stat.S_ISDIR(path.stat().st_mode):
            raise RunError(f"{path} is no checkpoint: it is not a folder.")
        step = checkpoint_step(path.name)
        return step is not None and is_complete(self._run, step)

    def _judge(self) -> None:
        """Set the run's status from what it says and whether that can be true."""
        said: dict[str, Any] = {}
        problem = None
        try:
            said = read_status(self._run)
        except FileNotFoundError:
            pass
        except RunError as error:
            problem = str(error)
        self._index.warn(STATUS, problem)
        message = said.get("message")
        self._index.set_status(
            self._status(said), message[:_LONGEST_MESSAGE] if isinstance(message, str) else ""
        )

    def _judge_last_line(self) -> None:
        """Warn of a last line that is not whole though the run says that it has ended."""
        path = self._run / METRICS
        problem = None
        if self._index.status in _ENDED and self._metrics.ends_within_line():
            with contextlib.suppress(OSError):
                if self._waited(path, path.stat()):
                    problem = f"{path}: its last line is cut short or damaged, and passed over."
        else:
            self._waiting.pop(path, None)
        self._index.warn("last line", problem)

    def _status(self, said: dict[str, Any]) -> RunStatus:
        silent = self._clock() - self._news > _SILENCE
        try:
            status = RunStatus(said.get("status"))
        except ValueError:  # format 1 says nothing
            if (self._index.last_evaluation or {}).get("test_nmi") is not None:
                return RunStatus.FINISHED
            return RunStatus.TRAINING if self._grew and not silent else RunStatus.UNKNOWN
        if status is not RunStatus.TRAINING:
            return status
        alive = is_alive(said)
        gone = silent if alive is None else not alive
        return RunStatus.UNKNOWN if gone else status
