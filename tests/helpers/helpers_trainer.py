"""Trainings of a moment, and what they are expected to tell."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from helpers_training import Recorder, tiny_config

from symmcore.records import EvalRecord, Snapshot, StepRecord
from symmcore.training.control import Control
from symmcore.training.status import FinishReason, RunState, TrainingStatus
from symmcore.training.trainer import Trainer

PATIENCE = 30.0  # how long a test waits for what must happen, before it fails


def train(
    *specs: str, hook: Callable[[object], None] = lambda told: None, **settings: Any
) -> Recorder:
    """Train to the end in this thread."""
    sink = Recorder(hook)
    status = Trainer(tiny_config(*specs, **settings), sink).run(Control())
    assert status.reason is FinishReason.COMPLETED, status
    assert_ended_once(sink, status)
    return sink


def assert_ended_once(sink: Recorder, status: TrainingStatus, runs: int = 1) -> None:
    """FINISHED came last, and once for each time that training ran."""
    finished = [told for told in sink.statuses if told.state is RunState.FINISHED]
    assert len(finished) == runs
    assert sink.statuses[-1] == finished[-1] == status
    assert all(
        (told.reason is None) == (told.state is not RunState.FINISHED) for told in sink.statuses
    )


@contextlib.contextmanager
def running(trainer: Trainer, control: Control) -> Iterator[threading.Thread]:
    """Train in a thread of its own, which is stopped at the end whatever a test finds."""
    thread = threading.Thread(target=trainer.run, args=(control,))
    thread.start()
    try:
        yield thread
    finally:
        control.stop()
        thread.join(PATIENCE)
    assert not thread.is_alive()


def same_snapshots(one: list[Snapshot], other: list[Snapshot]) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(a.searched.embeddings, b.searched.embeddings)
        and np.array_equal(a.frame.train.synthetic, b.frame.train.synthetic)
        and np.array_equal(a.frame.train.partner, b.frame.train.partner)
        for a, b in zip(one, other, strict=True)
    )


def scores(record: EvalRecord) -> tuple[object, ...]:
    """What every evaluation has, whatever its reason."""
    return (
        record.train_recall_at_1,
        record.test_recall_at_1,
        record.train_synthetic_recall_at_1,
        record.test_synthetic_recall_at_1,
    )


class FakeClock:
    """The trainer's clock; every look at it takes a millisecond."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.tick = 0.001
        monkeypatch.setattr("symmcore.training.trainer.time.perf_counter", self.read)

    def read(self) -> float:
        self.now += self.tick
        return self.now


def is_step(told: object, step: int) -> bool:
    return isinstance(told, tuple) and isinstance(told[-1], StepRecord) and told[-1].step == step


def is_status(told: object, state: RunState, step: int | None = None) -> bool:
    return isinstance(told, TrainingStatus) and told.state is state and step in (None, told.step)
