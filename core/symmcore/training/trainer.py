"""The training loop: N runs in lockstep on the same batches, in the thread that calls it."""

import contextlib
import dataclasses
import math
import time
import traceback
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch

from symmcore.errors import InputError, ProcessLostError, type_and_line
from symmcore.processes import default_threads
from symmcore.progress import Progress, ProgressCallback
from symmcore.records import IndexArray, Snapshot, StepRecord
from symmcore.training.checkpoint import Position
from symmcore.training.config import TrainingConfig
from symmcore.training.control import Control, StopRequestedError
from symmcore.training.frame_schedule import checkpoint_schedule, frame_schedule
from symmcore.training.learner import Learner
from symmcore.training.out_of_memory import is_out_of_memory, out_of_memory_message
from symmcore.training.pace import Pace
from symmcore.training.preparation import Preparation
from symmcore.training.sink import Sink, TrainingContext
from symmcore.training.spec import RunSpec
from symmcore.training.start import Start
from symmcore.training.status import FinishReason, RunState, TrainingStatus

_SECONDS_BETWEEN_COUNTS = 0.1


class _DivergedError(Exception):
    """No run is left whose numbers are finite."""


class Trainer:
    """Trains the runs of a configuration and tells a sink everything.

    :meth:`run` trains up to the configured number of steps in the calling thread and
    always ends with a FINISHED status. After :meth:`extend` it can be called again, also
    from another thread once the first call has returned.
    """

    def __init__(
        self,
        config: TrainingConfig,
        sink: Sink,
        start: Start | None = None,
        *,
        spare_cores: int = 0,
    ) -> None:
        """Nothing is done yet.

        Args:
            config: the training.
            sink: told everything.
            start: checkpoints to go on from; None begins at step 0.
            spare_cores: left to others where the configuration does not say how many threads.
        """
        self._config = config
        self._spare_cores = spare_cores
        self._sink = sink
        self._start = start
        self._prepared: Preparation | None = None
        # by run, what was said of one that has diverged: it takes no more steps
        self._ended = dict(start.ended) if start is not None else {}
        self._begun = self._compiled = False
        self._at = Position(step=0, seconds=0.0)
        self._kept_step = -1  # of the newest checkpoint
        self._pace = Pace()

    def extend(self, steps: int) -> None:
        """Ask for ``steps`` more steps than there are now; call :meth:`run` afterwards."""
        self._config = self._config.with_steps(self._at.step + steps)

    def run(self, control: Control) -> TrainingStatus:
        """Train to the last step, or until stopped, diverged or failed.

        A training that is stopped is evaluated as one at its end is, unless the control
        says that there is no time for it. A run that diverges ends, and the others go on.

        Returns:
            The status it ended with, which the sink has been told too.
        """
        try:
            status = self._finished(self._train_or_stop(control), self._said_of_ended())
        except _DivergedError:
            status = self._finished(FinishReason.DIVERGED, self._said_of_ended())
        except InputError as error:
            status = self._finished(FinishReason.INVALID, str(error))
        except ProcessLostError as error:
            status = self._finished(FinishReason.FAILED, str(error))
        except Exception as error:  # noqa: BLE001 - shown to the user, whatever it was
            if is_out_of_memory(error):
                self._release()
                self._prepared = None  # so that what comes next has the memory
                text, detail = out_of_memory_message(self._config), ""
            else:
                text, detail = type_and_line(error), traceback.format_exc()
            status = self._finished(FinishReason.FAILED, text, detail)
        finally:
            self._release()
        self._sink.status(status)
        return status

    def _release(self) -> None:
        """End the thread that makes batches ahead; the next :meth:`run` starts another."""
        if self._prepared is not None:
            self._prepared.feed.release()

    def _train_or_stop(self, control: Control) -> FinishReason:
        self._begun = False
        try:
            self._train(self._prepare(control), control)
        except StopRequestedError:
            if self._prepared is not None and self._begun:
                self._end_early(self._prepared, control)
            return FinishReason.STOPPED
        return FinishReason.COMPLETED

    def _prepare(self, control: Control) -> Preparation:
        self._report(RunState.PREPARING)
        torch.set_num_threads(self._config.threads or default_threads(self._spare_cores))
        prepared = self._prepared
        if prepared is None:
            prepared = Preparation(self._config, self._telling(control), self._start)
            if self._start is not None:
                self._at = prepared.restore(self._start)
                self._kept_step = self._at.step
            self._prepared, self._config = prepared, prepared.config
        if control.stopping:  # what is stopped by now leaves no run
            raise StopRequestedError
        self._sink.begin(self._context(prepared))
        self._begun = True
        self._start = None  # going on after this is going on in memory
        self._pace.restart()
        return prepared

    def _context(self, prepared: Preparation) -> TrainingContext:
        start = self._start
        parents = None if start is None else start.parents
        return TrainingContext(
            self._config,
            prepared.environment,
            prepared.dataset,
            prepared.learners[0].weights_note,
            prepared.learners[0].parameters,
            resumed_from=None if start is None or parents else start.step,
            parents=parents,
            ended=frozenset(self._ended),
        )

    def _train(self, prepared: Preparation, control: Control) -> None:
        frames, checkpoints = frame_schedule(self._config), checkpoint_schedule(self._config)
        while True:
            step = self._at.step
            if frames.evaluations.due(step) and not self._at.evaluated:
                wait = partial(self._checkpoint, control, RunState.EVALUATING)
                self._evaluate(prepared, wait, whole=step == self._config.steps)
            elif frames.due(step) and not self._at.framed:
                self._embed(prepared, partial(self._checkpoint, control, RunState.TRAINING))
            if checkpoints.due(step):
                self._keep(prepared)
            if step >= self._config.steps:
                return
            self._checkpoint(control, RunState.TRAINING)
            if not self._compiled:
                self._compile(prepared, control)
            self._advance(prepared)

    def _compile(self, prepared: Preparation, control: Control) -> None:
        """Compile what the first step computes with; the first picture has come before."""
        self._report(RunState.PREPARING, "Compiling the losses, which takes long only once")
        prepared.warm_up(self._telling(control))
        self._compiled = True
        self._pace.restart()
        self._report(RunState.TRAINING)

    def _end_early(self, prepared: Preparation, control: Control) -> None:
        """Evaluate a training that was stopped as one at its end, if there is time for it."""
        try:
            if not self._at.whole:
                with contextlib.suppress(StopRequestedError):
                    self._evaluate(prepared, control.check_closing, whole=True)
        finally:
            self._keep(prepared)

    def _telling(self, control: Control) -> ProgressCallback:
        """Passes on what is being done, and ends that when a stop is asked for."""
        told = -math.inf

        def on_progress(doing: Progress) -> None:
            nonlocal told
            self._checkpoint(control, RunState.PREPARING)
            now = time.perf_counter()
            if now - told > _SECONDS_BETWEEN_COUNTS:
                told = now
                self._report(RunState.PREPARING, doing.sentence())

        return on_progress

    def _checkpoint(self, control: Control, state: RunState) -> None:
        """Wait while paused; raise where a stop was asked for."""
        held = time.perf_counter()
        if control.checkpoint(lambda: self._report(RunState.PAUSED)):
            self._pace.leave_out(time.perf_counter() - held)
            self._report(state)

    def _advance(self, prepared: Preparation) -> None:
        started = self._pace.clock()
        images, labels = prepared.feed.next_batch()
        going = self._going(prepared)
        results = {run: learner.step(images, labels) for run, (learner, _) in going.items()}
        seconds = self._at.seconds + self._pace.clock() - started
        self._at = Position(self._at.step + 1, seconds)
        for run, took in results.items():
            record = StepRecord(
                self._at.step, took.loss, took.synthetic_ratio, seconds, took.health
            )
            self._sink.scalar(run, record)
        self._report(RunState.TRAINING)
        for run, took in results.items():
            if not math.isfinite(took.loss):
                self._end(run, "The loss", f"became {took.loss}")
        self._check_one_is_left()

    def _going(self, prepared: Preparation) -> dict[int, tuple[Learner, RunSpec]]:
        """The runs that have not diverged, by number."""
        both = zip(prepared.learners, self._config.specs, strict=True)
        return {run: one for run, one in enumerate(both) if run not in self._ended}

    def _end(self, run: int, what: str, became: str) -> None:
        """End a run whose numbers are lost."""
        spec = self._config.specs[run]
        rate = self._config.learning_rate_of(spec)
        message = (
            f"{what} of {spec.name} {became} at step {self._at.step}. "
            f"Try a lower learning rate (now {rate:g}) or another seed."
        )
        self._ended[run] = message
        self._sink.ended(run, message)

    def _check_one_is_left(self) -> None:
        if len(self._ended) == len(self._config.specs):
            raise _DivergedError

    def _said_of_ended(self) -> str:
        return " ".join(self._ended[run] for run in sorted(self._ended))

    def _evaluate(self, prepared: Preparation, wait: Callable[[], None], *, whole: bool) -> None:
        """Embed and score every test image; with every score there is if ``whole``."""
        self._report(RunState.EVALUATING)
        started, at, evaluator = self._pace.clock(), self._at, prepared.evaluator
        runs = self._going(prepared)
        embedded = dict(zip(runs, evaluator.embed([*runs.values()], at.step, wait), strict=True))
        self._spent(started)
        taken = {run: one.snapshot for run, one in embedded.items()}
        snapshots = self._finite(prepared, taken)
        if not at.evaluated:  # a stop adds scores to those of the same embeddings
            self._sink.snapshots(snapshots)  # to be seen while they are scored
        started = self._pace.clock()
        records = {
            run: evaluator.score(one, at.seconds, wait, final=whole)
            for run, one in embedded.items()
            if run not in self._ended
        }
        self._spent(started)
        for run, record in records.items():
            self._sink.scalar(run, record)
        self._at = dataclasses.replace(self._at, evaluated=True, framed=True, whole=whole)
        self._report(RunState.TRAINING)

    def _embed(self, prepared: Preparation, wait: Callable[[], None]) -> None:
        """Embed the watch set alone."""
        started, step = self._pace.clock(), self._at.step
        runs = self._going(prepared)
        taken = prepared.evaluator.snapshots([*runs.values()], step, wait)
        self._spent(started)
        snapshots = dict(zip(runs, taken, strict=True))
        self._sink.snapshots(self._finite(prepared, snapshots))
        self._at = dataclasses.replace(self._at, framed=True)

    def _spent(self, started: float) -> None:
        seconds = self._at.seconds + self._pace.clock() - started
        self._at = dataclasses.replace(self._at, seconds=seconds)

    def _finite(
        self, prepared: Preparation, snapshots: Mapping[int, Snapshot]
    ) -> tuple[Snapshot | None, ...]:
        """A snapshot for each run; None of those that have ended, some of them because of it."""
        for run, snapshot in snapshots.items():
            if not np.isfinite(snapshot.searched.embeddings).all():
                self._end(run, "The embeddings", "are no longer numbers")
        self._check_one_is_left()
        samples = prepared.feed.newest
        return tuple(
            None if run in self._ended else _with_pairs(snapshots[run], learner, samples)
            for run, learner in enumerate(prepared.learners)
        )

    def _keep(self, prepared: Preparation) -> None:
        """Make a checkpoint of every run that has not diverged, unless this step has one."""
        if self._kept_step != self._at.step and self._going(prepared):
            self._sink.checkpoints(prepared.checkpoints(self._at, self._ended))
            self._kept_step = self._at.step

    def _report(self, state: RunState, message: str = "") -> None:
        self._sink.status(self._status(state, message))

    def _finished(
        self, reason: FinishReason, message: str = "", detail: str = ""
    ) -> TrainingStatus:
        return dataclasses.replace(
            self._status(RunState.FINISHED, message), reason=reason, detail=detail
        )

    def _status(self, state: RunState, message: str) -> TrainingStatus:
        step, total = self._at.step, self._config.steps
        return TrainingStatus(state, step, total, self._pace.steps_per_second(step), message)


def _with_pairs(snapshot: Snapshot, learner: Learner, samples: IndexArray | None) -> Snapshot:
    """The snapshot with the pairs that its run picked in the newest batch."""
    frame = dataclasses.replace(snapshot.frame, picked=learner.picked_pairs(samples))
    return dataclasses.replace(snapshot, frame=frame)
