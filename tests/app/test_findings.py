"""What the window says of a run that collapses, and what it offers."""

from dataclasses import fields, replace

import pytest
from helpers_recording import FakeRecording
from pytestqt.qtbot import QtBot

from symmcore.training.collapse import Finding, HealthSeries, Symptom
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import parse_spec
from symmviz.model.runs import findings as model
from symmviz.model.runs.findings import FindingLine, RunDoctor, shown_finding
from symmviz.model.workspace import Cursor, Workspace
from symmviz.presenters.findings import FindingsPresenter
from symmviz.views.watch.finding_strip import FindingStrip

HEALTHY = {
    "loss": 3.0,
    "trivial_loss": 4.07,
    "mean_norm": 1.0,
    "within_cosine": 0.9,
    "between_cosine": 0.5,
    "gradient_norm": 1.0,
    "learning_rate": 1e-3,
}
SHRUNK = HEALTHY | {"loss": 4.07, "mean_norm": 0.05}
COLLAPSED = Finding(Symptom.NORMS, 10, 17, None, 4.07)


class View:
    def __init__(self) -> None:
        self.told: list[tuple[FindingLine | None, ...]] = []

    def set_findings(self, lines: tuple[FindingLine | None, ...]) -> None:
        self.told.append(lines)


def record(run: FakeRecording, *steps: int, collapsed: bool = False) -> None:
    for step in steps:
        for name, value in (SHRUNK if collapsed else HEALTHY).items():
            run.add_metric(name, step, value)


def trained(spec: str = "npair+symm") -> FakeRecording:
    config = TrainingConfig(specs=(parse_spec(spec),), learning_rate=1e-3)
    return FakeRecording(spec, config=config)


@pytest.fixture
def run() -> FakeRecording:
    """One that collapses at step 10, up to step 17."""
    made = trained()
    record(made, *range(1, 10))
    record(made, *range(10, 18), collapsed=True)
    return made


def test_the_names_are_those_that_a_training_records() -> None:
    from symmcore.records import BatchHealth

    recorded = {field.name for field in fields(BatchHealth)} | {"loss"}
    assert set(model._NAMES) == recorded == {f.name for f in fields(HealthSeries)} - {"steps"}


@pytest.mark.parametrize("at_once", [1, 5, 20_000])
def test_a_recording_is_looked_at_as_it_grows(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "_MOST_AT_ONCE", at_once)
    run, doctor = trained(), RunDoctor()
    assert doctor.look_at(run) == ()
    for step in range(1, 18):
        record(run, step, collapsed=step >= 10)
        found = doctor.look_at(run)
    assert found == (COLLAPSED,)


def test_a_run_that_begins_anew_is_looked_at_anew(run: FakeRecording) -> None:
    doctor = RunDoctor()
    assert doctor.look_at(run) == (COLLAPSED,)
    run.change(metrics={})
    record(run, *range(1, 30))
    assert doctor.look_at(run) == ()


class TestCursor:
    over = replace(COLLAPSED, until=40)

    def test_before_it_was_certain_it_is_not_said(self) -> None:
        assert shown_finding((COLLAPSED,), Cursor(16)) is None
        assert shown_finding((COLLAPSED,), Cursor(17)) == COLLAPSED
        assert shown_finding((COLLAPSED,), Cursor()) == COLLAPSED

    def test_before_its_end_it_goes_on(self) -> None:
        assert shown_finding((self.over,), Cursor(39)) == COLLAPSED
        assert shown_finding((self.over,), Cursor(40)) == self.over

    def test_one_that_goes_on_comes_before_one_that_is_over(self) -> None:
        later = Finding(Symptom.DIRECTIONS, 50, 65, 80)
        assert shown_finding((COLLAPSED, later), Cursor()) == COLLAPSED
        assert shown_finding((self.over, later), Cursor()) == later


class TestPresenter:
    def test_each_column_has_its_line(self, run: FakeRecording) -> None:
        sound, workspace, view = trained("npair"), Workspace(), View()
        record(sound, *range(1, 18))
        workspace.show((sound, run))
        presenter = FindingsPresenter(view, workspace)
        presenter.update()
        ((nothing, line),) = view.told
        assert nothing is None
        assert line is not None
        assert "collapsing since step 10" in line.sentence
        assert line.tries[:2] == ("learning rate 0.0003", "rank 2")
        presenter.update()
        assert len(view.told) == 1

    def test_a_long_run_is_looked_at_in_parts(
        self, run: FakeRecording, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(model, "_MOST_AT_ONCE", 5)
        workspace, view = Workspace(), View()
        workspace.show((run,))
        presenter = FindingsPresenter(view, workspace)
        behind = []
        for _ in range(9):
            presenter.update()
            behind.append(presenter.is_behind)
        assert behind[0]
        assert not behind[-1]
        assert view.told[-1][0] is not None

    def test_what_is_tried_begins_before_the_collapse(self, run: FakeRecording) -> None:
        workspace = Workspace()
        workspace.show((run,))
        presenter = FindingsPresenter(View(), workspace)
        presenter.update()
        assert presenter.wanted(0, 1) == (9, (run,), parse_spec("npair+symm:rank=2"))
        assert presenter.wanted(0, 9) is None
        assert presenter.wanted(1, 0) is None

    def test_a_loop_of_ones_own_is_told_without_settings_to_try(self) -> None:
        own, workspace, view = FakeRecording(config=None), Workspace(), View()
        record(own, *range(1, 10))
        record(own, *range(10, 18), collapsed=True)
        workspace.show((own,))
        FindingsPresenter(view, workspace).update()
        ((line,),) = view.told
        assert line is not None
        assert line.tries == ()


class TestStrip:
    line = FindingLine("The embedding has collapsed since step 10.", ("rank 2", "no norm penalty"))

    @pytest.fixture
    def strip(self, qtbot: QtBot) -> FindingStrip:
        made = FindingStrip()
        qtbot.addWidget(made)
        made.resize(1200, 40)
        return made

    def test_is_hidden_while_nothing_is_wrong(self, strip: FindingStrip) -> None:
        strip.set_findings((None, None))
        assert strip.isHidden()
        strip.set_findings((None, self.line))
        assert not strip.isHidden()
        assert strip.text(0) == ""
        assert strip.text(1) == f"\u26a0 {self.line.sentence}"
        strip.set_findings((None,))
        assert strip.isHidden()
        assert strip.text(1) == ""

    def test_offers_what_can_be_tried(self, qtbot: QtBot, strip: FindingStrip) -> None:
        strip.set_findings((None, self.line))
        button = strip.button(1)
        with qtbot.waitSignal(strip.try_wanted) as wanted:
            button.click()
        assert wanted.args == [1, 0]
        actions = button.menu().actions()
        assert [action.text() for action in actions] == ["Try rank 2...", "Try no norm penalty..."]
        with qtbot.waitSignal(strip.try_wanted) as wanted:
            actions[1].trigger()
        assert wanted.args == [1, 1]

    def test_the_button_says_as_much_as_there_is_room_for(self, strip: FindingStrip) -> None:
        strip.set_findings((self.line,))
        strip.resize(800, 40)
        assert strip.button(0).text() == "Try rank 2..."
        strip.resize(300, 40)
        assert strip.button(0).text() == "Try..."

    def test_one_that_is_over_offers_nothing(self, strip: FindingStrip) -> None:
        strip.set_findings((FindingLine("It was so.", alarming=False),))
        assert strip.button(0).isHidden()
        assert strip.text(0) == "It was so."
