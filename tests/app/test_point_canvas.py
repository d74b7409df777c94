"""The picture of points: how often it is drawn, and where it cannot be."""

from concurrent.futures import Future

import numpy as np
import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from symmviz.model.map.drawing import DrawsAtOnce
from symmviz.raster import PixelArray, Scene, Symbol, Transform
from symmviz.views.map import point_canvas
from symmviz.views.map.point_canvas import PointCanvas


class Broken(DrawsAtOnce):
    """Draws nothing."""

    def draw(self, scene: Scene, pixels: PixelArray) -> "Future[None]":
        failed: Future[None] = Future()
        failed.set_exception(MemoryError("no room"))
        return failed


def test_a_picture_that_cannot_be_drawn_is_said_until_one_can(qtbot: QtBot) -> None:
    owner = QObject()
    canvas = PointCanvas(owner)
    canvas.set_drawer(Broken())
    canvas.set_view(Transform(1.0, 0.0, 1.0, 0.0), 200, 100, 1.0)
    canvas.set_active(True)
    qtbot.waitUntil(lambda: canvas.failure == "The points cannot be drawn (no room).")
    image = QImage(200, 100, QImage.Format.Format_RGB32)
    image.fill(0xFF808080)
    blank = image.copy()
    painter = QPainter(image)
    canvas.paint(painter)
    painter.end()
    assert image != blank
    canvas.set_drawer(DrawsAtOnce())
    qtbot.waitUntil(lambda: not canvas.failure)


class Later(DrawsAtOnce):
    """Draws all black, once it is told to."""

    def __init__(self) -> None:
        self.begun: list[Future[None]] = []

    def draw(self, scene: Scene, pixels: PixelArray) -> "Future[None]":
        pixels[:] = 0xFF000000
        self.begun.append(Future())
        return self.begun[-1]


def test_a_picture_of_points_that_are_gone_by_then_is_not_shown(qtbot: QtBot) -> None:
    drawer, owner = Later(), QObject()
    canvas = PointCanvas(owner)
    canvas.set_drawer(drawer)
    canvas.set_view(Transform(1.0, 0.0, 1.0, 0.0), 200, 100, 1.0)
    canvas.set_active(True)
    qtbot.waitUntil(lambda: len(drawer.begun) == 1)
    canvas.clear()
    drawer.begun[0].set_result(None)
    qtbot.waitUntil(lambda: len(drawer.begun) == 2)  # of no points
    image = QImage(200, 100, QImage.Format.Format_RGB32)
    image.fill(0xFF808080)
    blank = image.copy()
    painter = QPainter(image)
    canvas.paint(painter)
    painter.end()
    assert image == blank


class Counts(DrawsAtOnce):
    """Counts the pictures."""

    drawn = 0

    def draw(self, scene: Scene, pixels: PixelArray) -> "Future[None]":
        self.drawn += 1
        return super().draw(scene, pixels)


class Clock:
    """A clock that tests move on."""

    seconds = 1.0

    def perf_counter(self) -> float:
        return self.seconds


@pytest.mark.usefixtures("qapp")
def test_points_that_glide_are_drawn_25_times_a_second_and_what_else_changes_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, drawer, owner = Clock(), Counts(), QObject()
    monkeypatch.setattr(point_canvas, "time", clock)
    canvas = PointCanvas(owner)
    canvas.set_drawer(drawer)
    canvas.set_view(Transform(1.0, 0.0, 1.0, 0.0), 20, 10, 1.0)
    canvas.set_active(True)

    def pictures(milliseconds: int) -> int:
        """How many are drawn in so long."""
        before = drawer.drawn
        for _ in range(milliseconds):
            clock.seconds += 0.001
            canvas._advance()  # as its timer has it do, but by this clock
        return drawer.drawn - before

    places = np.zeros((3, 2), np.float32)
    canvas.set_points(((places, Symbol.CIRCLE),))
    assert pictures(300) == 1
    canvas.set_points(((places + 1.0, Symbol.CIRCLE),))
    assert 7 <= pictures(290) <= 8
    assert canvas.moved < 1.0
    pictures(50)
    assert canvas.still
    assert pictures(300) == 0

    canvas.set_points(((places, Symbol.CIRCLE),))
    pictures(100)
    for _ in range(5):
        canvas.set_background(0xFF000000)
        assert pictures(17) == 1
