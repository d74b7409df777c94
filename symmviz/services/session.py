"""Owns every thread and process behind the window: starts, steers, stops and joins them."""

import gc
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from symmcore.projection.worker import ProjectionWorker
from symmcore.records import Checkpoint, EvalRecord, Snapshot, StepRecord
from symmcore.runs.training_recorder import TrainingRecorder
from symmcore.training.config import TrainingConfig
from symmcore.training.control import Control, StopRequestedError
from symmcore.training.sink import Sink, Sinks, TrainingContext
from symmcore.training.status import FinishReason, RunState, TrainingStatus
from symmviz.model.retrieval import Query, RunNeighbours
from symmviz.services.dataset_scan import DatasetScan
from symmviz.services.live_buffer import LiveBuffer, Updates

if TYPE_CHECKING:
    from symmcore.training.trainer import Trainer

_STOP_SEEN_WITHIN_SECONDS = 0.05
_SCAN_THREADS = 3  # a disk that does not answer is not to hold up the next scan


class Session:
    """One training at a time, its projections, and searches in its newest embeddings.

    Threads and processes, all started here and joined by :meth:`close`:

    - the training thread, from :meth:`start` or :meth:`extend` to the FINISHED status;
    - the warm-up thread, which imports torch behind the start page; a training waits for it;
    - the projection worker (a thread and a process), from :meth:`open` on;
    - one retrieval thread, and a few that scan datasets, each from its first task on.

    All methods are for the GUI thread and return at once, but for ``close``.
    """

    def __init__(self) -> None:
        self._buffer = LiveBuffer()
        self._projector = ProjectionWorker(
            on_result=self._buffer.projections, on_error=self._buffer.problem
        )
        self._searches = ThreadPoolExecutor(1, thread_name_prefix="symmviz-retrieval")
        self._scans = ThreadPoolExecutor(_SCAN_THREADS, thread_name_prefix="symmviz-look")
        self._scan: DatasetScan | None = None
        self._warm_up = threading.Thread(target=_warm_up, name="symmviz-warm-up")
        self._control = Control()
        self._training: threading.Thread | None = None
        self._trainer: Trainer | None = None
        self._opened = False
        self._closed = False

    def open(self) -> None:
        """Start what can be made ready before the user chooses anything; once."""
        if not self._opened and not self._closed:
            self._opened = True
            self._projector.start()
            self._warm_up.start()

    def start(self, config: TrainingConfig, out: Path) -> None:
        """Train ``config`` and record it under ``out``.

        Raises:
            InputError: if ``out`` holds a run or cannot be written.
            RuntimeError: if a training is running.
        """
        recorder = TrainingRecorder(out, config, on_problem=self._buffer.problem)
        self._end_training()
        self.open()
        self._trainer = None
        self._projector.reset()
        self._buffer.clear()
        sink = Sinks([recorder, self._buffer, _ProjectionFeed(self._projector)])

        def prepare(control: Control) -> "Trainer":
            while self._warm_up.is_alive():  # it changes torch's random state
                self._warm_up.join(_STOP_SEEN_WITHIN_SECONDS)
                if control.stopping:
                    raise StopRequestedError
            from symmcore.training.trainer import Trainer  # imports torch

            self._trainer = Trainer(config, sink)
            return self._trainer

        self._launch(prepare)

    def extend(self, steps: int) -> None:
        """Go on with the finished training for ``steps`` more steps.

        Raises:
            RuntimeError: if there is none, or it has not ended.
        """
        self._end_training()
        trainer = self._trainer
        if trainer is None:
            raise RuntimeError("there is no training to go on with")
        trainer.extend(steps)
        self._launch(lambda _: trainer)

    def pause(self) -> None:
        """Hold the training at the next batch boundary."""
        self._control.pause()

    def resume(self) -> None:
        """Let a paused training go on."""
        self._control.resume()

    def stop(self) -> None:
        """End the training at the next batch boundary; what was recorded stays."""
        self._control.stop()

    @property
    def running(self) -> bool:
        """Whether a training thread is alive."""
        return self._training is not None and self._training.is_alive()

    @property
    def warm(self) -> bool:
        """Whether what is slow to import has been imported."""
        return self._opened and not self._warm_up.is_alive()

    def find_neighbours(
        self, snapshots: tuple[Snapshot, ...], query: Query, count: int
    ) -> "Future[tuple[RunNeighbours, ...]]":
        """Search on the retrieval thread."""
        return self._searches.submit(_find_neighbours, snapshots, query, count)

    def scan_dataset(self, config: TrainingConfig) -> DatasetScan:
        """List the files a training would read, on a thread for that; cancels the last scan."""
        if self._scan is not None:
            self._scan.give_up()
        self._scan = DatasetScan(self._scans, config)
        return self._scan

    def drain(self) -> Updates:
        """Take everything that training and projection produced since the last call."""
        return self._buffer.drain()

    def close(self, timeout: float, import_timeout: float = 1.0) -> bool:
        """Stop everything and wait for it; safe to call twice.

        Args:
            timeout: seconds to wait at most for the training's last step.
            import_timeout: seconds to wait at most for torch's import, which cannot be
                stopped and during which nothing can be lost.

        Returns:
            Whether everything has ended, but for scans of datasets, which only read. If not,
            a training step or torch's import is still under way: nothing recorded is at risk,
            and the process may be ended.
        """
        self._closed = True
        deadline = time.monotonic() + timeout
        self._control.close()
        self._searches.shutdown(wait=False, cancel_futures=True)
        if self._scan is not None:
            self._scan.give_up()
        self._scans.shutdown(wait=False, cancel_futures=True)
        self._projector.close(timeout)
        if self._training is not None:
            self._training.join(max(0.0, deadline - time.monotonic()))
        if self._opened:
            self._warm_up.join(import_timeout)
        gc.unfreeze()  # garbage after the window is garbage again
        return not (self.running or self._warm_up.is_alive())

    def _launch(self, prepare: "Callable[[Control], Trainer]") -> None:
        control = self._control = Control()
        self._training = threading.Thread(
            target=_train, args=(prepare, control, self._buffer), name="symmviz-training"
        )
        self._training.start()

    def _end_training(self) -> None:
        if self._training is None:
            return
        # FINISHED is the last thing a training says: its thread has nothing left to do.
        self._training.join(timeout=0.2)
        if self._training.is_alive():
            raise RuntimeError("a training is running")
        self._training = None


