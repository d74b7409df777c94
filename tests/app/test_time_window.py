"""The real window: going back in time while training goes on, and opening runs."""

import errno
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers_runs import record_loop
from helpers_widgets import click_item
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from symmviz.app import Launched, launch
from symmviz.views.dialogs.branch_dialog import BranchDialog

WAIT_MS = 60_000


@pytest.fixture
def reopened(qapp: QApplication, qtbot: QtBot) -> Iterator[list[Launched]]:
    """Windows that a test opens besides; closed after it."""
    parts: list[Launched] = []
    yield parts
    for one in parts:
        one.window.close_without_asking()
        assert one.session.close(30), "a thread did not end"
        one.window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def train(qtbot: QtBot, parts: Launched, steps: int, *, compare: bool = False) -> None:
    page = parts.window.start_page
    page.set_settings({"steps": steps, "eval_every": 5})
    button = page.compare_button if compare else page.start_button
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def frames(parts: Launched) -> tuple[int, ...]:
    return parts.window.time_slider.state.frames


def wait_for_frames(qtbot: QtBot, parts: Launched, count: int) -> None:
    qtbot.waitUntil(lambda: len(frames(parts)) >= count, timeout=WAIT_MS)


def captions(parts: Launched) -> list[str]:
    labels = parts.window.watch_page.findChildren(QLabel)
    return [label.text() for label in labels if not label.isHidden()]


def wait_for_picture(qtbot: QtBot, parts: Launched, step: int) -> None:
    def arrived() -> None:
        assert any(f"step {step:,} " in text for text in captions(parts)), captions(parts)

    qtbot.waitUntil(arrived, timeout=WAIT_MS)


def shown(parts: Launched, run: int = 0) -> "np.ndarray":
    positions = parts.window.watch_page.scatter(run).positions
    assert positions is not None
    return positions.original


def found(parts: Launched) -> str:
    page = parts.window.retrieve_page
    return page.row(0).caption() if page.row_count() else ""


def test_an_old_step_is_seen_while_training_goes_on_and_the_run_opens_with_the_same_picture(
    qtbot: QtBot,
    qapp: QApplication,
    launched: Launched,
    runs_folder: Path,
    reopened: list[Launched],
) -> None:
    train(qtbot, launched, 100_000)
    qtbot.waitUntil(lambda: 10 in frames(launched), timeout=WAIT_MS)
    window, slider = launched.window, launched.window.time_slider
    click_item(qtbot, window.retrieve_page.gallery, window.retrieve_page.gallery.place(4))
    step = 5  # evaluated, so that there is a gallery of it
    slider.moved.emit(step)
    wait_for_picture(qtbot, launched, step)
    (recording,) = launched.controller.workspace.recordings
    projection = recording.projection("pca", step)
    assert projection is not None

    def is_recorded(parts: Launched) -> bool:
        return np.array_equal(shown(parts), projection.test.original)

    qtbot.waitUntil(lambda: is_recorded(launched))
    qtbot.waitUntil(lambda: f"step {step} " in found(launched), timeout=WAIT_MS)
    before, count = recording.state.last_step, len(frames(launched))
    qtbot.waitUntil(lambda: recording.state.last_step > before, timeout=WAIT_MS)
    wait_for_frames(qtbot, launched, count + 1)
    qtbot.waitUntil(lambda: is_recorded(launched))
    assert f"step {step} " in found(launched)
    was_following = slider.state.following
    assert not was_following

    past = shown(launched).copy()
    slider.following.emit()
    qtbot.waitUntil(lambda: not np.array_equal(shown(launched), past), timeout=WAIT_MS)
    assert slider.state.following
    launched.session.abort()
    qtbot.waitUntil(lambda: not launched.session.running, timeout=WAIT_MS)
    last = recording.state.frame_steps[-1]
    wait_for_picture(qtbot, launched, last)
    final = shown(launched).copy()

    again = launch(qapp, (recording.folder,))
    reopened.append(again)
    qtbot.waitExposed(again.window)
    wait_for_picture(qtbot, again, last)
    np.testing.assert_array_equal(shown(again), final)
    assert again.window.page is again.window.watch_page
    assert frames(again) == recording.state.frame_steps
    again.window.time_slider.moved.emit(step)
    wait_for_picture(qtbot, again, step)
    qtbot.waitUntil(lambda: is_recorded(again))
    assert "Stopped" in again.window.controls.progress_text()


