import dataclasses

from helpers_training import tiny_config, tiny_dataset

from symmcore.training.sink import Environment, TrainingContext
from symmcore.training.status import RunState, TrainingStatus
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
    assert box.drain() == Updates(problems=("One is lost. Training goes on without it.",))
    box.ended(0, "Another is, too.")
    assert box.drain() == Updates(problems=("Another is, too. Training goes on without it.",))
    box.ended(2, "The last one.")
    assert box.drain() == Updates(), "the end of the training says it"


def test_nothing_that_went_wrong_is_lost_between_two_looks() -> None:
    box = StatusBox()
    for text in ("A file is missing.", "A disk is full.", "A file is missing."):
        box.problem(text)
    assert box.drain().problems == ("A file is missing.", "A disk is full.")
    assert box.drain() == Updates()
    box.problem("A file is missing.")
    assert box.drain().problems == ("A file is missing.",)


def test_of_runs_that_diverged_before_nothing_is_said_again() -> None:
    box = StatusBox()
    box.begin(dataclasses.replace(CONTEXT, ended=frozenset({0})))
    box.ended(1, "One is lost.")
    assert box.drain() == Updates(problems=("One is lost. Training goes on without it.",))
    box.ended(2, "The last one.")
    assert box.drain() == Updates()


def test_a_new_training_forgets_the_status_and_no_sentence() -> None:
    box = StatusBox()
    box.problem("A disk is full.")
    box.status(TrainingStatus(RunState.FINISHED, 3, 3))
    box.forget_status()
    assert box.drain() == Updates(problems=("A disk is full.",))
