"""Finds controls by what they are called, and works them as a user does."""

from typing import TypeVar

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QComboBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

_Control = TypeVar("_Control", bound=QWidget)


def control(root: QWidget, kind: type[_Control], name: str) -> _Control:
    """The one control of a kind below ``root`` that has this accessible name or text."""
    found: list[_Control] = [one for one in root.findChildren(kind) if name in _names(one)]
    (only,) = found
    return only


def choose(qtbot: QtBot, box: QComboBox, title: str) -> None:
    """Go to an entry of a drop-down list by the arrow keys: not opened, which takes a screen."""
    at = box.findText(title)
    assert at >= 0, f"there is no {title!r}"
    while box.currentIndex() != at:
        qtbot.keyClick(box, Qt.Key.Key_Down if box.currentIndex() < at else Qt.Key.Key_Up)


def click_item(qtbot: QtBot, view: QAbstractItemView, index: QModelIndex) -> None:
    """Scroll to an item and click its middle."""
    view.scrollTo(index)
    qtbot.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center()
    )


def enter(qtbot: QtBot, field: QLineEdit, text: str) -> None:
    """Type a text in place of what a field holds."""
    field.selectAll()
    qtbot.keyClick(field, Qt.Key.Key_Delete)
    qtbot.keyClicks(field, text)


def _names(widget: QWidget) -> tuple[str, ...]:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return widget.accessibleName(), text
