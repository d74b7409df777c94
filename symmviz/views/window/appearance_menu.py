"""The menu that chooses between light, dark and what the system has."""

from collections.abc import Callable
from functools import partial

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from symmviz.model.appearance import Appearance


def offer_appearances(
    menu: QMenu, current: Appearance, choose: Callable[[Appearance], None]
) -> None:
    """Have a menu offer every appearance.

    Args:
        menu: an empty one.
        current: which is ticked.
        choose: called with the one that the user chooses.
    """
    group = QActionGroup(menu)
    for appearance in Appearance:
        action = menu.addAction(appearance.value)
        action.setObjectName(_object_name(appearance))
        action.setCheckable(True)
        action.setChecked(appearance is current)
        action.triggered.connect(partial(_choose, choose, appearance))
        group.addAction(action)


def appearance_action(window: QWidget, appearance: Appearance) -> QAction | None:
    """The action of a window's menu that chooses an appearance."""
    return window.findChild(QAction, _object_name(appearance))


def _object_name(appearance: Appearance) -> str:
    return f"appearance {appearance.name}"


def _choose(
    choose: Callable[[Appearance], None], appearance: Appearance, _checked: bool = False
) -> None:
    choose(appearance)
