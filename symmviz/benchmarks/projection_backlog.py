"""What a backlog of missing projections costs a training that runs beside it.

Two lockstep runs train on digits in a thread. In alternation, the projection process is given
recorded jobs one after the other, as it is where frames have no coordinates yet, or nothing. What
it computes meanwhile is counted in CPU seconds: few frames are finished within a round.
"""

import multiprocessing
import os
import statistics
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from symmcore.processes import usable_cores
from symmcore.projection.base import PCA, ProjectionJob, ProjectionSettings, ProjectionUpdate
from symmcore.projection.worker import ProjectionWorker
from symmviz.benchmarks.projection_frames import generated
from symmviz.benchmarks.training import EndlessTraining
from symmviz.services.projection.tasks import SHARE_WHILE_TRAINING

_POINTS = 2_000  # images of each split of a watch set
_ROUND_SECONDS = 6.0
_SETTLE_SECONDS = 1.5
_AT_LEAST = 0.95
_FEW = 50  # points of a job that is done at once
_CLOSING_SECONDS = 10.0
_PATIENCE = 120.0
_FIRST_STEPS = 5
_PROCESS = "projection"
_USER = 11  # of what follows the name in Linux's stat; the system's time comes next


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured.

    Attributes:
        cores: cores this process may use.
        method: what projected the backlog.
        projected: frames of 2,000 training and 2,000 test images that were finished, in all rounds.
        round_seconds: how long each round was measured.
        computed: CPU seconds that the projection process computed in each round beside the
            training; None where the system does not tell.
        with_backlog: steps a second of each round beside the backlog.
        without: the same without, in the same order.
        ratios: of each round, with over without.
    """

    cores: int
    method: str
    projected: int
    round_seconds: float
    computed: tuple[float, ...] | None
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
            f"{statistics.median(self.without):.1f} steps/s; {self._work()}, "
            f"{self.projected} frames finished in all"
        ]

    def _work(self) -> str:
        if self.computed is None:
            return "what the backlog computed is not known on this system"
        return (
            f"the backlog computed for {statistics.median(self.computed):.2f} CPU s of each "
            f"{self.round_seconds:.1f} s"
        )

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return asdict(self)


class _Round(NamedTuple):
    """Steps a second, and CPU seconds of the projection process; None where nobody knows."""

    speed: float
    computed: float | None


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

    @property
    def cpu_seconds(self) -> float | None:
        """What its process has used by now; None where that is not known."""
        for process in multiprocessing.active_children():
            if process.name == _PROCESS and process.pid is not None:
                return cpu_seconds(process.pid)
        return None

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
    pairs: list[tuple[_Round, _Round]] = []
    try:
        wait_until_it_trains(training)
        _round(training, backlog, is_on=True)  # loads and compiles what is needed
        for number in range(rounds):
            found = {is_on: _round(training, backlog, is_on=is_on) for is_on in _order(number)}
            pairs.append((found[True], found[False]))
            sys.stderr.write(f"{number + 1} of {rounds}: {_ratio(*pairs[-1]):.3f}\n")
            if backlog.problems:
                raise RuntimeError(backlog.problems[0])
    finally:
        backlog.close()
        training.close()
    computed = [one.computed for one, _ in pairs if one.computed is not None]
    return Report(
        cores=usable_cores(),
        method=method,
        projected=backlog.projected,
        round_seconds=_ROUND_SECONDS,
        computed=tuple(computed) if len(computed) == rounds else None,
        with_backlog=tuple(one.speed for one, _ in pairs),
        without=tuple(other.speed for _, other in pairs),
        ratios=tuple(_ratio(*pair) for pair in pairs),
    )


def _ratio(beside: _Round, alone: _Round) -> float:
    return beside.speed / alone.speed


def wait_until_it_trains(training: EndlessTraining) -> None:
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


def _round(training: EndlessTraining, backlog: _Backlog, *, is_on: bool) -> _Round:
    if is_on:
        backlog.resume()
    time.sleep(_SETTLE_SECONDS)
    first, began, used = training.step, time.perf_counter(), backlog.cpu_seconds
    time.sleep(_ROUND_SECONDS)
    speed = (training.step - first) / (time.perf_counter() - began)
    used_by_now = backlog.cpu_seconds
    if is_on:
        backlog.pause()
    if used is None or used_by_now is None:
        return _Round(speed, None)
    return _Round(speed, used_by_now - used)


def cpu_seconds(pid: int) -> float | None:
    """Return the CPU seconds that a process has used by now; None where that cannot be read."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    after_name = text.rpartition(")")[2].split()
    return (int(after_name[_USER]) + int(after_name[_USER + 1])) / os.sysconf("SC_CLK_TCK")
