"""Fields take what people type, and leave the wheel to the page."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QKeySequence, QShortcut, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from symmviz.model.appearance import Appearance
from symmviz.views.forms.fields import keep_keys, leave_wheel_to_page, number_box, spin_box
from symmviz.views.style.theme import apply_appearance


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def typed(qtbot: QtBot, box: QAbstractSpinBox, text: str) -> str:
    """What a box shows once a text was typed in it and it was left."""
    box.selectAll()
    qtbot.keyClicks(box, text)
    box.interpretText()  # as when it loses the focus
    return box.text()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1e-4", "0.0001"),
        ("0,05", "0.05"),
        (" 2.5 ", "2.5"),
        ("2000", "1000"),
        ("1e9", "1000"),
        ("-3", "0.000001"),
        ("abc", "0.002"),
        ("nan", "0.002"),
        ("", "0.002"),
    ],
)
def test_a_number_is_read_as_it_was_meant(
    qtbot: QtBot, page: QWidget, text: str, shown: str
) -> None:
    box = number_box(page, 1e-6, 1000.0, 0.002, 0.1, 6)
    assert typed(qtbot, box, text) == shown


def test_a_number_with_two_points_is_none(page: QWidget) -> None:
    box = number_box(page, 1e-6, 1000.0, 0.002, 0.1, 6)
    box.lineEdit().setText("1,000.5")
    box.interpretText()
    assert box.text() == "0.002"


@pytest.mark.parametrize(
    ("text", "value"), [("36.5", 36.5), ("90", 89.9), ("0,5", 0.5), ("45\N{DEGREE SIGN}", 45.0)]
)
def test_a_number_with_a_unit(qtbot: QtBot, page: QWidget, text: str, value: float) -> None:
    box = number_box(page, 0.1, 89.9, 30.0, 1.0)
    box.setSuffix("\N{DEGREE SIGN}")
    typed(qtbot, box, text.removesuffix(box.suffix()))
    assert box.value() == pytest.approx(value)
    assert box.text().endswith("\N{DEGREE SIGN}")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("20000", "20,000"),
        ("20,000", "20,000"),
        ("1e4", "10,000"),
        ("9000000", "1,000,000"),
        ("0", "1"),
        ("", "300"),
        ("abc", "300"),
        ("20 000", "20,000"),
        ("1,5", "300"),
        ("2.5", "300"),
        ("1.000.000", "300"),
    ],
)
def test_a_whole_number(qtbot: QtBot, page: QWidget, text: str, shown: str) -> None:
    assert typed(qtbot, spin_box(page, 1, 1_000_000, 300, 100), text) == shown


def test_the_start_of_what_is_no_number_is_none(qtbot: QtBot, page: QWidget) -> None:
    assert typed(qtbot, number_box(page, 0.0, 1000.0, 2.0, 0.1), "1 000") == "2"


def test_letters_are_for_the_list_that_has_the_focus(qtbot: QtBot, page: QWidget) -> None:
    column = QVBoxLayout(page)
    pressed: list[str] = []
    choice = QComboBox(page)
    choice.addItems(["apple", "pear"])
    column.addWidget(choice)
    QShortcut(QKeySequence("P"), page, lambda: pressed.append("P"))
    keep_keys(page)
    page.show()
    qtbot.waitExposed(page)
    page.activateWindow()
    choice.setFocus()
    qtbot.waitUntil(choice.hasFocus)
    qtbot.keyClick(choice, Qt.Key.Key_P)
    assert choice.currentText() == "pear"
    assert pressed == []
    page.setFocus()
    qtbot.keyClick(page, Qt.Key.Key_P)
    assert pressed == ["P"]


def test_a_word_for_the_smallest_number(qtbot: QtBot, page: QWidget) -> None:
    box = spin_box(page, 0, 256, 3, 1)
    box.setSpecialValueText("Automatic")
    assert typed(qtbot, box, "0") == "Automatic"
    assert typed(qtbot, box, "1000") == "256"
    box.lineEdit().setText("Automatic")
    box.interpretText()
    assert box.value() == 0


def test_the_wheel_is_the_pages_unless_a_field_has_the_focus(qtbot: QtBot, page: QWidget) -> None:
    column = QVBoxLayout(page)
    number, choice = spin_box(page, 0, 100, 50, 1), QComboBox(page)
    choice.addItems(["a", "b", "c"])
    choice.setCurrentIndex(1)
    column.addWidget(number)
    column.addWidget(choice)
    leave_wheel_to_page(page)
    page.show()
    qtbot.waitExposed(page)
    page.setFocus()
    for field in (number, choice):
        assert not turn(field).isAccepted()  # so Qt asks its parent, up to the page
        assert not field.focusPolicy() & Qt.FocusPolicy.WheelFocus & ~Qt.FocusPolicy.StrongFocus
    assert (number.value(), choice.currentIndex()) == (50, 1)
    number.setFocus()
    qtbot.waitUntil(number.hasFocus)
    assert turn(number).isAccepted()
    assert number.value() < 50


def turn(widget: QWidget) -> QWheelEvent:
    """Turn the wheel down by one notch over a widget."""
    at = QPointF(widget.rect().center())
    event = QWheelEvent(
        at,
        widget.mapToGlobal(at),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)
    return event


@pytest.mark.parametrize("appearance", [Appearance.LIGHT, Appearance.DARK])
@pytest.mark.parametrize("kind", [QLineEdit, QSpinBox, QCheckBox])
def test_a_field_stands_out_from_the_page(
    qapp: QApplication, page: QWidget, kind: type[QWidget], appearance: Appearance
) -> None:
    apply_appearance(qapp, appearance)
    box = kind(page)
    if isinstance(box, QCheckBox):
        box.setChecked(True)
    box.resize(80, 24)
    seen = box.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    middle = [seen.pixelColor(x, 12).lightness() for x in range(4)]
    ground = qapp.palette().window().color().lightness()
    assert max(abs(one - ground) for one in middle) > 50
