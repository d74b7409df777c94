"""The real window: what a user does, and what is on the screen then."""

import dataclasses
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from helpers_widgets import choose, click_item, control, enter
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QMessageBox,
)
from pytestqt.qtbot import QtBot
from torch import Tensor

from symmcore.training.learner import Learner, StepResult
from symmviz.app import Launched
from symmviz.model.appearance import Appearance
from symmviz.model.curve import Panel, Variant
from symmviz.model.display import ColourBy
from symmviz.views.dialogs.shortcuts import ShortcutList, show_shortcuts
from symmviz.views.start.dataset_picker import DatasetPicker
from symmviz.views.style.theme import DARK, LIGHT, current_theme

# Generous: a loaded machine takes a while to import torch.
WAIT_MS = 60_000


def progress(parts: Launched) -> str:
    return parts.window.controls.progress_text()


def notice(parts: Launched) -> str:
    return parts.window.controls.notice.text()


def start(qtbot: QtBot, parts: Launched, *, compare: bool = False, steps: int = 20) -> None:
    page = parts.window.start_page
    page.set_settings({"steps": steps})
    button = page.compare_button if compare else page.start_button
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def wait_for(qtbot: QtBot, parts: Launched, word: str) -> None:
    def arrived() -> None:
        assert word in progress(parts), (progress(parts), notice(parts))

    qtbot.waitUntil(arrived, timeout=WAIT_MS)


def finish(qtbot: QtBot, parts: Launched, *, compare: bool = False, steps: int = 20) -> None:
    """Train to the end and wait for the last picture."""
    start(qtbot, parts, compare=compare, steps=steps)
    wait_for(qtbot, parts, "Finished")
    wait_for_picture(qtbot, parts, steps)


def wait_for_picture(qtbot: QtBot, parts: Launched, step: int) -> None:
    def arrived() -> None:
        captions = [label.text() for label in parts.window.watch_page.findChildren(QLabel)]
        assert any(f"step {step} " in caption for caption in captions), captions

    qtbot.waitUntil(arrived, timeout=WAIT_MS)


