"""Owns the thread that trains, and the one that imports torch before; in a process for that."""

import contextlib
import threading
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from symmcore.errors import type_and_line
from symmcore.records import Snapshot
from symmcore.training.config import TrainingConfig
from symmcore.training.control import Control, StopRequestedError
from symmcore.training.sink import NoSink, Sink, Sinks
from symmcore.training.start import Start
from symmcore.training.status import FinishReason, RunState, TrainingStatus

if TYPE_CHECKING:
    from symmcore.training.trainer import Trainer

SPARE_CORES = 1
"""Cores that training leaves to the window and to what projects for it."""
_STOP_SEEN_WITHIN_SECONDS = 0.05


class TrainingThread:
    """One training at a time.

    Threads: the training thread, from :meth:`start` or :meth:`extend` to the FINISHED status;
    from :meth:`open` on one that has another process draw the usual alphabets, if no launch before
    has; and the warm-up thread, which imports torch, for which a training waits, as for these
    images; then, part by part and never before the first picture of a
    training that has begun by then, imports what is needed later; and then has the losses
    compiled in a subprocess, for which the first step waits.

    Args:
        on_imported: told, on the warm-up thread, which devices torch does not find here.
        on_warm: told there that all is there that the first picture of a training needs.
    """

    def __init__(
        self, on_imported: Callable[[frozenset[str]], None], on_warm: Callable[[], None]
    ) -> None:
        self._on_imported = on_imported
        self._on_warm = on_warm
        self._drawing = threading.Thread(target=self._draw, name="symmviz-drawing")
        self._warm_up = threading.Thread(target=self._get_ready, name="symmviz-warm-up")
        self._imported = threading.Event()
        self._closing = threading.Event()
        self._pictured = threading.Event()
        self._control = Control()
        self._thread: threading.Thread | None = None
        self._trainer: Trainer | None = None
        self._sink: Sink | None = None
        self._opened = False

    def open(self) -> None:
        """Import torch; once."""
        if not self._opened:
            self._opened = True
            self._drawing.start()
            self._warm_up.start()

    def start(self, config: TrainingConfig, sink: Sink, start: Start | None = None) -> None:
        """Train.

        Args:
            config: the training.
            sink: told everything.
            start: checkpoints to go on from; None begins at step 0.

        Raises:
            RuntimeError: if a training is running.
        """
        self.check_ended()
        self.open()
        sink = Sinks((sink, _FirstPicture(self._pictured)))
        self._trainer, self._sink = None, sink

        def prepare(control: Control) -> "Trainer":
            # the import changes torch's random state
            while not self._imported.wait(_STOP_SEEN_WITHIN_SECONDS):
                if control.stopping:
                    raise StopRequestedError
            from symmcore.training.trainer import Trainer  # imports torch

            self._trainer = Trainer(config, sink, start, spare_cores=SPARE_CORES)
            return self._trainer

        self._launch(prepare, sink)

    def extend(self, steps: int) -> None:
        """Go on with the finished training for ``steps`` more steps.

        Raises:
            RuntimeError: if there is none, or it has not ended.
        """
        self.check_ended()
        trainer, sink = self._trainer, self._sink
        if trainer is None or sink is None:
            raise RuntimeError("there is no training to go on with")
        trainer.extend(steps)
        self._launch(lambda _: trainer, sink)

    def pause(self) -> None:
        """Hold the training at the next batch boundary."""
        self._control.pause()

    def resume(self) -> None:
        """Let a paused training go on."""
        self._control.resume()

    def stop(self) -> None:
        """End the training at the next batch boundary; what was recorded stays."""
        self._control.stop()

    def abort(self) -> None:
        """End the training as :meth:`stop` does, without a last evaluation."""
        self._control.close()

    @property
    def running(self) -> bool:
        """Whether a training thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def check_ended(self) -> None:
        """Make sure that another training can start.

        Raises:
            RuntimeError: if a training is running.
        """
        if self._thread is None:
            return
        # FINISHED is the last thing a training says: its thread has nothing left to do.
        self._thread.join(timeout=0.2)
        if self._thread.is_alive():
            raise RuntimeError("a training is running")
        self._thread = None

    def close(self, import_timeout: float) -> None:
        """Stop at the next batch boundary, and wait for it.

        Args:
            import_timeout: seconds for torch's import, which cannot be stopped, and for drawing.
        """
        self._control.close()
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        if self._opened:
            self._drawing.join(import_timeout)
            self._warm_up.join(import_timeout)

    def _draw(self) -> None:
        from symmcore.data.sources.alphabets import draw_usual_beside

        with contextlib.suppress(StopRequestedError):
            draw_usual_beside(self._check_open)

    def _get_ready(self) -> None:
        try:
            from symmcore.training.warm_up import warm_up  # imports torch

            self._on_imported(warm_up())
        finally:
            self._imported.set()
        from symmcore.training.warm_up import WARM_UP_REST, warm_up_data, warm_up_loops

        with contextlib.suppress(StopRequestedError):
            warm_up_data(lambda _: self._check_open())
            self._on_warm()
            for part in WARM_UP_REST:
                self._wait_for_picture()
                part()
            self._wait_for_picture()
            warm_up_loops(lambda _: self._check_open())

    def _wait_for_picture(self) -> None:
        """Leave the cores to a training that has not given its first picture."""
        while self.running and not self._pictured.wait(_STOP_SEEN_WITHIN_SECONDS):
            self._check_open()
        self._check_open()

    def _check_open(self) -> None:
        if self._closing.is_set():
            raise StopRequestedError

    def _launch(self, prepare: "Callable[[Control], Trainer]", sink: Sink) -> None:
        control = self._control = Control()
        self._thread = threading.Thread(
            target=_train, args=(prepare, control, sink), name="symmviz-training"
        )
        self._thread.start()


class _FirstPicture(NoSink):
    """Sets an event once a training has given something to be seen."""

    def __init__(self, pictured: threading.Event) -> None:
        self._pictured = pictured

    def snapshots(self, snapshots: tuple[Snapshot | None, ...]) -> None:
        """Set the event."""
        self._pictured.set()


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
                message=type_and_line(error),
                reason=FinishReason.FAILED,
                detail=traceback.format_exc(),
            )
        )