class _ProjectionFeed:
    """Passes every run's watched frame on to the projection worker."""

    def __init__(self, worker: ProjectionWorker) -> None:
        self._worker = worker

    def begin(self, context: TrainingContext) -> None:
        pass

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        pass

    def snapshots(self, snapshots: tuple[Snapshot, ...]) -> None:
        self._worker.submit(tuple(snapshot.frame for snapshot in snapshots))

    def checkpoints(self, checkpoints: tuple[Checkpoint, ...]) -> None:
        pass

    def status(self, status: TrainingStatus) -> None:
        pass


def _find_neighbours(
    snapshots: tuple[Snapshot, ...], query: Query, count: int
) -> tuple[RunNeighbours, ...]:
    from symmviz.services.search import find_neighbours  # imports torch

    return find_neighbours(snapshots, query, count)


def _warm_up() -> None:
    """Import torch, and keep what is there then out of the garbage collector's way.

    That is half a million objects, which stay as long as the session: a full collection that
    looks through them holds every thread, the window's too, for a quarter of a second.
    """
    gc.disable()
    try:
        from symmcore.training.warm_up import warm_up  # imports torch

        warm_up()
        gc.freeze()
    finally:
        gc.enable()


def _train(prepare: "Callable[[Control], Trainer]", control: Control, sink: Sink) -> None:
    try:
        prepare(control).run(control)
    except StopRequestedError:
        sink.status(TrainingStatus(RunState.FINISHED, reason=FinishReason.CANCELLED))
    except Exception as error:  # noqa: BLE001 - shown to the user, whatever it was
        # Training reports its own failures; this is torch that cannot be imported, say.
        sink.status(
            TrainingStatus(
                RunState.FINISHED,
                message=f"{type(error).__name__}: {error}",
                reason=FinishReason.FAILED,
                detail=traceback.format_exc(),
            )
        )
