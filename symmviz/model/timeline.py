"""Steps of the runs that are shown: where frames and checkpoints are, and which step is shown."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TimelineState:
    """What the time slider shows.

    Attributes:
        first: first step of the recordings.
        last: newest step that was recorded; there may be no frame of it.
        cursor: the step that is shown, whether there is a frame of just that step or not.
        following: whether the newest frame is shown, and each that comes after it.
        live: whether more steps may come: a run trains, here or in another process.
        frames: steps of which at least one run has a frame, ascending.
        checkpoints: steps of which at least one run has a checkpoint, ascending.
        planned: step at which the training is to end; None where that is not known.
        branches: steps at which one of the runs left its parent, ascending.
    """

    first: int = 0
    last: int = 0
    cursor: int = 0
    following: bool = True
    live: bool = False
    frames: tuple[int, ...] = ()
    checkpoints: tuple[int, ...] = ()
    planned: int | None = None
    branches: tuple[int, ...] = ()

    @property
    def end(self) -> int:
        """The step at the right end: the last planned one while more may come."""
        planned = self.planned if self.live and self.planned is not None else self.last
        return max(planned, self.last)


def nearest_frame(state: TimelineState, step: float) -> int | None:
    """The frame nearest to a step, the earlier of two; None where there is no frame."""
    return _nearest(state.frames, step)


def nearest_checkpoint(state: TimelineState, step: float) -> int | None:
    """The checkpoint nearest to a step, the earlier of two; None where there is none."""
    return _nearest(state.checkpoints, step)


def step_before(state: TimelineState, step: int) -> int | None:
    """The newest frame before a step; None where there is none."""
    at = bisect_left(state.frames, step)
    return state.frames[at - 1] if at else None


def step_after(state: TimelineState, step: int) -> int | None:
    """The first frame after a step; None where there is none."""
    at = bisect_right(state.frames, step)
    return state.frames[at] if at < len(state.frames) else None


def frame_number(state: TimelineState, step: int) -> int:
    """Which frame is shown at a step, counted from 1: the newest up to it; 0 for none."""
    return bisect_right(state.frames, step)


def checkpoint_at_or_before(state: TimelineState, step: int) -> int | None:
    """The newest checkpoint up to a step; None where there is none."""
    at = bisect_right(state.checkpoints, step)
    return state.checkpoints[at - 1] if at else None


def _nearest(steps: tuple[int, ...], step: float) -> int | None:
    if not steps:
        return None
    at = bisect_left(steps, step)
    around = steps[max(at - 1, 0) : at + 1]
    return min(around, key=lambda one: abs(one - step))
