"""The paths of selected points over the last frames, fading."""

from functools import partial

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from symmviz.model.map.trails import Trails
from symmviz.views.map.overlay import ORIGINAL
from symmviz.views.map.point_canvas import PointCanvas
from symmviz.views.map.point_colours import Colouring
from symmviz.views.style.theme import Theme
from symmviz.views.widgets.kept_picture import KeptPicture

_WIDTH = 1.8
_FAINTEST = 0.3  # opacity of the oldest part


class TrailLayer:
    """Paints where points have been: older parts fainter, with a dot at each frame.

    Args:
        canvas: whose points they are of.
    """

    def __init__(self, canvas: PointCanvas) -> None:
        self._canvas = canvas
        self._picture = KeptPicture()
        self.trails: Trails | None = None

    @property
    def problem(self) -> str:
        """Why no trail is drawn, in a sentence; empty where some are, or nothing is selected."""
        return "" if self.trails is None else self.trails.problem

    def paint(self, painter: QPainter, theme: Theme, colours: Colouring) -> None:
        """Paint the trails, and the way from each one's end to where its point is by now."""
        found, view = self.trails, self._canvas.view
        if found is None or not len(found.places):
            return
        draw = partial(self._draw, trails=found, colours=colours)
        self._picture.paint(painter, view[1], view[2], (found, colours, view, theme), draw)
        rows = np.array(found.rows, np.int64)
        now = self._canvas.pixels(ORIGINAL, rows).tolist()
        shades = _shades(found, colours)
        for shade, (x, y), end in zip(shades, now, found.places[-1].tolist(), strict=True):
            if np.isfinite((x, y, *end)).all():
                painter.setPen(_pen(shade, 1.0))
                painter.drawLine(self._canvas.place(*end), QPointF(x, y))

    def _draw(self, painter: QPainter, trails: Trails, colours: Colouring) -> None:
        count = len(trails.places)
        for at, shade in enumerate(_shades(trails, colours)):
            way = trails.places[:, at]
            known = [bool(np.isfinite(place).all()) for place in way]
            ends = [self._canvas.place(*place) for place in np.nan_to_num(way).tolist()]
            for age in range(count):
                opacity = _FAINTEST + (1 - _FAINTEST) * (age + 1) / (count + 1)
                if not known[age]:
                    continue
                painter.setPen(_pen(shade, opacity, 2.2 * _WIDTH))
                painter.drawPoint(ends[age])
                if age and known[age - 1]:
                    painter.setPen(_pen(shade, opacity))
                    painter.drawLine(ends[age - 1], ends[age])


def _shades(trails: Trails, colours: Colouring) -> list[int]:
    rows = np.array(trails.rows, np.int64)
    shades: list[int] = colours.look.colours[colours.original[rows]].tolist()
    return shades


def _pen(shade: int, opacity: float, width: float = _WIDTH) -> QPen:
    colour = QColor.fromRgb(shade & 0xFFFFFF)
    colour.setAlphaF(opacity * (shade >> 24) / 0xFF)
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
