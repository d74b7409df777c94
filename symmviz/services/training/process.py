"""The process that trains, as the window has it: commands go out, reports come in."""

import contextlib
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from symmcore.errors import InputError
from symmcore.runs import Recording
from symmcore.runs.continuing.continuation import ContinuationPlan
from symmcore.runs.formats.image_files import FileImages
from symmcore.runs.formats.layout import run_directories
from symmcore.runs.writing.claim import check_free
from symmcore.training.config import TrainingConfig
from symmcore.training.status import FinishReason, RunState, TrainingStatus
from symmviz.services.faults import error_sentence
from symmviz.services.training import child as training_child
from symmviz.services.training.child import Child
from symmviz.services.training.messages import (
    Began,
    Begin,
    Claim,
    Claimed,
    Command,
    Drop,
    Extend,
    GoOn,
    Imported,
    Order,
    Problem,
    Recorded,
    Report,
    Warm,
)
from symmviz.services.training.status_box import StatusBox

_SECONDS_TO_END = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class FolderClaim:
    """The folder of a training that may follow, held until that or :meth:`close`."""

    number: int
    process: "TrainingProcess" = field(repr=False)

    def close(self) -> None:
        """Leave the folder, where nothing is trained."""
        self.process.drop(self)


class TrainingProcess:
    """Trains in a process of its own, one training at a time.

    The window then never waits for Python's lock, nor does a training; what ends the one, as want
    of memory does, leaves the other. A process that has died is started again with the next
    training. What is recorded is read from the disk, as that of any other process is.

    Threads: one for each process, which starts it, hears it and reaps it.

    Args:
        box: told the statuses, and in sentences what goes wrong.
        on_recorded: told, on the thread, that there is something new in the recordings: whether
            that is more than metrics.
    """

    def __init__(self, box: StatusBox, on_recorded: Callable[[bool], None]) -> None:
        self._box = box
        self._on_recorded = on_recorded
        self._lock = threading.RLock()
        # The lock guards all of these.
        self._thread: threading.Thread | None = None
        self._child: Child | None = None
        self._queued: list[Command] = []
        self._claims: dict[int, Future[None]] = {}
        self._numbers = itertools.count()
        self._recordings: tuple[Recording, ...] = ()
        self._running = self._warm = self._can_extend = self._is_used = self._closed = False
        self._missing_devices: frozenset[str] = frozenset()

    def open(self) -> None:
        """Have the process started, if there is none; it imports torch at once."""
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(
                    target=self._run, name=training_child.NAME, daemon=True
                )
                self._thread.start()

    def start(self, config: TrainingConfig, out: Path) -> None:
        """Train ``config`` and record it under ``out``.

        Raises:
            InputError: if ``out`` holds a run or cannot be written.
            RuntimeError: if a training is running.
        """
        self.check_ended()
        check_free(out, run_directories(out, config))
        self._begin(Begin(config, out))

    def claim(
        self, config: TrainingConfig, out: Path, plan: ContinuationPlan | None
    ) -> FolderClaim:
        """Have a folder claimed for a training; waits, and is for a thread that may.

        Args:
            config: the training.
            out: the folder.
            plan: from where it goes on; None where it begins.

        Raises:
            InputError: if it cannot be had, or the process ended.
        """
        answer: Future[None] = Future()
        with self._lock:
            if self._closed:
                raise InputError("The window is being closed: nothing more is trained.")
            number = next(self._numbers)
            self._claims[number] = answer
            self._tell(Claim(number, config, out, plan))
        answer.result()
        return FolderClaim(number, self)

    def go_on(self, claim: FolderClaim) -> None:
        """Train what a folder was claimed for.

        Raises:
            RuntimeError: if a training is running; the claim is held.
        """
        self.check_ended()
        self._begin(GoOn(claim.number))

    def drop(self, claim: FolderClaim) -> None:
        """Leave what was claimed."""
        with self._lock:
            self._tell(Drop(claim.number))

    def extend(self, steps: int) -> None:
        """Go on with the finished training for ``steps`` more steps.

        Raises:
            RuntimeError: if there is none, it has not ended, or its process is gone.
        """
        self.check_ended()
        with self._lock:
            if not self._can_extend:
                raise RuntimeError("there is no training to go on with")
            self._running = True
            self._tell(Extend(steps))

    def order(self, order: Order) -> None:
        """Have the training under way do something; nothing where there is none."""
        with self._lock:
            if self._running:
                self._tell(order)

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """Those of the newest training; empty before it has begun."""
        with self._lock:
            return self._recordings

    @property
    def running(self) -> bool:
        """Whether a training is under way, or about to be."""
        with self._lock:
            return self._running

    @property
    def can_extend(self) -> bool:
        """Whether the newest training has ended, and its process has all to go on with it."""
        with self._lock:
            return self._can_extend and not self._running

    @property
    def warm(self) -> bool:
        """Whether all is there that the first picture of a training needs."""
        with self._lock:
            return self._warm

    @property
    def loading(self) -> bool:
        """Whether the process is there, or about to be, and not warm yet."""
        with self._lock:
            return self._thread is not None and not self._warm

    @property
    def missing_devices(self) -> frozenset[str]:
        """Devices that torch does not find here; empty before it has been imported."""
        with self._lock:
            return self._missing_devices

    def check_ended(self) -> None:
        """Make sure that another training can start.

        Raises:
            RuntimeError: if a training is running.
        """
        if self.running:
            raise RuntimeError("a training is running")

    def close(self, timeout: float) -> bool:
        """End the training and the process; whether they have ended within ``timeout`` seconds.

        If not, a step is under way: the process ends after it, with everything recorded.
        """
        with self._lock:
            self._closed = True
            if self._child is not None:
                self._end_child(self._child)
            thread = self._thread
        if thread is None:
            return True
        thread.join(timeout)
        return not thread.is_alive()

    def _begin(self, command: Begin | GoOn) -> None:
        with self._lock:
            self._recordings, self._running, self._can_extend = (), True, False
            self._box.forget_status()
            self._tell(command)

    def _tell(self, command: Command) -> None:
        """Send a command to the process, or once there is one; that it has died is heard."""
        self.open()
        self._is_used = True
        if self._child is None:
            self._queued.append(command)
            return
        with contextlib.suppress(OSError):
            self._child.send(command)

    def _end_child(self, child: Child) -> None:
        """Have it end: at once where nothing was begun that could be lost."""
        if self._is_used:
            with contextlib.suppress(OSError):
                child.send(Order.CLOSE)
        else:
            child.terminate()

    def _run(self) -> None:
        """Be the thread."""
        try:
            child = training_child.spawn_child()
        except (OSError, RuntimeError) as error:  # the latter where no process may be spawned
            self._lose(f"The process that trains cannot be started: {error}.")
            return
        self._take_over(child)
        with contextlib.suppress(EOFError, OSError):
            while True:
                report = child.receive()
                try:
                    self._take(report)
                except Exception as error:  # noqa: BLE001 - no fault here is to end the training
                    self._box.problem(error_sentence(error))
        code = child.end(_SECONDS_TO_END)
        self._lose(training_child.exit_sentence(code))

    def _take_over(self, child: Child) -> None:
        with self._lock:
            self._child = child
            queued, self._queued = self._queued, []
            with contextlib.suppress(OSError):  # that it has died is heard
                for command in queued:
                    child.send(command)
            if self._closed:
                self._end_child(child)

    def _lose(self, reason: str) -> None:
        """The process is gone: so is what it was at, but for what it has recorded."""
        with self._lock:
            self._child = self._thread = None
            self._queued.clear()
            claims, self._claims = self._claims, {}
            running, self._running = self._running, False
            # one that was waiting for work is started again with the next training
            tells = not self._closed and (running or not self._warm)
            self._warm = self._can_extend = self._is_used = False
        for claim in claims.values():
            claim.set_exception(InputError(reason))
        if running and tells:
            failed = FinishReason.FAILED
            self._read_whole()
            self._box.status(TrainingStatus(RunState.FINISHED, message=reason, reason=failed))
        elif tells:
            self._box.problem(reason)

    def _take(self, report: Report) -> None:
        match report:
            case TrainingStatus():
                self._take_status(report)
            case Recorded():
                self._on_recorded(True)
            case Began(folders):
                self._take_begun(folders)
            case Problem(text):
                self._box.problem(text)
            case Claimed(number, problem):
                self._take_claimed(number, problem)
            case Imported(missing):
                with self._lock:
                    self._missing_devices = missing
            case Warm():
                with self._lock:
                    self._warm = True

    def _take_status(self, status: TrainingStatus) -> None:
        if status.state is RunState.FINISHED:
            self._read_whole()  # its end is not to be known before what it ended with
            with self._lock:
                self._running, self._can_extend = False, status.can_continue
        else:
            self._on_recorded(False)
        self._box.status(status)

    def _take_begun(self, folders: tuple[Path, ...]) -> None:
        if tuple(one.folder for one in self.recordings) == folders:  # it goes on
            self._on_recorded(True)
            return
        try:
            recordings = tuple(
                Recording.open(folder, FileImages.of_run(folder)) for folder in folders
            )
        except InputError as error:  # someone removed it just now
            self._box.problem(str(error))
            return
        with self._lock:
            self._recordings = recordings

    def _take_claimed(self, number: int, problem: str | None) -> None:
        with self._lock:
            answer = self._claims.pop(number)
        if problem is None:
            answer.set_result(None)
        else:
            answer.set_exception(InputError(problem))

    def _read_whole(self) -> None:
        for recording in self.recordings:
            try:
                recording.read_whole()
            except Exception as error:  # noqa: BLE001 - whatever it was, the training has ended
                self._box.problem(error_sentence(error))
