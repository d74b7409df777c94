"""The time slider in the window: where it is shown, and which keys are its."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QLineEdit, QListView, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from symmviz.model.appearance import Appearance
from symmviz.model.curve import Curve, Panel, Variant
from symmviz.model.timeline import TimelineState
from symmviz.views.curves.plot import CurvePanel
from symmviz.views.dialogs.shortcuts import ShortcutList, show_shortcuts
from symmviz.views.start.page import StartPage
from symmviz.views.window.main_window import MainWindow

_KEYS = (Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End)


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    made = MainWindow(StartPage(Path("/runs")), Appearance.LIGHT)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    made.set_training_pages(True)
    made.show_page(made.watch_page)
    made.time_slider.set_timeline(TimelineState(0, 90, 30, False, False, (0, 30, 60, 90), (30,)))
    yield made
    made.close_without_asking()
    made.deleteLater()


@pytest.fixture
def moved(window: MainWindow) -> list[int]:
    steps: list[int] = []
    window.time_slider.moved.connect(steps.append)
    window.time_slider._tick.setInterval(0)
    return steps


def press(qtbot: QtBot, widget: QWidget, key: Qt.Key) -> None:
    """Press a key as the user does: by way of the shortcuts."""
    qtbot.keyClick(widget, key)
    qtbot.wait(5)


def test_it_is_under_watch_and_retrieve_alone(window: MainWindow) -> None:
    shown = {}
    for page in (window.start_page, window.watch_page, window.retrieve_page):
        window.show_page(page)
        shown[page] = window.time_slider.isVisible()
    assert list(shown.values()) == [False, True, True]


def test_keys_go_through_time(qtbot: QtBot, window: MainWindow, moved: list[int]) -> None:
    qtbot.waitUntil(window.watch_page.hasFocus)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Home, Qt.Key.Key_Period):
        press(qtbot, window.watch_page, key)
    assert moved == [60, 30, 0, 30]
    with qtbot.waitSignal(window.time_slider.following):
        press(qtbot, window.watch_page, Qt.Key.Key_End)
    press(qtbot, window.watch_page, Qt.Key.Key_Space)
    assert window.time_slider.playing
    press(qtbot, window.watch_page, Qt.Key.Key_Space)
    assert not window.time_slider.playing


@pytest.mark.parametrize("kind", [QLineEdit, QSpinBox, QComboBox, QListView])
def test_keys_of_a_field_stay_its_own(
    qtbot: QtBot, window: MainWindow, moved: list[int], kind: type[QWidget]
) -> None:
    field = kind(window.watch_page)
    field.show()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    for key in _KEYS:
        press(qtbot, field, key)
    assert moved == []
    assert not window.time_slider.playing
    if isinstance(field, QComboBox):
        field.hidePopup()


def test_space_presses_the_button_with_the_keyboard_and_arrows_go_through_time(
    qtbot: QtBot, window: MainWindow, moved: list[int]
) -> None:
    button = window.time_slider.back_button
    button.setFocus()
    qtbot.waitUntil(button.hasFocus)
    press(qtbot, button, Qt.Key.Key_Space)
    assert moved == [0]
    press(qtbot, window.time_slider.track, Qt.Key.Key_Right)
    assert moved == [0, 30]


def test_the_gallery_keeps_its_arrows_and_leaves_the_second_keys(
    qtbot: QtBot, window: MainWindow, moved: list[int]
) -> None:
    window.show_page(window.retrieve_page)
    gallery = window.retrieve_page.gallery
    qtbot.waitUntil(gallery.hasFocus)
    for key in (*_KEYS, Qt.Key.Key_Period):
        press(qtbot, gallery, key)
    assert moved == [60]
    press(qtbot, gallery, Qt.Key.Key_K)
    assert window.time_slider.playing
    window.time_slider.pause()


def test_keys_do_nothing_on_the_start_page(
    qtbot: QtBot, window: MainWindow, moved: list[int]
) -> None:
    window.show_page(window.start_page)
    for key in _KEYS:
        press(qtbot, window.start_page, key)
    assert moved == []
    assert not window.time_slider.playing


def test_help_lists_the_keys(window: MainWindow) -> None:
    texts = {action.text(): action for action in window.findChildren(QAction)}
    assert [keys.toString() for keys in texts["Play or pause"].shortcuts()] == ["Space", "K"]
    show_shortcuts(window)
    (listed,) = window.findChildren(ShortcutList)
    assert "Space or K" in listed.text()
    assert listed.height() <= listed.screen().availableGeometry().height(), "Close is in reach"
    listed.close()


def test_the_menu_asks_for_a_branch(qtbot: QtBot, window: MainWindow) -> None:
    action = next(a for a in window.findChildren(QAction) if a.text() == "Branch from here...")
    with qtbot.waitSignal(window.time_slider.branch_wanted) as asked:
        action.trigger()
    assert asked.args == [30]


def test_a_cursor_stands_at_the_step_and_does_not_change_the_axes(qtbot: QtBot) -> None:
    panel = CurvePanel(Panel.LOSS)
    qtbot.addWidget(panel)
    assert panel.cursor_places() == ()
    before = panel._plot.getViewBox().viewRange()
    panel.set_cursor((100_000.0,))
    panel.grab()
    assert panel.cursor_places() == (100_000,)
    assert panel._plot.getViewBox().viewRange() == before
    panel.clear()
    assert panel.cursor_places() == (100_000,), "runs are exchanged, the time is not"
    panel.set_cursor(())
    assert panel.cursor_places() == ()


@pytest.mark.parametrize("cursor_first", [True, False])
def test_lines_look_the_same_under_a_cursor_that_moves(qtbot: QtBot, cursor_first: bool) -> None:
    pictures = []
    for marked in (False, True):
        panel = CurvePanel(Panel.LOSS)
        qtbot.addWidget(panel)
        panel.resize(300, 200)
        panel.show()
        if marked and cursor_first:
            panel.set_cursor((3.0,))
        steps = np.arange(11.0)
        panel.set_curves((Curve(Panel.LOSS, 0, Variant.SOLID, steps, steps % 3),), ())
        if marked:
            for step in (2, 5, 7):
                panel.set_cursor((step,))
                panel.grab()
            panel.set_curves((Curve(Panel.LOSS, 0, Variant.SOLID, steps, (steps + 1) % 3),), ())
            panel.grab()
            panel.set_curves((Curve(Panel.LOSS, 0, Variant.SOLID, steps, steps % 3),), ())
            panel.set_cursor(())
        pictures.append(panel.grab().toImage())
    assert pictures[0] == pictures[1]
