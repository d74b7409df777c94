"""Records a training: each run of it in a directory of its own."""

import contextlib
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from symmcore.errors import InputError
from symmcore.records import Checkpoint, EmbeddedSet, EvalRecord, Projection, Snapshot, StepRecord
from symmcore.runs.formats.config_file import read_info, training_settings
from symmcore.runs.formats.image_files import DatasetImages, write_image_files
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.layout import run_directories
from symmcore.runs.formats.lock import RunLock
from symmcore.runs.formats.metrics import metrics_line
from symmcore.runs.reading.finding import check_run
from symmcore.runs.reading.recording import Recording
from symmcore.runs.writing.budget import share_of_budget
from symmcore.runs.writing.checkpoint_thread import CheckpointThread
from symmcore.runs.writing.claim import cannot_write, check_free, claimed
from symmcore.runs.writing.run_writer import RunWriter
from symmcore.runs.writing.shared_past import cut, share_past
from symmcore.training.config import TrainingConfig
from symmcore.training.sink import ParentRun, TrainingContext
from symmcore.training.status import FinishReason, RunState, TrainingStatus

_SECONDS_FOR_THUMBNAILS = 2.0
_ENDS = {
    FinishReason.COMPLETED: RunStatus.FINISHED,
    FinishReason.STOPPED: RunStatus.STOPPED,
    FinishReason.CANCELLED: RunStatus.STOPPED,
    FinishReason.DIVERGED: RunStatus.DIVERGED,
    FinishReason.INVALID: RunStatus.FAILED,
    FinishReason.FAILED: RunStatus.FAILED,
}


def warn(problem: str) -> None:
    """Say as a Python warning that something cannot be saved."""
    warnings.warn(problem, RuntimeWarning, stacklevel=2)


