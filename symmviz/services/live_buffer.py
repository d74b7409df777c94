"""What training produces, held for the window until it looks."""

import threading
from dataclasses import dataclass

from symmcore.records import Checkpoint, EvalRecord, Projection, Snapshot, StepRecord
from symmcore.training.sink import TrainingContext
from symmcore.training.status import TrainingStatus

RunRecord = tuple[int, StepRecord | EvalRecord]


@dataclass(frozen=True, slots=True, eq=False)
class Updates:
    """Everything new since the last look.

    Records are all there, in order; of the rest only the newest, None where nothing is
    new. ``context`` is there once when a training begins (again when it goes on).
    """

    context: TrainingContext | None = None
    records: tuple[RunRecord, ...] = ()
    snapshots: tuple[Snapshot, ...] | None = None
    projections: tuple[Projection, ...] | None = None
    status: TrainingStatus | None = None
    problem: str | None = None


class LiveBuffer:
    """A sink that several threads write to and the window drains.

    No scalar is ever lost; of frames, projections and status the latest wins.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: list[RunRecord] = []
        self._context: TrainingContext | None = None
        self._snapshots: tuple[Snapshot, ...] | None = None
        self._projections: tuple[Projection, ...] | None = None
        self._status: TrainingStatus | None = None
        self._problem: str | None = None

    def begin(self, context: TrainingContext) -> None:
        """See :class:`symmcore.training.sink.Sink`."""
        with self._lock:
            self._context = context

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        """See :class:`symmcore.training.sink.Sink`."""
        with self._lock:
            self._records.append((run, record))

    def snapshots(self, snapshots: tuple[Snapshot, ...]) -> None:
        """See :class:`symmcore.training.sink.Sink`."""
        with self._lock:
            self._snapshots = snapshots

    def checkpoints(self, checkpoints: tuple[Checkpoint, ...]) -> None:
        """Not shown, so not kept."""

    def status(self, status: TrainingStatus) -> None:
        """See :class:`symmcore.training.sink.Sink`."""
        with self._lock:
            self._status = status

    def projections(self, projections: tuple[Projection, ...]) -> None:
        """The newest projection of every run."""
        with self._lock:
            self._projections = projections

    def problem(self, text: str) -> None:
        """Something beside the training went wrong: a sentence for the user."""
        with self._lock:
            self._problem = text

    def clear(self) -> None:
        """Forget what was not drained: it belongs to an earlier training."""
        self.drain()

    def drain(self) -> Updates:
        """Take everything that is new."""
        with self._lock:
            updates = Updates(
                self._context,
                tuple(self._records),
                self._snapshots,
                self._projections,
                self._status,
                self._problem,
            )
            self._records = []
            self._context = self._snapshots = self._projections = None
            self._status = self._problem = None
        return updates
