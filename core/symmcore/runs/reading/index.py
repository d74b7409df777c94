"""What a run holds, as it grows: written by a recorder or by who follows a directory."""

import threading
from collections.abc import Iterable

from symmcore.runs.formats.info import RecordingState, RunStatus
from symmcore.runs.formats.metrics import MetricsTable, Scores

# Nobody reads more, and a directory may hold any number of files that are none.
_MOST_WARNINGS = 100


class RunIndex:
    """Steps, metrics and status of a run, and the frozen state made of them; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._table = MetricsTable()
        self._frames: set[int] = set()
        self._galleries: set[int] = set()
        self._checkpoints: set[int] = set()
        self._projections: dict[str, set[int]] = {}
        self._added_projections: set[tuple[str, int]] = set()
        self._status = RunStatus.UNKNOWN
        self._message = ""
        self._warnings: dict[str, str] = {}
        self._revision = 0
        self._changed = False
        self._state = RecordingState()

    @property
    def state(self) -> RecordingState:
        """The newest state that :meth:`refresh` made."""
        return self._state

    @property
    def status(self) -> RunStatus:
        """How the run stands."""
        with self._lock:
            return self._status

    @property
    def last_evaluation(self) -> Scores | None:
        """The newest evaluation; None before there is one."""
        with self._lock:
            return self._table.last_evaluation

    @property
    def lines(self) -> int:
        """How many lines of metrics were taken in."""
        with self._lock:
            return self._table.lines

    @property
    def damaged_lines(self) -> tuple[int, int]:
        """How many lines of metrics were passed over, and the number of the first, from 1."""
        with self._lock:
            return self._table.damaged, self._table.first_damage

    def refresh(self) -> bool:
        """Make a new state if anything changed; returns whether it did."""
        with self._lock:
            if not self._changed:
                return False
            self._changed = False
            self._revision += 1
            steps = (self._frames, self._galleries, self._checkpoints)
            frames, galleries, checkpoints = (tuple(sorted(of)) for of in steps)
            self._state = RecordingState(
                revision=self._revision,
                metrics=self._table.metrics(),
                frame_steps=frames,
                gallery_steps=galleries,
                checkpoint_steps=checkpoints,
                projection_steps=self._projection_steps(),
                last_step=max(self._table.last_step, *frames[-1:], *checkpoints[-1:], 0),
                status=self._status,
                message=self._message,
                last_evaluation=self._table.last_evaluation,
                warnings=tuple(self._warnings.values()),
            )
            return True

    def add_lines(self, lines: list[bytes]) -> None:
        """Take in lines of metrics.jsonl, whole ones."""
        with self._lock:
            self._table.add_lines(lines)
            self._changed = True

    def restart_metrics(self) -> None:
        """Forget all metrics: their file was cut or replaced."""
        with self._lock:
            self._table = MetricsTable()
            self._changed = True

    def set_metrics(self, table: MetricsTable) -> None:
        """Have these metrics, and add lines to them from now on."""
        with self._lock:
            self._table = table
            self._changed = True

    def metrics_table(self) -> MetricsTable:
        """The metrics as they are now; lines that are taken in later change nothing of it."""
        with self._lock:
            table = self._table
            return MetricsTable.of(
                table.metrics(),
                lines=table.lines,
                last_step=table.last_step,
                last_evaluation=table.last_evaluation,
                damaged=table.damaged,
                first_damage=table.first_damage,
            )

    def add_frame(self, step: int) -> None:
        """There is a frame of this step."""
        with self._lock:
            self._frames.add(step)
            self._changed = True

    def add_gallery(self, step: int) -> None:
        """There is a gallery of this step."""
        with self._lock:
            self._galleries.add(step)
            self._changed = True

    def add_checkpoint(self, step: int) -> None:
        """There is a whole checkpoint of this step."""
        with self._lock:
            self._checkpoints.add(step)
            self._changed = True

    def add_projection(self, method: str, step: int) -> None:
        """There is a projection of this step's frame, in memory at least."""
        with self._lock:
            self._added_projections.add((method, step))
            self._changed = True

    def remove_projection(self, method: str, step: int) -> None:
        """A projection that was in memory alone is there no more."""
        with self._lock:
            if (method, step) in self._added_projections:
                self._added_projections.discard((method, step))
                self._changed = True

    def remove_frames(self, steps: Iterable[int]) -> None:
        """Frames that could not be saved and are not in memory any more."""
        with self._lock:
            self._frames.difference_update(steps)
            self._changed = True

    def remove_galleries(self, steps: Iterable[int]) -> None:
        """Galleries that were thinned out."""
        with self._lock:
            self._galleries.difference_update(steps)
            self._changed = True

    def remove_checkpoints(self, steps: Iterable[int]) -> None:
        """Checkpoints that were thinned out."""
        with self._lock:
            self._checkpoints.difference_update(steps)
            self._changed = True

    def set_steps(
        self,
        frames: set[int],
        galleries: set[int],
        checkpoints: set[int],
        projections: dict[str, set[int]],
    ) -> None:
        """All steps, as a directory holds them now."""
        with self._lock:
            found = (frames, galleries, checkpoints, projections)
            known = (self._frames, self._galleries, self._checkpoints, self._projections)
            if found != known:
                self._frames, self._galleries = set(frames), set(galleries)
                self._checkpoints = set(checkpoints)
                self._projections = {method: set(of) for method, of in projections.items()}
                self._changed = True

    def set_status(self, status: RunStatus, message: str = "") -> None:
        """How the run stands."""
        with self._lock:
            if (status, message) != (self._status, self._message):
                self._status, self._message = status, message
                self._changed = True

    def warn(self, what: str, warning: str | None) -> None:
        """Say of a file, or of what ``what`` names, that it cannot be used; None: that it can."""
        with self._lock:
            if self._warnings.get(what) != warning:
                if warning is None:
                    del self._warnings[what]
                elif what in self._warnings or len(self._warnings) < _MOST_WARNINGS:
                    self._warnings[what] = warning
                else:
                    return
                self._changed = True

    def _projection_steps(self) -> dict[str, tuple[int, ...]]:
        steps = {method: set(of) for method, of in self._projections.items() if of}
        for method, step in self._added_projections:
            steps.setdefault(method, set()).add(step)
        return {method: tuple(sorted(of)) for method, of in steps.items()}
