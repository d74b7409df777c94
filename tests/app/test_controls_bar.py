"""The bar of controls by itself."""

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from symmviz.presenters.controls import Commands
from symmviz.views.controls_bar import ControlsBar
from symmviz.views.theme import Appearance, apply_appearance


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