def test_a_start_puts_the_training_before_among_the_recent_runs(
    qtbot: QtBot, launched: Launched, runs_folder: Path
) -> None:
    train(qtbot, launched, 10, compare=True)
    window, start = launched.window, launched.window.start_page
    qtbot.waitUntil(lambda: "Finished" in window.controls.progress_text(), timeout=WAIT_MS)
    wait_for_picture(qtbot, launched, 10)
    window.show_page(start)
    train(qtbot, launched, 5)
    qtbot.waitUntil(
        lambda: "Finished · step 5 of 5" in window.controls.progress_text(), timeout=WAIT_MS
    )
    (first,) = runs_folder.glob("*-vs-*")
    start.open_runs_wanted.emit((first,))
    qtbot.waitUntil(lambda: len(launched.controller.workspace.recordings) == 2, timeout=WAIT_MS)
    scatter = launched.window.watch_page.scatter(1)
    qtbot.waitUntil(lambda: scatter.positions is not None, timeout=WAIT_MS)
    recordings = launched.controller.workspace.recordings
    assert [one.info.name for one in recordings] == ["npair", "npair+symm"]
    assert shown(launched, 1).shape == (200, 2)


def test_a_folder_that_is_no_run_is_said_and_changes_nothing(
    qtbot: QtBot, launched: Launched, tmp_path: Path
) -> None:
    page = launched.window.start_page
    empty = tmp_path / "empty"
    empty.mkdir()
    page.open_runs_wanted.emit((empty,))
    qtbot.waitUntil(lambda: str(empty) in page.error(), timeout=WAIT_MS)
    assert launched.window.page is page
    assert list(empty.iterdir()) == []


def test_a_folder_that_is_dropped_is_opened_if_it_is_a_run_and_chosen_if_not(
    qtbot: QtBot, launched: Launched, tmp_path: Path
) -> None:
    page, workspace = launched.window.start_page, launched.controller.workspace
    images = tmp_path / "images"
    images.mkdir()
    page.dropped.emit(images)
    qtbot.waitUntil(lambda: page.form().dataset == f"folder:{images}", timeout=WAIT_MS)
    assert not workspace.recordings
    run = tmp_path / "run"
    record_loop(run)
    page.dropped.emit(run)
    qtbot.waitUntil(lambda: len(workspace.recordings) == 1, timeout=WAIT_MS)
    (shown,) = workspace.recordings
    assert shown.folder == run
    assert page.form().dataset == f"folder:{images}"


def test_a_folder_that_is_dropped_and_cannot_be_looked_into_says_why(
    qtbot: QtBot, launched: Launched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr("symmviz.actions.dropped_folders.holds_run", refuse)
    page = launched.window.start_page
    dataset = page.form().dataset
    page.dropped.emit(tmp_path)
    said = f"{tmp_path} cannot be looked into (Permission denied)."
    qtbot.waitUntil(lambda: said in page.error(), timeout=WAIT_MS)
    assert page.form().dataset == dataset


def test_an_opened_run_is_gone_on_with_and_branched(
    qtbot: QtBot,
    qapp: QApplication,
    launched: Launched,
    runs_folder: Path,
    reopened: list[Launched],
) -> None:
    train(qtbot, launched, 10)
    controls = launched.window.controls
    qtbot.waitUntil(lambda: "Finished" in controls.progress_text(), timeout=WAIT_MS)
    (folder,) = runs_folder.iterdir()
    launched.window.close_without_asking()
    assert launched.session.close(30)

    again = launch(qapp, (folder,))
    reopened.append(again)
    workspace, controls = again.controller.workspace, again.window.controls
    qtbot.waitUntil(lambda: controls.extend_button.isVisible(), timeout=WAIT_MS)
    (opened,) = workspace.recordings
    controls.extend.emit(5)
    qtbot.waitUntil(lambda: "Finished · step 15 of 15" in controls.progress_text(), timeout=WAIT_MS)
    (resumed,) = workspace.recordings
    assert resumed in again.session.recordings
    assert resumed is not opened
    assert resumed.key == opened.key
    assert resumed.state.metrics["loss"].steps.tolist() == list(range(1, 16))
    wait_for_picture(qtbot, again, 15)

    step = resumed.state.checkpoint_steps[-1]
    again.window.time_slider.branch_wanted.emit(step)
    dialog = again.window.findChild(BranchDialog)
    assert dialog is not None
    dialog.steps.setValue(step + 5)
    dialog.learning_rate.setValue(0.0001)
    qtbot.mouseClick(dialog.branch_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(workspace.recordings) == 2, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: "Finished" in controls.progress_text(), timeout=WAIT_MS)
    parent, branch = workspace.recordings
    assert parent.key == resumed.key
    assert branch.info.parent is not None
    assert (branch.info.parent.key, branch.info.parent.step) == (resumed.key, step)
    qtbot.waitUntil(
        lambda: branch.state.projection_steps.get("pca", ())[-1:] == (step + 5,), timeout=WAIT_MS
    )
    for shared in parent.state.frame_steps:
        again.window.time_slider.moved.emit(shared)
        qtbot.waitUntil(lambda: np.array_equal(shown(again, 0), shown(again, 1)), timeout=WAIT_MS)