def answer(qtbot: QtBot, parts: Launched, text: str) -> None:
    """Press a button of the one question that is being asked."""
    boxes = parts.window.findChildren(QMessageBox)
    assert len(boxes) == 1
    button = next(b for b in boxes[0].findChildren(QAbstractButton) if b.text() == text)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def records(path: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    for line in lines:
        del line["seconds"]
        line.pop("peak_memory_bytes", None)
    return lines


def test_start_is_one_click_to_a_finished_run_and_a_picture(
    qtbot: QtBot, launched: Launched, runs_folder: Path
) -> None:
    finish(qtbot, launched)
    window = launched.window
    assert window.page is window.watch_page
    assert "step 20 of 20" in progress(launched)
    assert "200 of 599 test images" in window.shown()
    positions = window.watch_page.scatter(0).positions
    assert positions is not None
    assert positions.original.shape == positions.synthetic.shape == (200, 2)
    assert np.ptp(positions.original) > 0
    (run,) = runs_folder.iterdir()
    recorded = records(run)
    drawn_steps, drawn = window.watch_page.curves.panel(Panel.LOSS).line_data(0, Variant.SOLID)
    qtbot.waitUntil(
        lambda: len(window.watch_page.curves.panel(Panel.LOSS).line_data(0, Variant.SOLID)[0]) == 20
    )
    drawn_steps, drawn = window.watch_page.curves.panel(Panel.LOSS).line_data(0, Variant.SOLID)
    assert drawn_steps == list(range(1, 21))
    assert drawn == [line["loss"] for line in recorded if line["kind"] == "step"]


def test_compare_is_one_click_to_two_columns_and_two_recorded_runs(
    qtbot: QtBot, launched: Launched, runs_folder: Path
) -> None:
    finish(qtbot, launched, compare=True)
    page = launched.window.watch_page
    for run in (0, 1):
        assert page.scatter(run).positions is not None
    ratio = page.curves.panel(Panel.RATIO)
    assert ratio.lines == {(1, Variant.SOLID), (1, Variant.DASHED)}  # N-pair alone picks nothing
    assert page.curves.panel(Panel.RECALL).lines == {(r, v) for r in (0, 1) for v in Variant}
    (folder,) = runs_folder.iterdir()
    assert {path.name for path in folder.iterdir()} == {"npair", "npair+symm"}
    assert len(records(folder / "npair")) == 20 + 2


def test_a_run_in_the_window_records_what_the_command_line_records(
    qtbot: QtBot, launched: Launched, runs_folder: Path, tmp_path: Path
) -> None:
    from symmcore.runs.writing.training_recorder import TrainingRecorder
    from symmcore.settings.symm import Symm
    from symmcore.training.config import TrainingConfig
    from symmcore.training.control import Control
    from symmcore.training.spec import RunSpec
    from symmcore.training.trainer import Trainer

    finish(qtbot, launched)
    config = TrainingConfig(specs=(RunSpec("npair", Symm()),), steps=20)
    recorder = TrainingRecorder(tmp_path / "alone", config)
    Trainer(config, recorder).run(Control())
    recorder.close()
    (run,) = runs_folder.iterdir()
    assert records(run) == records(tmp_path / "alone")


def test_pause_holds_and_resume_goes_on(qtbot: QtBot, launched: Launched) -> None:
    start(qtbot, launched, steps=100_000)
    wait_for(qtbot, launched, "Training")
    controls = launched.window.controls
    qtbot.mouseClick(controls.pause_button, Qt.MouseButton.LeftButton)
    wait_for(qtbot, launched, "Paused")
    held = progress(launched)
    assert not controls.pause_button.isVisible()
    qtbot.wait(200)  # nothing may happen: there is no event to wait for
    assert progress(launched) == held
    qtbot.mouseClick(controls.resume_button, Qt.MouseButton.LeftButton)
    wait_for(qtbot, launched, "Training")
    assert progress(launched) != held


def test_stop_does_not_ask_since_a_stopped_run_can_go_on(qtbot: QtBot, launched: Launched) -> None:
    start(qtbot, launched, steps=100_000)
    wait_for(qtbot, launched, "Training")
    controls = launched.window.controls
    qtbot.mouseClick(controls.stop_button, Qt.MouseButton.LeftButton)
    assert not launched.window.findChildren(QMessageBox)
    wait_for(qtbot, launched, "Stopped")
    assert controls.extend_button.isVisible()
    controls.extend.emit(5)
    wait_for(qtbot, launched, "Finished")


def test_a_finished_run_goes_on_in_the_same_curves(
    qtbot: QtBot, launched: Launched, runs_folder: Path
) -> None:
    finish(qtbot, launched, steps=10)
    launched.window.controls.extend.emit(10)
    wait_for(qtbot, launched, "step 20 of 20")
    wait_for(qtbot, launched, "Finished")
    (run,) = runs_folder.iterdir()
    steps = [line["step"] for line in records(run) if line["kind"] == "step"]
    assert steps == list(range(1, 21))
    assert json.loads((run / "config.json").read_text())["steps"] == 20
    panel = launched.window.watch_page.curves.panel(Panel.LOSS)
    qtbot.waitUntil(lambda: panel.line_data(0, Variant.SOLID)[0] == list(range(1, 21)))


@pytest.mark.parametrize("moment", ["before start", "preparing", "training", "paused", "finished"])
def test_closing_at_any_moment_ends_everything(
    qtbot: QtBot, launched: Launched, moment: str
) -> None:
    if moment != "before start":
        start(qtbot, launched, steps=10 if moment == "finished" else 100_000)
    if moment in ("training", "paused"):
        wait_for(qtbot, launched, "Training")
    if moment == "paused":
        launched.session.pause()
        wait_for(qtbot, launched, "Paused")
    if moment == "finished":
        wait_for(qtbot, launched, "Finished")
    launched.window.close()
    if moment in ("preparing", "training", "paused"):
        assert launched.window.isVisible(), "a running training is not closed without asking"
        answer(qtbot, launched, "Stop and close")
    assert not launched.window.isVisible()
    assert launched.session.close(30)


def test_closing_while_evaluating_ends_everything(
    qtbot: QtBot, launched: Launched, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    embedding, closing = threading.Event(), threading.Event()
    original = Learner.embed

    def embed(self: Learner, images: object) -> object:
        embedding.set()
        assert closing.wait(60)
        return original(self, images)  # type: ignore[arg-type]  # passed through as it came

    monkeypatch.setattr(Learner, "embed", embed)
    start(qtbot, launched, steps=100_000)
    assert embedding.wait(60)
    launched.window.close_without_asking()
    closing.set()
    assert launched.session.close(30)


def test_choosing_a_test_image_shows_its_neighbours_for_every_run(
    qtbot: QtBot, launched: Launched
) -> None:
    finish(qtbot, launched, compare=True)
    window = launched.window
    window.show_page(window.retrieve_page)
    gallery = window.retrieve_page.gallery
    assert gallery.counts() == (599, 599)
    spot = gallery.visualRect(gallery.place(3)).center()
    qtbot.mouseClick(gallery.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    page = window.retrieve_page
    qtbot.waitUntil(lambda: page.row_count() == 2, timeout=WAIT_MS)
    for run in (0, 1):
        assert "searched 598 other test images" in page.row(run).caption()
        assert "✓" in page.row(run).tile(0).text() or "✗" in page.row(run).tile(0).text()
    first = page.query.caption()
    page.row(1).tile(0).click()
    assert page.query.caption() != first


def test_the_tab_key_goes_from_the_images_to_what_was_found(
    qtbot: QtBot, launched: Launched
) -> None:
    finish(qtbot, launched)
    page = launched.window.retrieve_page
    launched.window.activateWindow()
    launched.window.show_page(page)
    assert page.gallery.hasFocus(), "the arrow keys choose an image at once"
    click_item(qtbot, page.gallery, page.gallery.place(0))
    qtbot.waitUntil(lambda: page.row_count() == 1, timeout=WAIT_MS)
    for rank in range(3):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert QApplication.focusWidget() is page.row(0).tile(rank).button


def test_retrieval_works_while_training(qtbot: QtBot, launched: Launched) -> None:
    start(qtbot, launched, steps=100_000)
    wait_for(qtbot, launched, "Training")
    page = launched.window.retrieve_page
    launched.window.show_page(page)
    qtbot.waitUntil(lambda: page.gallery.counts()[0] > 0, timeout=WAIT_MS)
    click_item(qtbot, page.gallery, page.gallery.place(0))
    qtbot.waitUntil(lambda: page.row_count() == 1, timeout=WAIT_MS)
    first = page.row(0).caption()
    qtbot.waitUntil(lambda: page.row(0).caption() != first, timeout=WAIT_MS)


def test_clicking_a_point_selects_its_image(qtbot: QtBot, launched: Launched) -> None:
    finish(qtbot, launched)
    scatter = launched.window.watch_page.scatter(0)

    def clicked() -> None:
        positions = scatter.positions
        assert positions is not None
        row = int(np.argmax(positions.original[:, 0]))  # at the edge of the cloud
        spot = scatter.position_in_widget(row).toPoint()
        qtbot.mouseMove(scatter.viewport(), spot)
        qtbot.mouseClick(scatter.viewport(), Qt.MouseButton.LeftButton, pos=spot)
        assert scatter.positions is positions, "the map was still settling"
        assert scatter.selected is not None
        chosen = positions.original[scatter.selected]
        radius = 14 * scatter.getViewBox().viewPixelSize()[0]
        assert np.hypot(*(chosen - positions.original[row])) <= radius

    qtbot.waitUntil(clicked, timeout=WAIT_MS)
    page = launched.window.retrieve_page
    qtbot.waitUntil(lambda: page.row_count() == 1, timeout=WAIT_MS)
    assert "Test image" in page.query.caption()


def test_training_points_can_be_shown_and_chosen(qtbot: QtBot, launched: Launched) -> None:
    finish(qtbot, launched)
    watch = launched.window.watch_page
    choose(qtbot, control(watch, QComboBox, "Which images"), "Training images")
    positions = watch.scatter(0).positions
    assert positions is not None
    assert len(positions.original) == 200
    assert "200 of 1,198 training images" in launched.window.shown()
    watch.row_picked.emit(0, 5)
    page = launched.window.retrieve_page
    qtbot.waitUntil(lambda: page.row_count() == 1, timeout=WAIT_MS)
    assert "199 other watched training images" in page.row(0).caption()


def test_a_point_far_from_every_other_is_not_picked(qtbot: QtBot, launched: Launched) -> None:
    finish(qtbot, launched)
    scatter = launched.window.watch_page.scatter(0)
    qtbot.mouseClick(scatter.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
    assert scatter.selected is None


def test_a_failure_in_training_is_shown_and_another_run_can_start(
    qtbot: QtBot, launched: Launched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the network fell over")

    qtbot.waitUntil(lambda: launched.session.warm, timeout=WAIT_MS)
    with monkeypatch.context() as patched:
        patched.setattr(Learner, "step", fail)
        start(qtbot, launched)
        wait_for(qtbot, launched, "Failed")
    assert "the network fell over" in notice(launched)
    qtbot.mouseClick(launched.window.controls.notice.copy_button, Qt.MouseButton.LeftButton)
    assert "Traceback" in QGuiApplication.clipboard().text()
    launched.window.show_page(launched.window.start_page)
    finish(qtbot, launched)
    assert notice(launched) == ""


def loses(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Have the loss of one step be no number: the first run's first step is the first of all."""
    original, steps = Learner.step, itertools.count(1)

    def step(learner: Learner, images: Tensor, labels: Tensor) -> StepResult:
        took = original(learner, images, labels)
        return dataclasses.replace(took, loss=math.nan) if next(steps) == at else took

    monkeypatch.setattr(Learner, "step", step)


def test_a_diverged_run_says_at_which_step_and_keeps_its_curves(
    qtbot: QtBot, launched: Launched, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = launched.window.start_page
    qtbot.waitUntil(lambda: launched.session.warm, timeout=WAIT_MS)
    loses(monkeypatch, at=3)
    start(qtbot, launched, steps=1000)
    wait_for(qtbot, launched, "Diverged")
    assert "at step 3" in notice(launched)
    assert "lower learning rate" in notice(launched)
    assert "Everything up to then is kept." in notice(launched)
    panel = launched.window.watch_page.curves.panel(Panel.LOSS)
    qtbot.waitUntil(lambda: len(panel.line_data(0, Variant.SOLID)[0]) >= 1)
    assert page.start_button.isEnabled()


def test_of_two_runs_one_that_diverges_is_marked_and_the_other_goes_on(
    qtbot: QtBot, launched: Launched, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = launched.window

    def drawn(*last: int) -> None:
        panel = window.watch_page.curves.panel(Panel.LOSS)
        data = [panel.line_data(run, Variant.SOLID) for run in (0, 1)]
        finite = [[x for x, y in zip(*one, strict=True) if math.isfinite(y)] for one in data]
        assert [steps[-1:] for steps in finite] == [[one] for one in last]

    def marked() -> bool:
        labels = window.watch_page.findChildren(QLabel)
        return any("Diverged at step 3" in label.text() for label in labels)

    qtbot.waitUntil(lambda: launched.session.warm, timeout=WAIT_MS)
    loses(monkeypatch, at=6)  # the second run's third
    finish(qtbot, launched, compare=True, steps=6)
    assert "of npair+symm became nan at step 3" in notice(launched)
    qtbot.waitUntil(lambda: drawn(6, 2), timeout=WAIT_MS)
    qtbot.waitUntil(marked, timeout=WAIT_MS)
    qtbot.waitUntil(window.controls.extend_button.isEnabled, timeout=WAIT_MS)
    assert window.controls.extend_button.text() == "Go on"
    window.controls.extend.emit(2)
    wait_for(qtbot, launched, "step 8 of 8")
    qtbot.waitUntil(lambda: drawn(8, 2), timeout=WAIT_MS)
    assert marked()


def test_a_folder_that_cannot_be_written_is_said_beside_start(
    qtbot: QtBot, launched: Launched, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    page = launched.window.start_page
    page.runs_folder_chosen.emit(in_the_way)
    start(qtbot, launched)
    assert str(in_the_way) in page.error()
    assert launched.window.page is page
    assert in_the_way.read_text() == "not a folder"


def test_appearance_changes_at_once_and_is_remembered(
    qtbot: QtBot, launched: Launched, qapp: QApplication
) -> None:
    from symmviz.services.preferences import Settings

    finish(qtbot, launched)
    for appearance, theme in ((Appearance.DARK, DARK), (Appearance.LIGHT, LIGHT)):
        launched.window.appearance_chosen.emit(appearance)
        assert current_theme() == theme
        assert Settings().appearance is appearance
        for colour_by in ColourBy:
            launched.window.watch_page.scatter(0).set_colour_by(colour_by)
        assert not launched.window.grab().isNull()


def test_help_lists_every_shortcut(qtbot: QtBot, launched: Launched) -> None:
    show_shortcuts(launched.window)
    (listed,) = launched.window.findChildren(ShortcutList)
    actions = launched.window.findChildren(QAction)
    with_keys = [action for action in actions if not action.shortcut().isEmpty()]
    assert len(with_keys) > 10
    for action in with_keys:
        assert listed.text().count(f"<td>{action.text().replace('&', '')}</td>") == 1
    listed.close()


def test_a_second_training_cannot_start_beside_the_first(qtbot: QtBot, launched: Launched) -> None:
    start(qtbot, launched, steps=100_000)
    wait_for(qtbot, launched, "Training")
    page = launched.window.start_page
    assert not page.start_button.isEnabled()
    assert not page.compare_button.isEnabled()


def test_every_loss_of_the_paper_can_be_compared(
    qtbot: QtBot, launched: Launched, runs_folder: Path
) -> None:
    launched.window.start_page.set_loss("lifted")
    assert "Lifted structure" in launched.window.start_page.compare_button.text()
    finish(qtbot, launched, compare=True, steps=5)
    (folder,) = runs_folder.iterdir()
    assert {path.name for path in folder.iterdir()} == {"lifted", "lifted+symm"}


def test_a_question_about_a_training_that_ended_goes_away(qtbot: QtBot, launched: Launched) -> None:
    start(qtbot, launched, steps=60)
    wait_for(qtbot, launched, "Training")
    launched.window.close()
    wait_for(qtbot, launched, "Finished")
    assert not launched.window.findChildren(QMessageBox)
    launched.window.stop_wanted.emit()  # which comes too late
    assert launched.window.start_page.start_button.isEnabled()


def test_the_chosen_image_stays_marked_and_can_be_chosen_again(
    qtbot: QtBot, launched: Launched
) -> None:
    finish(qtbot, launched)
    page, watch = launched.window.retrieve_page, launched.window.watch_page
    click_item(qtbot, page.gallery, page.gallery.place(5))
    chosen = page.query.caption()
    names = control(page.listing, QLineEdit, "Class or file name")
    enter(qtbot, names, "x")
    qtbot.waitUntil(lambda: page.gallery.counts()[0] == 0, timeout=WAIT_MS)
    enter(qtbot, names, "")
    assert page.gallery.currentIndex() == page.gallery.place(5)
    assert page.query.caption() == chosen
    choose(qtbot, control(watch, QComboBox, "Which images"), "Training images")
    watch.row_picked.emit(0, 3)
    assert page.query.caption() != chosen
    choose(qtbot, control(watch, QComboBox, "Which images"), "Test images")
    click_item(qtbot, page.gallery, page.gallery.place(5))
    assert page.query.caption() == chosen


def test_the_status_line_says_when_synthetic_points_are_hidden(
    qtbot: QtBot, launched: Launched
) -> None:
    finish(qtbot, launched)
    synthetic = control(launched.window.watch_page, QCheckBox, "Synthetic points")
    synthetic.click()
    assert "synthetic points are hidden" in launched.window.shown()
    label = launched.window.statusBar().findChild(QLabel)
    assert label is not None
    seen = [label.isVisible()]
    launched.window.show_page(launched.window.start_page)
    seen.append(label.isVisible())
    assert seen == [True, False]
    synthetic.click()
    assert "and their 200 synthetic points" in launched.window.shown()


def test_a_start_that_is_refused_late_shows_nothing_of_the_training_before(
    qtbot: QtBot, launched: Launched, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(qtbot, launched)
    page = launched.window.watch_page
    assert any("step 20 " in label.text() for label in page.findChildren(QLabel))
    launched.window.start_page.set_dataset(f"folder:{Path('/nowhere/at/all')}")
    launched.window.start_page.compare.emit()  # before the folder was looked at
    wait_for(qtbot, launched, "Not started")
    assert "nowhere" in notice(launched)
    captions = [label.text() for label in page.findChildren(QLabel) if label.isVisible()]
    assert not any("step 20 " in caption for caption in captions)
    assert launched.window.retrieve_page.gallery.counts() == (0, 0)


def test_a_folder_is_looked_at_before_a_start(
    qtbot: QtBot, launched: Launched, tmp_path: Path
) -> None:
    launched.window.start_page.set_dataset(f"folder:{tmp_path / 'nowhere'}")

    def refused() -> None:
        picker = launched.window.start_page.findChild(DatasetPicker)
        assert picker is not None
        assert "nowhere" in picker.note()

    qtbot.waitUntil(refused, timeout=WAIT_MS)
    page = launched.window.start_page
    qtbot.mouseClick(page.start_button, Qt.MouseButton.LeftButton)
    assert launched.window.page is page
    assert "nowhere" in page.error()
    page.set_dataset("digits")
    page.set_preset("paper")
    assert "choose the preset Quick" in page.problem()
    assert not page.start_button.isEnabled()
    page.set_dataset("alphabets")
    assert not page.start_button.isEnabled()
    page.set_preset("quick")
    assert page.start_button.isEnabled()
