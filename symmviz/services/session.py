"""Owns every thread and process behind the window: starts, steers, stops and joins them."""

import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from datetime import datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from symmcore.runs import Recording
from symmcore.runs.continuing.continuation import ContinuationPlan, branch_plan, resume_plan
from symmcore.runs.continuing.seed_folder import SeedFolder
from symmcore.runs.formats.files import write_whole
from symmcore.runs.reading.opening import read_runs
from symmcore.runs.writing.naming import run_folder
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import RunSpec
from symmviz.model.runs.recent import RecentRun
from symmviz.model.workspace import Workspace
from symmviz.services.dataset_scan import DatasetScan
from symmviz.services.exports import Exports
from symmviz.services.follower import Follower
from symmviz.services.frames.events import EventFinder
from symmviz.services.frames.loader import FrameLoader
from symmviz.services.opening import read_recent_runs
from symmviz.services.projection.drawing import PointDrawing
from symmviz.services.projection.projections import Projections
from symmviz.services.results import ResultsReader
from symmviz.services.retrieval.rankings import Rankings
from symmviz.services.retrieval.search import Searches
from symmviz.services.retrieval.uploads import Uploads
from symmviz.services.thumbnails import Thumbnails
from symmviz.services.training.continuing import (
    Continuation,
    drop_continuation,
    prepare_continuation,
)
from symmviz.services.training.messages import Order
from symmviz.services.training.process import TrainingProcess
from symmviz.services.training.seed_series import SeedsLeft, seeds_left
from symmviz.services.training.status_box import StatusBox, Updates

_Found = TypeVar("_Found")
_SCAN_THREADS = 3  # a disk that does not answer is not to hold up the next scan


