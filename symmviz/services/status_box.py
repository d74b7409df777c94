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
        self._going = 0
        self._lost: list[str] = []

    def begin(self, context: TrainingContext) -> None:
        """Know how many runs there are; what they work with is in their recordings."""
        self._going, self._lost = len(context.config.specs) - len(context.ended), []

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        """Does nothing: records are in the recordings."""

    def snapshots(self, snapshots: tuple[Snapshot | None, ...]) -> None:
        """Does nothing: frames are in the recordings."""

    def checkpoints(self, checkpoints: tuple[Checkpoint | None, ...]) -> None:
        """Does nothing: checkpoints are in the recordings."""

    def ended(self, run: int, message: str) -> None:
        """Say that a run has diverged, if others go on: else the end of the training says it."""
        self._going -= 1
        self._lost.append(message)
        if self._going:
            them = "it" if len(self._lost) == 1 else "them"
            self.problem(" ".join((*self._lost, f"Training goes on without {them}.")))

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
