"""Several images selected at once: the lasso, what is said of them, and going back."""

import dataclasses

import numpy as np
import pytest
from helpers_recording import FakeLoaded, FakeRecording
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPolygonF

from symmviz.model.display import ColourBy, PictureId, PointCloud
from symmviz.model.loaded import Verdicts
from symmviz.model.map.class_choice import ShownClasses
from symmviz.model.map.lasso import inside
from symmviz.model.resolve import watch
from symmviz.model.retrieval.query import Query, Split
from symmviz.model.workspace import Workspace
from symmviz.presenters.window import frames_wanted
from symmviz.services.frames.facts import FramePart
from symmviz.views.map.point_colours import PointFacts, colouring
from symmviz.views.style.theme import LIGHT


@pytest.fixture
def run() -> FakeRecording:
    made = FakeRecording("npair")
    made.add_frame(0, 10)
    return made


@pytest.fixture
def loaded(run: FakeRecording) -> FakeLoaded:
    made = FakeLoaded()
    made.load(run, 0, 10)
    return made


@pytest.fixture
def workspace(run: FakeRecording) -> Workspace:
    made = Workspace()
    made.show((run,))
    return made


@pytest.mark.parametrize("corners", [3, 5, 40])
def test_a_lasso_holds_what_qt_says_it_does(corners: int) -> None:
    random = np.random.default_rng(corners)
    line = random.uniform(0, 100, (corners, 2))  # crosses itself
    points = random.uniform(-10, 110, (500, 2))
    polygon = QPolygonF([QPointF(x, y) for x, y in line])
    expected = [polygon.containsPoint(QPointF(x, y), Qt.FillRule.OddEvenFill) for x, y in points]
    assert 0 < sum(expected) < 500
    assert inside(line, points).tolist() == expected


def test_no_lasso_and_no_number_hold_nothing() -> None:
    square = np.array([[0, 0], [0, 2], [2, 2], [2, 0]], float)
    assert inside(square, np.array([[1, 1], [np.nan, 1], [3, 1]])).tolist() == [True, False, False]
    assert not inside(square[:2], np.array([[0, 1.0]])).any()
    assert inside(square, np.zeros((0, 2))).shape == (0,)


def test_what_is_said_of_them_is_counted(
    workspace: Workspace, loaded: FakeLoaded, run: FakeRecording
) -> None:
    images = loaded.known_images[run.key].test
    rows = np.array([0, 3, 4, 7])
    samples = images.samples[rows]
    workspace.select_all(run, Query(int(samples[1]), Split.TEST), frozenset(samples.tolist()))
    assert FramePart.VERDICTS in [one.part for one in frames_wanted(workspace, 1)]
    state = watch(workspace, loaded)
    (column,) = state.columns
    assert column.selected == 3
    assert column.also_selected == (0, 4, 7)
    assert state.pictures == tuple(PictureId(run.key, int(one)) for one in samples)
    assert state.selection.startswith("4 images selected: ")
    counts = np.unique(images.labels[rows], return_counts=True)[1]
    for count in counts:
        assert f"{count} of " in state.selection
    assert "Recall@1" not in state.selection
    verdicts = np.array([1, 0, 0, 0, -1, 0, 0, 1, 0], np.int8)  # of the rows: 1, 0, none, 1
    loaded.found_right[run.key, 10] = Verdicts(np.zeros(12, np.int8), verdicts)
    assert "Recall@1 0.667" in watch(workspace, loaded).selection
    workspace.display = dataclasses.replace(workspace.display, split=Split.TRAIN)
    state = watch(workspace, loaded)
    assert state.columns[0].also_selected == ()
    assert state.pictures == ()


def test_one_selected_image_dims_nothing(
    workspace: Workspace, loaded: FakeLoaded, run: FakeRecording
) -> None:
    sample = int(loaded.known_images[run.key].test.samples[2])
    workspace.select(run, Query(sample, Split.TEST))
    (column,) = watch(workspace, loaded).columns
    assert column.also_selected == ()
    assert column.selected == 2


def test_the_rest_is_dimmed_but_keeps_its_colour() -> None:
    labels = np.zeros(3, np.int64)
    cloud = PointCloud(labels, labels, np.array([1, 0, -1]), ("a",))
    drawn = colouring(cloud, ColourBy.KIND, LIGHT, ShownClasses(), PointFacts(chosen=np.array([1])))
    codes = drawn.look.colours[drawn.original]
    opacity, colour = codes >> 24, codes & 0xFFFFFF
    assert (colour == colour[1]).all()
    assert opacity[0] == opacity[2] < opacity[1]
    assert drawn.look.colours[drawn.synthetic[2]] >> 24 == 0
