import threading

import pytest
from helpers_trainer import (
    PATIENCE,
    FakeClock,
    assert_ended_once,
    is_status,
    is_step,
    running,
    same_snapshots,
    scores,
    train,
)
from helpers_training import Recorder, tiny_config

from symmcore.training.control import Control
from symmcore.training.sink import TrainingContext
from symmcore.training.status import FinishReason, RunState
from symmcore.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("tiny")


class TestPause:
    @pytest.mark.parametrize("moment", ["before", "training", "evaluating"])
    def test_holds_until_resumed_says_so_and_changes_no_number(self, moment: str) -> None:
        control, paused = Control(), threading.Event()

        def hook(told: object) -> None:
            if moment == "training" and is_step(told, 3):
                control.pause()
            evaluating = is_status(told, RunState.EVALUATING, 2)
            if moment == "evaluating" and evaluating and not paused.is_set():
                control.pause()  # once: going on, it says EVALUATING again
            if is_status(told, RunState.PAUSED):
                paused.set()

        if moment == "before":
            control.pause()
        sink = Recorder(hook)
        with running(Trainer(tiny_config(steps=5), sink), control) as thread:
            assert paused.wait(PATIENCE), sink.statuses[-1]
            before = len(sink.records)
            thread.join(0.2)
            assert thread.is_alive()
            assert len(sink.records) == before
            assert sink.statuses[-1].state is RunState.PAUSED
            assert sink.statuses[-1].step == {"before": 0, "training": 3, "evaluating": 2}[moment]
            control.resume()
            thread.join(PATIENCE)
        assert sink.statuses[-1].reason is FinishReason.COMPLETED
        after = sink.states()[sink.states().index(RunState.PAUSED) + 1]
        assert after is (RunState.TRAINING if moment == "training" else RunState.EVALUATING)
        undisturbed = train(steps=5)
        assert sink.steps() == undisturbed.steps()
        assert sink.evaluations() == undisturbed.evaluations()

    @pytest.mark.parametrize("state", [RunState.TRAINING, RunState.EVALUATING])
    def test_is_left_out_of_the_time(
        self, state: RunState, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock, control = FakeClock(monkeypatch), Control()

        was_paused = False

        def hook(told: object) -> None:
            nonlocal was_paused
            if is_status(told, state, 2) and not was_paused:
                was_paused = True
                control.pause()
            if is_status(told, RunState.PAUSED):
                clock.now += 5000
                control.resume()

        sink = Recorder(hook)
        status = Trainer(tiny_config(), sink).run(control)
        assert was_paused
        assert status.reason is FinishReason.COMPLETED
        assert RunState.PAUSED in sink.states()
        assert 0 < sink.records[-1][1].seconds < 5
        assert status.steps_per_second is not None
        assert status.steps_per_second > 1


class TestStop:
    @pytest.mark.parametrize(
        ("moment", "step"), [("before", 0), ("begun", 0), ("first evaluation", 0), ("training", 3),
                             ("paused", 3), ("evaluating", 2), ("last evaluation", 5)],
    )  # fmt: skip
    def test_ends_it_at_the_next_boundary_and_it_can_go_on(self, moment: str, step: int) -> None:
        control = Control()

        def hook(told: object) -> None:
            if moment == "paused":
                if is_step(told, 3):
                    control.pause()
                if is_status(told, RunState.PAUSED):
                    control.stop()
            elif (
                (moment == "begun" and isinstance(told, TrainingContext))
                or (moment == "first evaluation" and is_status(told, RunState.EVALUATING, 0))
                or (moment == "training" and is_step(told, 3))
                or (moment == "evaluating" and is_status(told, RunState.EVALUATING, 2))
                or (moment == "last evaluation" and is_status(told, RunState.EVALUATING, 5))
            ):
                control.stop()

        if moment == "before":
            control.stop()
        sink = Recorder(hook)
        trainer = Trainer(tiny_config(steps=5), sink)
        status = trainer.run(control)
        assert (status.reason, status.step) == (FinishReason.STOPPED, step)
        assert status.can_continue
        assert_ended_once(sink, status)
        assert [record.step for record in sink.steps()] == list(range(1, step + 1))

        trainer.extend(6 - step)
        sink.hook = lambda told: None
        status = trainer.run(Control())
        assert (status.reason, status.step, status.total_steps) == (FinishReason.COMPLETED, 6, 6)
        assert_ended_once(sink, status, runs=2)
        whole = train(steps=6)
        assert sink.steps() == whole.steps()
        # also the evaluation that the stop cut short, where it was due
        evaluations = {record.step: scores(record) for record in sink.evaluations()}
        frames = {one.frame.step: one for (one,) in sink.frames}
        assert evaluations | {r.step: scores(r) for r in whole.evaluations()} == evaluations
        assert same_snapshots(
            [frames[one.frame.step] for (one,) in whole.frames], [one for (one,) in whole.frames]
        )

    @pytest.mark.parametrize("at", [0, 2, 3])
    def test_is_evaluated_as_a_training_at_its_end_is(self, at: int) -> None:
        control = Control()

        def hook(told: object) -> None:
            if is_status(told, RunState.TRAINING, at):
                control.stop()

        sink = Recorder(hook)
        Trainer(tiny_config(steps=5), sink).run(control)
        last = sink.evaluations()[-1]
        assert last.step == at
        assert [k for k, _ in last.test_recall_at] == [1, 2, 4, 8]
        assert last.test_nmi is not None
        assert last.test_f1 is not None
        assert at == 0 or last == train(steps=at).evaluations()[-1]
        assert sink.frames[-1][0].frame.step == sink.checkpointed[-1][0].step == at
        assert len({one.frame.step for (one,) in sink.frames}) == len(sink.frames), "once each"

    @pytest.mark.parametrize("moment", ["training", "last evaluation"])
    def test_takes_no_time_for_that_where_there_is_none(self, moment: str) -> None:
        control = Control()

        def hook(told: object) -> None:
            if is_step(told, 3):
                control.close() if moment == "training" else control.stop()
            if is_status(told, RunState.EVALUATING, 3):
                control.close()

        sink = Recorder(hook)
        status = Trainer(tiny_config(steps=5), sink).run(control)
        assert (status.reason, status.step) == (FinishReason.STOPPED, 3)
        assert [record.step for record in sink.evaluations()] == [0, 2]
        assert sink.checkpointed[-1][0].step == 3, "and yet it can be gone on with"

    def test_ends_a_pause_from_another_thread(self) -> None:
        control, paused = Control(), threading.Event()

        def hook(told: object) -> None:
            if is_step(told, 2):
                control.pause()
            if is_status(told, RunState.PAUSED):
                paused.set()

        sink = Recorder(hook)
        with running(Trainer(tiny_config(), sink), control):
            assert paused.wait(PATIENCE)
            control.stop()
        assert sink.statuses[-1].reason is FinishReason.STOPPED
        assert sink.statuses[-1].step == 2

    def test_of_a_training_that_is_not_there_yet_leaves_no_run(self) -> None:
        control, sink = Control(), Recorder()
        control.stop()
        trainer = Trainer(tiny_config(), sink)
        assert trainer.run(control).reason is FinishReason.STOPPED
        assert sink.contexts == []
        assert trainer.run(Control()).reason is FinishReason.COMPLETED
        assert len(sink.contexts) == 1
