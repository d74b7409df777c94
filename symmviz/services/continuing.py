"""Reads what a training goes on from, and opens what it is recorded to: on a thread for that."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from symmcore.errors import InputError
from symmcore.runs.continuation import ContinuationPlan
from symmcore.runs.training_recorder import TrainingRecorder
from symmcore.training.config import TrainingConfig


@dataclass(frozen=True, slots=True, eq=False)
class Continuation:
    """A training that can begin, or go on.

    Attributes:
        config: what is trained.
        recorder: of it, open; to be closed where it is not trained.
        plan: from where it goes on; None where it begins.
    """

    config: TrainingConfig
    recorder: TrainingRecorder
    plan: ContinuationPlan | None

    def close(self) -> None:
        """Close what is open, where it is not to be trained."""
        self.recorder.close()


class Opened(Protocol):
    """What has something open for a training to come."""

    def close(self) -> None:
        """Close it, where that is not to be trained."""


OpenedT = TypeVar("OpenedT", bound=Opened)


def prepare_continuation(
    read: Callable[[], ContinuationPlan],
    out: Callable[[ContinuationPlan], Path],
    on_problem: Callable[[str], None],
) -> Continuation:
    """Plan it, and claim its folder.

    Args:
        read: plans it.
        out: where it is recorded.
        on_problem: told sentences on what goes wrong while it is recorded.

    Raises:
        InputError: if it cannot go on, or its folder cannot be written.
    """
    plan = read()
    resumes = plan.out is not None
    recorder = TrainingRecorder(out(plan), plan.config, resume=resumes, on_problem=on_problem)
    try:
        plan.check_newest()  # now that nobody else writes what is resumed
    except InputError:
        recorder.close()
        raise
    return Continuation(plan.config, recorder, plan)


def drop_continuation(planned: "Future[OpenedT]") -> None:
    """Close what was opened for a training that is not to be."""
    if not planned.cancelled() and planned.exception() is None:
        planned.result().close()
