"""Where a training sends what it has to tell."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from symmcore.data.dataset import ImageDataset
from symmcore.records import Checkpoint, EvalRecord, Snapshot, StepRecord
from symmcore.training.config import TrainingConfig
from symmcore.training.status import TrainingStatus


@dataclass(frozen=True, slots=True)
class Environment:
    """What a training ran on: kept with it, since the numbers depend on it.

    Attributes:
        device: torch's name of the device, such as "cpu" or "cuda:0".
        threads: torch threads of the training thread.
        versions: (package, version) of what the numbers depend on.
    """

    device: str
    threads: int
    versions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ParentRun:
    """The run that a branch shares its past with.

    Attributes:
        folder: its directory.
        key: its identity.
        step: the step up to which everything recorded is shared.
    """

    folder: Path
    key: str
    step: int


@dataclass(frozen=True, slots=True, eq=False)
class TrainingContext:
    """What a training works with, known once it is prepared.

    Attributes:
        config: as it was asked for, with what was left open chosen.
        environment: what it runs on.
        dataset: what it learns from.
        weights_note: a sentence on what was taken from a file of weights; "" without one.
        parameters: trained numbers of each run's network; None where unknown.
        resumed_from: step whose checkpoints its own runs go on from: what they recorded
            after it is to go; None for any other training.
        parents: for a branch the parent of each run; None for any other training.
        ended: the runs that have diverged before it began, or went on, and take no part.
    """

    config: TrainingConfig
    environment: Environment
    dataset: ImageDataset
    weights_note: str = ""
    parameters: int | None = None
    resumed_from: int | None = None
    parents: tuple[ParentRun, ...] | None = None
    ended: frozenset[int] = frozenset()

    def notes(self) -> tuple[str, ...]:
        """Sentences the user should read."""
        return (*self.dataset.notes, *filter(None, (self.weights_note,)))

    @property
    def begins_at(self) -> int:
        """The step that it takes up at: 0 unless it goes on from checkpoints."""
        if self.parents:
            return self.parents[0].step
        return self.resumed_from or 0


class Sink(Protocol):
    """Receives, on the training thread, what a training of N runs produces.

    ``run`` is the position of the run in ``config.specs``. A method must not keep the
    training waiting longer than a small write to disk takes.
    """

    def begin(self, context: TrainingContext) -> None:
        """Training is prepared; again, with more steps, when a finished one goes on."""

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        """One record of one run."""

    def snapshots(self, snapshots: tuple[Snapshot | None, ...]) -> None:
        """The newest state of every run, all after the same step; None of one that has ended."""

    def checkpoints(self, checkpoints: tuple[Checkpoint | None, ...]) -> None:
        """What every run goes on from, all after the same step, which has been told.

        None in the place of a run that has ended.
        """

    def ended(self, run: int, message: str) -> None:
        """A run has diverged, and the others go on; where none is left, FINISHED comes next.

        Args:
            run: nothing more is told of it.
            message: a sentence that names the run, the step, and what to try.
        """

    def status(self, status: TrainingStatus) -> None:
        """What the training is doing has changed."""


class NoSink:
    """A sink that does nothing; to be derived from where some things matter."""

    def begin(self, context: TrainingContext) -> None:
        """Do nothing."""

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        """Do nothing."""

    def snapshots(self, snapshots: tuple[Snapshot | None, ...]) -> None:
        """Do nothing."""

    def checkpoints(self, checkpoints: tuple[Checkpoint | None, ...]) -> None:
        """Do nothing."""

    def ended(self, run: int, message: str) -> None:
        """Do nothing."""

    def status(self, status: TrainingStatus) -> None:
        """Do nothing."""


class Sinks:
    """Hands everything to each of several sinks, in order."""

    def __init__(self, sinks: Iterable[Sink]) -> None:
        self._sinks = tuple(sinks)

    def begin(self, context: TrainingContext) -> None:
        """Tell every sink."""
        for sink in self._sinks:
            sink.begin(context)

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        """Tell every sink."""
        for sink in self._sinks:
            sink.scalar(run, record)

    def snapshots(self, snapshots: tuple[Snapshot | None, ...]) -> None:
        """Tell every sink."""
        for sink in self._sinks:
            sink.snapshots(snapshots)

    def checkpoints(self, checkpoints: tuple[Checkpoint | None, ...]) -> None:
        """Tell every sink."""
        for sink in self._sinks:
            sink.checkpoints(checkpoints)

    def ended(self, run: int, message: str) -> None:
        """Tell every sink."""
        for sink in self._sinks:
            sink.ended(run, message)

    def status(self, status: TrainingStatus) -> None:
        """Tell every sink."""
        for sink in self._sinks:
            sink.status(status)
