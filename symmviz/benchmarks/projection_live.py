"""How soon a new frame is on the screen, in seconds of a clock, alone and beside a training.

As in the window: the projection process is asked to go on from the points of the frame before, and
what it hands out is timed as it comes. First nothing trains; then two lockstep runs on digits do.
"""

import multiprocessing
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from symmcore.processes import usable_cores
from symmcore.projection.base import TEST, ProjectionJob, ProjectionSettings, ProjectionUpdate
from symmcore.projection.worker import ProjectionWorker
from symmcore.records import FloatArray
from symmviz.benchmarks.projection_backlog import cpu_seconds, wait_until_it_trains
from symmviz.benchmarks.projection_frames import generated
from symmviz.benchmarks.projection_report import LIVE_WITHIN, SETTLED
from symmviz.benchmarks.training import EndlessTraining

_PATIENCE = 300.0
_CLOSING_SECONDS = 10.0
_PROCESS = "projection"


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians over the rounds.

    Attributes:
        first: seconds until the first piece of a new frame comes.
        settled: seconds until 95% of the way is behind the points.
        computed: CPU seconds of the process until it has ended; None where nobody knows.
    """

    first: float
    settled: float
    computed: float | None

    def text(self) -> str:
        """The timing for people."""
        cpu = "" if self.computed is None else f" ({self.computed:.2f} CPU s in all)"
        return f"drawn after {self.first:.2f} s, settled (95%) after {self.settled:.2f}{cpu}"


@dataclass(frozen=True, slots=True)
class LiveWallRow:
    """One method at one number of points.

    Attributes:
        method: what projects them.
        points: how many.
        alone: while nothing trains.
        beside: beside a training.
    """

    method: str
    points: int
    alone: Timing
    beside: Timing

    def lines(self) -> list[str]:
        """The row for people."""
        return [
            f"live {self.points:>6,} {self.method:<5} {name:<19} {one.text()}{self._verdict(one)}"
            for name, one in (("nothing trains:", self.alone), ("beside a training:", self.beside))
        ]

    def _verdict(self, one: Timing) -> str:
        if self.points not in LIVE_WITHIN:
            return ""
        first, settled = LIVE_WITHIN[self.points]
        is_met = one.first <= first and one.settled <= settled
        return f" (bars {first:.0f} and {settled:.0f} s): {'met' if is_met else 'MISSED'}"


@dataclass(frozen=True, slots=True)
class LiveWallReport:
    """What was measured."""

    cores: int
    rounds: int
    rows: tuple[LiveWallRow, ...]

    def lines(self) -> list[str]:
        """The report for people."""
        heading = f"{self.cores} cores, medians of {self.rounds} rounds, seconds of a clock"
        return [heading, *(line for row in self.rows for line in row.lines())]

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return asdict(self)


class _Process:
    """The projection process, one job at a time."""

    def __init__(self) -> None:
        self._came: list[tuple[float, ProjectionUpdate]] = []
        self._ended = threading.Event()
        self._problem = ""
        self._worker = ProjectionWorker(on_update=self._on_update, on_error=self._on_error)
        self._worker.start()

    def do(self, job: ProjectionJob) -> list[tuple[float, ProjectionUpdate]]:
        """Have a job done; gives its updates, each with the seconds after which it came.

        Raises:
            RuntimeError: if it failed, or took too long.
        """
        self._came, self._problem = [], ""
        self._ended.clear()
        began = time.perf_counter()
        self._worker.submit(job)
        if not self._ended.wait(_PATIENCE) or self._problem:
            raise RuntimeError(self._problem or "the projection did not end")
        return [(at - began, update) for at, update in self._came]

    def close(self) -> None:
        """End it."""
        self._worker.close(_CLOSING_SECONDS)

    @property
    def cpu_seconds(self) -> float | None:
        """What it has used by now; None where that is not known."""
        pids = [one.pid for one in multiprocessing.active_children() if one.name == _PROCESS]
        return cpu_seconds(pids[0]) if pids and pids[0] is not None else None

    def _on_update(self, job: ProjectionJob, update: ProjectionUpdate) -> None:
        self._came.append((time.perf_counter(), update))
        if update.is_final:
            self._ended.set()

    def _on_error(self, text: str, job: ProjectionJob | None) -> None:
        self._problem = text
        self._ended.set()


def measure(
    methods: Sequence[str], counts: Sequence[int], rounds: int, seed: int = 0
) -> LiveWallReport:
    """Measure ``rounds`` new frames of each method and number of points, alone and beside.

    Raises:
        RuntimeError: if something could not be projected.
    """
    process = _Process()
    try:
        jobs = {
            (method, count): _job(process, method, count, seed)
            for method in methods
            for count in counts
        }
        _say("while nothing trains")
        alone = {name: _timing(process, job, rounds) for name, job in jobs.items()}
        _say("beside a training")
        training = EndlessTraining()
        try:
            wait_until_it_trains(training)
            beside = {name: _timing(process, job, rounds) for name, job in jobs.items()}
        finally:
            training.close()
    finally:
        process.close()
    rows = tuple(LiveWallRow(*name, alone[name], beside[name]) for name in jobs)
    return LiveWallReport(usable_cores(), rounds, rows)


def _job(process: _Process, method: str, count: int, seed: int) -> ProjectionJob:
    """The second of two frames, from where the points of the first were left."""
    _say(f"{count:,} points by {method}: the first layout")
    before, after = generated(count, 2, seed)
    settings = ProjectionSettings(seed=seed, splits=(TEST,), is_live=True)
    first = ProjectionJob(method, (before,), (None,), settings)
    return ProjectionJob(method, (after,), process.do(first)[-1][1].projections, settings)


def _timing(process: _Process, job: ProjectionJob, rounds: int) -> Timing:
    found = [_round(process, job) for _ in range(rounds)]
    computed = [one.computed for one in found if one.computed is not None]
    return Timing(
        statistics.median(one.first for one in found),
        statistics.median(one.settled for one in found),
        statistics.median(computed) if len(computed) == rounds else None,
    )


def _round(process: _Process, job: ProjectionJob) -> Timing:
    used = process.cpu_seconds
    came = process.do(replace(job))  # a job is known by its identity
    used_by_now = process.cpu_seconds
    end = _points(came[-1][1])
    (start,) = job.starts
    assert start is not None, "it goes on from the frame before"
    left = SETTLED * _between(start.test.original, end)
    return Timing(
        next(at for at, one in came if one.done > 0.0),
        next(at for at, one in came if _between(_points(one), end) <= left),
        None if used is None or used_by_now is None else used_by_now - used,
    )


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _points(update: ProjectionUpdate) -> FloatArray:
    return update.projections[0].test.original


def _between(one: FloatArray, other: FloatArray) -> float:
    return float(np.linalg.norm(one - other, axis=1).mean())
