"""Small buttons with drawn signs, as on a player or in a browser."""

from enum import Enum

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QToolButton, QWidget

_SIDE = 30  # pixels, of the button


class Sign(Enum):
    """What a button shows."""

    PLAY = "play"
    PAUSE = "pause"
    BACK = "back"
    FORWARD = "forward"
    BRANCH = "branch"
    EARLIER = "to the one before"
    LATER = "to the one after"


class TransportButton(QToolButton):
    """A button whose sign has the colour of the text, in either theme and at any density."""

    def __init__(self, sign: Sign, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sign = sign
        self.setProperty("transport", True)
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setFixedSize(QSize(_SIDE, _SIDE))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard where it is

    @property
    def sign(self) -> Sign:
        """What is shown now."""
        return self._sign

    def set_sign(self, sign: Sign, name: str) -> None:
        """Show another sign."""
        if sign is not self._sign:
            self._sign = sign
            self.setAccessibleName(name)
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the button and its sign."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        group = QPalette.ColorGroup.Normal if self.isEnabled() else QPalette.ColorGroup.Disabled
        colour = QColor(self.palette().color(group, QPalette.ColorRole.WindowText))
        if not self.isEnabled():
            colour.setAlphaF(0.45)
        painter.translate(QPointF(self.width() / 2, self.height() / 2))
        _DRAWINGS[self._sign](painter, colour)
        painter.end()


def _play(painter: QPainter, colour: QColor) -> None:
    _fill(painter, colour)
    painter.drawPolygon(_triangle(-4, 7, 6))


def _pause(painter: QPainter, colour: QColor) -> None:
    _fill(painter, colour)
    painter.drawRect(QRectF(-5, -6, 3.5, 12))
    painter.drawRect(QRectF(1.5, -6, 3.5, 12))


def _back(painter: QPainter, colour: QColor) -> None:
    painter.scale(-1, 1)
    _forward(painter, colour)


def _forward(painter: QPainter, colour: QColor) -> None:
    _fill(painter, colour)
    painter.drawPolygon(_triangle(-4, 3, 5))
    painter.drawRect(QRectF(3, -5, 2, 10))


def _branch(painter: QPainter, colour: QColor) -> None:
    painter.setPen(QPen(colour, 1.6))
    painter.drawLine(QPointF(-4, -3.5), QPointF(-4, 3.5))
    painter.drawPolyline([QPointF(-4, 3), QPointF(4, -0.5), QPointF(4, -3)])
    _fill(painter, colour)
    for x, y in ((-4, -5), (-4, 5), (4, -5)):
        painter.drawEllipse(QPointF(x, y), 2.4, 2.4)


def _earlier(painter: QPainter, colour: QColor) -> None:
    painter.scale(-1, 1)
    _later(painter, colour)


def _later(painter: QPainter, colour: QColor) -> None:
    painter.setPen(QPen(colour, 1.8))
    painter.drawLine(QPointF(-6, 0), QPointF(5, 0))
    painter.drawPolyline([QPointF(0.5, -5), QPointF(5.5, 0), QPointF(0.5, 5)])


def _fill(painter: QPainter, colour: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)


def _triangle(left: float, right: float, half: float) -> QPolygonF:
    return QPolygonF([QPointF(left, -half), QPointF(right, 0), QPointF(left, half)])


_DRAWINGS = {
    Sign.PLAY: _play,
    Sign.PAUSE: _pause,
    Sign.BACK: _back,
    Sign.FORWARD: _forward,
    Sign.BRANCH: _branch,
    Sign.EARLIER: _earlier,
    Sign.LATER: _later,
}
