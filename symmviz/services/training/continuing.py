"""Reads what a training goes on from, and claims its folder: on a thread for that."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from symmcore.runs.continuing.continuation import ContinuationPlan
from symmcore.training.config import TrainingConfig
from symmviz.services.training.process import FolderClaim, TrainingProcess


@dataclass(frozen=True, slots=True, eq=False)
class Continuation:
    """A training that can begin, or go on.

    Attributes:
        config: what is trained.
        claim: its folder; to be left where it is not trained.
        plan: from where it goes on; None where it begins.
    """

    config: TrainingConfig
    claim: FolderClaim
    plan: ContinuationPlan | None

    def close(self) -> None:
        """Leave the folder, where nothing is to be trained."""
        self.claim.close()


class Opened(Protocol):
    """What has something open for a training to come."""

    def close(self) -> None:
        """Close it, where that is not to be trained."""


OpenedT = TypeVar("OpenedT", bound=Opened)


def prepare_continuation(
    read: Callable[[], ContinuationPlan],
    out: Callable[[ContinuationPlan], Path],
    training: TrainingProcess,
) -> Continuation:
    """Plan it, and claim its folder.

    Args:
        read: plans it.
        out: where it is recorded.
        training: claims the folder.

    Raises:
        InputError: if it cannot go on, or its folder cannot be written.
    """
    plan = read()
    return Continuation(plan.config, training.claim(plan.config, out(plan), plan), plan)


def drop_continuation(planned: "Future[OpenedT]") -> None:
    """Close what was opened for a training that is not to be."""
    if not planned.cancelled() and planned.exception() is None:
        planned.result().close()
