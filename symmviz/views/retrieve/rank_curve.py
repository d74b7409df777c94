"""A small plot of the rank of a query's first right neighbour over time."""

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from symmviz.model.display import RankCurve
from symmviz.model.line_symbols import line_symbols
from symmviz.run_symbols import draw_symbol
from symmviz.views.style.theme import current_theme

_HEIGHT = 92
_LEFT, _RIGHT, _ABOVE, _BELOW = 34, 6, 24, 4
_TITLE = "Rank of the first right neighbour, by step"
_SYMBOL = 3.8  # pixels: half of one


class RankCurves(QWidget):
    """One line a run, rank 1 at the top, ranks by their logarithm; a line marks the step."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curves: tuple[RankCurve, ...] = ()
        self._step: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "Rank of the first right neighbour at each step, one line a run; the higher, the "
            "better. Press Space to play."
        )
        self.setAccessibleName("Rank of the first right neighbour over time")

    def set_curves(self, curves: tuple[RankCurve, ...], step: int | None) -> None:
        """Show other curves.

        Args:
            curves: one a run.
            step: where the time cursor is; None at the newest.
        """
        if (curves, step) != (self._curves, self._step):
            self._curves, self._step = curves, step
            self.update()

    @property
    def curves(self) -> tuple[RankCurve, ...]:
        """What is shown."""
        return self._curves

    def sizeHint(self) -> QSize:
        """Small."""
        return QSize(220, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """No narrower than its numbers need."""
        return QSize(120, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the axes and the lines."""
        if not self._curves:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = current_theme()
        area = QRectF(self.rect()).adjusted(_LEFT, _ABOVE, -_RIGHT, -_BELOW)
        worst = max(max(curve.ranks) for curve in self._curves)
        top = max(math.log(max(worst, 2)), 1e-9)
        self._draw_axis(painter, area, worst, top)
        first = min(curve.steps[0] for curve in self._curves)
        last = max(curve.steps[-1] for curve in self._curves)
        span = max(last - first, 1)

        def across(step: float) -> float:
            return area.left() + area.width() * (step - first) / span

        if self._step is not None and first <= self._step <= last:
            painter.setPen(QPen(QColor(theme.muted), 1))
            at = across(self._step)
            painter.drawLine(QPointF(at, area.top()), QPointF(at, area.bottom()))
        for curve in self._curves:
            points = QPolygonF(
                [
                    QPointF(across(step), area.top() + area.height() * math.log(rank) / top)
                    for step, rank in zip(curve.steps, curve.ranks, strict=True)
                ]
            )
            colour = QColor(theme.run_colour(curve.place))
            painter.setPen(QPen(colour, 1.8))
            painter.drawPolyline(points)
        for curve in self._curves:
            x, y = line_symbols(
                np.array(curve.steps, dtype=float),
                np.log(curve.ranks),
                (first, first + span),
                area.width(),
                curve.run,
            )
            for step, rank in zip(x.tolist(), y.tolist(), strict=True):
                centre = QPointF(across(step), area.top() + area.height() * rank / top)
                colour, ground = QColor(theme.run_colour(curve.place)), QColor(theme.raised)
                draw_symbol(painter, curve.place, centre, _SYMBOL, colour, ground)
        painter.end()

    def _draw_axis(self, painter: QPainter, area: QRectF, worst: int, top: float) -> None:
        theme = current_theme()
        font = self.font()
        font.setPointSizeF(max(font.pointSizeF() - 2, 6))
        painter.setFont(font)
        height = painter.fontMetrics().height()
        painter.setPen(QColor(theme.muted))
        painter.drawText(QRectF(area.left(), 0, area.width(), height), _TITLE)
        ranks = [1] if worst == 1 else [1, worst]
        if worst >= 10:
            ranks.insert(1, round(math.sqrt(worst)))
        for rank in ranks:
            at = area.top() + area.height() * math.log(rank) / top
            painter.setPen(QPen(QColor(theme.border), 1))
            painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at))
            painter.setPen(QColor(theme.muted))
            place = QRectF(0, at - height / 2, _LEFT - 5, height)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight, f"{rank:,}")
