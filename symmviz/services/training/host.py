"""What runs in the process that trains: obeys the window's commands, and reports to it."""

import contextlib
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

from symmcore.errors import InputError
from symmcore.pipe import receive, send
from symmcore.records import Checkpoint, EvalRecord, Snapshot, StepRecord
from symmcore.runs.continuing.continuation import ContinuationPlan
from symmcore.runs.writing.training_recorder import TrainingRecorder
from symmcore.training.config import TrainingConfig
from symmcore.training.sink import Sinks, TrainingContext
from symmcore.training.status import FinishReason, RunState, TrainingStatus
from symmviz.services.faults import error_sentence
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
from symmviz.services.training.thread import TrainingThread

# The window draws no more often; of what a training is doing, the latest counts.
_SECONDS_BETWEEN_STATUSES = 0.04
_SECONDS_BETWEEN_TRIES = 2.0
_UNSAVED = (
    "The training has ended, and what could not be written of it is in memory alone: make room, "
    "and it is written within seconds. Closing the window loses it."
)


def serve(connection: Connection) -> NoReturn:
    """Train for the window at the other end of the pipe, and end the process with it.

    What was begun is then left at the next batch boundary, with everything recorded. The process
    does not wait for torch's import, during which nothing can be lost.
    """
    # Ctrl-C reaches every process of the terminal; it is the window that decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):  # the terminal has gone, and the window with it
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    host, code = TrainingHost(connection), 0
    try:
        host.run()
    except SystemExit:
        pass  # asked for, by a signal
    except BaseException:  # noqa: BLE001 - a fault of this program ends this process, nothing else
        traceback.print_exc()
        code = 1
    finally:
        host.close()
        os._exit(code)


class TrainingHost:
    """One training at a time, recorded here; steered and watched through a pipe.

    Threads: those of :class:`TrainingThread` and of the recorders; all of them may report.
    """

    def __init__(self, connection: Connection) -> None:
        self._reports = _Reports(connection)
        self._connection = connection
        self._training = TrainingThread(
            on_imported=lambda missing: self._reports.send(Imported(missing)),
            on_warm=lambda: self._reports.send(Warm()),
        )
        self._recorder: TrainingRecorder | None = None
        self._claimed: dict[int, _Claimed] = {}

    def run(self) -> None:
        """Obey commands until the last, or until the window is gone."""
        self._training.open()
        while (command := self._next()) is not Order.CLOSE:
            self._obey(command)

    def close(self, import_timeout: float = 0.0) -> None:
        """End the training at its next batch boundary, and everything with it.

        Args:
            import_timeout: seconds to wait at most for torch's import.
        """
        self._training.close(import_timeout)
        for number in tuple(self._claimed):
            self._drop(number)
        if self._recorder is not None:
            self._recorder.close()
        self._connection.close()

    def _next(self) -> Command:
        """Wait for a command; CLOSE once nobody is there to give one."""
        try:
            while not self._connection.poll(_SECONDS_BETWEEN_TRIES):
                self._save_again()
            command: Command = receive(self._connection)
        except (EOFError, OSError):
            return Order.CLOSE
        return command

    def _obey(self, command: Command) -> None:
        match command:
            case Begin(config, out):
                self._begin(config, out)
            case Claim():
                self._claim(command)
            case GoOn(number):
                claimed = self._claimed.pop(number)
                self._train(claimed.recorder, claimed.config, claimed.plan)
            case Drop(number):
                self._drop(number)
            case Extend(steps):
                self._training.extend(steps)
            case Order.PAUSE:
                self._training.pause()
            case Order.RESUME:
                self._training.resume()
            case Order.STOP:
                self._training.stop()
            case Order.ABORT:
                self._training.abort()

    def _begin(self, config: TrainingConfig, out: Path) -> None:
        try:
            recorder = TrainingRecorder(out, config, on_problem=self._reports.problem)
        except InputError as error:
            reason = FinishReason.INVALID
            self._reports.send(TrainingStatus(RunState.FINISHED, message=str(error), reason=reason))
            return
        self._train(recorder, config, None)

    def _train(
        self, recorder: TrainingRecorder, config: TrainingConfig, plan: ContinuationPlan | None
    ) -> None:
        if self._recorder is not None:
            self._recorder.close()
        self._recorder = recorder
        sink = Sinks([recorder, Reporter(recorder, self._reports.send)])
        self._training.start(config, sink, None if plan is None else plan.start)

    def _claim(self, claim: Claim) -> None:
        try:
            recorder = self._claimed_recorder(claim)
        except Exception as error:  # noqa: BLE001 - whatever it was, the window waits for an answer
            self._reports.send(Claimed(claim.number, error_sentence(error)))
            return
        self._claimed[claim.number] = _Claimed(claim.config, recorder, claim.plan)
        self._reports.send(Claimed(claim.number))

    def _claimed_recorder(self, claim: Claim) -> TrainingRecorder:
        plan = claim.plan
        resumes = plan is not None and plan.out is not None
        recorder = TrainingRecorder(
            claim.out, claim.config, resume=resumes, on_problem=self._reports.problem
        )
        try:
            if plan is not None:
                plan.check_newest()  # now that nobody else writes what is resumed
        except BaseException:
            recorder.close()
            raise
        return recorder

    def _save_again(self) -> None:
        """Save what could not be when its training ended: there may be room on the disk by now."""
        recorder = self._recorder
        if recorder is None or self._training.running or not recorder.unsaved:
            return
        if recorder.save_again():
            self._reports.send(Recorded())

    def _drop(self, number: int) -> None:
        self._claimed.pop(number).recorder.close()


