"""Images of a map's points at their places, as far as they fit."""

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPixmap

from symmcore.records import FloatArray
from symmviz.model.display import PictureId, PointCloud, PointPositions
from symmviz.model.map.class_places import Box
from symmviz.model.map.drawing import PointDrawer
from symmviz.model.map.images import MOST, MapImages, placed_images
from symmviz.model.pictures import NoPictures, PictureSource
from symmviz.raster import Transform
from symmviz.views.map.overlay import ORIGINAL
from symmviz.views.map.point_canvas import PointCanvas
from symmviz.views.map.point_colours import Colouring
from symmviz.views.style.theme import Theme
from symmviz.views.widgets.elsewhere import Elsewhere
from symmviz.views.widgets.images import picture_pixmap

_FRAME = 2  # pixels of the point's colour around its image
_MOST_AT_ONCE = 40  # images made ready to paint in one painting
_MOST_KEPT = 4 * MOST
_FAINT = 0x80  # a point of less opacity has a faint image
_FAINTLY = 0.35
_NOWHERE = -1e6  # a place that is never seen

_View = tuple[Transform, tuple[int, int], float]


class ImageLayer:
    """Chooses where images are drawn, elsewhere, and draws those that are there.

    Args:
        canvas: whose points they are of.
        parent: of timers.
        changed: called when something else is to be painted.
    """

    def __init__(self, canvas: PointCanvas, parent: QObject, changed: Callable[[], None]) -> None:
        self._canvas = canvas
        self._changed = changed
        self._placed: Elsewhere[MapImages] = Elsewhere(parent, changed)
        self._pictures: PictureSource = NoPictures()
        self._cloud: PointCloud | None = None
        self._ready: dict[tuple[int, int, float, int], QPixmap] = {}
        self._waits = False
        self._more = QTimer(parent)
        self._more.setSingleShot(True)
        self._more.setInterval(0)
        self._more.timeout.connect(changed)

    def set_pictures(self, pictures: PictureSource) -> None:
        """Take pictures from there."""
        self._pictures = pictures

    def set_cloud(self, cloud: PointCloud | None) -> None:
        """Draw other images."""
        self._cloud = cloud
        self._ready.clear()
        self._placed.forget()

    def forget(self) -> None:
        """Draw none, and keep none."""
        self.set_cloud(self._cloud)
        self._more.stop()

    def pictures_came(self) -> None:
        """Paint the images that are there by now."""
        if self._waits:
            self._changed()

    def look(
        self,
        drawer: PointDrawer,
        positions: PointPositions,
        colours: Colouring,
        first: tuple[int, ...],
    ) -> None:
        """Have it chosen which images are drawn of the points where they are, or go to."""
        before = self._placed.answer
        kept = () if before is None else before.rows
        view = self._canvas.view
        place = partial(_placed, positions.original, colours, view, first, kept)
        self._placed.ask(drawer, (positions, colours, view, first), place)

    @property
    def placed(self) -> MapImages:
        """What is drawn, or would be once the images are there."""
        return self._placed.answer or MapImages()

    def boxes(self, positions: PointPositions) -> tuple[Box, ...]:
        """Where the images are that are drawn, in pixels, with the points at these places."""
        rows, side = list(self.placed.rows), self.placed.side
        if not rows or max(rows) >= len(positions.original) or self._missing_reason():
            return ()
        places = _pixels(positions.original[rows], self._canvas.view)
        places = places[np.isfinite(places).all(axis=1)]
        return tuple(Box(x, y, side, side) for x, y in places.tolist())

    @property
    def pending(self) -> bool:
        """Whether it is being computed."""
        return self._placed.pending

    @property
    def problem(self) -> str:
        """Why no image is drawn, in a sentence; empty where some are."""
        return self._placed.failure or self.placed.problem or self._missing_reason()

    def paint(self, painter: QPainter, theme: Theme, colours: Colouring) -> None:
        """Paint the images, those that matter most over others."""
        self._waits = False
        placed = self.placed
        if self._cloud is None or not placed.rows or self._missing_reason():
            return
        made, ratio = 0, self._canvas.view[2]
        rows = np.array(placed.rows, np.int64)
        shades = colours.look.colours[colours.original[rows]].tolist()
        corners = self._canvas.pixels(ORIGINAL, rows) - placed.side / 2
        whole = (np.rint(np.nan_to_num(corners, nan=_NOWHERE) * ratio) / ratio).tolist()
        for row, (x, y), shade in reversed(list(zip(placed.rows, whole, shades, strict=True))):
            pixmap = self._ready.get((row, placed.side, ratio, shade))
            if pixmap is None and made < _MOST_AT_ONCE:
                pixmap = self._make(row, placed.side, ratio, shade)
                made += pixmap is not None
            if pixmap is not None:
                painter.drawPixmap(QPointF(x, y), pixmap)
            else:
                self._waits = True
                painter.fillRect(QRectF(x, y, placed.side, placed.side), QColor(theme.border))
        if made == _MOST_AT_ONCE:
            self._more.start()

    def _missing_reason(self) -> str:
        return "" if self._cloud is None else self._pictures.missing_reason(self._cloud.run)

    def _make(self, row: int, side: int, ratio: float, shade: int) -> QPixmap | None:
        assert self._cloud is not None, "it has the row"
        picture = PictureId(self._cloud.run, int(self._cloud.samples[row]))
        pixmap = picture_pixmap(self._pictures, picture, side - 2 * _FRAME, ratio)
        if pixmap is None:
            return None
        if len(self._ready) >= _MOST_KEPT:
            self._ready.clear()
        framed = self._ready[row, side, ratio, shade] = _framed(pixmap, side, ratio, shade)
        return framed


def _placed(
    points: FloatArray,
    colours: Colouring,
    view: _View,
    first: tuple[int, ...],
    kept: tuple[int, ...],
) -> MapImages:
    _, (width, height), ratio = view
    places = _pixels(points, view)
    drawn = (colours.look.colours >> 24 > 0)[colours.original]
    return placed_images(places, drawn, (width / ratio, height / ratio), first, kept)


def _pixels(points: FloatArray, view: _View) -> npt.NDArray[np.float64]:
    """(N, 2) logical pixels of the (N, 2) points."""
    (scale_x, left, scale_y, top), _, ratio = view
    scale, offset = np.array([scale_x, scale_y]), np.array([left, top])
    pixels: npt.NDArray[np.float64] = (points * scale + offset) / ratio
    return pixels


def _framed(pixmap: QPixmap, side: int, ratio: float, shade: int) -> QPixmap:
    """An image in a frame of its point's colour; a faint one of a faint point."""
    framed = QPixmap(round(side * ratio), round(side * ratio))
    framed.setDevicePixelRatio(ratio)
    framed.fill(Qt.GlobalColor.transparent)
    painter = QPainter(framed)
    painter.setOpacity(1.0 if shade >> 24 >= _FAINT else _FAINTLY)
    painter.fillRect(QRectF(0, 0, side, side), QColor.fromRgb(shade & 0xFFFFFF))
    size = pixmap.deviceIndependentSize()
    painter.drawPixmap(QPointF((side - size.width()) / 2, (side - size.height()) / 2), pixmap)
    painter.end()
    return framed
