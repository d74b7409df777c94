from dataclasses import replace
from typing import Any
from unittest.mock import MagicMock, call

import pytest
from helpers_recording import FakeRecording

from symmcore.runs.formats.info import RunStatus
from symmcore.training.status import FinishReason, RunState, TrainingStatus
from symmviz.model.resolve import Offers, branch_parents, offers
from symmviz.presenters import controls
from symmviz.presenters.controls import (
    Commands,
    ControlsPresenter,
    ControlsView,
    Notice,
    _facts_notice,
)

IDLE = Commands(start=True)
BUSY = Commands(start=False)


class Clock:
    """A clock that tests move on."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(controls, "time", made)
    return made


@pytest.fixture
def view() -> MagicMock:
    return MagicMock(spec=ControlsView)


@pytest.fixture
def presenter(view: MagicMock) -> ControlsPresenter:
    return ControlsPresenter(view)


def status(
    state: RunState = RunState.TRAINING,
    reason: FinishReason | None = None,
    step: int = 40,
    total: int = 300,
    **more: Any,
) -> TrainingStatus:
    return TrainingStatus(state, step, total, reason=reason, **more)


def finished(reason: FinishReason, **more: Any) -> TrainingStatus:
    return status(RunState.FINISHED, reason, **more)


def commands(view: MagicMock) -> Commands:
    shown: Commands = view.set_commands.call_args.args[0]
    return shown


def text(view: MagicMock) -> str:
    return str(view.set_progress.call_args.args[2])


def notice(view: MagicMock) -> Notice | None:
    shown: Notice | None = view.set_notice.call_args.args[0]
    return shown


def test_at_first_there_is_only_start(view: MagicMock, presenter: ControlsPresenter) -> None:
    assert view.mock_calls == [call.set_commands(IDLE)]
    assert not presenter.running


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (status(RunState.PREPARING), Commands(start=False, stop=True)),
        (status(RunState.TRAINING), Commands(start=False, stop=True, pause=True)),
        (status(RunState.EVALUATING), Commands(start=False, stop=True, pause=True)),
        (status(RunState.PAUSED), Commands(start=False, stop=True, resume=True)),
        (finished(FinishReason.COMPLETED), IDLE),
        (finished(FinishReason.STOPPED), IDLE),
        (finished(FinishReason.CANCELLED), IDLE),
        (finished(FinishReason.DIVERGED), IDLE),
        (finished(FinishReason.INVALID), IDLE),
        (finished(FinishReason.FAILED), IDLE),
    ],
    ids=lambda value: (
        f"{value.state.name} {value.reason}" if isinstance(value, TrainingStatus) else ""
    ),
)
def test_commands_are_those_that_make_sense(
    view: MagicMock, presenter: ControlsPresenter, told: TrainingStatus, expected: Commands
) -> None:
    presenter.set_status(told)
    assert commands(view) == expected
    assert presenter.running == (told.state is not RunState.FINISHED)


def test_starting_leaves_only_stop(view: MagicMock, presenter: ControlsPresenter) -> None:
    presenter.set_problem("an old one")
    view.reset_mock()
    presenter.starting()
    assert commands(view) == Commands(start=False, stop=True)
    assert notice(view) is None
    assert "Preparing" in text(view)
    assert presenter.running


@pytest.mark.parametrize("state", [RunState.TRAINING, RunState.PAUSED, RunState.EVALUATING])
def test_after_stop_there_is_nothing_to_do_until_it_has(
    view: MagicMock, presenter: ControlsPresenter, state: RunState
) -> None:
    presenter.starting()
    presenter.stopping()
    assert commands(view) == BUSY
    presenter.set_status(status(state))
    assert commands(view) == BUSY
    assert presenter.running
    presenter.set_status(finished(FinishReason.STOPPED))
    assert commands(view) == IDLE


def test_a_stop_is_forgotten_when_training_goes_on(
    view: MagicMock, presenter: ControlsPresenter
) -> None:
    presenter.starting()
    presenter.stopping()
    presenter.set_status(finished(FinishReason.STOPPED))
    presenter.starting()
    presenter.set_status(status())
    assert commands(view) == Commands(start=False, stop=True, pause=True)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (status(), "Training · step 40 of 300"),
        (status(RunState.EVALUATING), "Training · step 40 of 300"),
        (status(steps_per_second=10.0), "Training · step 40 of 300 · 10 steps/s · 26 s left"),
        (status(steps_per_second=2.0), "Training · step 40 of 300 · 2.0 steps/s · 2 min 10 s left"),
        (
            status(total=100_000, steps_per_second=10.0),
            "Training · step 40 of 100,000 · 10 steps/s · 2 h 46 min left",
        ),
        (status(RunState.PAUSED, steps_per_second=2.0), "Paused · step 40 of 300"),
        (status(RunState.PREPARING, step=0), "Preparing · step 0 of 300"),
        (finished(FinishReason.COMPLETED, steps_per_second=9.0), "Finished · step 40 of 300"),
        (finished(FinishReason.STOPPED), "Stopped · step 40 of 300"),
        (finished(FinishReason.DIVERGED), "Diverged · step 40 of 300"),
        (finished(FinishReason.INVALID), "Not started · step 40 of 300"),
        (finished(FinishReason.FAILED), "Failed · step 40 of 300"),
    ],
)
def test_progress(
    view: MagicMock, presenter: ControlsPresenter, told: TrainingStatus, expected: str
) -> None:
    presenter.set_status(told)
    view.set_progress.assert_called_once_with(told.step, told.total_steps, expected)


def test_a_failure_to_prepare_does_not_leave_it_preparing(
    view: MagicMock, presenter: ControlsPresenter
) -> None:
    for reason, word in (
        (FinishReason.FAILED, "Failed"),
        (FinishReason.CANCELLED, "Cancelled before it began"),
    ):
        presenter.starting()
        presenter.set_status(finished(reason, step=0, total=0))
        step, total, shown = view.set_progress.call_args.args
        assert (step, shown) == (0, word)
        assert total > 0, "which would show work of unknown length"


def test_a_failure_is_shown_with_something_to_copy(
    view: MagicMock, presenter: ControlsPresenter
) -> None:
    presenter.set_status(
        finished(FinishReason.FAILED, message="KeyError: 'x'", detail="Traceback ...")
    )
    assert notice(view) == Notice("Training failed: KeyError: 'x'", "Traceback ...")


def test_a_divergence_says_what_to_try_and_what_is_kept(
    view: MagicMock, presenter: ControlsPresenter
) -> None:
    presenter.set_status(finished(FinishReason.DIVERGED, message="Step 5. Try less."))
    assert notice(view) == Notice("Step 5. Try less. Everything up to then is kept.")


def test_bad_input_is_shown(view: MagicMock, presenter: ControlsPresenter) -> None:
    presenter.set_status(finished(FinishReason.INVALID, message="No GPU here."))
    assert notice(view) == Notice("No GPU here.")


@pytest.mark.parametrize("reason", [FinishReason.COMPLETED, FinishReason.STOPPED])
def test_a_normal_end_needs_no_notice_and_hides_none(
    view: MagicMock, presenter: ControlsPresenter, reason: FinishReason
) -> None:
    presenter.set_problem("The projection process ended.")
    presenter.set_status(finished(reason))
    assert notice(view) == Notice("The projection process ended.")


def test_the_progress_is_known_before_going_on_is_offered(
    view: MagicMock, presenter: ControlsPresenter
) -> None:
    presenter.starting()
    view.reset_mock()
    presenter.set_status(TrainingStatus(RunState.FINISHED, 7, 9, reason=FinishReason.STOPPED))
    assert [name for name, _, _ in view.mock_calls][:2] == ["set_progress", "set_commands"]


def test_commands_that_did_not_change_are_not_offered_again(
    view: MagicMock, presenter: ControlsPresenter, clock: Clock
) -> None:
    for step in (1, 2, 3):
        presenter.set_status(TrainingStatus(RunState.TRAINING, step, 9))
        if step == 1:
            view.reset_mock()
        clock.seconds += 1.0
    assert {name for name, _, _ in view.mock_calls} == {"set_progress"}


def test_steps_are_shown_a_few_times_a_second_and_the_newest_in_the_end(
    view: MagicMock, presenter: ControlsPresenter, clock: Clock
) -> None:
    def shown() -> list[int]:
        steps = [called.args[0] for called in view.set_progress.call_args_list]
        view.reset_mock()
        return steps

    view.reset_mock()
    for step in range(10):
        state = RunState.EVALUATING if step == 5 else RunState.TRAINING
        presenter.set_status(TrainingStatus(state, step, 99))
        presenter.show(())
        clock.seconds += 0.0625
    assert shown() == [0, 4, 8]
    presenter.show(())
    assert shown() == []
    clock.seconds += 0.25
    presenter.show(())
    presenter.show(())
    assert shown() == [9]
    presenter.set_status(TrainingStatus(RunState.TRAINING, 10, 99))
    presenter.set_status(TrainingStatus(RunState.PAUSED, 11, 99))
    assert shown() == [11]


def test_all_facts_of_a_training_are_said_while_they_are_few() -> None:
    few = _facts_notice(("One.", "Two."))
    assert (few.text, few.detail) == ("One.\nTwo.", "")
    many = _facts_notice(tuple(f"{at}." for at in range(7)))
    assert many.text.splitlines() == ["0.", "1.", "2.", "3.", "3 more can be copied."]
    assert many.detail.splitlines() == ["4.", "5.", "6."]


def test_the_seed_and_device_are_shown(view: MagicMock, presenter: ControlsPresenter) -> None:
    notes = {"dataset_notes": ["3 files were skipped."]}
    presenter.begin(FakeRecording(device="cuda:0", seed=17, settings=notes).info)
    view.set_facts.assert_called_once_with("cuda:0 · seed 17")
    assert notice(view) == Notice("3 files were skipped.")


def recorded(status: RunStatus, *, step: int = 40, checkpoint: bool = True) -> FakeRecording:
    run = FakeRecording(config=MagicMock(), group=None, compared=("npair",), total_steps=300)
    run.change(status=status, last_step=step, checkpoint_steps=(0, step) if checkpoint else ())
    return run


OFFERED = Commands(start=True, branch=True, folder=True, weights=True, extend=True)


@pytest.mark.parametrize(
    ("run", "expected", "said"),
    [
        (recorded(RunStatus.FINISHED, step=300), OFFERED, "Finished · step 300 of 300"),
        (
            recorded(RunStatus.STOPPED),
            replace(OFFERED, unfinished=True),
            "Stopped · step 40 of 300",
        ),
        (
            recorded(RunStatus.UNKNOWN),
            replace(OFFERED, unfinished=True),
            "Broken off · step 40 of 300",
        ),
        (
            recorded(RunStatus.DIVERGED),
            replace(OFFERED, unfinished=True, extend=False),
            "Diverged · step 40 of 300",
        ),
        (
            recorded(RunStatus.TRAINING),  # by another process
            replace(OFFERED, unfinished=True, extend=False),
            "Being trained · step 40 of 300",
        ),
        (
            recorded(RunStatus.FINISHED, step=300, checkpoint=False),
            Commands(start=True, folder=True),
            "Finished · step 300 of 300",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_can_be_done_with_recorded_runs(
    view: MagicMock, presenter: ControlsPresenter, run: FakeRecording, expected: Commands, said: str
) -> None:
    presenter.show((run,))
    assert commands(view) == expected
    assert text(view) == said
    view.reset_mock()
    presenter.show((run,))
    assert view.mock_calls == []


def test_a_comparison_goes_on_as_a_whole_only() -> None:
    runs = tuple(
        FakeRecording(spec, config=MagicMock(), compared=("npair", "angular"))
        for spec in ("npair", "angular")
    )
    for run in runs:
        run.change(status=RunStatus.FINISHED, checkpoint_steps=(5,), last_step=5)
    assert offers(runs).going_on == runs[0].info.group
    assert offers(runs[:1]).going_on is None
    assert offers((*runs, recorded(RunStatus.FINISHED))).going_on is None
    assert offers(()) == Offers()


def test_a_comparison_goes_on_without_the_runs_that_diverged() -> None:
    runs = tuple(
        FakeRecording(spec, config=MagicMock(), compared=("npair", "angular"), total_steps=5)
        for spec in ("npair", "angular")
    )
    runs[0].change(status=RunStatus.DIVERGED, last_step=3)
    runs[1].change(status=RunStatus.FINISHED, checkpoint_steps=(5,), last_step=5)
    assert offers(runs).going_on == runs[0].info.group
    assert not offers(runs).unfinished, "what can go on has all its steps"
    runs[1].change(status=RunStatus.DIVERGED)
    assert offers(runs).going_on is None


def test_the_end_of_a_training_names_the_runs_that_diverged(
    view: MagicMock, presenter: ControlsPresenter
) -> None:
    said = "The loss of npair became nan at step 5. Try less."
    presenter.set_status(finished(FinishReason.COMPLETED, message=said))
    assert notice(view) == Notice(said)
    assert text(view).startswith("Finished")


def test_while_a_training_goes_on_its_own_state_is_said(
    view: MagicMock, presenter: ControlsPresenter
) -> None:
    presenter.set_status(status())
    view.reset_mock()
    presenter.show((recorded(RunStatus.TRAINING),))
    view.set_progress.assert_not_called()
    assert commands(view) == Commands(start=False, stop=True, pause=True, folder=True, weights=True)


def test_a_branch_is_made_from_the_newest_checkpoint_before_the_step_that_is_shown() -> None:
    first, second = recorded(RunStatus.FINISHED), recorded(RunStatus.FINISHED)
    first.change(checkpoint_steps=(0, 10, 40))
    second.change(checkpoint_steps=(20,))
    for run in (first, second):
        assert isinstance(run.info.config, MagicMock)
        run.info.config.configure_mock(steps=300, network="small", seed=0)
        run.info.config.learning_rate_of.return_value = 0.1
    (parent,) = branch_parents((first, second), 15)
    assert (parent.step, parent.folder, parent.learning_rate) == (10, first.folder, 0.1)
    assert [one.step for one in branch_parents((first, second), None)] == [40, 20]
    assert branch_parents((second,), 15) == ()


def test_what_is_unusual_about_recorded_runs_is_said_once_and_while_it_is_so(
    view: MagicMock, presenter: ControlsPresenter
) -> None:
    run = FakeRecording(warnings=("Recorded in format 1.",))
    presenter.show((run,))
    assert notice(view) == Notice("Recorded in format 1.")
    run.change(warnings=("frames/00000010.safetensors is damaged.",))
    presenter.show((run,))
    both = "Recorded in format 1.\nframes/00000010.safetensors is damaged."
    assert notice(view) == Notice(both)
    view.reset_mock()
    run.change(last_step=41)
    presenter.show((run,))
    view.set_notice.assert_not_called()  # it may have been dismissed
    presenter.show((recorded(RunStatus.FINISHED),))
    assert notice(view) is None


def test_runs_that_stand_differently_are_said_in_one_phrase(
    view: MagicMock, presenter: ControlsPresenter
) -> None:
    presenter.show((recorded(RunStatus.STOPPED), recorded(RunStatus.FINISHED, step=300)))
    assert text(view) == "Stopped, finished · step 300 of 300"