@dataclass(frozen=True, slots=True, eq=False)
class _Claimed:
    """A training whose folder is held."""

    config: TrainingConfig
    recorder: TrainingRecorder
    plan: ContinuationPlan | None


class _Reports:
    """Sends reports, from any thread; none once the window is gone, which others notice."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, report: Report) -> None:
        with self._lock, contextlib.suppress(OSError):
            send(self._connection, report)

    def problem(self, text: str) -> None:
        self.send(Problem(text))


class Reporter:
    """A sink that reports a training, after the recorder has recorded it."""

    def __init__(self, recorder: TrainingRecorder, send: Callable[[Report], None]) -> None:
        self._recorder = recorder
        self._send = send
        self._going = 0
        self._newest: TrainingStatus | None = None
        self._sent_at = 0.0

    def begin(self, context: TrainingContext) -> None:
        """Report the folders of the runs."""
        self._going = len(context.config.specs) - len(context.ended)
        self._send(Began(tuple(one.folder for one in self._recorder.recordings)))

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        """Report that an evaluation was recorded; that a step was taken, the status says."""
        if isinstance(record, EvalRecord):
            self._send(Recorded())

    def snapshots(self, snapshots: tuple[Snapshot | None, ...]) -> None:
        """Report that frames were recorded."""
        self._send(Recorded())

    def checkpoints(self, checkpoints: tuple[Checkpoint | None, ...]) -> None:
        """Report nothing: the recorder says when checkpoints are on the disk."""

    def ended(self, run: int, message: str) -> None:
        """Say that a run has diverged, if others go on: else the end of the training says it."""
        self._going -= 1
        if self._going:
            self._send(Problem(f"{message} Training goes on without it."))

    def status(self, status: TrainingStatus) -> None:
        """Report what is new, and of the steps the latest now and then."""
        before, self._newest = self._newest, status
        now = time.perf_counter()
        if status.state is RunState.FINISHED and self._recorder.unsaved:
            self._send(Problem(_UNSAVED))
        is_news = before is None or (before.state, before.message) != (status.state, status.message)
        if is_news or now - self._sent_at >= _SECONDS_BETWEEN_STATUSES:
            self._sent_at = now
            self._send(status)


def _leave(number: int, frame: object) -> NoReturn:
    """Leave what the main thread is at, once: whoever asks twice does not wait."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise SystemExit
