"""Chooses what is projected next: pure functions of what is shown and what is recorded."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from symmcore.errors import InputError
from symmcore.projection.base import PCA, ProjectionJob, ProjectionSettings
from symmcore.records import Frame, Projection
from symmcore.runs import Recording
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.reading.groups import Groups
from symmviz.model.resolve import shown_step
from symmviz.model.retrieval.query import Split
from symmviz.model.workspace import Cursor

_STARTS_TRIED = 4  # of projections near a frame, until one has a picture to go on from
_NEAR_FRAMES = 3  # from which the points of one frame find their places in another
SHARE_WHILE_TRAINING = 0.3  # of the time for what is only to be recorded

Given = tuple[str, str, int]
"""(key, method, step) of what was projected here, or given up."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is to be projected, and around which step."""

    groups: Groups
    method: str
    cursor: Cursor
    split: Split = Split.TEST


@dataclass(frozen=True, slots=True)
class Task:
    """A step of runs that are drawn together, which has frames without a projection.

    Attributes:
        runs: they.
        step: of the frames.
        live: the split whose points move on the screen until they have settled; None for
            coordinates that are recorded.
    """

    runs: tuple[Recording, ...]
    step: int
    live: Split | None = None


def next_task(shown: Shown, done: frozenset[Given], settled: frozenset[Task]) -> Task | None:
    """What to project next.

    Where a method projects a frame at once: what is shown, then the newest of a live run,
    then the nearest to the cursor. Where its points move: what is shown, on the screen, until
    it has settled; then every frame in the order of steps, each from the one before, so that
    what is recorded does not depend on what was looked at.

    Args:
        shown: what is on the screen.
        done: what needs no projection any more.
        settled: live tasks that are over.
    """
    parents = done | {
        (branch.key, shown.method, step) for branch, _, step in shared_past(shown.groups)
    }
    if shown.method == PCA:
        return _next_at_once(shown, parents)
    return _next_live(shown, done, settled) or _next_in_order(shown, parents)


def shared_past(groups: Groups) -> Iterator[tuple[Recording, Recording, int]]:
    """Give each branch whose parent is shown too, the parent, and each step that they share.

    What they share looks the same in both: the branch has its parent's coordinates there.
    """
    by_key = {run.key: run for runs in groups for run in runs}
    for branch in by_key.values():
        origin = branch.info.parent
        parent = None if origin is None else by_key.get(origin.key)
        if origin is None or parent is None:
            continue
        theirs = set(parent.state.frame_steps)
        for step in branch.state.frame_steps:
            if step <= origin.step and step in theirs:
                yield branch, parent, step


def _next_at_once(shown: Shown, done: frozenset[Given]) -> Task | None:
    best: tuple[tuple[int, int], Task] | None = None
    for runs in shown.groups:
        missing = _missing(runs, shown.method, done)
        for rank, step in _ranked(runs, missing, shown.cursor):
            if best is None or rank < best[0]:
                best = rank, Task(_having(runs, step), step)
    return None if best is None else best[1]


def _next_live(shown: Shown, done: frozenset[Given], settled: frozenset[Task]) -> Task | None:
    for runs in shown.groups:
        steps = [step for run in runs if (step := shown_step(run, shown.cursor)) is not None]
        if not steps:
            continue
        step = max(steps)
        task = Task(_having(runs, step), step, shown.split)
        moves = gets_newer(shown, runs)
        missing = step in _missing(task.runs, shown.method, done)
        if (moves or missing) and task not in settled:
            return task
    return None


def _next_in_order(shown: Shown, done: frozenset[Given]) -> Task | None:
    for runs in shown.groups:
        missing = _missing(runs, shown.method, done)
        if missing:
            step = min(missing)
            return Task(_having(runs, step), step)
    return None


def gets_newer(shown: Shown, runs: Iterable[Recording]) -> bool:
    """Whether the screen follows runs that get new frames."""
    return shown.cursor.following and is_training(runs)


def is_training(runs: Iterable[Recording]) -> bool:
    """Whether one of them gets new frames."""
    return any(run.state.status is RunStatus.TRAINING for run in runs)


def _having(runs: tuple[Recording, ...], step: int) -> tuple[Recording, ...]:
    return tuple(run for run in runs if step in run.state.frame_steps)


