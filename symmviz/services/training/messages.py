"""What goes through the pipe between the window and the process that trains for it."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from symmcore.runs.continuing.continuation import ContinuationPlan
from symmcore.training.config import TrainingConfig
from symmcore.training.status import TrainingStatus


@dataclass(frozen=True, slots=True)
class Begin:
    """Train from step 0.

    Attributes:
        config: the training.
        out: the folder to record in, which is free.
    """

    config: TrainingConfig
    out: Path


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """Claim the folder of a training that may follow; answered by :class:`Claimed`.

    Attributes:
        number: of this claim, to be named later.
        config: the training.
        out: the folder to record in.
        plan: from where it goes on; None where it begins.
    """

    number: int
    config: TrainingConfig
    out: Path
    plan: ContinuationPlan | None


@dataclass(frozen=True, slots=True)
class GoOn:
    """Train what was claimed under a number."""

    number: int


@dataclass(frozen=True, slots=True)
class Drop:
    """Leave what was claimed under a number."""

    number: int


@dataclass(frozen=True, slots=True)
class Extend:
    """Go on with the training that has ended, for so many more steps."""

    steps: int


class Order(Enum):
    """What the training under way is to do, and CLOSE what the whole process is."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    ABORT = "abort"
    CLOSE = "close"


Command = Begin | Claim | GoOn | Drop | Extend | Order
"""From the window."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Torch is there, but for these devices."""

    missing_devices: frozenset[str]


@dataclass(frozen=True, slots=True)
class Warm:
    """All is there that the first picture of a training needs."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The answer to a claim.

    Attributes:
        number: of the claim.
        problem: why it cannot be had, in a sentence; None if it is held now.
    """

    number: int
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Began:
    """A training has begun, or goes on; its runs are in these folders, in order."""

    folders: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """More than a step was recorded: it is in the folders."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something beside the training went wrong: a sentence for the user."""

    text: str


Report = Imported | Warm | Claimed | Began | Recorded | Problem | TrainingStatus
"""To the window; FINISHED is the last of a training, and comes when its folders are whole."""
