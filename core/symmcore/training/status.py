"""What a training is doing, as one frozen snapshot.

    PREPARING -> TRAINING <-> EVALUATING -> FINISHED
                     |             |
                   PAUSED        PAUSED

Every path ends in FINISHED, with the reason; a finished training that was completed or
stopped can go on, and is then TRAINING again.
"""

from dataclasses import dataclass
from enum import Enum


class RunState(Enum):
    """Where a training stands."""

    PREPARING = "preparing"
    TRAINING = "training"
    EVALUATING = "evaluating"
    PAUSED = "paused"
    FINISHED = "finished"


class FinishReason(Enum):
    """Why a training ended."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    DIVERGED = "diverged"
    INVALID = "invalid"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TrainingStatus:
    """The state of a training at one moment.

    Attributes:
        state: what it is doing.
        step: optimiser steps finished.
        total_steps: steps it was asked for.
        steps_per_second: recent speed, lockstep steps (all runs) a second; None before
            there is one.
        message: a sentence for the user; empty when the state says it all.
        reason: why it ended; None unless FINISHED.
        detail: the traceback of a failure, for a bug report; empty otherwise.
    """

    state: RunState
    step: int = 0
    total_steps: int = 0
    steps_per_second: float | None = None
    message: str = ""
    reason: FinishReason | None = None
    detail: str = ""

    @property
    def seconds_left(self) -> float | None:
        """Estimated time to the last step, or None where it cannot be known."""
        if self.steps_per_second is None or self.steps_per_second <= 0:
            return None
        return (self.total_steps - self.step) / self.steps_per_second

    @property
    def can_continue(self) -> bool:
        """Whether the training, having ended, can be asked for more steps."""
        return self.reason in (FinishReason.COMPLETED, FinishReason.STOPPED)
