"""Adds actions to the menus of the window."""

from collections.abc import Callable
from functools import partial

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu

from symmviz.views.time.slider import TimeSlider


def add_action(menu: QMenu, text: str, keys: str, then: Callable[[], object]) -> QAction:
    """Add an action to a menu; ``keys`` are its shortcuts, with spaces between them."""
    action = menu.addAction(text)
    action.setShortcuts([QKeySequence(one) for one in keys.split()])
    action.triggered.connect(lambda: then())
    return action


def add_time_actions(menu: QMenu, slider: TimeSlider, group: QActionGroup) -> None:
    """Add what the time slider can do to a menu, and to a group."""
    # The second key works where the first is for a field or the gallery.
    for text, keys, then in (
        ("Play or pause", "Space K", slider.toggle_play),
        ("One frame back", "Left ,", partial(slider.step, -1)),
        ("One frame on", "Right .", partial(slider.step, 1)),
        ("First frame", "Home", slider.home),
        ("Follow the newest frame", "End", slider.end),
        ("Branch from here...", "Ctrl+B", slider.branch),
    ):
        group.addAction(add_action(menu, text, keys, then))
