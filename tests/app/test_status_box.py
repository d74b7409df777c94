from symmcore.training.status import RunState, TrainingStatus
from symmviz.services.training.status_box import StatusBox, Updates


def test_nothing_that_went_wrong_is_lost_between_two_looks() -> None:
    box = StatusBox()
    for text in ("A file is missing.", "A disk is full.", "A file is missing."):
        box.problem(text)
    assert box.drain().problems == ("A file is missing.", "A disk is full.")
    assert box.drain() == Updates()
    box.problem("A file is missing.")
    assert box.drain().problems == ("A file is missing.",)


def test_a_new_training_forgets_the_status_and_no_sentence() -> None:
    box = StatusBox()
    box.problem("A disk is full.")
    box.status(TrainingStatus(RunState.FINISHED, 3, 3))
    box.forget_status()
    assert box.drain() == Updates(problems=("A disk is full.",))
