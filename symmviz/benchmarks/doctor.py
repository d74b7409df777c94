"""What the collapse doctor takes of a step of the quick preset on digits, the smallest there is.

In CPU time of one thread: what it measures of a batch, the gradient's norm every few steps, what
more is written and read, and the rules themselves.
"""

import dataclasses
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from symmcore.losses import build_loss
from symmcore.networks import build_network
from symmcore.progress import ignore_progress
from symmcore.records import BatchHealth, StepRecord
from symmcore.runs.formats.metrics import MetricsTable, metrics_line
from symmcore.training.batch_health import STEPS_BETWEEN_NORMS, batch_health, gradient_norm
from symmcore.training.config import TrainingConfig
from symmcore.training.preparation import Preparation
from symmcore.training.record_doctor import RecordDoctor
from symmcore.training.spec import parse_spec

_BAR = 0.02
_LOSSES = ("npair", "npair+symm", "triplet+symm")


@dataclass(frozen=True, slots=True)
class Cost:
    """What was measured of one loss.

    Attributes:
        loss: which.
        step: microseconds of a step.
        doctor: of them, and of what follows a step, the doctor's.
        share: median of the rounds' shares.
    """

    loss: str
    step: float
    doctor: float
    share: float

    def line(self) -> str:
        """The cost for people."""
        verdict = "met" if self.share <= _BAR else "NOT met"
        return (
            f"{'the doctor, ' + self.loss:<28} {self.share:>10.1%}  bar: at most {_BAR:.0%}  "
            f"{verdict}, {self.doctor:.0f} of {self.step:,.0f} us"
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured.

    Attributes:
        costs: of each loss.
    """

    costs: tuple[Cost, ...]

    def lines(self) -> list[str]:
        """The report for people."""
        return [
            "share of the collapse doctor in a step, quick preset on digits, CPU time of a thread",
            *(cost.line() for cost in self.costs),
        ]

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return asdict(self)


def measure_doctor(rounds: int, steps: int) -> Report:
    """Take steps and the doctor's part of as many in alternation, in one torch thread.

    Args:
        rounds: alternations.
        steps: in each.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return Report(tuple(_cost(loss, rounds, steps) for loss in _LOSSES))
    finally:
        torch.set_num_threads(before)


def _cost(loss: str, rounds: int, steps: int) -> Cost:
    config = TrainingConfig(dataset="digits", specs=(parse_spec(loss),), device="cpu")
    prepared = Preparation(config, ignore_progress, None)
    prepared.warm_up()
    try:
        images, labels = prepared.feed.next_batch()
    finally:
        prepared.feed.release()
    learner = prepared.learners[0]
    learner.step(images, labels)
    doctor = _Doctor(config, images, labels)
    took, looked = [], []
    for _ in range(rounds):
        took.append(_microseconds(lambda: learner.step(images, labels), steps))
        looked.append(doctor.microseconds(steps))
    return Cost(
        loss,
        statistics.median(took),
        statistics.median(looked),
        statistics.median(part / whole for part, whole in zip(looked, took, strict=True)),
    )


class _Doctor:
    """What the doctor adds to steps, without them."""

    def __init__(self, config: TrainingConfig, images: Tensor, labels: Tensor) -> None:
        spec = config.specs[0]
        self._network = build_network(config.network, images.shape[1], config.dim_of(spec))
        self._weights = tuple(self._network.parameters())
        self._loss = build_loss(spec.loss, spec.symm, spec.loss_settings)
        self._labels = labels
        self._embeddings = self._network(images)
        self._result = self._loss.detailed(self._embeddings, labels)
        self._result.loss.backward()
        self._doctor = RecordDoctor()
        self._step = 0

    def microseconds(self, steps: int) -> float:
        record = StepRecord(1, 2.1234567, None, 0.1234567, self._look())
        plain = dataclasses.replace(record, health=None)
        measured = _microseconds(self._look, steps)
        norms = _microseconds(lambda: float(gradient_norm(self._weights)), steps)
        table, other = MetricsTable(), MetricsTable()
        for one, of in ((record, table), (plain, other)):  # the first line makes the columns
            self._record(one, of)
        recorded = _microseconds(lambda: self._record(record, table), steps)
        without = _microseconds(lambda: self._record(plain, other), steps)
        return measured + norms / STEPS_BETWEEN_NORMS + recorded - without

    def _look(self) -> BatchHealth:
        return batch_health(self._loss, self._result, self._embeddings, self._labels, 1e-3)

    def _record(self, record: StepRecord, table: MetricsTable) -> None:
        """Write a line, read it as a window does, and tell the doctor."""
        self._step += 1
        record = dataclasses.replace(record, step=self._step)
        table.add_lines([metrics_line(record).encode()])
        self._doctor.take(record)


def _microseconds(action: Callable[[], object], count: int) -> float:
    began = time.thread_time()
    for _ in range(count):
        action()
    return 1e6 * (time.thread_time() - began) / count
