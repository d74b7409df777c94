"""A training that runs beside a benchmark until it is told to end."""

import threading

from symmcore.records import Checkpoint, EvalRecord, Snapshot, StepRecord
from symmcore.settings.symm import Symm
from symmcore.training.config import TrainingConfig
from symmcore.training.control import Control
from symmcore.training.sink import Sinks, TrainingContext
from symmcore.training.spec import RunSpec
from symmcore.training.status import TrainingStatus

ENDLESS_STEPS = 1_000_000


class NewestStep:
    """A sink that keeps how far training is."""

    def __init__(self) -> None:
        self.step = 0

    def begin(self, context: TrainingContext) -> None:
        """See :class:`symmcore.training.sink.Sink`."""

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        """See :class:`symmcore.training.sink.Sink`."""

    def snapshots(self, snapshots: tuple[Snapshot | None, ...]) -> None:
        """See :class:`symmcore.training.sink.Sink`."""

    def checkpoints(self, checkpoints: tuple[Checkpoint | None, ...]) -> None:
        """See :class:`symmcore.training.sink.Sink`."""

    def ended(self, run: int, message: str) -> None:
        """See :class:`symmcore.training.sink.Sink`."""

    def status(self, status: TrainingStatus) -> None:
        """See :class:`symmcore.training.sink.Sink`."""
        self.step = status.step


class EndlessTraining:
    """N-pair with and without Symm on digits, in a thread of its own with one torch thread."""

    def __init__(self) -> None:
        from symmcore.training.trainer import Trainer

        config = TrainingConfig(
            specs=(RunSpec(), RunSpec(symm=Symm())), steps=ENDLESS_STEPS, threads=1
        )
        self._newest = NewestStep()
        self._control = Control()
        trainer = Trainer(config, Sinks([self._newest]))
        self._thread = threading.Thread(target=trainer.run, args=(self._control,))
        self._thread.start()

    @property
    def step(self) -> int:
        """How many steps it has taken."""
        return self._newest.step

    def close(self) -> None:
        """End it, and wait for that."""
        self._control.close()
        self._thread.join()
