import dataclasses

from helpers_training import tiny_config, tiny_dataset

from symmcore.training.sink import Environment, TrainingContext
from symmviz.services.status_box import StatusBox, Updates

CONTEXT = TrainingContext(
    tiny_config("npair", "triplet", "angular", dataset="digits"),
    Environment("cpu", 1, ()),
    tiny_dataset(0),
)


def test_a_run_that_diverges_is_said_while_others_go_on() -> None:
    box = StatusBox()
    box.begin(CONTEXT)
    box.ended(1, "One is lost.")
    assert box.drain() == Updates(problem="One is lost. Training goes on without it.")
    box.ended(0, "Another is, too.")
    said = "One is lost. Another is, too. Training goes on without them."
    assert box.drain() == Updates(problem=said), "a sentence does not hide the one before"
    box.ended(2, "The last one.")
    assert box.drain() == Updates(), "the end of the training says it"


def test_of_runs_that_diverged_before_nothing_is_said_again() -> None:
    box = StatusBox()
    box.begin(dataclasses.replace(CONTEXT, ended=frozenset({0})))
    box.ended(1, "One is lost.")
    assert box.drain() == Updates(problem="One is lost. Training goes on without it.")
    box.ended(2, "The last one.")
    assert box.drain() == Updates()
