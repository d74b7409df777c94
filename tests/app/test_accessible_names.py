"""Whoever hears the window instead of seeing it hears what each control is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenuBar,
    QScrollBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from symmcore.training.spec import parse_spec
from symmviz.exporting import EXPORTS
from symmviz.model.appearance import Appearance
from symmviz.model.display import RunTitle
from symmviz.model.runs.branch import BranchParent
from symmviz.views.dialogs.branch_dialog import BranchDialog
from symmviz.views.dialogs.export_dialog import ExportDialog
from symmviz.views.dialogs.figure_dialog import FigureDialog
from symmviz.views.start.page import StartPage
from symmviz.views.time.track import TimeTrack
from symmviz.views.window.main_window import MainWindow


@pytest.fixture(name="window")
def main_window(qtbot: QtBot) -> MainWindow:
    made = MainWindow(StartPage(Path("/runs")), Appearance.LIGHT)
    qtbot.addWidget(made)
    made.watch_page.set_runs((RunTitle("npair", "N-pair"), RunTitle("npair+symm", "Symm")))
    made.start_page.set_settings({"steps": 7})
    return made


@pytest.fixture(params=["window", "branch", "figure", "export"])
def root(request: pytest.FixtureRequest, window: MainWindow) -> QWidget:
    """The window with all its pages, and each dialog."""
    if request.param == "branch":
        folder, spec = Path("/runs/one"), parse_spec("npair+symm")
        parent = BranchParent(folder, "N-pair", 100, spec, 0.001, 300, "digits", "small", 0)
        return BranchDialog((parent,), window)
    if request.param == "figure":
        return FigureDialog(window)
    if request.param == "export":
        return ExportDialog(EXPORTS, ["N-pair"], 1, Path("/"), lambda kind: kind.about, window)
    for page in (window.watch_page, window.retrieve_page, window.results_page, window.learn_page):
        assert page.window() is window
    return window


def widgets(root: QWidget) -> Iterator[QWidget]:
    """All of them, but for parts of another control and what Qt puts in by itself."""
    for widget in root.findChildren(QWidget):
        if not _is_part(widget) and not widget.objectName().startswith("qt_"):
            yield widget


def controls(root: QWidget) -> Iterator[QWidget]:
    """What the user clicks, types in or moves."""
    kinds = QAbstractButton, QComboBox, QAbstractSpinBox, QLineEdit, QAbstractSlider
    for widget in widgets(root):
        if isinstance(widget, kinds) and not isinstance(widget, QScrollBar):
            yield widget


def where(widget: QWidget) -> str:
    return f"{type(widget).__name__} {widget.toolTip()!r} in {type(widget.parent()).__name__}"


def labels_in(root: QWidget) -> dict[QWidget, str]:
    return {label.buddy(): label.text() for label in root.findChildren(QLabel) if label.buddy()}


def _is_part(widget: QWidget) -> bool:
    """Whether it belongs to a field, or is the inside of a view that scrolls."""
    parent = widget.parentWidget()
    is_inside = isinstance(parent, QAbstractScrollArea) and widget is parent.viewport()
    while parent is not None:
        if isinstance(parent, QComboBox | QAbstractSpinBox | QLineEdit | QMenuBar | QFileDialog):
            return True
        parent = parent.parentWidget()
    return is_inside


def name_of(widget: QWidget, labels: dict[QWidget, str]) -> str:
    """What is said of a control; a list's or a field's present value is no name of it."""
    if isinstance(widget, QComboBox | QAbstractSpinBox | QLineEdit):
        return widget.accessibleName() or labels.get(widget, "")
    interface = QAccessible.queryAccessibleInterface(widget)
    return "" if interface is None else interface.text(QAccessible.Text.Name)


def test_whatever_can_have_the_keyboard_has_a_name(root: QWidget) -> None:
    labels = labels_in(root)
    focused = (one for one in widgets(root) if one.focusPolicy() != Qt.FocusPolicy.NoFocus)
    assert [where(one) for one in focused if not name_of(one, labels)] == []


def test_every_control_is_reached_by_tab_and_has_a_name_and_a_tip(root: QWidget) -> None:
    labels = labels_in(root)
    found = list(controls(root))
    assert len(found) > 3
    assert [where(one) for one in found if not one.focusPolicy() & Qt.FocusPolicy.TabFocus] == []
    assert [where(one) for one in found if not name_of(one, labels)] == []
    # a button of a dialog says itself what it does; the slider says at each place what is there
    tips = (one for one in found if not isinstance(one.parent(), QDialogButtonBox))
    assert [where(one) for one in tips if not (one.toolTip() or isinstance(one, TimeTrack))] == []


def test_maps_are_named_after_their_runs(window: MainWindow) -> None:
    assert window.watch_page.scatter(1).accessibleName() == "Map of Symm"
