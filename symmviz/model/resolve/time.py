"""Which steps there are, which one each run shows, and which are likely to be next."""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import chain

from symmcore.runs import Recording
from symmcore.runs.formats.info import RecordingState, RunStatus
from symmviz.model.timeline import TimelineState
from symmviz.model.workspace import Cursor

# Read ahead of the cursor, in the direction in which it moves, and less the other way.
_AHEAD, _BEHIND = 6, 2
_LOOKED_BACK = 16  # steps, for the newest one of which something is known


def newest_at(steps: tuple[int, ...], cursor: Cursor) -> int | None:
    """The newest of ascending steps at or before the cursor; None where there is none."""
    if cursor.step is None:
        return steps[-1] if steps else None
    at = bisect_right(steps, cursor.step)
    return steps[at - 1] if at else None


def steps_looked_at(steps: tuple[int, ...], step: int | None, cursor: Cursor) -> tuple[int, ...]:
    """Steps of which the first that something is known of is shown, the newest first.

    Args:
        steps: of which something can be known, ascending.
        step: the one that is to be shown; None for none.
        cursor: while it follows, earlier ones do until the newest is known.
    """
    if cursor.following:
        return steps[-_LOOKED_BACK:][::-1]
    return () if step is None else (step,)


def shown_step(recording: Recording, cursor: Cursor) -> int | None:
    """The step of the frame that a run shows: its newest at or before the cursor."""
    return newest_at(recording.state.frame_steps, cursor)


def timeline(recordings: tuple[Recording, ...], cursor: Cursor) -> TimelineState:
    """What the time slider shows."""
    states = [recording.state for recording in recordings]
    frames = _union(state.frame_steps for state in states)
    last = max((state.last_step for state in states), default=0)
    last = max(last, frames[-1]) if frames else last
    totals = [recording.info.total_steps for recording in recordings]
    return TimelineState(
        first=frames[0] if frames else 0,
        last=last,
        cursor=last if cursor.step is None else cursor.step,
        following=cursor.following,
        live=any(state.status is RunStatus.TRAINING for state in states),
        frames=frames,
        checkpoints=_union(state.checkpoint_steps for state in states),
        planned=max((total for total in totals if total is not None), default=None),
        branches=_union(
            (recording.info.parent.step,) for recording in recordings if recording.info.parent
        ),
    )


def steps_wanted(state: RecordingState, cursor: Cursor, direction: int) -> tuple[int, ...]:
    """Steps of a run whose frames should be in memory, the one shown first.

    Args:
        state: of the run.
        cursor: what is shown.
        direction: 1 where the cursor last moved to a later step, -1 to an earlier one.
    """
    steps = state.frame_steps
    if cursor.step is None:
        return steps[-1:]
    at = bisect_right(steps, cursor.step) - 1
    later, earlier = steps[max(at + 1, 0) :], steps[: max(at, 0)][::-1]
    ahead, behind = (later, earlier) if direction >= 0 else (earlier, later)
    shown = steps[at : at + 1] if at >= 0 else ()
    return (*shown, *ahead[:_AHEAD], *behind[:_BEHIND])


def _union(parts: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sorted(set(chain.from_iterable(parts))))