class TrainingRecorder:
    """A sink that keeps each run of a training in a directory of its own.

    One run is written to ``out`` itself; several to ``out/<name of the run>``. Nothing is made
    before training begins. A file appears under its name only when it is whole; metrics are
    appended line by line. A save that fails does not end the training: what it was to keep stays
    in memory, and is tried again.

    It owns a thread that writes checkpoints, which the end of the training or :meth:`close` ends,
    and one that writes thumbnails, which :meth:`close` ends.
    """

    def __init__(
        self,
        out: Path,
        config: TrainingConfig,
        *,
        resume: bool = False,
        on_problem: Callable[[str], None] = warn,
    ) -> None:
        """Choose the directories.

        Args:
            out: the run directory, or the folder of a comparison.
            config: what is trained.
            resume: whether the runs are there and go on; nobody else may write them then.
            on_problem: told when saving begins to fail, once each time, and of the first image
                that cannot be read; by a thread that records.

        Raises:
            InputError: if a directory holds a run already, or none to resume, cannot be made, or
                is written by another process.
        """
        self._directories = run_directories(out, config)
        self._chosen = config
        self._on_problem = on_problem
        self._locks: list[RunLock] = []
        self._recordings: tuple[Recording, ...] = ()
        # by run: all that took part, and those of them that have not diverged
        self._writers: dict[int, RunWriter] = {}
        self._going: dict[int, RunWriter] = {}
        self._running = False
        self._thread = CheckpointThread(self._save_checkpoints)
        if resume:
            self._take_locks()
        else:
            check_free(out, self._directories)

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """The runs, live, in the order of ``config.specs``; none before training begins."""
        return self._recordings

    def begin(self, context: TrainingContext) -> None:
        """Make the directories and write each config.json.

        Where that fails, what it has made is removed again: half a run would only be in the
        way of the next.

        Raises:
            InputError: if a directory cannot be written, or holds a run by now.
        """
        if self._writers:
            self._go_on(context)
        elif context.resumed_from is not None:
            self._resume(context, context.resumed_from)
        else:
            self._begin(context)
        self._running = True

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        """Append one line to the run's metrics."""
        self._writers[run].add_line(metrics_line(record))

    def snapshots(self, snapshots: tuple[Snapshot | None, ...]) -> None:
        """Keep each run's frame, and its gallery within the budget."""
        for run, snapshot in enumerate(snapshots):
            if snapshot is not None:
                self._going[run].add_frame(snapshot.frame, _unwatched(snapshot))

    def checkpoints(self, checkpoints: tuple[Checkpoint | None, ...]) -> None:
        """Keep what each run goes on from, within the budget; a thread writes it.

        Waits while that still writes those before: no more than these are held in memory.
        """
        self._thread.wait()
        for run, checkpoint in enumerate(checkpoints):
            if checkpoint is not None:
                self._going[run].add_checkpoint(checkpoint)
        self._thread.request()

    def ended(self, run: int, message: str) -> None:
        """Say in its directory that a run has diverged, and leave it alone from then on."""
        self._thread.wait()
        writer = self._going[run]
        # another one: the thread may be at these, trying again what failed
        self._going = {other: one for other, one in self._going.items() if other != run}
        writer.end(RunStatus.DIVERGED, message)
        writer.thin_checkpoints()

    def finish_checkpoints(self) -> None:
        """Wait until the checkpoints told are on the disk, or could not be written."""
        self._thread.wait()

    def projections(self, projections: tuple[Projection, ...]) -> None:
        """Keep each run's projection; from any thread."""
        for recording, projection in zip(self._recordings, projections, strict=True):
            recording.store_projection(projection)

    def status(self, status: TrainingStatus) -> None:
        """Close the files when the training has ended, and let others write the runs."""
        if status.state is not RunState.FINISHED:
            return
        # what it fails with is told below, where the same is tried again
        with contextlib.suppress(Exception):
            self._thread.wait()
        self._thread.close()
        ended = _ENDS[status.reason or FinishReason.FAILED]
        running, self._running = self._running, False
        if running:
            # of a training that went on to its end, the message is of those that did not
            message = "" if status.can_continue else status.message
            for writer in self._going.values():
                writer.end(ended, message)
            self.finish_thumbnails(_SECONDS_FOR_THUMBNAILS)
            self._thin_checkpoints()  # one that could not be saved before may be there now
        if not self.unsaved:  # else closing tries again
            self._release()

    @property
    def unsaved(self) -> bool:
        """Whether something that was recorded is in memory alone; lost, after :meth:`close`."""
        return any(writer.unsaved for writer in self._writers.values())

    def save_again(self) -> bool:
        """Try again, after the end, what could not be saved; returns whether all is on the disk."""
        for writer in self._writers.values():
            writer.save_again()
        if self.unsaved:
            return False
        self._release()
        return True

    def finish_thumbnails(self, timeout: float) -> bool:
        """Wait for thumbnails, so many seconds a run; returns whether all are written."""
        done = [writer.finish_thumbnails(timeout) for writer in self._writers.values()]
        return all(done)

    def close(self) -> None:
        """End what was started; thumbnails that are not written are left out.

        What could not be saved is tried once more.
        """
        with contextlib.ExitStack() as closing:  # the last first, and each whatever befell another
            closing.callback(self._release)
            for writer in self._writers.values():
                closing.callback(writer.close)
            closing.callback(self._thread.close)

    def _save_checkpoints(self) -> bool:
        """Write each run's checkpoint, on the thread; returns whether all are on the disk."""
        saved = [writer.save_checkpoint() for writer in self._going.values()]
        self._thin_checkpoints()
        return all(saved)

    def _thin_checkpoints(self) -> None:
        """Keep to the budget; runs go on together, so all keep the newest one that all have."""
        steps = [writer.checkpoint_steps for writer in self._going.values()]
        common = frozenset.intersection(*steps) if steps else frozenset()
        for writer in self._going.values():
            writer.thin_checkpoints(keep=max(common, default=None))

    def _begin(self, context: TrainingContext) -> None:
        with contextlib.ExitStack() as undo:
            writers = {}
            for run, directory in enumerate(self._directories):
                try:
                    writers[run] = self._begin_run(run, directory, context, undo)
                except OSError as error:
                    raise cannot_write(directory, error) from error
            undo.pop_all()
        self._take(writers, tuple(writer.recording for writer in writers.values()))

    def _begin_run(
        self, run: int, directory: Path, context: TrainingContext, undo: contextlib.ExitStack
    ) -> RunWriter:
        lock = claimed(directory, undo)
        self._locks.append(lock)
        undo.callback(self._locks.remove, lock)
        parent = context.parents[run] if context.parents else None
        if parent is not None:
            share_past(parent.folder, directory, parent.step)
        return self._begun(run, directory, context, uuid.uuid4().hex, parent, undo)

    def _begun(
        self,
        run: int,
        directory: Path,
        context: TrainingContext,
        key: str,
        parent: ParentRun | None,
        undo: contextlib.ExitStack,
    ) -> RunWriter:
        config = context.config
        budget = share_of_budget(config.recording_bytes, len(config.specs))
        writer = RunWriter(directory, budget, self._on_problem)
        undo.callback(writer.close)
        self._begin_writer(writer, run, context, key, parent)
        return writer

    def _begin_writer(
        self,
        writer: RunWriter,
        run: int,
        context: TrainingContext,
        key: str,
        parent: ParentRun | None,
    ) -> None:
        spec, dataset = context.config.specs[run], context.dataset
        settings = training_settings(context, self._chosen, spec, key, parent)
        images = DatasetImages(dataset)
        writer.begin(settings, dataset.class_names, images, dataset.test.tolist())
        write_image_files(writer.folder, dataset.files)

    def _resume(self, context: TrainingContext, step: int) -> None:
        with contextlib.ExitStack() as undo:
            writers, recordings = {}, []
            for run, directory in enumerate(self._directories):
                if run in context.ended:
                    recordings.append(Recording.open(directory))
                    continue
                try:
                    cut(directory, step)
                    info = read_info(directory)
                    writer = self._begun(run, directory, context, info.key, info.parent, undo)
                except OSError as error:
                    raise cannot_write(directory, error) from error
                writers[run] = writer
                recordings.append(writer.recording)
            undo.pop_all()
        self._take(writers, tuple(recordings))

    def _take(self, writers: dict[int, RunWriter], recordings: tuple[Recording, ...]) -> None:
        """Write with these from now on."""
        self._writers = self._going = writers
        self._recordings = recordings

    def _go_on(self, context: TrainingContext) -> None:
        """More steps of a training that had ended."""
        self._take_locks()
        for run, writer in self._going.items():
            info = writer.recording.info
            try:
                self._begin_writer(writer, run, context, info.key, info.parent)
            except OSError as error:
                self._release()
                raise cannot_write(writer.folder, error) from error

    def _take_locks(self) -> None:
        self._release()
        try:
            for directory in self._directories:
                check_run(directory)
                self._locks.append(RunLock(directory))
        except OSError as error:
            self._release()
            raise cannot_write(directory, error) from error
        except InputError:
            self._release()
            raise

    def _release(self) -> None:
        for lock in self._locks:
            lock.release()
        self._locks.clear()


def _unwatched(snapshot: Snapshot) -> EmbeddedSet | None:
    """The gallery, unless the watched test images are all there are: then it is in the frame."""
    gallery, watched = snapshot.gallery, snapshot.frame.test.points
    if gallery is None or np.array_equal(gallery.samples, watched.samples):
        return None
    return gallery
