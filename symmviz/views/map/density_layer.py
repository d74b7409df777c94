"""Contours around where a map's points lie densest."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pyqtgraph as pg
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from symmcore.records import FloatArray
from symmviz.model.display import PointPositions
from symmviz.model.map.density import Density, density
from symmviz.model.map.drawing import PointDrawer
from symmviz.views.map.point_canvas import PointCanvas
from symmviz.views.map.point_colours import Colouring
from symmviz.views.style.theme import Theme
from symmviz.views.widgets.elsewhere import Elsewhere
from symmviz.views.widgets.kept_picture import KeptPicture

_LOOKS = (
    (2.0, Qt.PenStyle.SolidLine),
    (1.3, Qt.PenStyle.SolidLine),
    (1.0, Qt.PenStyle.DashLine),
)
_OPACITY = 0.75
_LEAST_SECONDS = 0.4

_Curve = list[tuple[float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Contours:
    """Of each level its curves, in the plane; or why there are none, in a sentence."""

    levels: tuple[tuple[_Curve, ...], ...] = ()
    problem: str = ""


class DensityLayer:
    """Has contours computed elsewhere, once for each place that the points go to.

    Args:
        canvas: whose points they are of.
        parent: of a timer.
        changed: called when something else is to be painted.
    """

    def __init__(self, canvas: PointCanvas, parent: QObject, changed: Callable[[], None]) -> None:
        self._canvas = canvas
        self._found: Elsewhere[Contours] = Elsewhere(parent, changed)
        self._picture = KeptPicture()
        self._asked_at = 0.0

    def forget(self) -> None:
        """Draw none."""
        self._found.forget()

    def look(self, drawer: PointDrawer, positions: PointPositions, colours: Colouring) -> None:
        """Have the contours of the points that are drawn computed, where they are or go to.

        Of points that never rest, a few times a second.
        """
        now = time.perf_counter()
        if self._canvas.moved < 1.0 and now - self._asked_at < _LEAST_SECONDS:
            return
        self._asked_at = now
        found = partial(_contours, positions.original, colours)
        self._found.ask(drawer, (positions, colours), found)

    @property
    def contours(self) -> Contours:
        """What is drawn."""
        return self._found.answer or Contours()

    @property
    def pending(self) -> bool:
        """Whether it is being computed."""
        return self._found.pending

    @property
    def problem(self) -> str:
        """Why no contour is drawn, in a sentence; empty where some are."""
        return self._found.failure or self.contours.problem

    def paint(self, painter: QPainter, theme: Theme) -> None:
        """Paint the contours."""
        contours, view = self.contours, self._canvas.view
        if contours.levels:
            draw = partial(self._draw, theme=theme, contours=contours)
            self._picture.paint(painter, view[1], view[2], (contours, view, theme), draw)

    def _draw(self, painter: QPainter, theme: Theme, contours: Contours) -> None:
        colour = QColor(theme.text)
        colour.setAlphaF(_OPACITY)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for (width, style), curves in zip(_LOOKS, contours.levels, strict=True):
            painter.setPen(QPen(colour, width, style))
            for curve in curves:
                painter.drawPolyline(QPolygonF([self._canvas.place(x, y) for x, y in curve]))


def _contours(points: FloatArray, colours: Colouring) -> Contours:
    drawn = (colours.look.colours >> 24 > 0)[colours.original]
    return contours_of(density(points[drawn]))


def contours_of(found: Density) -> Contours:
    """The curves along which a density has its levels."""
    if found.problem:
        return Contours(problem=found.problem)
    left, bottom = found.corner
    levels = []
    for level in found.levels:
        curves = pg.functions.isocurve(found.grid, level, connected=True)
        levels.append(
            tuple(
                # pyqtgraph's cells begin at half a cell
                [(left + (x - 0.5) * found.step, bottom + (y - 0.5) * found.step) for x, y in curve]
                for curve in curves
            )
        )
    return Contours(tuple(levels))
