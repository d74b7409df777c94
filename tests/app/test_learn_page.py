"""The Learn page: what the mouse, the keyboard and the controls do, and when it is made."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from symmviz.app import Launched
from symmviz.model.playground import PRESETS, START, outcome, sentence
from symmviz.views.learn.page import LearnPage
from symmviz.views.learn.playground_marks import Stroke
from symmviz.views.style.theme import DARK, LIGHT, Theme


@pytest.fixture(name="page")
def learn_page(qtbot: QtBot) -> LearnPage:
    made = LearnPage()
    qtbot.addWidget(made)
    made.resize(900, 500)
    made.show()
    return made


def press(qtbot: QtBot, page: LearnPage, text: str) -> None:
    (button,) = (one for one in page.findChildren(QPushButton) if one.text() == text)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def drag(qtbot: QtBot, widget: QWidget, by: QPoint) -> None:
    middle = widget.rect().center()
    qtbot.mousePress(widget, Qt.MouseButton.LeftButton, pos=middle)
    place = widget.mapToGlobal(middle + by)
    qtbot.mouseMove(widget, widget.mapFromGlobal(place))
    qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=widget.mapFromGlobal(place))


def test_a_point_follows_the_mouse_and_the_words_follow_the_point(
    qtbot: QtBot, page: LearnPage
) -> None:
    before, said = page.playground.points, page.sentence()
    handle = page.view.handles[0]
    place = handle.geometry().center()
    drag(qtbot, handle, QPoint(-60, 40))
    assert (handle.geometry().center() - place - QPoint(-60, 40)).manhattanLength() <= 4
    moved = page.playground.points
    assert moved[0, 0] < before[0, 0]
    assert moved[0, 1] < before[0, 1]
    np.testing.assert_array_equal(moved[1:], before[1:])
    assert page.sentence() != said
    assert page.sentence() == sentence(page.playground, outcome(page.playground)) + "."
    assert page.view.accessibleDescription() == page.sentence()


def test_tab_goes_from_point_to_point_and_the_arrow_keys_move_it(
    qtbot: QtBot, page: LearnPage
) -> None:
    names = [handle.accessibleName() for handle in page.view.handles]
    assert names == ["x_k", "x_l", "x_m", "x_n"]
    handle = page.view.handles[0]
    for at, after in zip(page.view.handles, page.view.handles[1:], strict=False):
        assert at.nextInFocusChain() is after
    x, y = page.playground.points[0]
    qtbot.keyClick(handle, Qt.Key.Key_Left)
    qtbot.keyClick(handle, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert page.playground.points[0] == pytest.approx([x - 0.02, y + 0.1])
    assert handle.accessibleDescription() == f"{x - 0.02:.2f}, {y + 0.1:.2f}"


def test_every_control_is_named(page: LearnPage) -> None:
    controls = page.controls
    for field in (controls.loss, controls.alpha, controls.beta, controls.rank, controls.pairs):
        assert field.accessibleName()
        assert field.toolTip()
    assert controls.symm.text() == "Symm"
    assert all(button.toolTip() for button in page.findChildren(QPushButton))


def test_controls_change_what_is_shown(page: LearnPage) -> None:
    controls = page.controls
    controls.rank.setValue(16)
    assert page.sentence().startswith("The 16th hardest of 16 pairs")
    controls.pairs.setCurrentIndex(1)
    assert page.playground.symm.rank == controls.rank.maximum() == 6
    controls.loss.setCurrentText("Angular")
    assert controls.rank.maximum() == 12
    controls.alpha.setValue(20)
    controls.beta.setValue(10)
    assert (page.playground.symm.alpha, page.playground.symm.beta) == (1.0, 0.5)
    assert "of 12 triplets" in page.sentence()
    controls.symm.setChecked(False)
    assert page.sentence().startswith("Without Symm, Angular compares")
    assert not controls.alpha.isEnabled()
    assert "with Symm" not in page.legend.text()
    value = outcome(page.playground).baseline.value
    assert f"Step without, loss {value:.3f}" in page.legend.text()


def test_situations_and_reset(qtbot: QtBot, page: LearnPage) -> None:
    press(qtbot, page, "Zero axis")
    assert "x_l is zero" in page.details()
    press(qtbot, page, "Sphere")
    np.testing.assert_allclose(np.linalg.norm(page.playground.points, axis=1), 1.0)
    press(qtbot, page, "cos 3t")
    assert page.playground.points.shape == (4, 3)
    assert "t = 40" in page.details()
    press(qtbot, page, "Zero axis")  # no sphere has one
    assert page.playground.points.shape == (4, 2)
    page.controls.alpha.setValue(60)
    press(qtbot, page, "Reset")
    np.testing.assert_array_equal(page.playground.points, START.playground(2).points)
    assert page.controls.alpha.value() == 40


def test_dragging_beside_the_points_turns_the_sphere_alone(qtbot: QtBot, page: LearnPage) -> None:
    press(qtbot, page, "Sphere")
    points, place = page.playground.points, page.view.handles[2].pos()
    qtbot.mousePress(page.view, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    qtbot.mouseMove(page.view, QPoint(65, 25))
    qtbot.mouseRelease(page.view, Qt.MouseButton.LeftButton, pos=QPoint(65, 25))
    np.testing.assert_array_equal(page.playground.points, points)
    assert page.view.handles[2].pos() != place


def has_colour(page: LearnPage, colour: str) -> bool:
    image = page.view.grab().toImage()
    wanted = QColor(colour).rgb()
    return any(
        image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height())
    )


def test_the_pick_and_both_gradients_are_painted(page: LearnPage) -> None:
    page.show_playground(PRESETS[0].playground(2))
    for colour in (LIGHT.wrong, LIGHT.synthetic, LIGHT.original, *LIGHT.runs[:2]):
        assert has_colour(page, colour), colour


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_no_two_lines_have_one_colour_and_one_stroke(theme: Theme) -> None:
    pens = [stroke.pen(theme) for stroke in Stroke]
    assert len({(pen.color().rgba(), pen.style()) for pen in pens}) == len(pens)
    # With Symm and without differ in both.
    symm, baseline = Stroke.SYMM.pen(theme), Stroke.BASELINE.pen(theme)
    assert symm.color() != baseline.color()
    assert symm.style() != baseline.style()


def test_is_made_once_it_is_turned_to(qtbot: QtBot, launched: Launched) -> None:
    window = launched.window
    assert not window.findChildren(LearnPage)
    qtbot.keyClick(window, Qt.Key.Key_5, Qt.KeyboardModifier.ControlModifier)
    (page,) = window.findChildren(LearnPage)
    assert window.page is page is window.learn_page
    assert page.isVisible()
    assert page.view.handles[0].hasFocus()
