"""Going on with runs: one at a time, and nothing is given up that another asked for."""

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from PySide6.QtCore import QObject, Signal

from symmcore.errors import InputError
from symmviz.going_on import GoingOn
from symmviz.model import branch
from symmviz.model.workspace import Workspace
from symmviz.services.continuing import Continuation
from symmviz.services.session import Session


class Dialog(QObject):
    requested = Signal(object)
    rejected = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[str] = []
        self.accepted = False

    def set_error(self, text: str) -> None:
        self.errors.append(text)

    def accept(self) -> None:
        self.accepted = True


class Parts:
    """What goes on, and who it talks to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.dialog = Dialog()
        self.window = MagicMock()
        self.window.ask_for_branch.return_value = self.dialog
        self.session = MagicMock(spec=Session)
        self.session.plan_resume.side_effect = lambda *_: self.read()
        self.session.plan_branch.side_effect = lambda *_: self.read()
        self.session.go_on.return_value = ("npair",)
        self.readings: list[Future[Continuation]] = []
        self.begun: list[tuple[str, ...]] = []
        self.refused: list[str] = []
        monkeypatch.setattr("symmviz.going_on.branch_parents", lambda *_: (object(),))
        self.going_on = GoingOn(
            self.window,
            self.session,
            Workspace(),
            lambda specs, _: self.begun.append(specs),
            self.refused.append,
        )

    def read(self) -> Future[Continuation]:
        self.readings.append(Future())
        return self.readings[-1]

    def ask_for_branch(self) -> None:
        self.going_on.ask_for_branch(3)
        self.dialog.requested.emit(MagicMock(spec=branch.BranchRequest))


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Parts:
    return Parts(monkeypatch)


def test_it_begins_once_it_has_been_read(parts: Parts) -> None:
    parts.going_on.resume(Path("run"), 10)
    parts.going_on.take()
    assert parts.begun == []
    parts.readings[0].set_result(MagicMock(spec=Continuation))
    parts.going_on.take()
    parts.going_on.take()
    assert parts.begun == [("npair",)]
    assert parts.refused == []


def test_a_dialog_that_is_closed_gives_up_what_it_asked_for(parts: Parts) -> None:
    parts.ask_for_branch()
    parts.dialog.rejected.emit()
    made = MagicMock(spec=Continuation)
    parts.readings[0].set_result(made)
    parts.going_on.take()
    assert parts.begun == []
    assert made.mock_calls, "what was begun for it is closed"


def test_a_dialog_that_is_closed_gives_up_nothing_else(parts: Parts) -> None:
    parts.going_on.resume(Path("run"), 10)
    parts.ask_for_branch()
    assert "being read" in parts.dialog.errors[0]
    parts.dialog.rejected.emit()
    parts.readings[0].set_result(MagicMock(spec=Continuation))
    parts.going_on.take()
    assert parts.begun == [("npair",)]
    assert len(parts.readings) == 1


@pytest.mark.parametrize("ask", [Parts.ask_for_branch, lambda p: p.going_on.resume(Path("a"), 3)])
def test_why_not_is_said_where_it_was_asked(parts: Parts, ask: Callable[[Parts], None]) -> None:
    ask(parts)
    parts.readings[0].set_exception(InputError("No."))
    parts.going_on.take()
    assert [*parts.dialog.errors, *parts.refused] == ["No."]
    parts.going_on.resume(Path("run"), 10)
    parts.going_on.resume(Path("run"), 10)
    assert "being read" in parts.refused[-1]
