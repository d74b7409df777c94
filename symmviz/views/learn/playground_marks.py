"""What the playground draws with: points, lines, arrows and names."""

from enum import Enum

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from symmviz.views.style.theme import Theme

RADIUS = 7.0
_HEAD = 10.0  # length of an arrow's head
_RING = 12.0
_SHORTEST_ARROW = 3.0
_NAME_AWAY = 26.0  # from a point's middle to that of its name


class Stroke(Enum):
    """The lines, each of a colour and a stroke of its own."""

    AXIS = "axis"
    CONSTRUCTION = "construction"
    CANDIDATE = "candidate"
    PICK = "pick"
    PICK_BACK = "pick of the other group"
    SYMM = "gradient with Symm"
    BASELINE = "gradient without"

    def pen(self, theme: Theme) -> QPen:
        """The pen it is drawn with."""
        colour, width, style = {
            Stroke.AXIS: (theme.ring, 1.5, Qt.PenStyle.DashDotLine),
            Stroke.CONSTRUCTION: (theme.synthetic, 1.5, Qt.PenStyle.DashLine),
            Stroke.CANDIDATE: (_mixed(theme), 1.0, Qt.PenStyle.SolidLine),
            Stroke.PICK: (theme.wrong, 3.0, Qt.PenStyle.SolidLine),
            Stroke.PICK_BACK: (theme.wrong, 2.0, Qt.PenStyle.DotLine),
            Stroke.SYMM: (theme.run_colour(1), 2.5, Qt.PenStyle.SolidLine),
            Stroke.BASELINE: (theme.run_colour(0), 2.0, Qt.PenStyle.DashLine),
        }[self]
        caps = Qt.PenCapStyle.FlatCap if self.is_arrow else Qt.PenCapStyle.RoundCap
        return QPen(QColor(colour), width, style, caps, Qt.PenJoinStyle.MiterJoin)

    @property
    def is_arrow(self) -> bool:
        """Whether it has a head."""
        return self in (Stroke.SYMM, Stroke.BASELINE)


def paint_stroke(painter: QPainter, theme: Theme, stroke: Stroke, line: QLineF) -> None:
    """A line, or an arrow: its head is filled with Symm, and open without."""
    pen = stroke.pen(theme)
    if not stroke.is_arrow:
        painter.setPen(pen)
        painter.drawLine(line)
        return
    if line.length() < _SHORTEST_ARROW:
        return
    _paint_arrow(painter, theme, pen, line, filled=stroke is Stroke.SYMM)


def _paint_arrow(painter: QPainter, theme: Theme, pen: QPen, line: QLineF, *, filled: bool) -> None:
    head = min(_HEAD, line.length() * 0.7)
    along = QPointF(line.dx(), line.dy()) / line.length()
    across = QPointF(-along.y(), along.x()) * head * 0.45
    back = line.p2() - along * head
    painter.setPen(QPen(QColor(theme.base), pen.widthF() + 2.5))
    painter.drawLine(QLineF(line.p1(), back))
    painter.setPen(pen)
    painter.drawLine(QLineF(line.p1(), back if filled else line.p2()))
    outline = QPen(pen.color(), 2.0)
    outline.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    painter.setPen(outline)
    if filled:
        painter.setBrush(pen.color())
        painter.drawPolygon(QPolygonF([line.p2(), back + across, back - across]))
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF([back + across, line.p2(), back - across]))


def paint_point(
    painter: QPainter, theme: Theme, place: QPointF, *, synthetic: bool, filled: bool
) -> None:
    """A circle or, of a synthetic point, a diamond; filled for the positive pair."""
    colour = QColor(theme.synthetic if synthetic else theme.original)
    painter.setPen(QPen(colour, 2.5))
    painter.setBrush(colour if filled else QColor(theme.base))
    _outline(painter, place, RADIUS - 1.0, synthetic=synthetic)


def paint_used(painter: QPainter, theme: Theme, original: QPointF, used: QPointF) -> None:
    """Where a point lies once it is normalised."""
    painter.setPen(QPen(QColor(theme.original), 1.0, Qt.PenStyle.DotLine))
    painter.drawLine(QLineF(original, used))
    painter.setBrush(QColor(theme.original))
    painter.drawEllipse(used, 3.0, 3.0)


def paint_ring(painter: QPainter, theme: Theme, place: QPointF) -> None:
    """A ring around a point that is picked."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(theme.wrong), 2.0))
    painter.drawEllipse(place, _RING, _RING)


def paint_names(
    painter: QPainter, theme: Theme, area: QRectF, place: QPointF, names: tuple[str, ...]
) -> None:
    """What is at a place, beyond it as seen from the middle of an area; indices are lowered."""
    path = _names_path(painter.font(), names)
    bounds = path.boundingRect()
    outward = QLineF(area.center(), place)
    outward = QLineF(place, place - QPointF(0, 1)) if outward.length() < 1.0 else outward
    unit = outward.unitVector()
    away = _NAME_AWAY + abs(unit.dx()) * (bounds.width() / 2 - 6.0)
    target = place + QPointF(unit.dx(), unit.dy()) * away
    half = bounds.width() / 2 + 4.0
    target.setX(min(max(target.x(), area.left() + half), area.right() - half))
    target.setY(min(max(target.y(), area.top() + 12.0), area.bottom() - 12.0))
    path.translate(target - bounds.center())
    painter.strokePath(path, QPen(QColor(theme.base), 3.0))
    painter.fillPath(path, QColor(theme.text))


def _names_path(font: QFont, names: tuple[str, ...]) -> QPainterPath:
    large, small = QFont(font), QFont(font)
    large.setItalic(True)
    small.setPointSizeF(font.pointSizeF() * 0.8)
    parts: list[tuple[str, QFont, float]] = []
    for name in names:
        letter, index = name.split("_")
        parts += [(", ", large, 0.0)] if parts else []
        parts += [(letter, large, 0.0), (index.rstrip("'"), small, 4.0)]
        parts += [("\N{PRIME}", large, 0.0)] if index.endswith("'") else []
    path = QPainterPath()
    x = 0.0
    for text, used, lower in parts:
        path.addText(x, lower, used, text)
        x += QFontMetricsF(used).horizontalAdvance(text) + 1.0
    return path


def _mixed(theme: Theme) -> QColor:
    """A colour of lines in the background."""
    colour = QColor(theme.muted)
    colour.setAlphaF(0.4)
    return colour


def _outline(painter: QPainter, place: QPointF, radius: float, *, synthetic: bool) -> None:
    if not synthetic:
        painter.drawEllipse(place, radius, radius)
        return
    x, y, half = place.x(), place.y(), radius * 1.4
    corners = ((x, y - half), (x + half, y), (x, y + half), (x - half, y))
    painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
