"""The picture of points where it cannot be drawn."""

from concurrent.futures import Future

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from symmviz.model.drawing import DrawsAtOnce
from symmviz.raster import PixelArray, Scene, Transform
from symmviz.views.point_canvas import PointCanvas


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
