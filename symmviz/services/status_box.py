"""What a training is doing, held for the window until it looks."""

import threading
from dataclasses import dataclass

from symmcore.records import Checkpoint, EvalRecord, Snapshot, StepRecord
from symmcore.training.sink import TrainingContext
from symmcore.training.status import TrainingStatus


@dataclass(frozen=True, slots=True)
class Updates:
    """What is new since the last look; None where nothing is."""

    status: TrainingStatus | None = None
    problem: str | None = None


class StatusBox:
    """A sink that several threads write to and the window drains; the latest wins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._status: TrainingStatus | None = None
        self._problem: str | None = None

    def begin(self, context: TrainingContext) -> None:
        """Does nothing: what a training works with is in its recordings."""

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        """Does nothing: records are in the recordings."""

    def snapshots(self, snapshots: tuple[Snapshot, ...]) -> None:
        """Does nothing: frames are in the recordings."""

    def checkpoints(self, checkpoints: tuple[Checkpoint, ...]) -> None:
        """Does nothing: checkpoints are in the recordings."""

    def status(self, status: TrainingStatus) -> None:
        """See :class:`symmcore.training.sink.Sink`."""
        with self._lock:
            self._status = status

    def problem(self, text: str) -> None:
        """Something beside the training went wrong: a sentence for the user."""
        with self._lock:
            self._problem = text

    def drain(self) -> Updates:
        """Take what is new."""
        with self._lock:
            updates = Updates(self._status, self._problem)
            self._status = self._problem = None
        return updates
