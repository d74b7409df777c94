"""Owns the thread that trains, and the one that imports torch before."""

import contextlib
import gc
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from symmcore.errors import type_and_line
from symmcore.libraries import LOADING
from symmcore.records import Snapshot
from symmcore.training.config import TrainingConfig
from symmcore.training.control import Control, StopRequestedError
from symmcore.training.sink import NoSink, Sink, Sinks
from symmcore.training.start import Start
from symmcore.training.status import FinishReason, RunState, TrainingStatus
from symmcore.training.torch_libraries import load_torch_libraries

if TYPE_CHECKING:
    from symmcore.training.trainer import Trainer

SPARE_CORES = 1
"""Cores that training leaves to the window and to what projects for it."""
_STOP_SEEN_WITHIN_SECONDS = 0.05


class TrainingThread:
    """One training at a time.

    Threads: the training thread, from :meth:`start` or :meth:`extend` to the FINISHED status;
    and from :meth:`open` on the warm-up thread, which imports torch, for which a training waits,
    and draws the usual alphabets; then, part by part and never before the first picture of a
    training that has begun by then, imports what is needed later; and then has the losses
    compiled in a subprocess, for which the first step waits.
    """

    def __init__(self) -> None:
        self._warm_up = threading.Thread(target=self._get_ready, name="symmviz-warm-up")
        self._imported = threading.Event()
        self._warm = threading.Event()
        self._closing = threading.Event()
        self._pictured = threading.Event()
        self._control = Control()
        self._thread: threading.Thread | None = None
        self._trainer: Trainer | None = None
        self._sink: Sink | None = None
        self._opened = False
        self._missing_devices: frozenset[str] = frozenset()

    def open(self) -> None:
        """Import torch; once."""
        if not self._opened:
            self._opened = True
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

    def hurry(self) -> None:
        """End the training as :meth:`stop` does, without a last evaluation."""
        self._control.close()

    @property
    def running(self) -> bool:
        """Whether a training thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def warm(self) -> bool:
        """Whether all is there that the first picture of a training needs."""
        return self._warm.is_set()

    @property
    def missing_devices(self) -> frozenset[str]:
        """Devices that torch does not find here; empty before it has been imported."""
        return self._missing_devices

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

    def close(self, timeout: float, import_timeout: float) -> bool:
        """Stop and wait; whether everything has ended in time.

        Args:
            timeout: seconds for the training's last step.
            import_timeout: seconds for torch's import, which cannot be stopped.
        """
        deadline = time.monotonic() + timeout
        self._control.close()
        self._closing.set()
        if self._thread is not None:
            self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._opened:
            self._warm_up.join(import_timeout)
        gc.unfreeze()  # garbage after the window is garbage again
        return not (self.running or self._warm_up.is_alive())

    def _get_ready(self) -> None:
        try:
            self._missing_devices = _import()
        finally:
            self._imported.set()
        from symmcore.training.warm_up import WARM_UP_REST, warm_up_data, warm_up_loops

        with contextlib.suppress(StopRequestedError):
            warm_up_data(lambda _: self._check_open())
            self._warm.set()
            for part in WARM_UP_REST:
                self._wait_for_picture()
                with _kept_from_collections():
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
        """See :class:`~symmcore.training.sink.Sink`."""
        self._pictured.set()


def _import() -> frozenset[str]:
    """Import torch; returns which devices it does not find."""
    with _kept_from_collections():
        with LOADING:
            load_torch_libraries()
            from symmcore.training.warm_up import warm_up  # imports torch
        return warm_up()


@contextlib.contextmanager
def _kept_from_collections() -> Iterator[None]:
    """Keep what is there at the end of an import out of the garbage collector's way.

    That is half a million objects, which stay as long as the session: a full collection that
    looks through them holds every thread, the window's too, for a quarter of a second.
    """
    gc.disable()
    try:
        yield
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
                message=type_and_line(error),
                reason=FinishReason.FAILED,
                detail=traceback.format_exc(),
            )
        )
