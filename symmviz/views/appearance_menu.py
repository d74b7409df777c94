"""The menu that chooses between light, dark and what the system has."""

from collections.abc import Callable
from functools import partial

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu

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
        action.setCheckable(True)
        action.setChecked(appearance is current)
        action.triggered.connect(partial(_choose, choose, appearance))
        group.addAction(action)


def _choose(
    choose: Callable[[Appearance], None], appearance: Appearance, _checked: bool = False
) -> None:
    choose(appearance)
