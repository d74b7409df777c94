"""The branch dialog: begins with the parent, says what changes, asks for just that."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog, QLabel
from pytestqt.qtbot import QtBot

from symmcore.errors import InputError
from symmcore.settings.losses import LossSettings
from symmcore.settings.symm import Symm
from symmcore.training.spec import RunSpec
from symmviz.model.appearance import Appearance
from symmviz.model.runs.branch import BranchParent, BranchRequest, changes, check_request
from symmviz.presenters.controls import Commands
from symmviz.views.dialogs.branch_dialog import BranchDialog
from symmviz.views.start.page import StartPage
from symmviz.views.window.main_window import MainWindow

_SPEC = RunSpec("angular", Symm(rank=3, beta=1.5), LossSettings(angle_deg=36.0), 0.0005)
_PARENT = BranchParent(
    folder=Path("/runs/one"),
    title="Symm + Angular",
    step=100,
    spec=_SPEC,
    learning_rate=0.0005,
    steps=300,
    dataset="digits",
    network="small",
    seed=7,
)
_SAME = BranchRequest(_PARENT.folder, 100, _SPEC, 300)


@pytest.fixture
def dialog(qtbot: QtBot) -> BranchDialog:
    made = BranchDialog((_PARENT,))
    qtbot.addWidget(made)
    return made


def test_it_begins_with_the_parent(dialog: BranchDialog) -> None:
    assert dialog.request() == _SAME
    assert dialog.changes_text().startswith("Nothing is changed")
    assert dialog.windowTitle() == "Branch from step 100"


def test_of_several_runs_one_is_chosen(qtbot: QtBot) -> None:
    other = replace(
        _PARENT,
        folder=Path("/runs/two"),
        title="N-pair",
        step=80,
        spec=RunSpec(),
        steps=400,
        seed=8,
    )
    dialog = BranchDialog((other, _PARENT))
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.run.isVisible()
    assert dialog.request() == _SAME
    dialog.learning_rate.setValue(0.0001)
    dialog.run.setCurrentIndex(0)
    assert dialog.request() == BranchRequest(Path("/runs/two"), 80, RunSpec(), 400)
    assert dialog.windowTitle() == "Branch from step 80"
    said = "\n".join(label.text() for label in dialog.findChildren(QLabel))
    assert "N-pair, after step 80" in said
    assert "seed 8." in said


def test_one_run_is_not_asked_for(dialog: BranchDialog) -> None:
    dialog.show()
    assert not dialog.run.isVisible()


def test_it_says_what_cannot_be_changed(dialog: BranchDialog) -> None:
    said = "\n".join(label.text() for label in dialog.findChildren(QLabel))
    assert "Fixed: dataset digits, network small, seed 7." in said


def test_what_is_changed_is_said_and_asked_for(qtbot: QtBot, dialog: BranchDialog) -> None:
    dialog.loss.setCurrentIndex(dialog.loss.findData("npair"))
    dialog.learning_rate.setValue(0.0001)
    dialog.steps.setValue(500)
    assert dialog.changes_text() == (
        "Changes: loss Angular → N-pair, learning rate 0.0005 → 0.0001, last step 300 → 500."
    )
    with qtbot.waitSignal(dialog.requested) as asked:
        dialog.branch_button.click()
    (request,) = asked.args
    assert request == BranchRequest(
        Path("/runs/one"), 100, RunSpec("npair", _SPEC.symm, LossSettings(), 0.0001), 500
    )
    assert dialog.result() != QDialog.DialogCode.Accepted, "whoever trains it closes the dialog"


def test_symm_is_left_out_and_its_settings_with_it(dialog: BranchDialog) -> None:
    dialog.symm.setChecked(False)
    assert dialog.request().spec.symm is None
    assert dialog.changes_text() == "Changes: Symm with → without."
    rank = dialog.loss_fields.fields()[-2]
    assert not rank.isEnabled()
    dialog.symm.setChecked(True)
    assert dialog.request() == _SAME


def test_the_parent_is_one_click_back(dialog: BranchDialog) -> None:
    dialog.loss.setCurrentIndex(0)
    dialog.steps.setValue(1000)
    dialog.learning_rate.setValue(1.0)
    dialog.reset_button.click()
    assert dialog.request() == _SAME


def test_a_branch_that_ends_before_it_begins_is_refused_beside_the_fields(
    qtbot: QtBot, dialog: BranchDialog
) -> None:
    dialog.steps.setValue(100)
    assert "later than at step 100" in dialog.error()
    assert not dialog.changes_text()
    with qtbot.assertNotEmitted(dialog.requested):
        dialog.branch_button.click()
    dialog.steps.setValue(101)
    assert dialog.error() == ""


def test_a_refusal_is_said_until_something_is_changed(dialog: BranchDialog) -> None:
    dialog.set_error("The disk is full.")
    assert dialog.error() == "The disk is full."
    dialog.steps.setValue(500)
    assert dialog.error() == ""


def test_the_learning_rate_of_the_training_stays_that_of_the_training(qtbot: QtBot) -> None:
    parent = replace(_PARENT, spec=replace(_SPEC, learning_rate=None), learning_rate=0.001)
    dialog = BranchDialog((parent,))
    qtbot.addWidget(dialog)
    assert dialog.request().spec == parent.spec


def test_a_branch_at_the_end_of_the_run_trains_as_long_again(qtbot: QtBot) -> None:
    dialog = BranchDialog((replace(_PARENT, step=300),))
    qtbot.addWidget(dialog)
    assert dialog.request().steps == 600
    assert dialog.error() == ""


def test_changes_name_the_settings_of_loss_and_symm() -> None:
    spec = RunSpec("angular", Symm(rank=1, beta=1.5), LossSettings(angle_deg=40.0, l2_reg=0.1))
    assert changes(_PARENT, replace(_SAME, spec=spec)) == (
        "angle 36 → 40",
        "norm penalty 0.002 → 0.1",
        "rank 3 → 1",
    )
    assert changes(_PARENT, _SAME) == ()
    with pytest.raises(InputError, match="after step 100"):
        check_request(_PARENT, replace(_SAME, steps=40))


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    made = MainWindow(StartPage(Path("/runs")), Appearance.LIGHT)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close_without_asking()
    made.deleteLater()


def test_the_window_opens_one_dialog_and_forgets_it(window: MainWindow) -> None:
    first = window.ask_for_branch((_PARENT,))
    assert window.ask_for_branch((_PARENT,)) is first
    assert first.branch_button.isEnabled()
    window.controls.set_commands(Commands(start=False))
    assert not first.branch_button.isEnabled(), "one training at a time"
    first.accept()
    second = window.ask_for_branch((_PARENT,))
    assert second is not first
    assert not second.branch_button.isEnabled()
    second.reject()
