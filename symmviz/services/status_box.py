"""What a training is doing, held for the window until it looks."""

import threading
from dataclasses import dataclass

from symmcore.records import Checkpoint, EvalRecord, Snapshot, StepRecord
from symmcore.training.sink import TrainingContext
from symmcore.training.status import TrainingStatus


@dataclass(frozen=True, slots=True)
class Updates:
    """What is new since the last look.

    Attributes:
        status: the newest; None where there is none that is new.
        problems: what went wrong beside the training, a sentence each, in order.
    """

    status: TrainingStatus | None = None
    problems: tuple[str, ...] = ()


class StatusBox:
    """A sink that several threads write to and the window drains.

    Of statuses the latest wins; of what went wrong all is kept, each sentence once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._status: TrainingStatus | None = None
        self._problems: list[str] = []
        self._going = 0

    def begin(self, context: TrainingContext) -> None:
        """Know how many runs there are; what they work with is in their recordings."""
        self._going = len(context.config.specs) - len(context.ended)

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        """Does nothing: records are in the recordings."""

    def snapshots(self, snapshots: tuple[Snapshot | None, ...]) -> None:
        """Does nothing: frames are in the recordings."""

    def checkpoints(self, checkpoints: tuple[Checkpoint | None, ...]) -> None:
        """Does nothing: checkpoints are in the recordings."""

    def ended(self, run: int, message: str) -> None:
        """Say that a run has diverged, if others go on: else the end of the training says it."""
        self._going -= 1
        if self._going:
            self.problem(f"{message} Training goes on without it.")

    def status(self, status: TrainingStatus) -> None:
        """See :class:`symmcore.training.sink.Sink`."""
        with self._lock:
            self._status = status

    def problem(self, text: str) -> None:
        """Something beside the training went wrong: a sentence for the user."""
        with self._lock:
            if text not in self._problems:
                self._problems.append(text)

    def forget_status(self) -> None:
        """What the training before came to is no news any more."""
        with self._lock:
            self._status = None

    def drain(self) -> Updates:
        """Take what is new."""
        with self._lock:
            updates = Updates(self._status, tuple(self._problems))
            self._status = None
            self._problems.clear()
        return updates
