"""Several seeds from the window: one after the other, stopped, and gone on with."""

import json
from concurrent.futures import Future
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from helpers_runs import record_loop
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QSpinBox
from pytestqt.qtbot import QtBot

from symmcore.runs import Recording
from symmcore.runs.reading.recording import open_runs
from symmcore.runs.results import read_results
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import parse_spec
from symmcore.training.status import FinishReason, RunState, TrainingStatus
from symmviz.actions.seed_series import SeedSeries
from symmviz.app import Launched
from symmviz.model.curve import Panel, Variant
from symmviz.model.runs.seed_runs import SeedRuns
from symmviz.model.workspace import Workspace
from symmviz.services.session import Session
from symmviz.services.training.seed_series import SeedsLeft
from symmviz.views.results.page import ResultsPage
from symmviz.views.start.seeds_field import SeedsField

WAIT_MS = 60_000


def start(qtbot: QtBot, parts: Launched, seeds: str, steps: int, *, compare: bool) -> None:
    page = parts.window.start_page
    page.set_settings({"steps": steps})
    (field,) = page.findChildren(SeedsField)
    field.setText(seeds)
    qtbot.mouseClick(
        page.compare_button if compare else page.start_button, Qt.MouseButton.LeftButton
    )


def progress(parts: Launched) -> str:
    return parts.window.controls.progress_text()


def wait_for(qtbot: QtBot, parts: Launched, *words: str) -> None:
    def arrived() -> None:
        said = progress(parts)
        assert all(word in said for word in words), (said, parts.window.controls.notice.text())

    qtbot.waitUntil(arrived, timeout=WAIT_MS)


def test_each_seed_is_shown_while_it_trains_and_all_count_in_the_end(
    qtbot: QtBot, launched: Launched, runs_folder: Path
) -> None:
    start(qtbot, launched, "3,5", 4, compare=True)
    wait_for(qtbot, launched, "Seed 1 of 2")
    workspace, window = launched.controller.workspace, launched.window
    wait_for(qtbot, launched, "Seed 2 of 2")
    assert window.result_card.text() == ""  # it is not over
    wait_for(qtbot, launched, "Seed 2 of 2", "Finished")
    assert [run.info.seed for run in workspace.recordings] == [5, 5]
    assert [run.info.seed for run in workspace.plotted] == [5, 5, 3, 3]
    (folder,) = runs_folder.iterdir()
    assert {one.name for one in folder.iterdir()} >= {"seeds.json", "seed-3", "seed-5"}
    qtbot.waitUntil(lambda: window.result_card.text() != "", timeout=WAIT_MS)
    titles = [line[0] for line in window.result_card.table.words()]
    assert titles == ["", "N-pair", "Symm + N-pair", "Difference"]
    cells = window.result_card.table.words()[1:]
    assert "\N{PLUS-MINUS SIGN}" in cells[0][1]
    assert "[" in cells[2][1]
    results = read_results(open_whole(folder))
    mean = 50 * sum(one.scores["recall_at_1"] for one in results if one.name == "npair")
    assert cells[0][1].startswith(f"{mean:.1f} ")
    loss = window.watch_page.curves.panel(Panel.LOSS)
    keys = {(0, Variant.SOLID), (1, Variant.SOLID)}
    qtbot.waitUntil(lambda: loss.lines == keys, timeout=WAIT_MS)  # a mean of each
    window.show_page(window.results_page)
    seeds = ["2 seeds", "2 seeds", "2 seeds", "3", "3", "5", "5"]
    qtbot.waitUntil(lambda: titled(window.results_page) == seeds, timeout=WAIT_MS)


