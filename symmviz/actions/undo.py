"""Undo and redo of what is selected, hidden and isolated."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from symmcore.runs import Recording
from symmviz.model.retrieval.history import History
from symmviz.model.workspace import Selection, Workspace
from symmviz.views.window.main_window import MainWindow


@dataclass(frozen=True, slots=True)
class _View:
    """What can be undone of how runs are looked at."""

    selection: Selection
    hidden: frozenset[int]
    synthetic_visible: bool


class UndoActions(QObject):
    """The Edit menu: steps back and forward through what the user selected and hid.

    Args:
        window: gets the menu.
        workspace: whose selection and hidden classes they are; other runs begin anew.
    """

    def __init__(self, window: MainWindow, workspace: Workspace) -> None:
        super().__init__(window)
        self._workspace = workspace
        self._history: History[_View] = History()
        self._recordings: tuple[Recording, ...] = ()
        self._restoring = False
        menu = QMenu("&Edit", window)
        key = QKeySequence.StandardKey
        self.undo = self._action(menu, "Undo selecting or hiding", key.Undo, self._history.back)
        self.redo = self._action(menu, "Redo", key.Redo, self._history.forward)
        bar = window.menuBar()
        bar.insertMenu(bar.actions()[1], menu)  # where it is in other programs: after File
        workspace.subscribe(self._on_change)
        self._on_change()

    def _action(
        self,
        menu: QMenu,
        text: str,
        keys: QKeySequence.StandardKey,
        step: Callable[[], _View | None],
    ) -> QAction:
        action = menu.addAction(text)
        action.setShortcut(QKeySequence(keys))  # its first key, which everybody knows
        action.triggered.connect(lambda: self._restore(step()))
        return action

    def _restore(self, view: _View | None) -> None:
        if view is None:
            return
        workspace, display = self._workspace, self._workspace.display
        self._restoring = True  # each of the two changes is announced
        try:
            workspace.selection = view.selection
            workspace.display = dataclasses.replace(
                display,
                synthetic_visible=view.synthetic_visible,
                classes=dataclasses.replace(display.classes, hidden=view.hidden),
            )
        finally:
            self._restoring = False
        self._show()

    def _on_change(self) -> None:
        if self._restoring:
            return
        workspace = self._workspace
        if workspace.recordings != self._recordings:
            self._recordings = workspace.recordings
            self._history.clear()
        display = workspace.display
        self._history.visit(
            _View(workspace.selection, display.classes.hidden, display.synthetic_visible)
        )
        self._show()

    def _show(self) -> None:
        self.undo.setEnabled(self._history.can_go_back)
        self.redo.setEnabled(self._history.can_go_forward)
