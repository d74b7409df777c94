"""The playground's picture: two pairs of points, and what the method makes of them."""

from functools import partial

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from symmviz.model.playground import (
    NAMES,
    Outcome,
    Place,
    Plane,
    Playground,
    Points,
    Space,
    Sphere,
    has_direction,
    outcome,
    outline_radius,
    point_name,
)
from symmviz.views.learn.playground_marks import (
    Stroke,
    paint_names,
    paint_point,
    paint_ring,
    paint_stroke,
    paint_used,
)
from symmviz.views.learn.point_handle import PointHandle
from symmviz.views.style.theme import Theme, current_theme

_EXTENT = {2: 1.5, 3: 1.3}  # from the middle to the nearer edge, in units of the space
_LONGEST_ARROW = 0.5
_NO_GRADIENT = 1e-9
_TURN = 0.01  # radians a pixel
_ONE_PLACE = 4.0  # pixels within which points lie on one another
_GRATICULE = np.radians(np.arange(0.0, 361.0, 5.0))
_MERIDIANS = np.radians(np.arange(0.0, 180.0, 30.0))
_PARALLELS = np.radians((-60.0, -30.0, 0.0, 30.0, 60.0))


class PlaygroundView(QWidget):
    """Draws a playground; its four original points are handles that the user moves."""

    moved = Signal(int, object)
    """The user wants a point, 0 to 3, at new coordinates, of type ``Points``."""

    def __init__(self, playground: Playground, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._playground = playground
        self._outcome = outcome(playground)
        self._sphere = Sphere()
        self._active = 0
        self._grip: QPointF | None = None
        self.setAccessibleName("Playground")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.handles = tuple(
            PointHandle(name, self, positive=at < 2) for at, name in enumerate(NAMES)
        )
        for at, handle in enumerate(self.handles):
            handle.dragged.connect(partial(self._drag, at))
            handle.nudged.connect(partial(self._nudge, at))
            handle.chosen.connect(partial(self._choose, at))
        self.setFocusProxy(self.handles[0])

    def show_playground(self, playground: Playground, found: Outcome) -> None:
        """Draw this playground and what comes of it."""
        self._playground, self._outcome = playground, found
        self._put_handles()
        self.update()

    def point_place(self, place: Place) -> QPointF:
        """Where a point of a group is drawn."""
        return self._pixels(self._outcome.points[place])

    def sizeHint(self) -> QSize:
        """No more than it needs; it takes what there is."""
        return self.minimumSizeHint()

    def minimumSizeHint(self) -> QSize:
        """What can still be read."""
        return QSize(240, 220)

    @property
    def _space(self) -> Space:
        return Plane() if self._playground.points.shape[1] == 2 else self._sphere

    @property
    def _is_sphere(self) -> bool:
        return isinstance(self._space, Sphere)

    @property
    def _scale(self) -> float:
        """Pixels a unit."""
        extent = _EXTENT[self._playground.points.shape[1]]
        extent *= max(1.0, self._playground.symm.beta) if self._playground.synthesises else 1.0
        return min(self.width(), self.height()) / (2.0 * extent)

    def _pixels(self, point: Points) -> QPointF:
        x, y, _ = self._space.project(point)
        return self._at(float(x), float(y))

    def _at(self, x: float, y: float) -> QPointF:
        middle = QRectF(self.rect()).center()
        return middle + QPointF(x, -y) * self._scale

    def _drag(self, at: int, place: QPointF) -> None:
        offset = (place - QRectF(self.rect()).center()) / self._scale
        old = self._playground.points[at]
        self.moved.emit(at, self._space.place(offset.x(), -offset.y(), old))

    def _nudge(self, at: int, right: float, up: float) -> None:
        self.moved.emit(at, self._space.nudged(self._playground.points[at], right, up))

    def _choose(self, at: int) -> None:
        self._active = at
        self.handles[at].raise_()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the points where they are in their space."""
        super().resizeEvent(event)
        self._put_handles()

    def _put_handles(self) -> None:
        for handle, point in zip(self.handles, self._playground.points, strict=True):
            where = ", ".join(f"{value:.2f}" for value in point)
            handle.put(self._pixels(point), where, behind=self._is_behind(point))

    def _is_behind(self, point: Points) -> bool:
        return self._is_sphere and bool(self._space.project(point)[2] < 0.0)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the sphere."""
        self._grip = event.position() if self._is_sphere else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turn the sphere."""
        if self._grip is not None:
            by = (event.position() - self._grip) * _TURN
            self._sphere = self._sphere.turned(by.x(), by.y())
            self._grip = event.position()
            self._put_handles()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go of the sphere."""
        self._grip = None

    def paintEvent(self, event: QPaintEvent) -> None:
        """All but the originals, which are handles."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = current_theme()
        painter.fillRect(self.rect(), QColor(theme.base))
        self._paint_space(painter, theme)
        if self._playground.synthesises:
            self._paint_construction(painter, theme)
            self._paint_candidates(painter, theme)
            self._paint_picks(painter, theme)
        else:
            self._paint_compared(painter, theme)
        self._paint_used(painter, theme)
        if self._playground.synthesises:
            self._paint_synthetic(painter, theme)
        self._paint_gradients(painter, theme)
        self._paint_names(painter, theme)
        painter.end()

    def _paint_space(self, painter: QPainter, theme: Theme) -> None:
        middle = self._at(0.0, 0.0)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.border), 1.5))
        radius = self._scale * (outline_radius() if self._is_sphere else 1.0)
        painter.drawEllipse(middle, radius, radius)
        if self._is_sphere:
            self._paint_graticule(painter, theme)
        painter.setPen(QPen(QColor(theme.muted), 1.5))
        painter.drawLine(middle - QPointF(4, 0), middle + QPointF(4, 0))
        painter.drawLine(middle - QPointF(0, 4), middle + QPointF(0, 4))

    def _paint_graticule(self, painter: QPainter, theme: Theme) -> None:
        cos, sin = np.cos(_GRATICULE), np.sin(_GRATICULE)
        lines = [
            np.stack((cos * np.cos(one), np.full_like(cos, np.sin(one)), sin * np.cos(one)), -1)
            for one in _PARALLELS
        ]
        lines += [np.stack((cos * np.cos(one), sin, cos * np.sin(one)), -1) for one in _MERIDIANS]
        painter.setPen(QPen(QColor(theme.border), 0.7))
        for line in lines:
            seen = self._space.project(line)
            near = seen[:, 2] > 0.0
            for start, end in zip(seen[:-1][near[1:]], seen[1:][near[1:]], strict=True):
                painter.drawLine(QLineF(self._at(*start[:2]), self._at(*end[:2])))

    def _paint_construction(self, painter: QPainter, theme: Theme) -> None:
        """How the active point is reflected: the axis, and the way through its foot there."""
        group, kind = divmod(self._active, 2)
        x, axis, synthetic = (self._outcome.points[group, at] for at in (kind, 1 - kind, kind + 2))
        if not has_direction(axis):
            return
        unit = axis / np.linalg.norm(axis)
        reach = 1.35 if self._is_sphere else 1.6
        ends = self._pixels(-0.35 * unit), self._pixels(reach * unit)
        paint_stroke(painter, theme, Stroke.AXIS, QLineF(*ends))
        line = QLineF(self._pixels(x), self._pixels(synthetic))
        paint_stroke(painter, theme, Stroke.CONSTRUCTION, line)
        painter.setPen(QPen(QColor(theme.ring), 1.0))
        painter.setBrush(QColor(theme.base))
        painter.drawEllipse(self._pixels((x @ unit) * unit), 3.0, 3.0)

    def _paint_candidates(self, painter: QPainter, theme: Theme) -> None:
        candidates = self._outcome.candidates
        for row, column in sorted({(row, one.column) for one in candidates for row in one.rows}):
            paint_stroke(painter, theme, Stroke.CANDIDATE, self._line((0, row), (1, column)))

    def _paint_picks(self, painter: QPainter, theme: Theme) -> None:
        there, back = self._outcome.picks
        drawn = [(0, there, Stroke.PICK)]
        if self._outcome.picks_differ:
            drawn.insert(0, (1, back, Stroke.PICK_BACK))
        for group, pick, stroke in drawn:
            for row in pick.candidate.rows:
                ends = (group, row), (1 - group, pick.candidate.column)
                paint_stroke(painter, theme, stroke, self._line(*ends))
        for row in there.candidate.rows:
            paint_ring(painter, theme, self.point_place((0, row)))
        paint_ring(painter, theme, self.point_place((1, there.candidate.column)))

    def _paint_compared(self, painter: QPainter, theme: Theme) -> None:
        for comparison in self._outcome.compared:
            for pair in comparison.negative:
                paint_stroke(painter, theme, Stroke.PICK, self._line(*pair))

    def _line(self, first: Place, second: Place) -> QLineF:
        return QLineF(self.point_place(first), self.point_place(second))

    def _paint_used(self, painter: QPainter, theme: Theme) -> None:
        for at, point in enumerate(self._playground.points):
            used = self._outcome.points[divmod(at, 2)]
            if not np.allclose(point, used):
                paint_used(painter, theme, self._pixels(point), self._pixels(used))

    def _paint_synthetic(self, painter: QPainter, theme: Theme) -> None:
        for group in range(2):
            for kind in (2, 3):
                point = self._outcome.points[group, kind]
                painter.setOpacity(0.5 if self._is_behind(point) else 1.0)
                paint_point(painter, theme, self._pixels(point), synthetic=True, filled=group == 0)
        painter.setOpacity(1.0)

    def _paint_gradients(self, painter: QPainter, theme: Theme) -> None:
        """A step against the gradient; all arrows are of one scale."""
        shown = [(Stroke.BASELINE, self._outcome.baseline.gradient)]
        if self._playground.synthesises:
            shown.insert(0, (Stroke.SYMM, self._outcome.symm.gradient))
        longest = max(float(np.linalg.norm(gradient, axis=1).max()) for _, gradient in shown)
        if longest < _NO_GRADIENT:
            return
        for stroke, gradient in shown:
            for point, slope in zip(self._playground.points, gradient, strict=True):
                end = point - _LONGEST_ARROW / longest * slope
                line = QLineF(self._pixels(point), self._pixels(end))
                paint_stroke(painter, theme, stroke, line)

    def _paint_names(self, painter: QPainter, theme: Theme) -> None:
        places = [self._pixels(point) for point in self._playground.points]
        named = list(zip(places, NAMES, strict=True))
        if self._playground.synthesises:
            synthetic = [(group, kind) for group in range(2) for kind in (2, 3)]
            named += [(self.point_place(place), point_name(place)) for place in synthetic]
        while named:
            place, _ = named[0]
            here = [one for one in named if (one[0] - place).manhattanLength() < _ONE_PLACE]
            named = [one for one in named if one not in here]
            names = tuple(name for _, name in here)
            paint_names(painter, theme, QRectF(self.rect()), place, names)
