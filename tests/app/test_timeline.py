"""Steps around a step, among those of which there is a frame."""

import pytest

from symmviz.model.timeline import (
    TimelineState,
    checkpoint_at_or_before,
    frame_number,
    nearest_checkpoint,
    nearest_frame,
    step_after,
    step_before,
)

_STATE = TimelineState(0, 100, 40, frames=(0, 10, 40, 90), checkpoints=(0, 50), planned=300)


@pytest.mark.parametrize(
    ("step", "nearest"),
    [(-5, 0), (0, 0), (4.9, 0), (5, 0), (5.1, 10), (25, 10), (26, 40), (90, 90), (1e9, 90)],
)
def test_the_nearest_frame_is_the_earlier_of_two(step: float, nearest: int) -> None:
    assert nearest_frame(_STATE, step) == nearest


@pytest.mark.parametrize(
    ("step", "before", "number", "after"),
    [(0, None, 1, 10), (10, 0, 2, 40), (12, 10, 2, 40), (90, 40, 4, None), (95, 90, 4, None)],
)
def test_frames_before_and_after_a_step(
    step: int, before: int | None, number: int, after: int | None
) -> None:
    assert step_before(_STATE, step) == before
    assert frame_number(_STATE, step) == number
    assert step_after(_STATE, step) == after


def test_checkpoints_around_a_step() -> None:
    assert nearest_checkpoint(_STATE, 26) == 50
    assert [checkpoint_at_or_before(_STATE, step) for step in (-1, 0, 49, 50, 99)] == [
        *(None, 0, 0, 50, 50)
    ]


def test_where_nothing_is_recorded_there_is_nothing_to_go_to() -> None:
    empty = TimelineState()
    assert nearest_frame(empty, 3) is None
    assert step_before(empty, 3) is None
    assert step_after(empty, 3) is None
    assert frame_number(empty, 3) == 0
    assert checkpoint_at_or_before(empty, 3) is None


def test_the_right_end_is_the_planned_step_only_while_more_may_come() -> None:
    live = TimelineState(last=100, live=True, planned=300)
    assert live.end == 300
    assert TimelineState(last=100, live=False, planned=300).end == 100
    assert TimelineState(last=400, live=True, planned=300).end == 400
    assert TimelineState(last=100, live=True).end == 100
