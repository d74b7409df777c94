"""Asking where to save: the whole name, with its ending, is what is asked about."""

from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from symmviz.views.widgets.save_dialog import ask_where_to_save

FORMATS = {".png": "PNG", ".pdf": "PDF"}


def answered(qtbot: QtBot, typed: Path, chosen: str, *, replace: bool) -> tuple[Path | None, int]:
    """What comes of a name typed into the dialog, and how often a question was asked."""
    parent = QWidget()
    qtbot.addWidget(parent)
    asked = 0
    began = False

    def act() -> None:
        nonlocal asked, began
        shown = QApplication.activeModalWidget()
        if isinstance(shown, QMessageBox):
            asked += 1
            wanted = QMessageBox.StandardButton.Yes if replace else QMessageBox.StandardButton.No
            shown.button(wanted).click()
        elif isinstance(shown, QFileDialog):
            if not began:
                began = True
                shown.selectNameFilter(chosen)
                shown.filterSelected.emit(chosen)
                shown.findChildren(QLineEdit)[0].setText(str(typed))
            elif asked and not replace:
                shown.reject()
                return
            QTimer.singleShot(0, shown.accept)  # it asks in a loop of its own

    timer = QTimer(parent)
    timer.timeout.connect(act)
    timer.start(20)
    path = ask_where_to_save(parent, "Save", "plot.png", FORMATS)
    timer.stop()
    return path, asked


def test_a_name_gets_the_ending_of_the_format(qtbot: QtBot, tmp_path: Path) -> None:
    assert answered(qtbot, tmp_path / "plot", "PDF (*.pdf)", replace=True) == (
        tmp_path / "plot.pdf",
        0,
    )


def test_what_is_there_under_the_whole_name_is_asked_about(qtbot: QtBot, tmp_path: Path) -> None:
    for name in ("plot", "plot.v2"):
        (tmp_path / f"{name}.png").touch()
        asked = answered(qtbot, tmp_path / name, "PNG (*.png)", replace=True)
        assert asked == (tmp_path / f"{name}.png", 1)
        assert answered(qtbot, tmp_path / name, "PNG (*.png)", replace=False) == (None, 1)
