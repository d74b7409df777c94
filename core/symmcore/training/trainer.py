"""The training loop: N runs in lockstep on the same batches, in the thread that calls it."""

import dataclasses
import math
import platform
import time
import traceback
from collections import deque
from functools import partial
from importlib.metadata import version

import numpy as np
import torch

from symmcore.data.feed.batches import BatchLoader
from symmcore.data.feed.sampler import PairSampler
from symmcore.data.feed.training_feed import TrainingFeed
from symmcore.errors import InputError, ProcessLostError, RecordingError
from symmcore.networks import check_weights_file, fetch_weights
from symmcore.processes import usable_cores
from symmcore.progress import Progress, ProgressCallback
from symmcore.records import StepRecord
from symmcore.settings.networks import IMAGENET, check_image_size, network_info
from symmcore.settings.transforms import default_transform
from symmcore.training.config import TrainingConfig
from symmcore.training.control import Control, StopRequestedError
from symmcore.training.evaluator import Evaluator
from symmcore.training.input import read_dataset
from symmcore.training.learner import Learner
from symmcore.training.out_of_memory import is_out_of_memory, out_of_memory_message
from symmcore.training.sink import Environment, Sink, TrainingContext
from symmcore.training.spec import RunSpec
from symmcore.training.status import FinishReason, RunState, TrainingStatus

_PACKAGES = ("symmviz", "torch", "torchvision", "numpy", "scikit-learn")
_SPEED_WINDOW_SECONDS = 3.0
_SECONDS_BETWEEN_COUNTS = 0.1


class _DivergedError(Exception):
    """A run's loss is no longer a number."""


