"""From a comparison of three runs to a file of what they came to, with the widgets a user has."""

import csv
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from symmviz.app import Launched
from symmviz.views.dialogs.export_dialog import ExportDialog
from symmviz.views.start.page import StartPage
from symmviz.views.time.track import TimeTrack

WAIT_MS = 60_000
LEFT = Qt.MouseButton.LeftButton
TITLES = ["N-pair", "Symm + N-pair", "Symm + Triplet"]


def build(qtbot: QtBot, page: StartPage) -> None:
    """Put three runs together: N-pair, the same with Symm, and triplet with Symm."""
    loss = next(box for box in page.findChildren(QComboBox) if box.findData("npair") >= 0)
    symm = next(box for box in page.findChildren(QCheckBox) if "Symm" in box.text())
    for name, with_symm in (("npair", False), ("npair", True), ("triplet", True)):
        loss.setCurrentIndex(loss.findData(name))
        if symm.isChecked() != with_symm:
            symm.click()
        qtbot.mouseClick(page.comparison.add_button, LEFT)
    assert "They differ in loss and Symm, and share" in page.comparison.note()


def train(qtbot: QtBot, parts: Launched, steps: int) -> None:
    page, controls = parts.window.start_page, parts.window.controls
    page.set_settings({"steps": steps})
    assert page.start_button.text() == "Compare these 3 runs"
    qtbot.mouseClick(page.start_button, LEFT)
    qtbot.waitUntil(lambda: "Finished" in controls.progress_text(), timeout=WAIT_MS)


def texts(widget: QWidget) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel)]


def scrub(qtbot: QtBot, parts: Launched, step: int) -> None:
    """Click the time slider at a step, and wait for that frame in every column."""
    (track,) = parts.window.time_slider.findChildren(TimeTrack)
    spot = QPoint(round(track.position_of(step)), track.height() // 2)
    qtbot.mouseClick(track, LEFT, pos=spot)
    assert parts.controller.workspace.cursor.step == step

    def is_there() -> None:
        shown = [text for text in texts(parts.window.watch_page) if f"step {step} " in text]
        assert len(shown) == 3, shown

    qtbot.waitUntil(is_there, timeout=WAIT_MS)


def select(qtbot: QtBot, parts: Launched) -> int:
    """Click the point at the right edge of the middle map; returns its row."""
    page = parts.window.watch_page
    scatter = page.scatter(1)

    def is_selected() -> None:
        assert scatter.positions is not None
        assert scatter.still
        row = int(np.argmax(scatter.positions.original[:, 0]))
        spot = scatter.position_in_widget(row).toPoint()
        qtbot.mouseMove(scatter.viewport(), spot)
        qtbot.mouseClick(scatter.viewport(), LEFT, pos=spot)
        assert scatter.selected is not None

    qtbot.waitUntil(is_selected, timeout=WAIT_MS)
    assert scatter.selected is not None
    return scatter.selected


def follow_a_failure(qtbot: QtBot, parts: Launched) -> None:
    """Choose the first of the failures, see that it is one, and search with its neighbour."""
    window = parts.window
    page = window.retrieve_page
    window.show_page(page)
    qtbot.waitUntil(lambda: "fail" in page.listing.summary(), timeout=WAIT_MS)
    spot = page.gallery.visualRect(page.gallery.place(0)).center()
    qtbot.mouseClick(page.gallery.viewport(), LEFT, pos=spot)
    qtbot.waitUntil(lambda: page.row_count() == 3, timeout=WAIT_MS)
    first = page.query.caption()

    def is_wrong() -> None:
        wrong = [run for run in range(3) if "✗" in page.row(run).tile(0).text()]
        assert wrong
        qtbot.mouseClick(page.row(wrong[0]).tile(0).button, LEFT)

    qtbot.waitUntil(is_wrong, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: page.query.caption() != first, timeout=WAIT_MS)


def export(qtbot: QtBot, parts: Launched, file: Path) -> None:
    """Write the metrics of all runs with the dialog of the File menu."""
    (action,) = (one for one in parts.window.findChildren(QAction) if one.text() == "&Export...")
    action.trigger()
    (dialog,) = parts.window.findChildren(ExportDialog)
    qtbot.waitExposed(dialog)
    dialog.what.setCurrentIndex(dialog.what.findData("metrics"))
    dialog.file.setText(str(file))
    qtbot.mouseClick(dialog.export_button, LEFT)
    qtbot.waitUntil(lambda: dialog.message().startswith("Wrote"), timeout=WAIT_MS)
    dialog.reject()


def test_a_comparison_is_built_trained_looked_at_and_exported(
    qtbot: QtBot, launched: Launched, tmp_path: Path
) -> None:
    window = launched.window
    build(qtbot, window.start_page)
    train(qtbot, launched, steps=12)
    assert [title for title in TITLES if title in texts(window.watch_page)] == TITLES

    scrub(qtbot, launched, step=5)
    row = select(qtbot, launched)
    assert [window.watch_page.scatter(run).selected for run in range(3)] == [row] * 3
    query = launched.controller.workspace.selection.query
    assert query is not None
    assert window.watch_page.chosen().startswith(f"Test image {query.sample}")

    follow_a_failure(qtbot, launched)
    chosen = launched.controller.workspace.selection.query
    assert chosen is not None
    assert launched.controller.workspace.cursor.step == 5  # still that of the slider
    window.show_page(window.watch_page)
    qtbot.waitUntil(lambda: window.watch_page.chosen().startswith(f"Test image {chosen.sample}"))

    export(qtbot, launched, tmp_path / "metrics.csv")
    with (tmp_path / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    losses = [row for row in rows if row["metric"] == "loss"]
    assert len({row["run"] for row in losses}) == 3
    assert len(losses) == 3 * 5  # up to the step that is shown
