"""The bar of controls by itself."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from symmviz.model.appearance import Appearance
from symmviz.presenters.controls import Commands, Notice
from symmviz.views.controls_bar import ControlsBar
from symmviz.views.theme import apply_appearance


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


@pytest.mark.parametrize(("step", "more"), [(137, 263), (400, 300)])
def test_a_training_goes_on_to_where_it_was_to_end(
    bar: ControlsBar, qtbot: QtBot, step: int, more: int
) -> None:
    bar.set_progress(step, 400, "")
    bar.set_commands(commands(extend=True))
    with qtbot.waitSignal(bar.extend) as asked:
        bar.extend_button.click()
    assert asked.args == [more]


def test_the_bar_is_as_high_with_go_on_as_without(bar: ControlsBar) -> None:
    without = bar.minimumSizeHint().height()
    bar.set_commands(commands(extend=True))
    assert bar.minimumSizeHint().height() == without


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
    assert label.textFormat() is Qt.TextFormat.PlainText
    bar.notice.copy_button.click()
    assert QApplication.clipboard().text() == "The folder <b>x</b> is empty.\nmore"
