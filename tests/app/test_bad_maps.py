"""Embeddings with which little can be drawn: a picture or one sentence, whatever is switched on."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from helpers_recording import FakeRecording
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from symmcore.projection.pca import PcaProjector
from symmcore.records import EmbeddedSet, Frame, PickedPairs, WatchedSet
from symmviz.model.display import ColourBy, RunTitle
from symmviz.model.map.layers import Layer
from symmviz.model.retrieval.query import Query, Split
from symmviz.model.workspace import Workspace
from symmviz.presenters.watch import WatchPresenter
from symmviz.presenters.window import frames_wanted
from symmviz.services.frames.loader import FrameLoader
from symmviz.views.map.cosine_histogram import CosineHistogram
from symmviz.views.style.theme import current_theme
from symmviz.views.watch.page import WatchPage

Rows = npt.NDArray[np.float64]
_RANDOM = np.random.default_rng(0)
_MANY = 20_000


def _with_nan() -> Rows:
    rows = _RANDOM.normal(size=(30, 6))
    rows[3], rows[7] = np.nan, np.inf
    return rows


BAD: dict[str, tuple[Rows, list[int]]] = {
    "all equal": (np.full((30, 6), 0.4), [at % 3 for at in range(30)]),
    "all zero": (np.zeros((30, 6)), [at % 3 for at in range(30)]),
    "no number": (np.full((30, 6), np.nan), [at % 3 for at in range(30)]),
    "some not numbers": (_with_nan(), [at % 3 for at in range(30)]),
    "two points": (np.eye(2, 6), [0, 0]),
    "two points of two classes": (np.eye(2, 6), [0, 1]),
    "one point": (np.eye(1, 6), [0]),
    "one class": (_RANDOM.normal(size=(30, 6)), [0] * 30),
    "two dimensions": (_RANDOM.normal(size=(30, 2)), [at % 3 for at in range(30)]),
    "one dimension": (_RANDOM.normal(size=(30, 1)), [at % 3 for at in range(30)]),
    "a class of one point": (_RANDOM.normal(size=(30, 6)), [7, *[0, 1] * 14, 0]),
    "no synthetic points": (_RANDOM.normal(size=(30, 6)), list(range(30))),
    "20,000 classes": (_RANDOM.normal(size=(_MANY, 3)), list(range(_MANY))),
}


class BadRecording(FakeRecording):
    """Two frames of given embeddings, in both splits."""

    def __init__(self, rows: Rows, labels: list[int]) -> None:
        super().__init__(class_names=tuple(map(str, range(max(labels) + 1))))
        self._rows = rows
        self._labels = np.array(labels, np.int64)
        projector = PcaProjector()
        for step in (10, 20):
            self.add_frame(step, projected=False)
            (projection,) = projector.project((self.frame(step),), (None,))
            self.store_projection(projection)

    def frame(self, step: int) -> Frame:
        embeddings = (self._rows * (1 + step / 100)).astype(np.float32)
        partner = np.full(len(embeddings), -1, np.int64)
        for label in set(self._labels.tolist()) if len(embeddings) < _MANY else ():
            own = np.flatnonzero(self._labels == label)
            if len(own) > 1:
                partner[own] = np.roll(own, 1)
        axes = np.where((partner >= 0)[:, None], embeddings[partner], embeddings)
        synthetic = (2 * axes - embeddings).astype(np.float32)
        samples = np.arange(len(embeddings), dtype=np.int64)
        watched = WatchedSet(EmbeddedSet(samples, self._labels, embeddings), partner, synthetic)
        last = len(embeddings) - 1
        picked = PickedPairs(np.array([[[0, -1], [last, 0]]], np.int64))
        return Frame(step, watched, watched, picked)

    def gallery(self, step: int) -> EmbeddedSet:
        return self.frame(step).test.points


@pytest.fixture
def page(qtbot: QtBot) -> WatchPage:
    made = WatchPage()
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.set_gliding(False)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def loader() -> Iterator[FrameLoader]:
    said: list[str] = []
    made = FrameLoader(said.append)
    yield made
    assert made.close(60.0)
    assert said == []


def has_ink(page: WatchPage) -> bool:
    image = page.scatter(0).viewport().grab().toImage()
    paper = current_theme().raised
    return any(
        image.pixelColor(x, y).name() != paper
        for x in range(0, image.width(), 2)
        for y in range(0, image.height(), 2)
    )


@pytest.mark.parametrize("name", BAD)
def test_there_is_a_picture_or_a_sentence(
    qtbot: QtBot, page: WatchPage, loader: FrameLoader, name: str
) -> None:
    rows, labels = BAD[name]
    run, workspace = BadRecording(rows, labels), Workspace()
    workspace.show((run,))
    presenter = WatchPresenter(page, workspace, loader)
    page.set_runs((RunTitle("r", "r"),))
    scatter = page.scatter(0)
    modes, several = list(ColourBy), min(len(labels), 6)
    if len(labels) == _MANY:  # what searches all neighbours takes a minute, on its thread
        modes, several = [ColourBy.KIND, ColourBy.CLASS, ColourBy.PICKED, ColourBy.DRIFT], 1
    for at, mode in enumerate(modes):
        workspace.display = dataclasses.replace(
            workspace.display,
            colour_by=mode,
            split=Split.TRAIN if at % 2 else Split.TEST,
            layers=frozenset(Layer),
            pairs_visible=True,
        )
        query = Query(0, workspace.display.split)
        workspace.select_all(run, query, frozenset(range(several if at % 3 else 1)))
        loader.request(frames_wanted(workspace, 1))
        qtbot.waitUntil(lambda: not loader.busy, timeout=60_000)
        presenter.update()
        qtbot.waitUntil(lambda: scatter.still and not scatter.layers.pending, timeout=20_000)
        assert has_ink(page), mode
        shown = scatter.positions
        assert shown is not None
        assert len(shown.original) == len(labels)
        hit = scatter.hit_at(scatter.position_in_widget(0))
        assert hit is not None
        qtbot.mouseMove(scatter.viewport(), scatter.position_in_widget(0).toPoint())
        QApplication.processEvents()
    histogram = page.findChild(CosineHistogram)
    assert histogram is not None
    words = [histogram.text, *page.scatter(0).layers.problems]
    assert all(one.endswith(".") for one in words)
    words += [label.text() for label in page.findChildren(QLabel) if label.isVisible()]
    assert not [one for one in words if "nan" in one.lower()]
