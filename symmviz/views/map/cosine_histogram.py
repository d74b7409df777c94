"""A small histogram beside a map: cosines of same-class and of other-class pairs."""

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from symmviz.model.map.pair_cosines import BINS, PairCosines, PairGroup
from symmviz.views.style.theme import current_theme
from symmviz.views.widgets.kept_picture import KeptPicture
from symmviz.views.widgets.plain_tip import plain_tip

_WIDTH, _HEIGHT, _LEAST_HEIGHT = 136, 150, 96  # pixels
_SWATCH = 8.0
_UNKNOWN = "The cosines of pairs come with the first frame."
_READ = (
    "Cosine of same-class pairs (filled) and of other-class pairs (outlined) of the images shown, "
    "in the embedding space; numbers are means, and both are drawn to one height.\n"
    "Learning pulls the two apart; in a collapse both stand at 1."
)


class CosineHistogram(QWidget):
    """Same-class pairs as a filled area, other-class pairs as an outline over it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._cosines: PairCosines | None = None
        self._picture = KeptPicture()
        self._number = 0  # of the cosines
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Cosines of pairs")
        self.set_cosines(None)

    def set_cosines(self, cosines: PairCosines | None) -> None:
        """Show these; None while they are not known."""
        self._cosines = cosines
        self._number += 1
        text = _READ if cosines is None or cosines.problem else f"{_READ}\n{cosines.about}"
        self.setToolTip(plain_tip(text))
        self.setAccessibleDescription(self.text)
        self.update()

    @property
    def text(self) -> str:
        """What is shown, in words."""
        if self._cosines is None:
            return _UNKNOWN
        return self._cosines.problem or (
            f"Mean cosine: same class {self._cosines.same.mean:.2f}, other classes "
            f"{self._cosines.other.mean:.2f}."
        )

    def sizeHint(self) -> QSize:
        """Small."""
        return QSize(_WIDTH, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """No lower than the words and some of the picture; whoever has no room for it hides it."""
        return QSize(0, _LEAST_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the legend and both groups, or why there is nothing to draw.

        It is asked for with every movement of the map that lies below.
        """
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        font.setPointSizeF(max(font.pointSizeF() - 1.5, 6))
        painter.setFont(font)
        ratio = self.devicePixelRatioF()
        size = round(self.width() * ratio), round(self.height() * ratio)
        source = self._number, current_theme(), size, ratio, font.key()
        self._picture.paint(painter, size, ratio, source, self._draw)

    def _draw(self, painter: QPainter) -> None:
        theme, area = current_theme(), QRectF(self.rect())
        painter.setPen(QColor(theme.muted))
        if self._cosines is None or self._cosines.problem:
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area, int(flags), self.text)
            return
        line = painter.fontMetrics().height()
        painter.drawText(QRectF(0, 0, area.width(), line), "Cosine of pairs")
        groups = (
            ("same class", self._cosines.same, theme.neutral, True),
            ("other classes", self._cosines.other, theme.text, False),
        )
        plot = QRectF(2, 3.3 * line, area.width() - 4, area.height() - 4.5 * line)
        _draw_axis(painter, plot, line)
        for at, (name, group, colour, is_filled) in enumerate(groups):
            top = (1.05 + at) * line
            swatch = QRectF(2, top + (line - _SWATCH) / 2, _SWATCH, _SWATCH)
            _look(painter, colour, is_filled=is_filled)
            painter.drawRect(swatch)
            painter.drawPolygon(_outline(group, plot))
            painter.setPen(QColor(theme.text))
            words = QRectF(_SWATCH + 7, top, area.width() - _SWATCH - 7, line)
            painter.drawText(words, f"{name} {group.mean:.2f}")


def _look(painter: QPainter, colour: str, *, is_filled: bool) -> None:
    shade = QColor(colour)
    painter.setPen(Qt.PenStyle.NoPen if is_filled else QPen(shade, 1.6))
    painter.setBrush(shade if is_filled else Qt.BrushStyle.NoBrush)


def _outline(group: PairGroup, plot: QRectF) -> QPolygonF:
    """The outline of a group's bars, the highest as high as the plot."""
    tops = plot.bottom() - group.counts / max(int(group.counts.max()), 1) * plot.height()
    edges = plot.left() + np.arange(BINS + 1) * (plot.width() / BINS)
    across = edges.repeat(2)
    up = np.concatenate([[plot.bottom()], tops.repeat(2), [plot.bottom()]])
    outline: QPolygonF = arrayToQPolygonF(across, up)
    return outline


def _draw_axis(painter: QPainter, plot: QRectF, line: int) -> None:
    theme = current_theme()
    painter.setPen(QPen(QColor(theme.border), 1))
    painter.drawLine(plot.bottomLeft(), plot.bottomRight())
    middle = plot.center().x()
    painter.drawLine(QPointF(middle, plot.top()), QPointF(middle, plot.bottom()))
    painter.setPen(QColor(theme.muted))
    below = QRectF(plot.left() - 2, plot.bottom() + 1, plot.width() + 4, line)
    ends = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight
    for value, side in zip(("-1", "0", "1"), ends, strict=True):
        painter.drawText(below, int(side), value)
