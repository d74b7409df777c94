"""Going on with runs: one at a time, and nothing is given up that another asked for."""

import dataclasses
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from PySide6.QtCore import QObject, Signal

from symmcore.errors import InputError
from symmcore.runs import Recording
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import parse_spec
from symmviz.actions.going_on import GoingOn
from symmviz.model.runs import branch
from symmviz.model.workspace import Workspace
from symmviz.services.session import Session
from symmviz.services.training.continuing import Continuation


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


class Question:
    """Agrees to everything, or to nothing."""

    def __init__(self) -> None:
        self.agrees = True
        self.asked: list[tuple[str, str]] = []

    def ask(self, title: str, text: str, yes: str, no: str, then: Callable[[], None]) -> None:
        self.asked.append((title, text))
        if self.agrees:
            then()


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
        self.parents: tuple[object, ...] = (object(),)
        self.question = Question()
        monkeypatch.setattr("symmviz.actions.going_on.branch_parents", lambda *_: self.parents)
        monkeypatch.setattr("symmviz.actions.going_on.Question", lambda _: self.question)
        self.going_on = GoingOn(
            self.window,
            self.session,
            Workspace(),
            self.begin,
            self.refused.append,
        )

    def begin(self, specs: tuple[str, ...], beside: tuple[Recording, ...]) -> None:
        self.begun.append(specs)
        self.beside = beside

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
    parts.going_on.poll()
    assert parts.begun == []
    parts.readings[0].set_result(MagicMock(spec=Continuation))
    parts.going_on.poll()
    parts.going_on.poll()
    assert parts.begun == [("npair",)]
    assert parts.refused == []


def test_a_dialog_that_is_closed_gives_up_what_it_asked_for(parts: Parts) -> None:
    parts.ask_for_branch()
    parts.dialog.rejected.emit()
    made = MagicMock(spec=Continuation)
    parts.readings[0].set_result(made)
    parts.going_on.poll()
    assert parts.begun == []
    assert made.mock_calls, "what was begun for it is closed"


def test_a_dialog_that_is_closed_gives_up_nothing_else(parts: Parts) -> None:
    parts.going_on.resume(Path("run"), 10)
    parts.ask_for_branch()
    assert "being read" in parts.dialog.errors[0]
    parts.dialog.rejected.emit()
    parts.readings[0].set_result(MagicMock(spec=Continuation))
    parts.going_on.poll()
    assert parts.begun == [("npair",)]
    assert len(parts.readings) == 1


@pytest.mark.parametrize("ask", [Parts.ask_for_branch, lambda p: p.going_on.resume(Path("a"), 3)])
def test_why_not_is_said_where_it_was_asked(parts: Parts, ask: Callable[[Parts], None]) -> None:
    ask(parts)
    parts.readings[0].set_exception(InputError("No."))
    parts.going_on.poll()
    assert [*parts.dialog.errors, *parts.refused] == ["No."]
    parts.going_on.resume(Path("run"), 10)
    parts.going_on.resume(Path("run"), 10)
    assert "being read" in parts.refused[-1]


def test_a_fault_of_this_program_is_said_and_reported(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[object] = []
    monkeypatch.setattr("threading.excepthook", reported.append)
    parts.going_on.resume(Path("run"), 10)
    parts.readings[0].set_exception(KeyError("odd"))
    parts.going_on.poll()
    assert parts.refused == ["KeyError: 'odd'."]
    assert len(reported) == 1


class TestWithoutACheckpoint:
    """What a finding proposes is offered from the first step."""

    def of(self, config: TrainingConfig | None) -> tuple[Recording, ...]:
        recording = MagicMock(spec=Recording)
        recording.info.config = config
        return (recording,)

    @pytest.mark.parametrize("agrees", [True, False])
    def test_it_starts_anew_if_the_user_agrees(
        self, agrees: bool, parts: Parts, tmp_path: Path
    ) -> None:
        parts.parents, parts.question.agrees = (), agrees
        parts.window.start_page.runs_folder = tmp_path
        config = TrainingConfig(specs=(parse_spec("npair+symm"),), seed=7, network="small")
        of, spec = self.of(config), parse_spec("npair+symm:rank=2")
        parts.going_on.ask_for_branch(3, of, spec)
        ((title, text),) = parts.question.asked
        assert title == "Start anew with this setting?"
        assert "npair+symm:rank=2 begins at step 0" in text
        if not agrees:
            parts.session.start.assert_not_called()
            return
        ((started, out), _) = parts.session.start.call_args
        assert started == dataclasses.replace(config, specs=(spec,))
        assert out.parent == tmp_path
        assert (parts.begun, parts.beside) == ([("npair+symm:rank=2",)], of)

    def test_what_cannot_start_is_said(self, parts: Parts, tmp_path: Path) -> None:
        parts.parents = ()
        parts.window.start_page.runs_folder = tmp_path
        parts.session.start.side_effect = RuntimeError("a training is running")
        parts.going_on.ask_for_branch(3, self.of(TrainingConfig()), parse_spec("npair"))
        assert (parts.refused, parts.begun) == (["a training is running"], [])

    def test_nothing_is_offered_without_a_setting_or_a_configuration(self, parts: Parts) -> None:
        parts.parents = ()
        parts.going_on.ask_for_branch(3, self.of(TrainingConfig()))
        parts.going_on.ask_for_branch(3, self.of(None), parse_spec("npair"))
        parts.going_on.ask_for_branch(None)
        assert parts.question.asked == []
        assert len(parts.refused) == 3
