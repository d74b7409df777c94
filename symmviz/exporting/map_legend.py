"""The legend under exported maps: what the colours of points mean, in two lines at most."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from symmviz.exporting.sheet import MUTED, draw_text, text_width
from symmviz.raster import Symbol

LINE = 24
"""Units that a line takes."""
_MOST_LINES = 2
_BEFORE, _AFTER, _FONT = 16, 18, 12  # units: the symbol, what follows the words, and the words

LegendEntry = tuple[str, str, Symbol]
"""A colour, what it means, and the symbol that has it."""


def legend_lines(entries: Sequence[LegendEntry], width: float) -> list[list[LegendEntry]]:
    """The entries by line, as many as fit.

    Args:
        entries: in order.
        width: of a line, in units.
    """
    lines: list[list[LegendEntry]] = [[]]
    x = 0.0
    for at, entry in enumerate(entries):
        taken = _width(entry)
        is_last = len(lines) == _MOST_LINES
        rest = (
            text_width(_more(len(entries) - at), _FONT) if is_last and entry != entries[-1] else 0
        )
        if lines[-1] and x + taken + rest > width:
            if is_last:
                break
            lines.append([])
            x = 0.0
        lines[-1].append(entry)
        x += taken
    return lines


def paint_legend(painter: QPainter, entries: Sequence[LegendEntry], box: QRectF) -> None:
    """Draw the entries, and how many more there are than fit.

    Args:
        painter: in units.
        entries: in order.
        box: as high as their lines.
    """
    lines = legend_lines(entries, box.width())
    x = box.left()
    for at, line in enumerate(lines):
        x, top = box.left(), box.top() + at * LINE
        for entry in line:
            _paint_entry(painter, entry, QRectF(x, top, _width(entry), LINE))
            x += _width(entry)
    left = len(entries) - sum(map(len, lines))
    if left:
        last = QRectF(x, box.top() + (len(lines) - 1) * LINE, box.right() - x, LINE)
        draw_text(painter, last, _more(left), MUTED, size=_FONT)


def _more(count: int) -> str:
    return f"and {count} more"


def _width(entry: LegendEntry) -> float:
    return _BEFORE + text_width(entry[1], _FONT) + _AFTER


def _paint_entry(painter: QPainter, entry: LegendEntry, box: QRectF) -> None:
    colour, words, symbol = entry
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    middle = QPointF(box.left() + 6, box.center().y())
    if symbol is Symbol.CIRCLE:
        painter.drawEllipse(middle, 4.5, 4.5)
    else:
        reach = (QPointF(0, -5.4), QPointF(5.4, 0), QPointF(0, 5.4), QPointF(-5.4, 0))
        painter.drawPolygon([middle + corner for corner in reach])
    draw_text(painter, box.adjusted(_BEFORE, 0, 0, 0), words, MUTED, size=_FONT)
