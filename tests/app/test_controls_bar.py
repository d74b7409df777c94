"""The bar of controls by itself."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from symmviz.model.appearance import Appearance
from symmviz.model.map.layers import AT_FIRST, Layer
from symmviz.presenters.controls import Commands, Notice
from symmviz.views.map.toggles import LayerMenu
from symmviz.views.style.theme import apply_appearance
from symmviz.views.widgets.elided_label import ElidedLabel
from symmviz.views.widgets.note import Note
from symmviz.views.window.controls_bar import ControlsBar


@pytest.fixture
def bar(qtbot: QtBot, qapp: QApplication) -> ControlsBar:
    apply_appearance(qapp, Appearance.LIGHT)
    made = ControlsBar()
    qtbot.addWidget(made)
    made.set_commands(commands(extend=False))
    made.show()
    qtbot.waitExposed(made)
    return made


def commands(*, extend: bool) -> Commands:
    return Commands(start=extend, pause=not extend, resume=False, stop=not extend, extend=extend)


@pytest.mark.parametrize(("step", "more"), [(137, 263), (400, 400)])
def test_a_training_goes_on_to_where_it_was_to_end(
    bar: ControlsBar, qtbot: QtBot, step: int, more: int
) -> None:
    bar.set_progress(step, 400, "")
    bar.set_commands(commands(extend=True))
    with qtbot.waitSignal(bar.extend) as asked:
        bar.extend_button.click()
    assert asked.args == [more]


def test_a_notice_scrolls_only_where_it_must(qtbot: QtBot) -> None:
    note = Note()
    qtbot.addWidget(note)
    note.resize(600, 200)
    note.show()
    note.setText("Some words that fit in. " * 3)
    least = note.label.heightForWidth(600)
    for height, scrolls in ((least - 4, True), (least, False), (least - 4, True)):
        note.resize(600, height)
        QApplication.processEvents()
        assert note.verticalScrollBar().isVisible() == scrolls


def test_the_bar_is_as_high_with_go_on_as_without(bar: ControlsBar) -> None:
    without = bar.minimumSizeHint().height()
    bar.set_commands(commands(extend=True))
    assert bar.minimumSizeHint().height() == without


def test_of_a_long_progress_whole_parts_are_left_out_from_the_end(bar: ControlsBar) -> None:
    (label,) = (one for one in bar.findChildren(ElidedLabel) if one.text() == "No training yet")
    whole = "Seed 3 of 3 · Training · step 20 of 300 · 8.1 steps/s · 34 s left"
    bar.set_progress(20, 300, whole)
    assert bar.progress_text() == whole
    for kept in (5, 4, 2, 1):
        wanted = " · ".join(whole.split(" · ")[:kept])
        label.resize(label.fontMetrics().horizontalAdvance(wanted) + 2, label.height())
        assert label.shown() == wanted


def test_the_keyboard_stays_with_what_takes_the_place_of_pause(
    bar: ControlsBar, qtbot: QtBot
) -> None:
    bar.activateWindow()
    bar.pause_button.setFocus()
    qtbot.waitUntil(bar.pause_button.hasFocus)
    bar.set_commands(Commands(start=False, pause=False, resume=True, stop=True))
    assert bar.resume_button.hasFocus()
    bar.set_commands(Commands(start=False, pause=True, resume=False, stop=True))
    assert bar.pause_button.hasFocus()


def test_markup_in_a_notice_is_text_and_all_of_it_is_copied(bar: ControlsBar) -> None:
    bar.set_notice(Notice("The folder <b>x</b> is empty.", "more"))
    label = bar.notice.findChild(QLabel)
    assert label is not None
    assert label.textFormat() is Qt.TextFormat.PlainText
    bar.notice.copy_button.click()
    assert QApplication.clipboard().text() == "The folder <b>x</b> is empty.\nmore"


def test_a_notice_does_not_hide_the_one_before(bar: ControlsBar) -> None:
    bar.set_notice(Notice("One.", "first"))
    bar.set_notice(Notice("Two.", "second"))
    bar.set_notice(Notice("One.", "again"))  # it is said once
    assert bar.notice.text() == "One.\nTwo."
    bar.set_notice(Notice("Three, with Two."))
    assert bar.notice.text() == "Three, with Two.\nOne."
    bar.notice.copy_button.click()
    assert QApplication.clipboard().text() == "Three, with Two.\nOne.\nagain"
    buttons = {one.text(): one for one in bar.notice.findChildren(QPushButton)}
    buttons["Dismiss"].click()
    assert bar.notice.text() == ""
    bar.set_notice(Notice("Four."))
    assert bar.notice.text() == "Four.", "what was dismissed does not come back"
    bar.set_notice(None)
    bar.set_notice(Notice("Five."))
    assert bar.notice.text() == "Five."


@pytest.mark.parametrize(("unfinished", "text"), [(True, "Resume"), (False, "Go on")])
def test_a_run_that_was_stopped_is_resumed_and_a_finished_one_goes_on(
    bar: ControlsBar, unfinished: bool, text: str
) -> None:
    bar.set_commands(Commands(extend=True, unfinished=unfinished))
    assert bar.extend_button.text() == text


def test_going_on_with_one_of_several_seeds_says_so(bar: ControlsBar) -> None:
    bar.set_commands(Commands(extend=True, one_seed=True))
    assert bar.extend_button.text() == "Go on, this seed"
    assert "other seeds stay" in bar.extend_button.toolTip()
    bar.set_commands(Commands(extend=True, all_seeds=True, unfinished=True))
    assert bar.extend_button.text() == "Go on, all seeds"
    bar.set_commands(Commands(extend=True))
    assert bar.extend_button.text() == "Go on"


def test_the_menu_of_a_run_offers_what_there_is(bar: ControlsBar, qtbot: QtBot) -> None:
    assert not bar.run_button.isVisible()
    bar.set_commands(Commands(folder=True, branch=True))
    assert bar.run_button.isVisible()
    menu = bar.run_button.menu()
    offered = {action.text(): action.isEnabled() for action in menu.actions()}
    assert offered == {"Branch...": True, "Open folder": True, "Copy path of weights": False}
    bar.set_commands(Commands(folder=True, branch=True, weights=True))
    for action, signal in zip(
        bar.run_actions, (bar.branch, bar.open_folder, bar.copy_weights), strict=True
    ):
        with qtbot.waitSignal(signal):
            action.trigger()


def test_the_keyboard_leaves_a_button_that_cannot_be_pressed_for_no_other(
    bar: ControlsBar, qtbot: QtBot
) -> None:
    bar.set_commands(commands(extend=True))
    bar.activateWindow()
    bar.extend_button.setFocus()
    qtbot.waitUntil(bar.extend_button.hasFocus)
    bar.set_commands(commands(extend=False))
    assert QApplication.focusWidget() is None  # Space plays
    bar.stop_button.setFocus()
    bar.set_commands(commands(extend=True))
    assert QApplication.focusWidget() is None


# of the offscreen platform, where a menu opens
@pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)", extend=True)
def test_layers_are_ticked_one_after_another(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    button = LayerMenu(window)
    menu = button.menu()
    menu.popup(QPoint(0, 0))
    qtbot.waitExposed(menu)
    with qtbot.waitSignal(button.chosen) as asked:
        place = menu.actionGeometry(button.action(Layer.TRAILS)).center()
        qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=place)
    assert asked.args == [AT_FIRST | {Layer.TRAILS}]
    menu.setActiveAction(button.action(Layer.DENSITY))
    qtbot.keyClick(menu, Qt.Key.Key_Space)
    assert button.layers == AT_FIRST | {Layer.TRAILS, Layer.DENSITY}
    assert menu.isVisible()
    qtbot.keyClick(menu, Qt.Key.Key_Escape)
    assert not menu.isVisible()
