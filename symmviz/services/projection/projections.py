"""Has the frames projected that were not yet: what is on the screen first, then all others."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from symmcore.errors import InputError, type_and_line
from symmcore.projection.base import PCA, ProjectionJob, ProjectionUpdate
from symmcore.projection.worker import ProjectionWorker
from symmcore.records import Projection
from symmcore.runs import Recording
from symmcore.runs.reading.groups import grouped
from symmviz.model.retrieval.query import Split
from symmviz.model.workspace import Cursor
from symmviz.services.faults import report_fault
from symmviz.services.frames.loader import FrameLoader
from symmviz.services.projection.tasks import (
    Given,
    Shown,
    Task,
    gets_newer,
    is_training,
    live_job,
    next_task,
    recorded_job,
    shared_past,
)

_LiveKey = tuple[str, str, Split]
"""Key of a run, method and split."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Where a run's points are on the screen, and how far the layout is: see ProjectionJob."""

    projection: Projection
    matured: float


class Projections:
    """Chooses what is projected next, one job at a time, and stores what comes of it.

    Threads: one that reads frames, from :meth:`start` to :meth:`close`; and those of the
    projection worker, which it owns.
    """

    def __init__(self, loader: FrameLoader, on_problem: Callable[[str], None]) -> None:
        self._loader = loader
        self._on_problem = on_problem
        self._worker = ProjectionWorker(
            on_update=self._on_update, on_error=self._on_error, on_unusable=loader.put_unusable
        )
        self._thread = threading.Thread(target=self._run, name="symmviz-projecting", daemon=True)
        self._condition = threading.Condition()
        # The condition guards all of these.
        self._shown = Shown((), PCA, Cursor())
        self._asked: tuple[Task, str] | None = None
        # A job that another has replaced is never answered, and goes from here by itself.
        self._tasks: WeakKeyDictionary[ProjectionJob, Task] = WeakKeyDictionary()
        self._done: set[Given] = set()
        self._settled: set[tuple[str, Task]] = set()  # method; what rests on the screen
        self._drawn: dict[_LiveKey, _Drawn] = {}
        self._changed = False
        self._closed = False
        self._started = False
        self._said: set[str] = set()  # of the thread
        self._needed: set[str] = set()  # remedies that were told of; of the worker's thread

    def start(self) -> None:
        """Start the worker's process and the thread that feeds it."""
        with self._condition:
            if self._started or self._closed:
                return
            self._started = True
        self._worker.start()
        self._thread.start()

    def show(
        self,
        recordings: tuple[Recording, ...],
        method: str,
        cursor: Cursor,
        split: Split = Split.TEST,
    ) -> None:
        """Project these runs' frames, what is shown first; at every change of them."""
        with self._condition:
            self._shown = Shown(grouped(recordings), method, cursor, split)
            self._settled = {one for one in self._settled if set(one[1].runs) <= set(recordings)}
            self._changed = True
            self._condition.notify()

    @property
    def has_shown(self) -> bool:
        """Whether there is a map of a training's newest frame."""
        with self._condition:
            return bool(self._drawn)

    def forget(self, key: str) -> None:
        """Project a run anew where it has no projections: it went back, or they are lost."""
        with self._condition:
            self._done = {name for name in self._done if name[0] != key}
            self._drawn = {name: one for name, one in self._drawn.items() if name[0] != key}
            self._settled.clear()
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
                settled = frozenset(one for by, one in self._settled if by == shown.method)
            try:
                done |= self._share_past(shown, done)
                task = next_task(shown, done, settled)
                if task is not None and (task, shown.method) != asked:
                    self._ask(task, shown)
            except Exception as error:  # noqa: BLE001 - the next change may be none of it
                self._say(error)

    def _say(self, error: Exception) -> None:
        sentence = f"Frames are not projected ({type_and_line(error)})."
        if sentence not in self._said:
            self._said.add(sentence)
            report_fault(error)
            self._on_problem(sentence)

    def _share_past(self, shown: Shown, done: frozenset[Given]) -> frozenset[Given]:
        """Give branches what their parents have of the past that they share; returns what."""

        def is_known(run: Recording, step: int) -> bool:
            # the state may not tell yet what was stored a moment ago
            given = (run.key, shown.method, step) in done
            return given or step in run.state.projection_steps.get(shown.method, ())

        shared: set[Given] = set()
        for branch, parent, step in shared_past(shown.groups):
            if is_known(branch, step) or not is_known(parent, step):
                continue
            try:
                projection = parent.projection(shown.method, step)
            except (InputError, OSError):
                continue  # whoever draws the parent says so
            if projection is not None:
                branch.store_projection(projection)
                self._loader.put(branch.key, projection)
                shared.add((branch.key, shown.method, step))
        with self._condition:
            self._done |= shared
        return frozenset(shared)

    def _ask(self, task: Task, shown: Shown) -> None:
        method = shown.method
        try:
            job = self._job(task, shown)
        except (InputError, LookupError, OSError) as error:
            self._give_up(task, method, str(error))
            return
        except Exception as error:  # noqa: BLE001 - a fault in one frame is none of the others'
            report_fault(error)
            self._give_up(task, method, f"Not projected ({type_and_line(error)}).")
            return
        with self._condition:
            self._asked = task, method
            self._tasks[job] = task
            if task.live is not None:
                self._settled = {one for one in self._settled if not _replaces(task, method, *one)}
        self._worker.submit(job)

    def _job(self, task: Task, shown: Shown) -> ProjectionJob:
        if task.live is None:
            is_busy = any(map(is_training, shown.groups))
            return recorded_job(task, shown.method, is_busy=is_busy)
        with self._condition:
            drawn = [self._drawn.get((run.key, shown.method, task.live)) for run in task.runs]
        newest = tuple(None if one is None else one.projection for one in drawn)
        matured = min((one.matured for one in drawn if one is not None), default=1.0)
        rests = not gets_newer(shown, task.runs)
        return live_job(task, shown.method, newest, matured, rests=rests)

    def _on_update(self, job: ProjectionJob, update: ProjectionUpdate) -> None:
        with self._condition:
            task = self._tasks[job]
        pairs = tuple(zip(task.runs, update.projections, strict=True))
        if task.live is not None:
            with self._condition:
                for recording, projection in pairs:
                    name = recording.key, job.method, task.live
                    self._drawn[name] = _Drawn(projection, update.matured)
            for recording, projection in pairs:
                self._loader.put_live(recording.key, task.live, projection, update.note)
        elif update.is_final and not self._is_done(task, job.method):
            for recording, projection in pairs:
                recording.store_projection(projection)
                self._loader.put(recording.key, projection)
        if update.is_final:
            self._answered(task, job.method)

    def _is_done(self, task: Task, method: str) -> bool:
        """Whether a job that this one replaced was finished all the same: its answer stands."""
        with self._condition:
            return {(one.key, method, task.step) for one in task.runs} <= self._done

    def _on_error(self, text: str, job: ProjectionJob | None) -> None:
        if job is None:  # the process: what it was at is done by the next one
            self._on_problem(text)
            return
        remedy = self._loader.unusable_methods().get(job.method, "")
        if remedy not in self._needed:  # of a broken library one frame's error is every frame's
            self._on_problem(text)
        if remedy:
            self._needed.add(remedy)
        with self._condition:
            task = self._tasks[job]
        self._give_up(task, job.method, f"{remedy}." if remedy else text.partition("\n")[0])

    def _give_up(self, task: Task, method: str, reason: str) -> None:
        for recording in task.runs:
            self._loader.fail(recording.key, task.step, reason)
        self._answered(task, method, is_lost=True)

    def _answered(self, task: Task, method: str, *, is_lost: bool = False) -> None:
        with self._condition:
            if task.live is not None:
                self._settled.add((method, task))
            if task.live is None or is_lost:
                self._done |= {(recording.key, method, task.step) for recording in task.runs}
            if self._asked == (task, method):
                self._asked = None
            self._changed = True
            self._condition.notify()


def _replaces(task: Task, method: str, by: str, settled: Task) -> bool:
    """Whether a live task moves the points that another left where they settled."""
    same = by == method and settled.live is task.live
    return same and not set(settled.runs).isdisjoint(task.runs)
