"""The map by itself: points that are drawn elsewhere, glide, and are found under the pointer."""

from concurrent.futures import Future

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from symmcore.records import FloatArray
from symmviz.model.display import ColourBy, PointCloud, PointPositions
from symmviz.model.map.bounds import Bounds
from symmviz.model.map.class_choice import shown_classes
from symmviz.model.map.drawing import DrawsAtOnce
from symmviz.raster import PixelArray, Scene
from symmviz.services.projection.drawing import PointDrawing
from symmviz.views.map.scatter import EmbeddingScatter
from symmviz.views.style.theme import current_theme


class DrawsLater(DrawsAtOnce):
    """Draws when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[Scene, PixelArray, Future[None]]] = []

    def draw(self, scene: Scene, image: PixelArray) -> "Future[None]":
        self.asked.append((scene, image, Future()))
        return self.asked[-1][2]

    def finish(self) -> None:
        scene, image, future = self.asked[-1]
        super().draw(scene, image)
        future.set_result(None)


def put(scatter: EmbeddingScatter, places: list[tuple[float, float]]) -> None:
    """Points there, and the synthetic point of each as far to the other side of the middle."""
    original = np.array(places, np.float32)
    if scatter.positions is None:
        labels = np.arange(len(places), dtype=np.int64)
        names = tuple(map(str, labels))
        scatter.set_cloud(PointCloud(labels, labels, np.roll(labels, 1), names))
        scatter.set_classes(shown_classes(tuple(labels.tolist()), names, None))
    scatter.move_points(PointPositions(original, -original))


def colour_at(scatter: EmbeddingScatter, x: float, y: float) -> QColor:
    image: QImage = scatter.viewport().grab().toImage()
    place = scatter.getViewBox().mapViewToScene(QPointF(x, y))
    return image.pixelColor(round(place.x() - 0.5), round(place.y() - 0.5))


def is_near(one: QColor, other: str) -> bool:
    wanted = QColor(other)
    apart = (one.red() - wanted.red(), one.green() - wanted.green(), one.blue() - wanted.blue())
    return max(map(abs, apart)) < 60


def test_points_are_painted_where_they_are(qtbot: QtBot, scatter: EmbeddingScatter) -> None:
    put(scatter, [(0.5, 0.25), (-0.5, 0.75)])
    qtbot.waitUntil(lambda: scatter.still)
    theme = current_theme()
    assert is_near(colour_at(scatter, 0.5, 0.25), theme.original)
    assert is_near(colour_at(scatter, -0.5, -0.25), theme.synthetic)
    assert colour_at(scatter, 0.0, 0.0) == QColor(theme.raised)
    scatter.set_synthetic_visible(False)
    qtbot.waitUntil(lambda: scatter.still)
    assert colour_at(scatter, -0.5, -0.25) == QColor(theme.raised)
    scatter.set_colour_by(ColourBy.CLASS)
    qtbot.waitUntil(lambda: scatter.still)
    colours = theme.class_colours(shown_classes((0, 1), ("0", "1"), None))
    assert is_near(colour_at(scatter, 0.5, 0.25), colours[0])
    assert is_near(colour_at(scatter, -0.5, 0.75), colours[1])


def test_the_last_picture_stays_in_its_place_while_the_next_is_drawn(
    qtbot: QtBot, scatter: EmbeddingScatter
) -> None:
    drawer = DrawsLater()
    scatter.set_drawer(drawer)
    put(scatter, [(0.5, 0.25)])
    qtbot.waitUntil(lambda: bool(drawer.asked))
    assert not scatter.still
    drawer.finish()
    qtbot.waitUntil(lambda: scatter.still)
    scatter.set_bounds(Bounds(-2.0, 2.0, -2.0, 2.0))
    qtbot.waitUntil(lambda: len(drawer.asked) == 2)
    assert is_near(colour_at(scatter, 0.5, 0.25), current_theme().original)
    put(scatter, [(-1.5, 0.5)])
    qtbot.wait(30)
    assert len(drawer.asked) == 2  # one at a time
    drawer.finish()
    qtbot.waitUntil(lambda: len(drawer.asked) == 3)
    drawer.finish()
    qtbot.waitUntil(lambda: scatter.still)
    assert is_near(colour_at(scatter, -1.5, 0.5), current_theme().original)
    images = [image for _, image, _ in drawer.asked]
    assert images[0] is images[2]  # two images are enough


def test_points_glide_and_arrive(qtbot: QtBot, scatter: EmbeddingScatter) -> None:
    put(scatter, [(0.5, 0.5)])
    qtbot.waitUntil(lambda: scatter.still)
    scatter.set_gliding(True)
    drawer = DrawsLater()
    scatter.set_drawer(drawer)
    put(scatter, [(-0.5, -0.5)])
    moved: list[float] = []

    def arrived() -> bool:
        if len(drawer.asked) > len(moved):
            moved.append(drawer.asked[-1][0].moved)
            drawer.finish()
        return scatter.still

    qtbot.waitUntil(arrived)
    assert moved == sorted(moved)
    assert moved[0] < 0.5
    assert moved[-1] == 1.0
    assert is_near(colour_at(scatter, -0.5, -0.5), current_theme().original)


def test_nothing_is_drawn_while_nobody_sees_it(qtbot: QtBot, scatter: EmbeddingScatter) -> None:
    drawer = DrawsLater()
    scatter.hide()
    scatter.set_drawer(drawer)
    put(scatter, [(0.5, 0.5)])
    qtbot.wait(30)
    assert not drawer.asked
    scatter.show()
    qtbot.waitUntil(lambda: len(drawer.asked) == 1)
    drawer.finish()
    qtbot.waitUntil(lambda: scatter.still)


def test_the_point_under_the_pointer_is_announced_and_picked(
    qtbot: QtBot, scatter: EmbeddingScatter
) -> None:
    put(scatter, [(0.5, 0.25), (-0.5, 0.75)])
    spot = scatter.position_in_widget(1).toPoint() + QPoint(9, 9)
    with qtbot.waitSignal(scatter.hovered) as hovered:
        qtbot.mouseMove(scatter.viewport(), spot)
    assert hovered.args is not None
    assert hovered.args[:2] == [1, False]
    with qtbot.waitSignal(scatter.picked) as picked:
        qtbot.mouseClick(scatter.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert picked.args == [1]
    with qtbot.waitSignal(scatter.left):
        qtbot.mouseMove(scatter.viewport(), spot + QPoint(30, 30))


@pytest.mark.parametrize(
    "places", [[(0.0, 0.0)], [(0.0, 0.0), (0.0, 0.0)], [(np.nan, 1.0), (0.5, 0.5)]]
)
def test_few_equal_or_missing_points_are_a_picture(
    qtbot: QtBot, scatter: EmbeddingScatter, places: FloatArray
) -> None:
    put(scatter, list(places))
    qtbot.waitUntil(lambda: scatter.still)
    put(scatter, list(places))
    qtbot.waitUntil(lambda: scatter.still)
    scatter.set_selected(0)
    assert not scatter.viewport().grab().isNull()


def test_pictures_come_from_another_thread(qtbot: QtBot, scatter: EmbeddingScatter) -> None:
    drawing = PointDrawing()
    try:
        scatter.set_drawer(drawing)
        put(scatter, [(0.5, 0.25)])
        qtbot.waitUntil(lambda: scatter.still)
        assert is_near(colour_at(scatter, 0.5, 0.25), current_theme().original)
    finally:
        drawing.close(5)
    put(scatter, [(0.5, 0.75)])  # what is asked of it then is not drawn, nor waited for
    qtbot.waitUntil(lambda: scatter.still)


def test_shift_and_drag_selects_what_is_within_and_leaves_the_view(
    qtbot: QtBot, scatter: EmbeddingScatter
) -> None:
    put(scatter, [(0.0, 0.0), (0.2, 0.2), (0.9, 0.9), (-0.9, 0.4)])
    qtbot.waitUntil(lambda: scatter.still)
    before = scatter.getViewBox().viewRange()
    middle = scatter.position_in_widget(0)
    corners = [middle + QPointF(dx, dy) for dx, dy in ((-50, 30), (60, 30), (60, -60), (-50, -60))]

    def send(kind: QEvent.Type, place: QPointF) -> None:
        left = Qt.MouseButton.LeftButton
        event = QMouseEvent(
            kind, place, scatter.mapToGlobal(place), left, left, Qt.KeyboardModifier.ShiftModifier
        )
        QApplication.sendEvent(scatter.viewport(), event)

    with qtbot.waitSignal(scatter.lassoed) as told:
        send(QEvent.Type.MouseButtonPress, corners[0])
        for corner in corners[1:]:
            send(QEvent.Type.MouseMove, corner)
        send(QEvent.Type.MouseButtonRelease, corners[-1])
    assert set(told.args[0]) == {0, 1}
    assert scatter.getViewBox().viewRange() == before
