"""A training that runs beside a benchmark until it is told to end."""

import tempfile
from pathlib import Path

from symmcore.errors import InputError
from symmcore.settings.symm import Symm
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import RunSpec
from symmcore.training.status import RunState
from symmviz.services.training.process import TrainingProcess
from symmviz.services.training.status_box import StatusBox

ENDLESS_STEPS = 1_000_000
_SECONDS_TO_END = 60.0


class EndlessTraining:
    """N-pair with and without Symm on digits, in a process as the window trains in.

    It is recorded, to a folder that is removed at the end.
    """

    def __init__(self, threads: int = 1, eval_every: int | None = None) -> None:
        """Start it.

        Args:
            threads: torch threads.
            eval_every: steps between evaluations; None as by default.
        """
        specs = RunSpec(), RunSpec(symm=Symm())
        config = TrainingConfig(
            specs=specs, steps=ENDLESS_STEPS, eval_every=eval_every, threads=threads
        )
        self._box = StatusBox()
        self._step = 0
        self._training = TrainingProcess(self._box, lambda _: None)
        self._folder = tempfile.TemporaryDirectory()
        self._training.start(config, Path(self._folder.name) / "run")

    @property
    def step(self) -> int:
        """How many steps it has taken.

        Raises:
            InputError: if it has ended.
        """
        status = self._box.drain().status
        if status is not None:
            self._step = status.step
            if status.state is RunState.FINISHED:
                raise InputError(f"The training beside this has ended: {status.message}")
        return self._step

    def close(self) -> None:
        """End it, and wait for that."""
        self._training.close(_SECONDS_TO_END)
        self._folder.cleanup()
