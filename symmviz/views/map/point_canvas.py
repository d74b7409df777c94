"""The picture of a scatter's points: where they are on their way, and its latest image."""

import time
from concurrent.futures import Future
from dataclasses import dataclass
from math import isfinite

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QPalette

from symmcore.records import FloatArray, IndexArray
from symmviz.model.map.drawing import DrawsAtOnce, PointDrawer
from symmviz.raster import Hit, Look, PixelArray, Points, Scene, Symbol, Transform
from symmviz.raster.scene import StyleArray
from symmviz.raster.sizes import symbol_diameter

_FRAME_MS = 16  # between two pictures, at least
# Between two of points that glide: smooth to the eye, and each takes the window's thread half a
# millisecond a map, in which the training may wait for Python's lock.
_GLIDE_MS = 40
_LOOK_MS = 3  # while one is being drawn
_LONGEST_GLIDE = 0.3  # seconds
_SHORTEST_GLIDE = 0.06


@dataclass(slots=True)
class _Picture:
    """An image, and the part of the plane it shows: top left and bottom right."""

    pixels: PixelArray
    image: QImage
    area: tuple[float, float, float, float]


class PointCanvas(QObject):
    """Keeps an image of points that glide from frame to frame, drawn elsewhere.

    The view is asked for with ``needs_view`` whenever a picture is begun, so that it is always
    that of now. While one is drawn, the one before is shown where its part of the plane lies.
    """

    drawn = Signal()
    """There is another image."""
    moving = Signal()
    """The points, and what follows them, are a little further on their way."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._drawer: PointDrawer = DrawsAtOnce()
        self._points: tuple[Points, ...] = ()
        self._look = Look(np.zeros(1, np.uint32), np.zeros(1, np.uint8))
        self._background = 0xFFFFFFFF
        self._hidden: frozenset[int] = frozenset()
        self._transform = Transform(1.0, 0.0, 1.0, 0.0)
        self._pixels = (0, 0)
        self._ratio = 1.0
        self._share = 1.0
        self._glides = True
        self._began = 0.0
        self._duration = 0.0
        self._moved_at = 0.0
        self._begun_at = 0.0
        self._dirty = False
        self._active = False
        self._front: _Picture | None = None
        self._back: _Picture | None = None
        self._drawing: Future[None] | None = None
        self._outdated: Future[None] | None = None
        self._failure = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._advance)

    def set_drawer(self, drawer: PointDrawer) -> None:
        """Have pictures drawn there."""
        self._drawer = drawer
        self.redraw()

    def set_gliding(self, glides: bool) -> None:
        """Whether points glide from frame to frame, or are at once where they are."""
        self._glides = glides

    def set_active(self, active: bool) -> None:
        """Draw while somebody can see it, and nothing otherwise."""
        self._active = active
        if active:
            self.redraw()
        else:
            self._timer.stop()

    def clear(self) -> None:
        """Have no points."""
        self._points = ()
        self._duration = 0.0
        self._front, self._outdated = None, self._drawing
        self.redraw()

    def set_points(self, ends: tuple[tuple[FloatArray, Symbol], ...]) -> None:
        """Have points there: gliding where they were there before, at once otherwise.

        Args:
            ends: (N, 2) of each kind and its symbol, in the order they are drawn in.
        """
        now = time.perf_counter()
        since, self._moved_at = now - self._moved_at, now
        moved, before = self.moved, self._points
        self._points = tuple(
            _gliding(before[at] if at < len(before) else None, moved, end, symbol)
            for at, (end, symbol) in enumerate(ends)
        )
        goes = (
            self._glides and self._active and any(one.start is not one.end for one in self._points)
        )
        if goes:
            self._began = now
            self._duration = min(max(since, _SHORTEST_GLIDE), _LONGEST_GLIDE)
            self._wake()  # where they begin they are drawn already
        else:
            self._arrive()
            self.redraw()

    def set_styles(self, look: Look, styles: tuple[StyleArray, ...]) -> None:
        """Colour the points: a row of the look for each, of each kind."""
        self._look = look
        self._points = tuple(
            Points(one.start, one.end, style, one.symbol)
            for one, style in zip(self._points, styles, strict=True)
        )
        self.redraw()

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Leave these kinds of points out."""
        self._hidden = hidden
        self.redraw()

    def set_background(self, background: int) -> None:
        """Draw on this colour, 0xffRRGGBB."""
        self._background = background
        self.redraw()

    def set_view(self, transform: Transform, width: int, height: int, ratio: float) -> None:
        """Show another part of the plane.

        Args:
            transform: from coordinates to device pixels.
            width: of the picture, in device pixels.
            height: of the picture, in device pixels.
            ratio: device pixels to a logical pixel.
        """
        view = transform, (width, height), ratio
        if view != (self._transform, self._pixels, self._ratio):
            self._transform, self._pixels, self._ratio = view
            self.redraw()

    @property
    def view(self) -> tuple[Transform, tuple[int, int], float]:
        """What is shown: as :meth:`set_view` takes it, with width and height in a tuple."""
        return self._transform, self._pixels, self._ratio

    def set_share(self, share: float) -> None:
        """Which share of the points, about, is in sight: the fewer, the larger they are."""
        self._share = share

    def redraw(self) -> None:
        """Draw anew, soon."""
        self._dirty = True
        self._wake()

    @property
    def moved(self) -> float:
        """The share of their way that the points have gone, eased at both ends."""
        if self._duration <= 0.0:
            return 1.0
        share = min((time.perf_counter() - self._began) / self._duration, 1.0)
        return share * share * (3.0 - 2.0 * share)

    @property
    def still(self) -> bool:
        """Whether the latest image shows everything as it is."""
        return not self._dirty and self._drawing is None and self._duration <= 0.0

    @property
    def failure(self) -> str:
        """Why the latest picture could not be drawn; empty if it was."""
        return self._failure

    @property
    def image(self) -> QImage | None:
        """The latest image."""
        return None if self._front is None else self._front.image

    def pixel(self, kind: int, row: int) -> QPointF | None:
        """Where a point is on its way, in logical pixels; None for one that is not a number."""
        points = self._points[kind]
        start, end = points.start[row], points.end[row]
        x, y = (float(value) for value in start + self.moved * (end - start))
        if not (isfinite(x) and isfinite(y)):
            return None
        return self.place(x, y)

    def place(self, x: float, y: float) -> QPointF:
        """Where a place of the plane is, in logical pixels."""
        scale_x, left, scale_y, top = self._transform
        return QPointF(x * scale_x + left, y * scale_y + top) / self._ratio

    def pixels(self, kind: int, rows: IndexArray | None = None) -> npt.NDArray[np.float64]:
        """(N, 2) where points of a kind, all or some, are on their way, in logical pixels."""
        points = self._points[kind]
        if rows is not None:
            start, end = points.start[rows], points.end[rows]
            points = Points(start, end, points.styles[rows], points.symbol)
        places = points.at(self.moved).astype(np.float64)
        scale_x, left, scale_y, top = self._transform
        result: npt.NDArray[np.float64] = (places * (scale_x, scale_y) + (left, top)) / self._ratio
        return result

    def nearest(self, x: float, y: float, radius: float) -> Hit | None:
        """The point at a place of the picture; its kind and its row.

        Args:
            x: in logical pixels.
            y: in logical pixels.
            radius: in logical pixels.
        """
        kinds = [kind for kind in range(len(self._points)) if kind not in self._hidden]
        ratio = self._ratio
        hit = self._drawer.nearest(self._scene(), x * ratio, y * ratio, radius * ratio)
        return None if hit is None else Hit(kinds[hit.points], hit.row)

    def paint(self, painter: QPainter) -> None:
        """Paint the latest image where its part of the plane lies by now, or why none is drawn."""
        if self._failure:
            width, height = self._pixels
            room = QRectF(0, 0, width / self._ratio, height / self._ratio)
            painter.setPen(QGuiApplication.palette().color(QPalette.ColorRole.Text))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(room, int(flags), self._failure)
            return
        if self._front is None:
            return
        x0, y0, x1, y1 = self._front.area
        target = QRectF(self.place(x0, y0), self.place(x1, y1))
        natural = QRectF(QPointF(0, 0), self._front.image.deviceIndependentSize())
        if _is_near(target, natural):
            painter.drawImage(QPointF(0, 0), self._front.image)
        else:
            painter.drawImage(target, self._front.image)

    def _wake(self) -> None:
        """See at once whether a picture is due; it may be sooner than that of a glide."""
        if self._active and (self._drawing is None or not self._timer.isActive()):
            self._timer.start(0)

    def _advance(self) -> None:
        """Take what was drawn, and begin the next picture if one is due."""
        if self._drawing is not None and self._drawing.done():
            self._take()
        gliding = self._duration > 0.0
        apart = _FRAME_MS if self._dirty else _GLIDE_MS
        due = apart - 1000.0 * (time.perf_counter() - self._begun_at)
        if self._drawing is None and (self._dirty or gliding) and due <= 0.5:
            self._begun_at = time.perf_counter()
            self._begin(gliding)
            due = _GLIDE_MS
        if self._drawing is not None:
            self._timer.start(_LOOK_MS)
        elif self._dirty or self._duration > 0.0:
            self._timer.start(max(round(due), 1))

    def _begin(self, gliding: bool) -> None:
        if gliding:
            self.moving.emit()
        moved = self.moved
        if moved >= 1.0:
            self._arrive()
        self._dirty = False
        width, height = self._pixels
        if not width or not height:
            return
        picture = self._free_picture(width, height)
        self._drawing = self._drawer.draw(self._scene(moved), picture.pixels)
        if self._drawing.done():
            self._take()

    def _take(self) -> None:
        drawing, self._drawing = self._drawing, None
        if drawing is None or drawing.cancelled():
            return
        error = drawing.exception()
        self._failure = "" if error is None else f"The points cannot be drawn ({error})."
        if error is None and drawing is not self._outdated:
            self._front, self._back = self._back, self._front
        self.drawn.emit()

    def _free_picture(self, width: int, height: int) -> _Picture:
        """One to draw into: not the one that is shown."""
        scale_x, left, scale_y, top = self._transform
        area = (
            -left / scale_x, -top / scale_y, (width - left) / scale_x, (height - top) / scale_y,
        )  # fmt: skip
        if self._back is None or self._back.pixels.shape != (height, width):
            pixels = np.empty((height, width), np.uint32)
            image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)
            self._back = _Picture(pixels, image, area)
        self._back.area = area
        self._back.image.setDevicePixelRatio(self._ratio)
        return self._back

    def _arrive(self) -> None:
        self._duration = 0.0
        self._points = tuple(
            Points(one.end, one.end, one.styles, one.symbol) for one in self._points
        )

    def _scene(self, moved: float | None = None) -> Scene:
        points = tuple(one for kind, one in enumerate(self._points) if kind not in self._hidden)
        in_sight = self._share * sum(len(one.end) for one in points)
        width, height = self._pixels
        room = width * height / self._ratio**2 / max(in_sight, 1.0)
        return Scene(
            points,
            self._look,
            self._transform,
            self.moved if moved is None else moved,
            symbol_diameter(room) * self._ratio,
            self._background,
        )


def _gliding(before: Points | None, moved: float, end: FloatArray, symbol: Symbol) -> Points:
    """Points on their way from where they are to others; there at once if they are new."""
    # Writable copies: numba compiles anew for arrays that are not.
    arrival = np.array(end, np.float32, order="C")
    if before is None or before.end.shape != arrival.shape:
        return Points(arrival, arrival, np.zeros(len(arrival), np.uint16), symbol)
    return Points(before.at(moved), arrival, before.styles, symbol)


def _is_near(one: QRectF, other: QRectF) -> bool:
    edges = (
        (one.left(), other.left()),
        (one.top(), other.top()),
        (one.right(), other.right()),
        (one.bottom(), other.bottom()),
    )
    return all(abs(a - b) < 0.02 for a, b in edges)
