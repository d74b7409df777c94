"""Whoever hears the window instead of seeing it hears what each control is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from symmviz.model.appearance import Appearance
from symmviz.model.display import RunTitle
from symmviz.views.main_window import MainWindow
from symmviz.views.start_page import StartPage


@pytest.fixture(name="window")
def main_window(qtbot: QtBot) -> MainWindow:
    made = MainWindow(StartPage(Path("/runs")), Appearance.LIGHT)
    qtbot.addWidget(made)
    made.watch_page.set_runs((RunTitle("npair", "N-pair"), RunTitle("npair+symm", "Symm")))
    made.start_page.set_settings({"steps": 7})
    return made


def controls(window: MainWindow) -> Iterator[QWidget]:
    """What can have the keyboard, but for parts of another control."""
    pages = (window.start_page, window.watch_page, window.retrieve_page, window.results_page)
    for page in (*pages, window.controls, window.time_slider, window.result_card):
        for widget in page.findChildren(QWidget):
            if widget.focusPolicy() == Qt.FocusPolicy.NoFocus or _is_part(widget):
                continue
            yield widget


def _is_part(widget: QWidget) -> bool:
    """Whether it belongs to a field, or is the inside of a view that scrolls."""
    parent = widget.parentWidget()
    is_inside = isinstance(parent, QAbstractScrollArea) and widget is parent.viewport()
    while parent is not None:
        if isinstance(parent, QComboBox | QAbstractSpinBox):
            return True
        parent = parent.parentWidget()
    return is_inside


def name_of(widget: QWidget, labels: dict[QWidget, str]) -> str:
    """What is said of a control; a list's or a field's present value is no name of it."""
    if isinstance(widget, QComboBox | QAbstractSpinBox | QLineEdit):
        return widget.accessibleName() or labels.get(widget, "")
    interface = QAccessible.queryAccessibleInterface(widget)
    return "" if interface is None else interface.text(QAccessible.Text.Name)


def test_every_control_has_a_name(window: MainWindow) -> None:
    labels = {label.buddy(): label.text() for label in window.findChildren(QLabel) if label.buddy()}
    nameless = [
        f"{type(widget).__name__} {widget.toolTip()!r} in {type(widget.parent()).__name__}"
        for widget in controls(window)
        if not name_of(widget, labels)
    ]
    assert nameless == []


def test_maps_are_named_after_their_runs(window: MainWindow) -> None:
    assert window.watch_page.scatter(1).accessibleName() == "Map of Symm"
