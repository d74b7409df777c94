"""A point of the playground that the mouse and the arrow keys move."""

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QWidget

from symmviz.views.learn.playground_marks import paint_point
from symmviz.views.style.theme import current_theme

_SIDE = 30
_STEP, _FAR = 0.02, 0.1
_KEYS = {
    Qt.Key.Key_Left: (-1.0, 0.0),
    Qt.Key.Key_Right: (1.0, 0.0),
    Qt.Key.Key_Up: (0.0, 1.0),
    Qt.Key.Key_Down: (0.0, -1.0),
}


class PointHandle(QWidget):
    """Draws one original point, and says where the user wants it.

    Args:
        name: Of the point, as "x_k".
        positive: Whether it belongs to the positive pair.
        parent: What it lies upon.
    """

    dragged = Signal(QPointF)
    """The point is wanted at a place of the parent."""
    nudged = Signal(float, float)
    """The point is wanted a little to the right and up, in units of its space."""
    chosen = Signal()
    """The user looks at this point."""

    def __init__(self, name: str, parent: QWidget, *, positive: bool) -> None:
        super().__init__(parent)
        self._positive = positive
        self._behind = False
        self._grip = QPointF()
        self.setFixedSize(_SIDE, _SIDE)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setAccessibleName(name)
        self.setToolTip("Drag it, or use the arrow keys (with Shift, farther).")

    def put(self, place: QPointF, where: str, *, behind: bool) -> None:
        """Lie at a place of the parent; ``where`` says it in numbers."""
        self.move((place - QPointF(_SIDE / 2, _SIDE / 2)).toPoint())
        self.setAccessibleDescription(where)
        self._behind = behind
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The point, and a ring while the arrow keys move it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, middle = current_theme(), QPointF(_SIDE / 2, _SIDE / 2)
        if self._behind:
            painter.setOpacity(0.5)
        paint_point(painter, theme, middle, synthetic=False, filled=self._positive)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.accent), 2.0, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 4.0, 4.0)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the point where the pointer is."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._grip = event.position() - QPointF(_SIDE / 2, _SIDE / 2)
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Have the point follow the pointer."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.dragged.emit(QPointF(self.mapToParent(event.position() - self._grip)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move by the arrow keys."""
        direction = _KEYS.get(Qt.Key(event.key()))
        if direction is None:
            super().keyPressEvent(event)
            return
        far = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        size = _FAR if far else _STEP
        self.nudged.emit(size * direction[0], size * direction[1])

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show how this point's synthetic point is made."""
        self.chosen.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The same, for the keyboard."""
        self.chosen.emit()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Draw no ring any longer."""
        self.update()

    def event(self, event: QEvent) -> bool:
        """Claim the arrow keys before the window's shortcuts."""
        if (
            event.type() is QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and Qt.Key(event.key()) in _KEYS
        ):
            event.accept()
            return True
        return super().event(event)
