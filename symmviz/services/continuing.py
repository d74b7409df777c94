"""Reads what a training goes on from, and opens what it is recorded to: on a thread for that."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from symmcore.errors import InputError
from symmcore.runs.continuation import ContinuationPlan
from symmcore.runs.training_recorder import TrainingRecorder


@dataclass(frozen=True, slots=True, eq=False)
class Continuation:
    """A training that can go on.

    Attributes:
        plan: what is trained, and from where.
        recorder: of it, open; to be closed where it is not trained.
    """

    plan: ContinuationPlan
    recorder: TrainingRecorder


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
    return Continuation(plan, recorder)


def drop_continuation(planned: "Future[Continuation]") -> None:
    """Close what was opened for a training that is not to be."""
    if not planned.cancelled() and planned.exception() is None:
        planned.result().recorder.close()
