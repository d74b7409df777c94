"""The symbol of each run, drawn: the second sign beside its colour, in windows and in pictures."""

import math
from functools import cache

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

_CIRCLE = ()
_SQUARE = ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9))
_UP = ((0.0, -1.15), (1.15, 0.9), (-1.15, 0.9))
_PLUS = (
    *((-0.4, -1.15), (0.4, -1.15), (0.4, -0.4), (1.15, -0.4), (1.15, 0.4), (0.4, 0.4)),
    *((0.4, 1.15), (-0.4, 1.15), (-0.4, 0.4), (-1.15, 0.4), (-1.15, -0.4), (-0.4, -0.4)),
)
_STAR = tuple(
    (reach * math.sin(math.pi * at / 5), -reach * math.cos(math.pi * at / 5))
    for at, reach in enumerate((1.35, 0.58) * 5)
)
_BAR = ((-1.2, -0.5), (1.2, -0.5), (1.2, 0.5), (-1.2, 0.5))
# As :data:`symmcore.palette.RUN_SYMBOLS` has them as text: a shape, and by how much it is turned.
_SHAPES: tuple[tuple[tuple[tuple[float, float], ...], float], ...] = (
    *((_CIRCLE, 0), (_UP, 0), (_SQUARE, 0), (_SQUARE, 45), (_PLUS, 0), (_UP, 180)),
    *((_STAR, 0), (_PLUS, 45), (_UP, -90), (_UP, 90), (_BAR, 0), (_BAR, 90)),
)


def draw_symbol(
    painter: QPainter,
    place: int,
    centre: QPointF,
    reach: float,
    colour: QColor,
    ground: QColor | None = None,
) -> None:
    """Draw the symbol of a run.

    Args:
        painter: draws it.
        place: of the run's colour and symbol, see :func:`symmcore.palette.run_places`.
        centre: of the symbol.
        reach: half of its size.
        colour: of the run.
        ground: colour of what is behind the lines, drawn as an edge that parts it from them.
    """
    painter.setPen(Qt.PenStyle.NoPen if ground is None else QPen(ground, 1.0))
    painter.setBrush(colour)
    corners = _corners(place % len(_SHAPES), reach)
    if corners is None:
        painter.drawEllipse(centre, reach, reach)
    else:
        painter.drawPolygon(corners.translated(centre))
    painter.setBrush(Qt.BrushStyle.NoBrush)


@cache
def _corners(place: int, reach: float) -> QPolygonF | None:
    """The corners around the middle; None of a circle."""
    shape, degrees = _SHAPES[place]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turned = [QPointF(reach * (x * cos - y * sin), reach * (x * sin + y * cos)) for x, y in shape]
    return QPolygonF(turned) if turned else None
