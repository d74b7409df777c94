"""Undo and redo of what is selected, hidden and isolated."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from helpers_recording import FakeRecording
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from symmviz.actions.undo import UndoActions
from symmviz.model.appearance import Appearance
from symmviz.model.map.class_choice import ClassChoice
from symmviz.model.retrieval.query import Query, Split
from symmviz.model.workspace import Workspace
from symmviz.views.start.page import StartPage
from symmviz.views.window.main_window import MainWindow


@pytest.fixture(name="window")
def main_window(qtbot: QtBot) -> MainWindow:
    made = MainWindow(StartPage(Path("/runs")), Appearance.LIGHT)
    qtbot.addWidget(made)
    return made


class TestUndo:
    @pytest.fixture(autouse=True)
    def parts(self, window: MainWindow) -> None:
        self.run = FakeRecording("npair")
        self.workspace = Workspace()
        self.actions = UndoActions(window, self.workspace)
        self.workspace.show((self.run,))

    def select(self, sample: int) -> None:
        self.workspace.select(self.run, Query(sample, Split.TEST))

    def hide(self, *labels: int) -> None:
        display = self.workspace.display
        classes = ClassChoice("digits", hidden=frozenset(labels))
        self.workspace.display = replace(display, classes=classes)

    @property
    def selected(self) -> int | None:
        query = self.workspace.selection.query
        return None if query is None else query.sample

    @property
    def hidden(self) -> set[int]:
        return set(self.workspace.display.classes.hidden)

    def test_goes_back_step_by_step_and_forward_again(self) -> None:
        changes: list[Callable[[], None]] = [
            lambda: self.select(3),
            lambda: self.hide(1),
            lambda: self.hide(0, 1, 2),
            lambda: self.select(5),
        ]
        seen = [(self.selected, self.hidden)]
        for change in changes:
            change()
            seen.append((self.selected, self.hidden))
        for wanted in reversed(seen[:-1]):
            self.actions.undo.trigger()
            assert (self.selected, self.hidden) == wanted
        assert not self.actions.undo.isEnabled()
        for wanted in seen[1:]:
            self.actions.redo.trigger()
            assert (self.selected, self.hidden) == wanted
        assert not self.actions.redo.isEnabled()

    def test_hidden_synthetic_points_come_back(self) -> None:
        self.workspace.display = replace(self.workspace.display, synthetic_visible=False)
        self.actions.undo.trigger()
        assert self.workspace.display.synthetic_visible

    def test_what_is_done_anew_drops_what_was_undone(self) -> None:
        self.select(3)
        self.actions.undo.trigger()
        self.select(4)
        assert not self.actions.redo.isEnabled()
        self.actions.undo.trigger()
        assert self.selected is None

    def test_colours_and_time_are_no_steps(self) -> None:
        self.workspace.display = replace(self.workspace.display, split=Split.TRAIN, method="umap")
        assert not self.actions.undo.isEnabled()

    def test_other_runs_begin_anew(self) -> None:
        self.select(3)
        self.workspace.show((FakeRecording("angular"),))
        assert not self.actions.undo.isEnabled()


def test_the_menu_stands_after_file_and_is_listed(window: MainWindow) -> None:
    UndoActions(window, Workspace())
    assert [action.text() for action in window.menuBar().actions()][:3] == [
        "&File",
        "&Edit",
        "&View",
    ]
    keys = [action.shortcut().toString() for action in window.findChildren(QAction)]
    assert "Ctrl+Z" in keys
