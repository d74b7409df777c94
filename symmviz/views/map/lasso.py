"""The line that is drawn around points to select them."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from symmviz.views.style.theme import Theme

_LEAST_WAY = 3.0  # pixels between two corners
_FILLED = 0.12


class Lasso:
    """A line under way, in a widget's pixels."""

    def __init__(self) -> None:
        self._corners: list[QPointF] = []

    @property
    def active(self) -> bool:
        """Whether one is being drawn."""
        return bool(self._corners)

    def begin(self, place: QPointF) -> None:
        """Draw a line from here."""
        self._corners = [place]

    def go_on(self, place: QPointF) -> None:
        """Draw it on to here."""
        if (place - self._corners[-1]).manhattanLength() >= _LEAST_WAY:
            self._corners.append(place)

    def end(self) -> npt.NDArray[np.float64]:
        """Draw no more; returns its corners, (K, 2)."""
        corners = [(one.x(), one.y()) for one in self._corners]
        self._corners = []
        return np.array(corners, np.float64).reshape(-1, 2)

    def paint(self, painter: QPainter, theme: Theme) -> None:
        """Paint what there is of it, closed."""
        if not self.active:
            return
        inside = QColor(theme.accent)
        inside.setAlphaF(_FILLED)
        painter.setPen(QPen(QColor(theme.accent), 1.5, Qt.PenStyle.DashLine))
        painter.setBrush(inside)
        painter.drawPolygon(QPolygonF(self._corners))
