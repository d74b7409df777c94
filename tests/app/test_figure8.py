"""Frames side by side, as the paper's Fig. 8: which, how they are drawn, and in the window."""

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from helpers_recording import FakeRecording
from helpers_runs import record_loop
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from symmcore.errors import InputError
from symmcore.export import ExportOptions
from symmcore.export.options import MOST_STEPS, parse_steps
from symmcore.progress import ignore_progress
from symmcore.runs import Recording
from symmviz.app import Launched
from symmviz.exporting import export, export_kind
from symmviz.exporting.figure8 import PROPOSED, draw_figure8, proposed_steps
from symmviz.views.dialogs import figure_dialog
from symmviz.views.dialogs.figure_dialog import FigureDialog

SVG = "{http://www.w3.org/2000/svg}"
_PATIENCE = 60_000


@pytest.fixture
def runs(tmp_path: Path, qapp: QApplication) -> tuple[Recording, ...]:
    for name in ("one", "two"):
        record_loop(tmp_path / name, steps=12)
    return tuple(Recording.open(tmp_path / name) for name in ("one", "two"))


def test_four_frames_are_proposed_as_many_apart_each() -> None:
    run = FakeRecording()
    run.add_frame(0, 1, 2, 5, 10, 20, 30, projected=False)
    assert proposed_steps((run,)) == (0, 2, 10, 30)
    assert proposed_steps((run,), last=6) == (0, 1, 2, 5)
    other = FakeRecording("npair+symm")
    other.add_frame(0, 40, projected=False)
    assert proposed_steps((run, other))[-1] == 40
    assert len(proposed_steps((run, other))) == PROPOSED
    few = FakeRecording("angular")
    few.add_frame(7, projected=False)
    assert proposed_steps((few,)) == (7,)
    with pytest.raises(InputError, match="no frame up to step 6"):
        proposed_steps((few,), last=6)


@pytest.mark.parametrize(
    ("text", "steps"), [("", ()), ("0, 120, 300", (0, 120, 300)), (" 30 5,5 ", (5, 30))]
)
def test_steps_are_read(text: str, steps: tuple[int, ...]) -> None:
    assert parse_steps(text) == steps


@pytest.mark.parametrize("text", ["a", "1.5", "-3", "1;2", "9" * 40, "²"])
def test_what_is_no_step_is_said(text: str) -> None:
    with pytest.raises(InputError, match="whole numbers, such as 0, 120, 300"):
        parse_steps(text)


def test_too_many_steps_are_said() -> None:
    with pytest.raises(InputError, match=f"at most {MOST_STEPS}"):
        parse_steps(",".join(map(str, range(MOST_STEPS + 1))))


def colours_in(image: QImage, columns: slice, rows: slice) -> tuple[int, int]:
    """How many pixels are clearly blue, and how many clearly red."""
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.width(), 4)
    blue, _, red = (pixels[rows, columns, at].astype(int) for at in range(3))
    return int((blue > red + 60).sum()), int((red > blue + 60).sum())


def test_originals_are_blue_and_synthetic_points_red_in_every_map(
    runs: tuple[Recording, ...],
) -> None:
    steps = runs[0].state.frame_steps
    figure = draw_figure8(runs, ExportOptions(by_class=True), ignore_progress)
    assert figure.steps == proposed_steps(runs)
    assert set(figure.steps) <= set(steps)
    width, height = figure.image.width(), figure.image.height()
    across = len(figure.steps)
    for column in range(across):
        for row in range(2):
            place = (
                slice(width * column // across, width * (column + 1) // across),
                slice(height * row * 45 // 100, height * (row + 1) * 45 // 100),
            )
            blue, red = colours_in(figure.image, *place)
            assert blue > 200
            assert red > 200
    alone = draw_figure8(runs, ExportOptions(synthetic=False), ignore_progress)
    beside_marks = slice(width // across, None)  # of the runs, which may be of any colour
    blue, red = colours_in(alone.image, beside_marks, slice(None))
    assert (blue > 200, red) == (True, 0)


def test_the_named_steps_are_written_each_with_its_frame(
    runs: tuple[Recording, ...], tmp_path: Path
) -> None:
    first, *_, last = runs[0].state.frame_steps
    path = tmp_path / "a.svg"
    options = ExportOptions(steps=(first, last, last + 100))
    export(export_kind("figure8"), runs, path, options, ignore_progress, overwrite=False)
    drawing = ET.parse(path).getroot()  # noqa: S314 - our own
    words = " ".join("".join(text.itertext()) for text in drawing.iter(f"{SVG}text"))
    assert words.count(f"step {first}") == 2
    assert words.count(f"step {last}") == 4, "beyond the last frame it is shown again"
    assert len(list(drawing.iter(f"{SVG}image"))) == 6


@pytest.fixture
def dialog(launched: Launched, qtbot: QtBot, tmp_path: Path) -> FigureDialog:
    record_loop(tmp_path / "mine", steps=12)
    launched.controller.open((tmp_path / "mine",))
    workspace = launched.controller.workspace
    qtbot.waitUntil(lambda: bool(workspace.recordings), timeout=_PATIENCE)
    launched.window.figure_wanted.emit()
    (found,) = launched.window.findChildren(FigureDialog)
    qtbot.waitUntil(lambda: found.image is not None, timeout=_PATIENCE)
    return found


def test_the_dialog_shows_draws_anew_copies_and_saves(
    dialog: FigureDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = dialog.image
    proposed = parse_steps(dialog.steps.text())
    assert len(proposed) == PROPOSED
    dialog.steps.setText("nothing")
    qtbot.keyClick(dialog.steps, Qt.Key.Key_Return)
    assert "whole numbers" in dialog.message()
    assert dialog.image is first
    dialog.steps.setText(f"{proposed[0]} {proposed[-1]}")
    qtbot.keyClick(dialog.steps, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.image is not first, timeout=_PATIENCE)
    assert dialog.steps.text() == f"{proposed[0]}, {proposed[-1]}"
    buttons = {one.text(): one for one in dialog.findChildren(QPushButton)}
    buttons["Copy picture"].click()
    assert dialog.image is not None
    assert QGuiApplication.clipboard().image().size() == dialog.image.size()
    path = tmp_path / "figure.pdf"
    monkeypatch.setattr(figure_dialog, "ask_where_to_save", lambda *_: path)
    buttons["Save..."].click()
    qtbot.waitUntil(lambda: dialog.message() == f"Wrote {path}.", timeout=_PATIENCE)
    assert path.read_bytes().startswith(b"%PDF")
    path = tmp_path / "no" / "figure.pdf"
    buttons["Save..."].click()
    qtbot.waitUntil(lambda: "its folder does not exist" in dialog.message(), timeout=_PATIENCE)
    dialog.reject()