def _ranked(
    runs: tuple[Recording, ...], missing: frozenset[int], cursor: Cursor
) -> list[tuple[tuple[int, int], int]]:
    if not missing:
        return []
    shown = {shown_step(run, cursor) for run in runs}
    newest = max(run.state.frame_steps[-1] for run in runs if run.state.frame_steps)
    is_live = is_training(runs)
    at = newest if cursor.step is None else cursor.step

    def rank(step: int) -> tuple[int, int]:
        urgency = 0 if step in shown else 1 if is_live and step == newest else 2
        return urgency, abs(step - at)

    nearest = min(missing, key=rank)
    return [(rank(nearest), nearest)]


def _missing(runs: tuple[Recording, ...], method: str, done: frozenset[Given]) -> frozenset[int]:
    missing: set[int] = set()
    for run in runs:
        state = run.state
        projected = set(state.projection_steps.get(method, ()))
        missing |= {
            step
            for step in state.frame_steps
            if step not in projected and (run.key, method, step) not in done
        }
    return frozenset(missing)


def recorded_job(task: Task, method: str, *, is_busy: bool) -> ProjectionJob:
    """The job of a task whose coordinates are recorded: the same whatever was looked at.

    Args:
        task: what to project.
        method: by which method.
        is_busy: whether a training is under way, which is to keep its speed.

    Raises:
        InputError, LookupError, OSError: if a frame cannot be read.
    """
    in_order = method != PCA
    starts = tuple(_recorded_start(run, method, task.step, in_order) for run in task.runs)
    settings = ProjectionSettings(
        seed=task.runs[0].info.seed or 0,
        share=SHARE_WHILE_TRAINING if is_busy and in_order else 1.0,
    )
    before = tuple(map(_frame_of, task.runs, starts))
    return ProjectionJob(method, _frames(task), starts, settings, before)


def live_job(
    task: Task, method: str, newest: tuple[Projection | None, ...], matured: float, *, rests: bool
) -> ProjectionJob:
    """The job of a task whose points move on the screen, from where they are.

    Args:
        task: what to project.
        method: by which method.
        newest: where each run's points are on the screen; None where they are not.
        matured: how far the layout is that put them there.
        rests: whether no newer frame is on its way to the screen.

    Raises:
        InputError, LookupError, OSError: if a frame cannot be read.
    """
    assert task.live is not None, "it is for the screen"
    starts: list[Projection | None] = []
    for run, drawn in zip(task.runs, newest, strict=True):
        recorded = _recorded_start(run, method, task.step, in_order=False)
        near = drawn is not None and (
            recorded is None or abs(drawn.step - task.step) <= abs(recorded.step - task.step)
        )
        starts.append(drawn if near else recorded)
    goes_on = any(start is not None and start in newest for start in starts)
    far = any(
        start is not None and _frames_between(run, start.step, task.step) > _NEAR_FRAMES
        for run, start in zip(task.runs, starts, strict=True)
    )
    # Too much has changed to be found by moving on: a first layout, which begins there.
    begun = 0.0 if far else matured if goes_on else 1.0
    settings = ProjectionSettings(
        seed=task.runs[0].info.seed or 0,
        splits=(task.live.value,),
        is_live=True,
        matured=begun,
        rests=rests,
    )
    return ProjectionJob(method, _frames(task), tuple(starts), settings)


def _frames_between(run: Recording, one: int, other: int) -> int:
    """How many frames one has to pass to come from the frame of a step to that of another."""
    steps = run.state.frame_steps
    return abs(bisect_left(steps, one) - bisect_left(steps, other))


def _frames(task: Task) -> tuple[Frame, ...]:
    return tuple(run.frame(task.step) for run in task.runs)


def _frame_of(run: Recording, start: Projection | None) -> Frame | None:
    """The frame that a start shows; None where it cannot be read any more."""
    if start is None:
        return None
    try:
        return run.frame(start.step)
    except (InputError, LookupError, OSError):
        return None


def _recorded_start(run: Recording, method: str, step: int, in_order: bool) -> Projection | None:
    """The recorded projection to go on from: the nearest earlier one, else a later one.

    In the order of steps a later one is not used, and an earlier one has a picture or begins
    the map anew.
    """
    steps = run.state.projection_steps.get(method, ())
    earlier = [one for one in reversed(steps) if one < step]
    later = [] if in_order else [one for one in steps if one > step]
    for one in (*earlier, *later)[:_STARTS_TRIED]:
        projection = run.projection(method, one)
        if projection is not None and _has_picture(projection):
            return projection
    return None


def _has_picture(projection: Projection) -> bool:
    return any(np.any(plane.original) for plane in (projection.train, projection.test))
