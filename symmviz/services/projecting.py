"""Has the frames projected that were not yet: those looked at first, then new ones, then all."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from symmcore.errors import InputError
from symmcore.projection.base import ProjectionJob
from symmcore.projection.worker import ProjectionWorker
from symmcore.records import Projection
from symmcore.runs import Recording
from symmcore.runs.info import RunStatus
from symmviz.model.resolve import shown_step
from symmviz.model.workspace import Cursor
from symmviz.services.frames import FrameLoader

_STARTS_TRIED = 4  # of projections near a frame, until one has a picture to go on from


@dataclass(frozen=True, slots=True)
class Task:
    """A step of runs that are drawn together, which has frames without a projection."""

    runs: tuple[Recording, ...]
    step: int


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is to be projected, and around which step."""

    groups: tuple[tuple[Recording, ...], ...]
    method: str
    cursor: Cursor


class Projections:
    """Chooses what is projected next, one job at a time, and stores what comes of it.

    Threads: one that reads frames, from :meth:`start` to :meth:`close`; and those of the
    projection worker, which it owns.
    """

    def __init__(self, loader: FrameLoader, on_problem: Callable[[str], None]) -> None:
        self._loader = loader
        self._on_problem = on_problem
        self._worker = ProjectionWorker(on_result=self._on_result, on_error=self._on_error)
        self._thread = threading.Thread(target=self._run, name="symmviz-projecting", daemon=True)
        self._condition = threading.Condition()
        # The condition guards all of these.
        self._shown = _Shown((), "pca", Cursor())
        self._asked: Task | None = None
        # A job that another has replaced is never answered, and goes from here by itself.
        self._tasks: WeakKeyDictionary[ProjectionJob, Task] = WeakKeyDictionary()
        self._done: set[tuple[str, str, int]] = set()
        self._changed = False
        self._closed = False
        self._started = False

    def start(self) -> None:
        """Start the worker's process and the thread that feeds it."""
        with self._condition:
            if self._started or self._closed:
                return
            self._started = True
        self._worker.start()
        self._thread.start()

    def show(self, recordings: tuple[Recording, ...], method: str, cursor: Cursor) -> None:
        """Project these runs' frames, those near the cursor first; at every change of them."""
        with self._condition:
            self._shown = _Shown(grouped(recordings), method, cursor)
            self._changed = True
            self._condition.notify()

    def forget(self, key: str) -> None:
        """Project a run anew where it has no projections: it went back, or they are lost."""
        with self._condition:
            self._done = {name for name in self._done if name[0] != key}
            self._asked = None
            self._changed = True
            self._condition.notify()

    def close(self, timeout: float) -> None:
        """End the process and the threads."""
        with self._condition:
            self._closed = True
            self._condition.notify()
            started = self._started
        self._worker.close(timeout)
        if started:
            self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._condition:
                while not (self._changed or self._closed):
                    self._condition.wait()
                if self._closed:
                    return
                self._changed = False
                shown, done, asked = self._shown, frozenset(self._done), self._asked
            task = next_task(shown.groups, shown.method, shown.cursor, done)
            if task is not None and task != asked:
                self._ask(task, shown.method)

    def _ask(self, task: Task, method: str) -> None:
        try:
            job = _job(task, method)
        except (InputError, LookupError, OSError) as error:
            self._give_up(task, method, str(error))
            return
        with self._condition:
            self._asked = task
            self._tasks[job] = task
        self._worker.submit(job)

    def _on_result(self, job: ProjectionJob, projections: tuple[Projection, ...]) -> None:
        with self._condition:
            task = self._tasks.pop(job)
        for recording, projection in zip(task.runs, projections, strict=True):
            recording.store_projection(projection)
            self._loader.put(recording.key, projection)
        self._answered(task, job.method)

    def _on_error(self, text: str, job: ProjectionJob | None) -> None:
        self._on_problem(text)
        if job is None:  # the process: what it was at is done by the next one
            return
        with self._condition:
            task = self._tasks.pop(job)
        self._give_up(task, job.method, text.partition("\n")[0])

    def _give_up(self, task: Task, method: str, reason: str) -> None:
        for recording in task.runs:
            self._loader.fail(recording.key, task.step, reason)
        self._answered(task, method)

    def _answered(self, task: Task, method: str) -> None:
        with self._condition:
            self._done |= {(recording.key, method, task.step) for recording in task.runs}
            if self._asked == task:
                self._asked = None
            self._changed = True
            self._condition.notify()


def grouped(recordings: tuple[Recording, ...]) -> tuple[tuple[Recording, ...], ...]:
    """Runs that were trained together, which are drawn alike; every other run alone."""
    groups: dict[object, list[Recording]] = {}
    for recording in recordings:
        info = recording.info
        together = recording.key if info.group is None else (info.group, info.fingerprint)
        groups.setdefault(together, []).append(recording)
    return tuple(map(tuple, groups.values()))


def next_task(
    groups: tuple[tuple[Recording, ...], ...],
    method: str,
    cursor: Cursor,
    done: frozenset[tuple[str, str, int]],
) -> Task | None:
    """What to project next: what is shown, the newest of a live run, then the nearest.

    Args:
        groups: runs that are drawn together.
        method: name of the projection.
        cursor: what is shown.
        done: (key, method, step) of what was projected or given up here.
    """
    best: tuple[tuple[int, int], Task] | None = None
    for runs in groups:
        missing = _missing(runs, method, done)
        for rank, step in _ranked(runs, missing, cursor):
            if best is None or rank < best[0]:
                having = tuple(run for run in runs if step in run.state.frame_steps)
                best = rank, Task(having, step)
    return None if best is None else best[1]


def _ranked(
    runs: tuple[Recording, ...], missing: frozenset[int], cursor: Cursor
) -> list[tuple[tuple[int, int], int]]:
    if not missing:
        return []
    shown = {shown_step(run, cursor) for run in runs}
    newest = max(run.state.frame_steps[-1] for run in runs if run.state.frame_steps)
    is_live = any(run.state.status is RunStatus.TRAINING for run in runs)
    at = newest if cursor.step is None else cursor.step

    def rank(step: int) -> tuple[int, int]:
        urgency = 0 if step in shown else 1 if is_live and step == newest else 2
        return urgency, abs(step - at)

    nearest = min(missing, key=rank)
    return [(rank(nearest), nearest)]


def _missing(
    runs: tuple[Recording, ...], method: str, done: frozenset[tuple[str, str, int]]
) -> frozenset[int]:
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


def _job(task: Task, method: str) -> ProjectionJob:
    frames = tuple(run.frame(task.step) for run in task.runs)
    return ProjectionJob(method, frames, tuple(_start(run, method, task.step) for run in task.runs))


def _start(run: Recording, method: str, step: int) -> Projection | None:
    """The projection to go on from: the nearest earlier one, else the nearest later one."""
    steps = run.state.projection_steps.get(method, ())
    earlier = [one for one in reversed(steps) if one < step]
    later = [one for one in steps if one > step]
    for one in (*earlier, *later)[:_STARTS_TRIED]:
        projection = run.projection(method, one)
        if projection is not None and _has_picture(projection):
            return projection
    return None


def _has_picture(projection: Projection) -> bool:
    return any(np.any(plane.original) for plane in (projection.train, projection.test))
