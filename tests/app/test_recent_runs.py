"""Recent runs on the Start page: one click opens one, several open together."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers_records import make_snapshot
from helpers_runs import write_format_1
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from sklearn.decomposition import PCA

from symmcore.records import PlanePoints, Projection
from symmcore.runs import Recorder, open_runs
from symmcore.runs.formats.frames import projection_bytes
from symmcore.runs.formats.layout import projection_path
from symmviz.model.appearance import Appearance
from symmviz.model.runs.recent import RecentRun
from symmviz.services.opening import map_picture, read_recent_runs
from symmviz.views.start.page import StartPage
from symmviz.views.start.recent_runs import RecentRuns
from symmviz.views.window.main_window import MainWindow

_PICTURE = np.full((96, 96, 3), 200, np.uint8)
_RUNS = tuple(
    RecentRun(Path(f"/runs/{name}"), name, "Digits\nRecall@1 0.98", picture)
    for name, picture in (("one", _PICTURE), ("two <b>", None), ("three", _PICTURE[:40, :, :1]))
)


@pytest.fixture
def card(qtbot: QtBot) -> RecentRuns:
    made = RecentRuns()
    qtbot.addWidget(made)
    made.resize(320, 400)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def opened(card: RecentRuns) -> list[tuple[Path, ...]]:
    folders: list[tuple[Path, ...]] = []
    card.open_wanted.connect(folders.append)
    return folders


def click(qtbot: QtBot, card: RecentRuns, row: int, *, ctrl: bool = False) -> None:
    keys = Qt.KeyboardModifier.ControlModifier if ctrl else Qt.KeyboardModifier.NoModifier
    index = card.list.model().index(row, 0)
    at = card.list.visualRect(index).center()
    qtbot.mouseClick(card.list.viewport(), Qt.MouseButton.LeftButton, keys, at)


def test_a_click_opens_a_run(
    qtbot: QtBot, card: RecentRuns, opened: list[tuple[Path, ...]]
) -> None:
    card.set_runs(_RUNS)
    click(qtbot, card, 1)
    assert opened == [(Path("/runs/two <b>"),)]


def test_a_double_click_opens_it_once(
    qtbot: QtBot, card: RecentRuns, opened: list[tuple[Path, ...]]
) -> None:
    card.set_runs(_RUNS)
    click(qtbot, card, 0)
    at = card.list.visualRect(card.list.model().index(0, 0)).center()
    qtbot.mouseDClick(card.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert len(opened) == 1


def test_several_are_selected_with_ctrl_and_opened_together(
    qtbot: QtBot, card: RecentRuns, opened: list[tuple[Path, ...]]
) -> None:
    card.set_runs(_RUNS)
    assert card.together_button.isHidden()
    click(qtbot, card, 2, ctrl=True)
    click(qtbot, card, 0, ctrl=True)
    assert opened == []
    assert card.together_button.text() == "Open 2 together"
    height = card.list.height()
    card.together_button.click()
    assert opened == [(Path("/runs/one"), Path("/runs/three"))], "in the order of the list"
    assert card.together_button.isHidden()
    assert card.list.height() == height


def test_enter_opens_what_is_selected(
    qtbot: QtBot, card: RecentRuns, opened: list[tuple[Path, ...]]
) -> None:
    card.set_runs(_RUNS)
    card.list.setFocus()
    qtbot.keyClick(card.list, Qt.Key.Key_Down)
    qtbot.keyClick(card.list, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(card.list, Qt.Key.Key_Return)
    assert opened == [(Path("/runs/two <b>"), Path("/runs/three"))]


def test_a_selection_outlives_a_new_list(qtbot: QtBot, card: RecentRuns) -> None:
    card.set_runs(_RUNS)
    click(qtbot, card, 1, ctrl=True)
    card.set_runs((RecentRun(Path("/runs/new"), "new", ""), *_RUNS))
    assert card.list.rows() == [2]


def test_a_name_is_text_in_the_tip(card: RecentRuns) -> None:
    card.set_runs(_RUNS)
    tip = card.list.model().index(1, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "two &lt;b&gt;" in tip
    card.grab()


def test_an_empty_list_says_what_will_be_in_it(card: RecentRuns) -> None:
    assert card.is_empty()
    card.set_runs(_RUNS[:1])
    assert not card.is_empty()
    card.set_runs(())
    assert card.is_empty()


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    made = MainWindow(StartPage(Path("/runs")), Appearance.LIGHT)
    yield made
    made.close_without_asking()
    made.deleteLater()


def test_a_chosen_folder_is_opened_and_none_is_nothing(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders: list[tuple[Path, ...]] = []
    window.start_page.open_runs_wanted.connect(folders.append)
    answers = iter(["", "/elsewhere/run"])
    asked: list[str] = []

    def choose(_parent: object, _title: str, start: str) -> str:
        asked.append(start)
        return next(answers)

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", choose)
    window.start_page.recent.open_button.click()
    window.start_page.recent.open_button.click()
    assert folders == [(Path("/elsewhere/run"),)]
    assert asked == ["/runs", "/runs"]


@pytest.mark.parametrize("width", [900, 1280])
def test_start_is_as_far_down_with_recent_runs_as_without(
    qtbot: QtBot, window: MainWindow, width: int
) -> None:
    window.resize(width, 800)
    window.show()
    qtbot.waitExposed(window)
    page = window.start_page

    def bottom() -> int:
        return page.start_button.mapTo(page, page.start_button.rect().bottomLeft()).y()

    page.recent.hide()
    qtbot.wait(1)
    without = bottom()
    page.recent.show()
    page.set_recent_runs(_RUNS * 10)
    qtbot.wait(1)
    assert bottom() == without
    assert page.recent.width() > 250


@pytest.mark.parametrize("drawn", ["last", "first", "none"])
def test_the_picture_is_of_the_last_frame_also_before_its_map_is_recorded(
    tmp_path: Path, drawn: str
) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(12) % 3
    frames = random.normal(size=(2, 12, 4)).astype(np.float32)
    with Recorder(tmp_path / "mine", labels=labels) as recorder:
        for step, rows in enumerate(frames, 1):
            recorder.frame(step, rows)
    places = random.normal(size=(12, 2)).astype(np.float32)
    if drawn != "none":
        step = 2 if drawn == "last" else 1
        plane = PlanePoints(places, places)
        empty = PlanePoints(places[:0], places[:0])
        path = projection_path(tmp_path / "mine", "tsne", step)
        path.parent.mkdir(parents=True)
        path.write_bytes(projection_bytes(Projection(step, "tsne", empty, plane, None)))
    (listed,) = read_recent_runs(tmp_path)
    unit = frames[1] / np.linalg.norm(frames[1], axis=1, keepdims=True)
    nearest = (unit @ unit.T - 2 * np.eye(12)).argmax(axis=1)
    recall = np.mean(labels[nearest] == labels)
    assert listed.caption.endswith(f"\nstep 2 · R@1 {recall:.3f}")  # it finished
    assert listed.picture is not None
    expected = places if drawn == "last" else PCA(2).fit_transform(unit.astype(np.float64))
    pictures = [
        map_picture(expected.astype(np.float64) * np.array(signs), labels)
        for signs in itertools.product((1.0, -1.0), repeat=2)
    ]
    if drawn == "last":
        pictures = pictures[:1]
    assert any(np.array_equal(listed.picture, one) for one in pictures)


def test_several_seeds_are_listed_as_one_with_mean_scores(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "seeds.json").write_text("{}")
    for seed, recall in ((0, 0.5), (10, 0.75)):
        folder = tmp_path / "out" / f"seed-{seed}"
        write_format_1(folder, make_snapshot(2).frame, seed=seed, name="npair", symm=None)
        line = {"kind": "eval", "step": 2, "test_recall_at_1": recall}
        (folder / "metrics.jsonl").write_text(json.dumps(line) + "\n")
    (listed,) = read_recent_runs(tmp_path)
    assert listed.title == "N-pair · 2 seeds"
    assert "R@1 0.625" in listed.caption
    assert [run.info.seed for run in open_runs(tmp_path / "out")] == [0, 10]
