"""What a backlog of missing projections costs a training that runs beside it.

Two lockstep runs train on digits in a thread. In alternation, the projection process is given
recorded jobs one after the other, as it is where frames have no coordinates yet, or nothing.
"""

import statistics
import sys
import time
from dataclasses import asdict, dataclass, replace

import numpy as np

from symmcore.processes import usable_cores
from symmcore.projection.base import PCA, ProjectionJob, ProjectionSettings, ProjectionUpdate
from symmcore.projection.worker import ProjectionWorker
from symmviz.benchmarks.projection_frames import generated
from symmviz.benchmarks.training import EndlessTraining
from symmviz.services.projection_tasks import SHARE_WHILE_TRAINING

_POINTS = 2_000  # images of each split of a watch set
_ROUND_SECONDS = 6.0
_SETTLE_SECONDS = 1.5
_AT_LEAST = 0.95
_FEW = 50  # points of a job that is done at once
_CLOSING_SECONDS = 10.0
_PATIENCE = 120.0
_FIRST_STEPS = 5


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured.

    Attributes:
        cores: cores this process may use.
        method: what projected the backlog.
        projected: frames of 2,000 training and 2,000 test images that were, in all rounds.
        with_backlog: steps a second of each round beside the backlog.
        without: the same without, in the same order.
        ratios: of each round, with over without.
    """

    cores: int
    method: str
    projected: int
    with_backlog: tuple[float, ...]
    without: tuple[float, ...]
    ratios: tuple[float, ...]

    def lines(self) -> list[str]:
        """The report for people."""
        low, median, high = np.percentile(self.ratios, [25, 50, 75])
        verdict = "met" if median >= _AT_LEAST else "MISSED"
        return [
            f"{self.cores} cores: training beside a backlog of {self.method} against without, "
            f"{len(self.ratios)} alternations: median ratio {median:.3f}, quartiles {low:.3f} to "
            f"{high:.3f} (bar {_AT_LEAST}): {verdict}; medians "
            f"{statistics.median(self.with_backlog):.1f} against "
            f"{statistics.median(self.without):.1f} steps/s; {self.projected} frames projected"
        ]

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return asdict(self)


class _Backlog:
    """Frames that are projected one after the other while it is not paused."""

    def __init__(self, method: str, points: int, seed: int) -> None:
        (frame,) = generated(points, 1, seed)
        settings = ProjectionSettings(seed=seed, share=SHARE_WHILE_TRAINING)
        both = replace(frame, train=frame.test)
        self._job = ProjectionJob(method, (both,), (None,), settings)
        self._worker = ProjectionWorker(on_update=self._on_update, on_error=self._on_error)
        self._has_work = False
        self.projected = 0
        self.problems: list[str] = []
        self._worker.start()

    def resume(self) -> None:
        """Give it work until it is paused."""
        self._has_work = True
        self._worker.submit(self._anew())

    def pause(self) -> None:
        """Take the work from it: a job in hand gives way to one that is soon done."""
        self._has_work = False
        self._worker.submit(ProjectionJob(PCA, generated(_FEW, 1, 0), (None,)))

    def close(self) -> None:
        """End the process."""
        self._has_work = False
        self._worker.close(_CLOSING_SECONDS)

    def _anew(self) -> ProjectionJob:
        return replace(self._job)  # a job is known by its identity

    def _on_update(self, job: ProjectionJob, update: ProjectionUpdate) -> None:
        if update.is_final and job.method == self._job.method:
            self.projected += 1
            if self._has_work:
                self._worker.submit(self._anew())

    def _on_error(self, text: str, job: ProjectionJob | None) -> None:
        self.problems.append(text)


def measure(method: str, rounds: int, seed: int = 0, points: int = _POINTS) -> Report:
    """Measure ``rounds`` alternations, each of 15 seconds.

    Raises:
        RuntimeError: if the backlog could not be projected.
    """
    training = EndlessTraining()
    backlog = _Backlog(method, points, seed)
    pairs: list[tuple[float, float]] = []
    try:
        _wait_until_it_trains(training)
        _speed(training, backlog, is_on=True)  # loads and compiles what is needed
        for number in range(rounds):
            found = {is_on: _speed(training, backlog, is_on=is_on) for is_on in _order(number)}
            pairs.append((found[True], found[False]))
            sys.stderr.write(f"{number + 1} of {rounds}: {pairs[-1][0] / pairs[-1][1]:.3f}\n")
            if backlog.problems:
                raise RuntimeError(backlog.problems[0])
    finally:
        backlog.close()
        training.close()
    return Report(
        cores=usable_cores(),
        method=method,
        projected=backlog.projected,
        with_backlog=tuple(one for one, _ in pairs),
        without=tuple(other for _, other in pairs),
        ratios=tuple(one / other for one, other in pairs),
    )


def _wait_until_it_trains(training: EndlessTraining) -> None:
    """Wait for some steps.

    Raises:
        RuntimeError: if there are none.
    """
    until = time.monotonic() + _PATIENCE
    while training.step < _FIRST_STEPS:
        if time.monotonic() > until:
            raise RuntimeError("the training takes no steps")
        time.sleep(0.1)


def _order(number: int) -> tuple[bool, bool]:
    return (True, False) if number % 2 else (False, True)


def _speed(training: EndlessTraining, backlog: _Backlog, *, is_on: bool) -> float:
    if is_on:
        backlog.resume()
    time.sleep(_SETTLE_SECONDS)
    first, began = training.step, time.perf_counter()
    time.sleep(_ROUND_SECONDS)
    speed = (training.step - first) / (time.perf_counter() - began)
    if is_on:
        backlog.pause()
    return speed
