"""What `symmviz train` says of a collapse while it trains."""

import dataclasses

import pytest

from symmcore.records import BatchHealth, EvalRecord, StepRecord
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import parse_spec
from symmcore.training.status import RunState, TrainingStatus
from symmviz.cli.doctor import DoctorSink

HEALTHY = BatchHealth(
    trivial_loss=4.07,
    mean_norm=1.0,
    within_cosine=0.9,
    between_cosine=0.5,
    gradient_norm=1.0,
    zero_terms=None,
    learning_rate=1e-3,
)
SHRUNK = dataclasses.replace(HEALTHY, mean_norm=0.05)


def test_a_collapse_is_said_once_with_what_to_try_and_its_end_too() -> None:
    specs = (parse_spec("npair"), parse_spec("npair+symm"))
    said: list[str] = []
    sink = DoctorSink(TrainingConfig(specs=specs, learning_rate=1e-3), said.append)
    sink.scalar(1, EvalRecord(0, 0.5, 0.5, 0.5, 0.5, 0.0))
    for step in range(1, 61):
        collapsed = 10 <= step < 40
        sink.scalar(0, StepRecord(step, 3.0, None, 0.1 * step, HEALTHY))
        health = SHRUNK if collapsed else HEALTHY
        sink.scalar(1, StepRecord(step, 4.07 if collapsed else 3.0, 0.5, 0.1 * step, health))
        if step == 20:
            assert said == [
                "npair+symm: The embedding has been collapsing since step 10: its norms shrink to "
                "nothing, and the loss rests at 4.07, its value where all embeddings are zero. "
                "Try npair+symm:lr=0.0003, npair+symm:rank=2, npair+symm:pairs=official, "
                "npair+symm:l2_reg=0, triplet-semihard+symm."
            ]
    assert len(said) == 2
    assert "from step 10 until step 40:" in said[1]


@pytest.mark.parametrize("ends", ["training", "run"])
def test_the_last_steps_are_looked_at_too(ends: str) -> None:
    said: list[str] = []
    sink = DoctorSink(TrainingConfig(specs=(parse_spec("npair"),)), said.append)
    for step in range(1, 18):
        health = HEALTHY if step < 10 else SHRUNK
        sink.scalar(0, StepRecord(step, 3.0 if step < 10 else 4.07, None, 0.1 * step, health))
    assert said == []
    sink.status(TrainingStatus(RunState.TRAINING, 17, 17, 1.0, ""))
    assert said == []
    if ends == "run":
        sink.ended(0, "The loss became nan.")
    else:
        sink.status(TrainingStatus(RunState.FINISHED, 17, 17, 1.0, ""))
    assert len(said) == 1
    assert "since step 10:" in said[0]


def test_steps_of_which_nothing_is_known_say_nothing() -> None:
    said: list[str] = []
    sink = DoctorSink(TrainingConfig(specs=(parse_spec("npair"),)), said.append)
    for step in range(1, 30):
        sink.scalar(0, StepRecord(step, 4.07, None, 0.1))
    assert said == []
