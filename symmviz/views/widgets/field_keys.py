"""Which keys are for the widget with the keyboard, before the window's shortcuts get them."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

_MOVING = {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End}
_FIELDS = (
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
)


def wants_key(widget: QWidget | None, event: QKeyEvent) -> bool:
    """Whether a widget does something of its own with Space, Left, Right, Home or End.

    Fields and lists use all of them, a button Space alone unless it is one of a group. With
    Ctrl, Alt or Meta it is left to the widget to claim them.
    """
    plain = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
    if event.modifiers() & ~plain:
        return False
    if isinstance(widget, _FIELDS):
        return event.key() in _MOVING or event.key() == Qt.Key.Key_Space
    if isinstance(widget, QAbstractButton):
        grouped = widget.group() is not None or widget.autoExclusive()
        return event.key() == Qt.Key.Key_Space or (grouped and event.key() in _MOVING)
    return False