class Session:
    """One training at a time, and all that reads recordings for the window.

    Threads and processes, all started here and joined by :meth:`close`:

    - those of :class:`TrainingProcess`: it trains, and imports torch behind the Start page;
    - the projection process and the two threads that feed it, from :meth:`open` on;
    - one each for frames, retrieval, thumbnails and results, from their first wish on;
    - those that draw maps and what lies over them, and the one that loads the loops they use;
    - one each for rankings, events and uploads and one more for retrieval, from the first wish on;
    - one that exports, while it does, and one that draws figures, from the first of them on;
    - one that follows runs which other processes write, from the first of them on;
    - a few that open runs and scan datasets, each from its first task on.

    All methods are for the GUI thread and return at once, but for ``close``.

    Attributes:
        frames: what has been read of the recordings.
        searches: what has been found in them.
        rankings: how all their images do as queries.
        events: what happened from each of their frames to the next.
        uploads: images from elsewhere, and what was found for them.
        thumbnails: their images.
        results: what they came to.
        drawing: draws the points of maps.
        exports: writes what is exported.
    """

    def __init__(self) -> None:
        self._box = StatusBox()
        self.frames = FrameLoader(self._box.problem)
        self.searches = Searches()
        self.rankings = Rankings(self.searches.index, self._box.problem)
        self.events = EventFinder(self._box.problem)
        self.uploads = Uploads(self.searches.index)
        self.thumbnails = Thumbnails(self.uploads.read)
        self.results = ResultsReader(self._box.problem)
        self.drawing = PointDrawing()
        self.exports = Exports()
        self._projections = Projections(self.frames, self._box.problem)
        self._follower = Follower(self._box.problem)
        self._training = TrainingProcess(
            self._box, lambda more: self._follower.notify(is_more_than_metrics=more)
        )
        self._scans = ThreadPoolExecutor(_SCAN_THREADS, thread_name_prefix="symmviz-look")
        self._opens = ThreadPoolExecutor(2, thread_name_prefix="symmviz-open")
        self._scan: DatasetScan | None = None
        self._followed: tuple[Recording, ...] = ()
        self._opened = self._closed = False
        self._planned: Future[Continuation] | Future[SeedsLeft] | None = None

    def open(self) -> None:
        """Start what can be made ready before the user chooses anything; once."""
        self.open_training()
        self.open_projections()

    def open_training(self) -> None:
        """Start the process that trains, which imports torch for seconds; once."""
        if not self._closed:
            self._training.open()

    def open_projections(self) -> None:
        """Start what projects frames; once. The loops that draw them follow at leisure."""
        if not self._opened and not self._closed:
            self._opened = True
            self._projections.start()

    def start(self, config: TrainingConfig, out: Path) -> None:
        """Train ``config`` and record it under ``out``.

        Raises:
            InputError: if ``out`` holds a run or cannot be written.
            RuntimeError: if a training is running.
        """
        self._training.start(config, out)
        self.open()

    def plan_resume(self, folder: Path, steps: int) -> "Future[Continuation]":
        """Read a recorded run or comparison, to go on from its newest checkpoint.

        Args:
            folder: of the run, or of the comparison.
            steps: to train in all.

        Returns:
            What :meth:`go_on` takes, from a thread for that; raises InputError if it cannot go on.
        """
        return self._plan(partial(resume_plan, folder, steps), lambda _: folder)

    def plan_branch(
        self, run: Path, step: int, spec: RunSpec, runs_folder: Path, steps: int | None = None
    ) -> "Future[Continuation]":
        """Read a run of which a sibling is to be trained that shares its past.

        Args:
            run: folder of the run.
            step: of the checkpoint that they part at.
            spec: what the sibling is trained with.
            runs_folder: where a folder is made for it.
            steps: to train in all; None as planned for the run.

        Returns:
            What :meth:`go_on` takes, from a thread for that; raises InputError if that cannot be
            changed, or the folder cannot be written.
        """
        return self._plan(
            partial(branch_plan, run, step, spec, steps),
            lambda plan: run_folder(runs_folder, plan.config, datetime.now()),
        )

    def plan_seed(self, open_folder: Callable[[], SeedFolder]) -> "Future[SeedsLeft]":
        """Find the next of several seeds, to train it with :meth:`go_on`, on a thread for that.

        Args:
            open_folder: gives the folder of all seeds; called on the thread.
        """
        planned = self._opens.submit(seeds_left, open_folder, self._training)
        self._planned = planned
        return planned

    def go_on(self, planned: Continuation) -> tuple[str, ...]:
        """Train what was planned; returns the SPECs of its runs.

        Raises:
            RuntimeError: if a training is running; the plan is dropped.
        """
        self._planned = None
        try:
            self._training.go_on(planned.claim)
        except RuntimeError:
            planned.close()
            raise
        self.open()
        if planned.plan is not None and planned.plan.notes:
            self._box.problem(" ".join(planned.plan.notes))
        return tuple(spec.name for spec in planned.config.specs)

    def extend(self, steps: int) -> None:
        """Go on with the finished training for ``steps`` more steps.

        Raises:
            RuntimeError: if there is none, it has not ended, or its process is gone.
        """
        self._training.extend(steps)

    @property
    def can_extend(self) -> bool:
        """Whether :meth:`extend` can be called."""
        return self._training.can_extend

    def pause(self) -> None:
        """Hold the training at the next batch boundary."""
        self._training.order(Order.PAUSE)

    def resume_paused(self) -> None:
        """Let a paused training go on."""
        self._training.order(Order.RESUME)

    def stop(self) -> None:
        """End the training at the next batch boundary; it is then evaluated as at its end."""
        self._training.order(Order.STOP)

    def abort(self) -> None:
        """End the training at the next batch boundary, with nothing more."""
        self._training.order(Order.ABORT)

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """Those of the newest training; empty before it has begun."""
        return self._training.recordings

    @property
    def running(self) -> bool:
        """Whether a training is under way, or about to be."""
        return self._training.running

    @property
    def warm(self) -> bool:
        """Whether all is there that the first picture of a training needs."""
        return self._training.warm

    @property
    def missing_devices(self) -> frozenset[str]:
        """Devices that torch does not find here; empty before it has been imported."""
        return self._training.missing_devices

    def show(self, workspace: Workspace) -> None:
        """Read what the workspace shows: after every change of it or of its recordings."""
        recordings = workspace.recordings
        display = workspace.display
        self._projections.show(recordings, display.method, workspace.cursor, display.split)

    def follow(self, recordings: tuple[Recording, ...]) -> None:
        """Take in what is written of these runs, here or elsewhere, and forget all others."""
        known = {recording.key: recording for recording in self._followed}
        self._followed = recordings
        for recording in recordings:
            if known.get(recording.key, recording) is not recording:
                # A run that is resumed may have gone back, and takes those steps anew.
                self.frames.forget(recording.key)
                self._projections.forget(recording.key)
                self.searches.clear()
                self.rankings.clear()
                self.events.clear()
                self.uploads.clear()
        self.frames.keep_only(frozenset(recording.key for recording in recordings))
        self.thumbnails.show(recordings)
        self._follower.follow(recordings)

    def read_runs(self, paths: tuple[Path, ...]) -> "Future[tuple[Recording, ...]]":
        """Open runs and comparisons, on a thread for that."""
        return self._opens.submit(read_runs, paths)

    def look_up(self, what: Callable[[], _Found]) -> "Future[_Found]":
        """Find something out that takes a while (a disk, a subprocess), on a thread for that."""
        return self._opens.submit(what)

    def read_recent_runs(self, folder: Path) -> "Future[tuple[RecentRun, ...]]":
        """List what was trained into a folder, the newest first, on a thread for that."""
        return self._opens.submit(read_recent_runs, folder)

    def import_behind(self, module: str) -> "Future[object] | None":
        """Import a module that makes no object of Qt's, on a thread; None once all is closed."""
        return None if self._closed else self._opens.submit(import_module, module)

    def write_file(self, path: Path, content: bytes) -> "Future[None]":
        """Write a file that is whole or what it was, on a thread for that."""
        return self._opens.submit(write_whole, path, content)

    def scan_dataset(self, config: TrainingConfig) -> DatasetScan:
        """List the files a training would read, on a thread for that; cancels the last scan."""
        if self._scan is not None:
            self._scan.give_up()
        self._scan = DatasetScan(self._scans, config)
        return self._scan

    def drain(self) -> Updates:
        """Take everything that is new of the training; begin what waits for its first picture.

        Which NumPy draws as well as the compiled loops: to load these, or to compile them on the
        very first launch, would only take a core from what it waits for.
        """
        training = self._training
        waits = training.loading or (training.running and not self._projections.has_shown)
        if self._opened and not waits:
            self.drawing.start()
        return self._box.drain()

    @property
    def busy(self) -> bool:
        """Whether something that is shown will be there in milliseconds."""
        return self.frames.busy or self.searches.busy

    def note(self, sentence: str) -> None:
        """Show a sentence for the user beside the training; for any thread."""
        self._box.problem(sentence)

    def close(self, timeout: float) -> bool:
        """Stop everything and wait for it; safe to call twice.

        Args:
            timeout: seconds to wait at most for the training's last step.

        Returns:
            Whether everything has ended, but for scans of datasets and folders, which only
            read. If not, a training step is still under way, after which its process ends by
            itself with everything recorded: this one may be ended.
        """
        self._closed = True
        deadline = time.monotonic() + timeout
        self.abort()
        self._opens.shutdown(wait=False, cancel_futures=True)
        if self._planned is not None:
            self._planned.add_done_callback(drop_continuation)
        if self._scan is not None:
            self._scan.give_up()
        self._scans.shutdown(wait=False, cancel_futures=True)
        self.drawing.close(timeout)
        self._projections.close(timeout)
        readers = (
            self.frames, self.searches, self.rankings, self.events, self.uploads,
            self.thumbnails, self.results, self._follower, self.exports,
        )  # fmt: skip
        for part in readers:
            part.close(max(0.0, deadline - time.monotonic()))
        return self._training.close(max(0.0, deadline - time.monotonic()))

    def check_open(self) -> None:
        """Raise ``CancelledError`` once all is closed: for what a thread is at; for any thread."""
        if self._closed:
            raise CancelledError

    def _plan(
        self, read: Callable[[], ContinuationPlan], out: Callable[[ContinuationPlan], Path]
    ) -> "Future[Continuation]":
        planned = self._opens.submit(prepare_continuation, read, out, self._training)
        self._planned = planned
        return planned
