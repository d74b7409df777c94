"""What is painted over a map's points: rings, how a synthetic point is made, and neighbours."""

from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from symmviz.views.style.theme import Theme

_RING, _HOVER_RING = 8.0, 6.5  # radii
_END = 4.0  # of a line to a neighbour: half the width of its cross or check
_BEYOND = 14.0  # how far the axis is drawn beyond its two points
_FEWEST_PIXELS = 1.0
_PICKED = 6.0  # half the width of a mark
_TWO = 2


def paint_ring(painter: QPainter, theme: Theme, place: QPointF, *, hovered: bool) -> None:
    """A ring around a point, on a wider one in the background's colour."""
    radius, width = (_HOVER_RING, 1.5) if hovered else (_RING, 2.5)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, wide in ((theme.raised, width + 2.0), (theme.ring, width)):
        painter.setPen(QPen(QColor(colour), wide))
        painter.drawEllipse(place, radius, radius)


def paint_construction(
    painter: QPainter, theme: Theme, image: QPointF, axis: QPointF, synthetic: QPointF
) -> None:
    """How a synthetic point comes from an image: mirrored at the axis through its partner.

    In a PCA the axis runs through the middle of image and synthetic point, as it does in the
    space; in another map about there.

    Args:
        painter: in pixels, smooth.
        theme: whose colours they are.
        image: the image.
        axis: its partner, about which it is reflected.
        synthetic: the synthetic point.
    """
    middle = (image + synthetic) / 2
    through = QLineF(middle, axis)
    if through.length() > _FEWEST_PIXELS:
        beyond = through.unitVector()
        step = QPointF(beyond.dx(), beyond.dy()) * _BEYOND
        painter.setPen(_pen(theme.ring, 1.5, Qt.PenStyle.DashDotLine))
        painter.drawLine(QLineF(middle - step, axis + step))
    painter.setPen(_pen(theme.synthetic, 1.5, Qt.PenStyle.DashLine))
    painter.drawLine(QLineF(image, synthetic))
    painter.setPen(_pen(theme.raised, 3.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolygon(_diamond(synthetic))
    painter.drawPolygon(_square(axis))
    painter.setPen(_pen(theme.synthetic, 2.0))
    painter.drawPolygon(_diamond(synthetic))
    painter.setPen(_pen(theme.original, 2.0))
    painter.drawPolygon(_square(axis))


def paint_neighbour(
    painter: QPainter, theme: Theme, image: QPointF, neighbour: QPointF, *, correct: bool
) -> None:
    """A line to a neighbour: whole with a check where it is right, broken with a cross if not."""
    colour = theme.right if correct else theme.wrong
    style = Qt.PenStyle.SolidLine if correct else Qt.PenStyle.DotLine
    painter.setPen(_pen(colour, 1.3, style))
    painter.drawLine(QLineF(image, neighbour))
    x, y = neighbour.x(), neighbour.y()
    for shade, width in ((theme.raised, 4.0), (colour, 2.0)):
        painter.setPen(_pen(shade, width))
        if correct:
            painter.drawPolyline(
                QPolygonF(
                    [
                        QPointF(x - _END, y),
                        QPointF(x - _END / 3, y + _END * 0.7),
                        QPointF(x + _END, y - _END * 0.8),
                    ]
                )
            )
        else:
            painter.drawLine(QLineF(x - _END, y - _END, x + _END, y + _END))
            painter.drawLine(QLineF(x - _END, y + _END, x + _END, y - _END))


def paint_pair(painter: QPainter, theme: Theme, ends: list[tuple[QPointF, bool]]) -> None:
    """A line between two picked points, a circle around an original, a diamond a synthetic one.

    Args:
        painter: in pixels, smooth.
        theme: whose colours they are.
        ends: one or two places, and whether a synthetic point was picked there.
    """
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if len(ends) == _TWO:
        for shade, width in ((theme.raised, 3.0), (theme.text, 1.2)):
            painter.setPen(_pen(shade, width))
            painter.drawLine(QLineF(ends[0][0], ends[1][0]))
    for place, synthetic in ends:
        for shade, width in (
            (theme.raised, 3.5),
            (theme.synthetic if synthetic else theme.original, 2.0),
        ):
            painter.setPen(_pen(shade, width))
            if synthetic:
                painter.drawPolygon(_diamond(place, _PICKED))
            else:
                painter.drawEllipse(place, _PICKED * 0.8, _PICKED * 0.8)


def paint_name(painter: QPainter, theme: Theme, middle: QPointF, name: str) -> None:
    """A name around a place, with an outline in the background's colour."""
    metrics = painter.fontMetrics()
    left = middle.x() - metrics.horizontalAdvance(name) / 2
    base = middle.y() + (metrics.ascent() - metrics.descent()) / 2
    letters = QPainterPath()
    letters.addText(QPointF(left, base), painter.font(), name)
    painter.strokePath(letters, _pen(theme.raised, 4.0))
    painter.fillPath(letters, QColor(theme.text))


def _pen(colour: str, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    return QPen(QColor(colour), width, style, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def _diamond(middle: QPointF, half: float = _RING) -> QPolygonF:
    x, y = middle.x(), middle.y()
    return QPolygonF(
        [QPointF(x, y - half), QPointF(x + half, y), QPointF(x, y + half), QPointF(x - half, y)]
    )


def _square(middle: QPointF) -> QPolygonF:
    x, y, half = middle.x(), middle.y(), _RING * 0.8
    return QPolygonF(
        [
            QPointF(x - half, y - half),
            QPointF(x + half, y - half),
            QPointF(x + half, y + half),
            QPointF(x - half, y + half),
        ]
    )