class _Prepared:
    """What a training works with, made once and kept for going on."""

    def __init__(self, config: TrainingConfig, on_progress: ProgressCallback) -> None:
        device = resolve_device(config.device)
        # before a dataset is read, which can take long
        check_weights_file(config.weights)
        if config.weights == IMAGENET:
            fetch_weights(network_info(config.network), on_progress)
        dataset = read_dataset(config, on_progress)
        transform = config.transform or default_transform(dataset.images.shape)
        _, height, width, _ = dataset.images.shape
        crop = transform.crop
        check_image_size(network_info(config.network), crop or height, crop or width)
        self.config = dataclasses.replace(config, transform=transform)
        loader = BatchLoader(dataset, device, config.seed, transform)
        channels = dataset.images.shape[-1]
        self.dataset = dataset
        sampler = PairSampler(dataset.labels, dataset.train, config.batch_size // 2, config.seed)
        self.feed = TrainingFeed(loader, sampler)
        self.evaluator = Evaluator(dataset, loader, config)
        self.learners = [Learner(spec, config, channels, device) for spec in config.specs]
        self.environment = Environment(
            device=str(device),
            threads=torch.get_num_threads(),
            versions=(
                ("python", platform.python_version()),
                *((package, version(package)) for package in _PACKAGES),
            ),
        )


class Trainer:
    """Trains the runs of a configuration and tells a sink everything.

    :meth:`run` trains up to the configured number of steps in the calling thread and
    always ends with a FINISHED status. After :meth:`extend` it can be called again, also
    from another thread once the first call has returned.
    """

    def __init__(self, config: TrainingConfig, sink: Sink) -> None:
        self._config = config
        self._sink = sink
        self._prepared: _Prepared | None = None
        self._step = 0
        self._evaluated_step = -1
        self._seconds = 0.0
        self._held = 0.0
        self._pace: deque[tuple[float, int]] = deque()

    def extend(self, steps: int) -> None:
        """Ask for ``steps`` more steps than there are now; call :meth:`run` afterwards."""
        self._config = self._config.with_steps(self._step + steps)

    def run(self, control: Control) -> TrainingStatus:
        """Train to the last step, or until stopped, diverged or failed.

        Returns:
            The status it ended with, which the sink has been told too.
        """
        try:
            self._train(control)
            status = self._finished(FinishReason.COMPLETED)
        except StopRequestedError:
            status = self._finished(FinishReason.STOPPED)
        except _DivergedError as error:
            status = self._finished(FinishReason.DIVERGED, str(error))
        except InputError as error:
            status = self._finished(FinishReason.INVALID, str(error))
        except (RecordingError, ProcessLostError) as error:
            status = self._finished(FinishReason.FAILED, str(error))
        except Exception as error:  # noqa: BLE001 - shown to the user, whatever it was
            if is_out_of_memory(error):
                self._release()
                self._prepared = None  # so that what comes next has the memory
                text, detail = out_of_memory_message(self._config), ""
            else:
                text, detail = f"{type(error).__name__}: {error}", traceback.format_exc()
            status = self._finished(FinishReason.FAILED, text, detail)
        finally:
            self._release()
        self._sink.status(status)
        return status

    def _release(self) -> None:
        """End the thread that makes batches ahead; the next :meth:`run` starts another."""
        if self._prepared is not None:
            self._prepared.feed.release()

    def _train(self, control: Control) -> None:
        self._report(RunState.PREPARING)
        torch.set_num_threads(self._config.threads or default_threads())
        if self._prepared is None:
            self._prepared = _Prepared(self._config, self._telling(control))
            self._config = self._prepared.config
            self._report(RunState.PREPARING, "Compiling the losses, which takes long only once")
            for learner in self._prepared.learners:
                learner.warm_up()
        prepared = self._prepared
        if control.stopping:  # what is stopped by now leaves no run
            raise StopRequestedError
        self._sink.begin(TrainingContext(self._config, prepared.environment, prepared.dataset))
        self._pace.clear()
        while True:
            if self._evaluation_due():
                self._evaluate(prepared, control)
            if self._step >= self._config.steps:
                return
            self._checkpoint(control, RunState.TRAINING)
            self._advance(prepared)

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

    def _evaluation_due(self) -> bool:
        """Whether this step is to be evaluated and was not; a stop may have cut it short."""
        wanted = self._step % self._config.eval_every == 0 or self._step == self._config.steps
        return wanted and self._evaluated_step != self._step

    def _checkpoint(self, control: Control, state: RunState) -> None:
        held = time.perf_counter()
        if control.checkpoint(lambda: self._report(RunState.PAUSED)):
            self._held += time.perf_counter() - held
            self._pace.clear()
            self._report(state)

    def _clock(self) -> float:
        """Seconds, from no particular start, that stand still during a pause."""
        return time.perf_counter() - self._held

    def _advance(self, prepared: _Prepared) -> None:
        started = self._clock()
        images, labels = prepared.feed.next_batch()
        results = [learner.step(images, labels) for learner in prepared.learners]
        self._step += 1
        self._seconds += self._clock() - started
        for run, (loss, ratio) in enumerate(results):
            self._sink.scalar(run, StepRecord(self._step, loss, ratio, self._seconds))
        self._report(RunState.TRAINING)
        for spec, (loss, _) in zip(self._config.specs, results, strict=True):
            if not math.isfinite(loss):
                raise self._diverged(spec, "The loss", f"became {loss}")

    def _diverged(self, spec: RunSpec, what: str, became: str) -> _DivergedError:
        rate = spec.learning_rate or self._config.learning_rate
        return _DivergedError(
            f"{what} of {spec.name} {became} at step {self._step}. "
            f"Try a lower learning rate (now {rate:g}) or another seed."
        )

    def _evaluate(self, prepared: _Prepared, control: Control) -> None:
        self._report(RunState.EVALUATING)
        started = self._clock()
        checkpoint = partial(self._checkpoint, control, RunState.EVALUATING)
        final = self._step == self._config.steps
        evaluations = [
            prepared.evaluator.evaluate(
                learner, spec, self._step, self._seconds, checkpoint, final=final
            )
            for learner, spec in zip(prepared.learners, self._config.specs, strict=True)
        ]
        self._seconds += self._clock() - started
        for spec, evaluation in zip(self._config.specs, evaluations, strict=True):
            if not np.isfinite(evaluation.snapshot.gallery.embeddings).all():
                raise self._diverged(spec, "The embeddings", "are no longer numbers")
        for run, evaluation in enumerate(evaluations):
            self._sink.scalar(run, evaluation.record)
        self._sink.snapshots(tuple(evaluation.snapshot for evaluation in evaluations))
        self._evaluated_step = self._step
        self._report(RunState.TRAINING)

    def _report(self, state: RunState, message: str = "") -> None:
        self._sink.status(
            TrainingStatus(state, self._step, self._config.steps, self._steps_per_second(), message)
        )

    def _finished(
        self, reason: FinishReason, message: str = "", detail: str = ""
    ) -> TrainingStatus:
        return TrainingStatus(
            RunState.FINISHED,
            self._step,
            self._config.steps,
            self._steps_per_second(),
            message,
            reason,
            detail,
        )

    def _steps_per_second(self) -> float | None:
        now = time.perf_counter()
        self._pace.append((now, self._step))
        while now - self._pace[0][0] > _SPEED_WINDOW_SECONDS and len(self._pace) > 2:
            self._pace.popleft()
        seconds, steps = now - self._pace[0][0], self._step - self._pace[0][1]
        return steps / seconds if steps > 0 and seconds > 0 else None


def default_threads() -> int:
    """Torch threads for training: every core this process may use but one.

    The one left over keeps a window responsive; with as many threads as cores a step
    can also take many times as long, whenever anything else runs.
    """
    return max(1, usable_cores() - 1)


def resolve_device(name: str) -> torch.device:
    """The device of that name; "auto" takes a GPU where torch finds one.

    Raises:
        InputError: if there is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("Device 'cuda' was asked for, but torch finds no GPU: choose cpu or auto.")
    if name == "mps" and not torch.backends.mps.is_available():
        raise InputError("Device 'mps' was asked for, but torch finds none: choose cpu or auto.")
    return torch.device(name)
