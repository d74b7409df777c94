"""The session: what waits for what at a launch."""

from collections.abc import Iterator
from unittest.mock import Mock, PropertyMock

import pytest

from symmviz.services.projection.drawing import PointDrawing
from symmviz.services.projection.projections import Projections
from symmviz.services.session import Session
from symmviz.services.training.process import TrainingProcess


@pytest.fixture
def load_loops(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """In place of loading the loops that draw."""
    start = Mock()
    monkeypatch.setattr(PointDrawing, "start", start)
    return start


@pytest.fixture
def session(load_loops: Mock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Without processes."""
    monkeypatch.setattr(Projections, "start", Mock())
    made = Session()
    yield made
    made.close(20)


@pytest.mark.parametrize(
    ("loading", "running", "has_shown", "starts"),
    [
        (True, False, False, False),
        (True, True, False, False),
        (False, True, False, False),
        (False, True, True, True),
        (False, False, False, True),  # nobody waits for a picture, or runs from the disk are shown
    ],
)
def test_the_loops_that_draw_wait_for_a_trainings_first_picture(
    session: Session,
    load_loops: Mock,
    monkeypatch: pytest.MonkeyPatch,
    loading: bool,
    running: bool,
    has_shown: bool,
    starts: bool,
) -> None:
    for of, name, value in (
        (TrainingProcess, "loading", loading),
        (TrainingProcess, "running", running),
        (Projections, "has_shown", has_shown),
    ):
        monkeypatch.setattr(of, name, PropertyMock(return_value=value))
    session.drain()
    assert not load_loops.called
    session.open_projections()
    session.drain()
    assert load_loops.called is starts