def test_a_stop_ends_the_series_and_it_goes_on_exactly(
    qtbot: QtBot, launched: Launched, runs_folder: Path
) -> None:
    start(qtbot, launched, "0-1", 400, compare=False)
    wait_for(qtbot, launched, "Seed 1 of 2", "step")
    controls = launched.window.controls
    qtbot.waitUntil(lambda: controls.stop_button.isEnabled(), timeout=WAIT_MS)
    qtbot.mouseClick(controls.stop_button, Qt.MouseButton.LeftButton)
    wait_for(qtbot, launched, "Seed 1 of 2", "Stopped")
    qtbot.waitUntil(lambda: controls.extend_button.text() == "Resume seeds", timeout=WAIT_MS)
    assert controls.extend_button.isVisible()
    (folder,) = runs_folder.iterdir()
    assert not (folder / "seed-1").exists()
    page = launched.window.start_page
    assert page.start_button.isEnabled()
    qtbot.mouseClick(controls.extend_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Stopped" not in progress(launched), timeout=WAIT_MS)
    qtbot.mouseClick(controls.stop_button, Qt.MouseButton.LeftButton)
    wait_for(qtbot, launched, "Seed 1 of 2", "Stopped")


def test_a_run_that_is_opened_beside_ends_no_series(
    qtbot: QtBot, launched: Launched, tmp_path: Path
) -> None:
    record_loop(tmp_path / "other")
    workspace = launched.controller.workspace
    start(qtbot, launched, "0-1", 40, compare=False)
    qtbot.waitUntil(lambda: len(workspace.recordings) == 1, timeout=WAIT_MS)
    launched.window.start_page.open_runs_wanted.emit((tmp_path / "other",))
    qtbot.waitUntil(lambda: len(workspace.recordings) == 2, timeout=WAIT_MS)
    wait_for(qtbot, launched, "Seed 2 of 2", "Finished")
    assert [run.info.seed for run in workspace.plotted] == [1, 0]


def test_seeds_that_were_stopped_go_on_at_another_launch(
    qtbot: QtBot, qapp: QApplication, launched: Launched, runs_folder: Path, tmp_path: Path
) -> None:
    from symmviz.cli import main

    out = tmp_path / "seeds"
    command = ["train", "digits", "--seeds", "0", "--steps", "3", "--out", str(out)]
    assert main(command) == 0
    asked = json.loads((out / "seeds.json").read_text()) | {"seeds": [0, 1]}
    (out / "seeds.json").write_text(json.dumps(asked))
    launched.window.start_page.open_runs_wanted.emit((out,))
    controls = launched.window.controls
    qtbot.waitUntil(lambda: controls.extend_button.text() == "Resume seeds", timeout=WAIT_MS)
    qtbot.mouseClick(controls.extend_button, Qt.MouseButton.LeftButton)
    wait_for(qtbot, launched, "Seed 2 of 2", "Finished")
    qtbot.waitUntil(lambda: controls.extend_button.text() == "Go on, all seeds", timeout=WAIT_MS)
    assert {one.info.seed for one in open_whole(out)} == {0, 1}
    (more,) = (one for one in controls.findChildren(QSpinBox) if one.isVisible())
    more.setValue(2)
    qtbot.mouseClick(controls.extend_button, Qt.MouseButton.LeftButton)
    wait_for(qtbot, launched, "Seed 1 of 2")
    wait_for(qtbot, launched, "Seed 2 of 2", "Finished", "step 5 of 5")
    assert {one.state.last_step for one in open_whole(out)} == {5}
    launched.window.start_page.open_runs_wanted.emit((out,))
    qtbot.waitUntil(lambda: len(launched.controller.workspace.recordings) == 2, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: controls.extend_button.text() == "Go on, all seeds", timeout=WAIT_MS)
    assert main([*command[:3], "0-1", "--steps", "5", "--out", str(out)]) == 0, (
        "as it goes on there"
    )


def test_a_folder_that_cannot_be_written_is_said_on_the_start_page(
    qtbot: QtBot, launched: Launched, runs_folder: Path
) -> None:
    runs_folder.write_text("a file in its place")
    start(qtbot, launched, "0-1", 3, compare=False)
    page = launched.window.start_page
    qtbot.waitUntil(lambda: str(runs_folder) in page.error(), timeout=WAIT_MS)
    assert launched.window.page is page


def open_whole(folder: Path) -> tuple[Recording, ...]:
    recordings = open_runs(folder)
    for recording in recordings:
        recording.read_whole()
    return recordings


def titled(page: ResultsPage) -> list[str]:
    """What each row of the table says of its seeds."""
    return [page.cell(row, "Seed") for row in range(page.row_count())]


def test_a_seed_that_cannot_be_found_ends_the_series_whatever_was_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    session, over, told = MagicMock(spec=Session), MagicMock(), list[str]()
    readings: list[Future[SeedsLeft]] = [Future(), Future()]
    session.plan_seed.side_effect = list(readings)
    workspace = Workspace()

    def begin(specs: tuple[str, ...], seeds: SeedRuns) -> None:
        workspace.prepare(specs, (), seeds)

    series = SeedSeries(session, workspace, begin, over, told.append)
    series.start(TrainingConfig("digits", (parse_spec("npair"),)), Path("out"), (0, 1), told.append)
    folder = MagicMock(seeds=(0, 1))
    readings[0].set_result(SeedsLeft(folder, (), 0, MagicMock()))
    series.poll()
    assert workspace.seeds is not None
    assert series.ended(TrainingStatus(RunState.FINISHED, reason=FinishReason.COMPLETED))
    readings[1].set_exception(KeyError("odd"))
    series.poll()
    assert told == ["KeyError: 'odd'."]
    over.assert_called_once_with()
    assert not series.busy
    assert not workspace.seeds.going
