"""Where a training begins that goes on from checkpoints; imports no torch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from symmcore.records import Checkpoint
from symmcore.training.sink import ParentRun


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Checkpoints of one step, one for each run, and what must be true to go on from them.

    Attributes:
        step: after how many steps they were made.
        read: reads them, in the order of the runs, with None for one that has ended; takes as
            long as the files are large. Picklable where another process trains.
        fingerprint: of the dataset that the runs were trained on.
        named: how the user knows what goes on: the path of a run or of a comparison.
        parents: for a branch the parent of each run; None where a run itself goes on.
        ended: by run, what was said of one that diverged before, and takes no part.
    """

    step: int
    read: Callable[[], tuple[Checkpoint | None, ...]]
    fingerprint: str
    named: str
    parents: tuple[ParentRun, ...] | None = None
    ended: Mapping[int, str] = field(default_factory=dict)
