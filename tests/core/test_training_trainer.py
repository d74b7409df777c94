import contextlib
import dataclasses
import errno
import itertools
import math
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers_training import Recorder, add_dataset, tiny_config, tiny_dataset, with_dropout
from torch import nn

from symmcore.data.dataset import ImageDataset
from symmcore.errors import ProcessLostError
from symmcore.networks import build_network
from symmcore.records import EvalRecord, Snapshot, StepRecord
from symmcore.training import learner as learner_module
from symmcore.training.config import TrainingConfig
from symmcore.training.control import Control
from symmcore.training.learner import Learner, StepResult
from symmcore.training.out_of_memory import is_out_of_memory, out_of_memory_message
from symmcore.training.sink import TrainingContext
from symmcore.training.status import FinishReason, RunState, TrainingStatus
from symmcore.training.trainer import Trainer

PATIENCE = 30.0  # how long a test waits for what must happen, before it fails

pytestmark = pytest.mark.usefixtures("tiny")


def train(
    *specs: str, hook: Callable[[object], None] = lambda told: None, **settings: Any
) -> Recorder:
    """Train to the end in this thread."""
    sink = Recorder(hook)
    status = Trainer(tiny_config(*specs, **settings), sink).run(Control())
    assert status.reason is FinishReason.COMPLETED, status
    assert_ended_once(sink, status)
    return sink


def assert_ended_once(sink: Recorder, status: TrainingStatus, runs: int = 1) -> None:
    """FINISHED came last, and once for each time that training ran."""
    finished = [told for told in sink.statuses if told.state is RunState.FINISHED]
    assert len(finished) == runs
    assert sink.statuses[-1] == finished[-1] == status
    assert all(
        (told.reason is None) == (told.state is not RunState.FINISHED) for told in sink.statuses
    )


@contextlib.contextmanager
def running(trainer: Trainer, control: Control) -> Iterator[threading.Thread]:
    """Train in a thread of its own, which is stopped at the end whatever a test finds."""
    thread = threading.Thread(target=trainer.run, args=(control,))
    thread.start()
    try:
        yield thread
    finally:
        control.stop()
        thread.join(PATIENCE)
    assert not thread.is_alive()


def same_snapshots(one: list[Snapshot], other: list[Snapshot]) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(a.searched.embeddings, b.searched.embeddings)
        and np.array_equal(a.frame.train.synthetic, b.frame.train.synthetic)
        and np.array_equal(a.frame.train.partner, b.frame.train.partner)
        for a, b in zip(one, other, strict=True)
    )


def scores(record: EvalRecord) -> tuple[object, ...]:
    """What every evaluation has, whatever its reason."""
    return (
        record.train_recall_at_1,
        record.test_recall_at_1,
        record.train_synthetic_recall_at_1,
        record.test_synthetic_recall_at_1,
    )


class TestOneSeed:
    def test_gives_one_training(self) -> None:
        one, again = (train("npair", "npair+symm", steps=6) for _ in range(2))
        other = train("npair", "npair+symm", steps=6, seed=1)
        for run in range(2):
            assert one.steps(run) == again.steps(run)
            assert one.evaluations(run) == again.evaluations(run)
            assert one.steps(run) != other.steps(run)

    def test_gives_one_training_in_any_thread(self) -> None:
        here, there = train("npair+symm", threads=2), Recorder()
        with running(Trainer(tiny_config("npair+symm", threads=2), there), Control()) as thread:
            thread.join(PATIENCE)
        assert here.steps() == there.steps()
        assert here.evaluations() == there.evaluations()

    def test_decides_split_batches_and_weights_apart(self) -> None:
        # Where one seed gave one stream, more classes in the split would change the batches.
        one, other = train(seed=2), train(seed=3)
        assert not np.array_equal(one.contexts[0].dataset.train, other.contexts[0].dataset.train)


class TestLockstep:
    SPECS = ("npair", "npair+symm", "triplet+symm:rank=2,lr=0.01")

    @pytest.mark.parametrize("build", [build_network, with_dropout])
    def test_a_run_has_exactly_the_records_it_has_alone(
        self, build: Callable[[str, int, int], nn.Module], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(learner_module, "build_network", build)
        together = train(*self.SPECS, steps=5)
        for run, spec in enumerate(self.SPECS):
            alone = train(spec, steps=5)
            assert together.steps(run) == alone.steps()
            assert together.evaluations(run) == alone.evaluations()
            assert same_snapshots(
                [snapshots[run] for snapshots in together.frames],
                [snapshots[0] for snapshots in alone.frames],
            )

    def test_dropout_is_there_to_be_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        plain = train("npair")
        monkeypatch.setattr(learner_module, "build_network", with_dropout)
        assert train("npair").steps() != plain.steps()

    def test_the_order_of_the_runs_does_not_matter(self) -> None:
        one, other = train("npair", "npair+symm"), train("npair+symm", "npair")
        assert one.steps(0) == other.steps(1)
        assert one.steps(1) == other.steps(0)

    def test_the_loss_makes_the_difference(self) -> None:
        sink = train("npair", "npair+symm")
        first, second = sink.evaluations(0)[0], sink.evaluations(1)[0]
        assert first == second, "the same weights at first"
        assert sink.steps(0) != sink.steps(1)
        assert all(record.synthetic_ratio is None for record in sink.steps(0))
        ratios = [record.synthetic_ratio for record in sink.steps(1)]
        assert all(ratio is not None and 0 <= ratio <= 1 for ratio in ratios)

    def test_snapshots_of_all_runs_come_together(self) -> None:
        sink = train("npair", "npair+symm")
        assert [[s.frame.step for s in snapshots] for snapshots in sink.frames] == [
            [0, 0],
            [2, 2],
            [4, 4],
        ]


class TestWhatIsTold:
    @pytest.mark.parametrize(
        ("steps", "every", "evaluated"),
        [
            (5, 2, [0, 2, 4, 5]),
            (4, 2, [0, 2, 4]),
            (3, 10, [0, 3]),
            (2, 1, [0, 1, 2]),
            (1, 1, [0, 1]),
        ],
    )
    def test_evaluations_are_at_the_first_every_nth_and_the_last_step(
        self, steps: int, every: int, evaluated: list[int]
    ) -> None:
        sink = train(steps=steps, eval_every=every)
        assert [record.step for record in sink.steps()] == list(range(1, steps + 1))
        assert [record.step for record in sink.evaluations()] == evaluated
        assert [snapshots[0].frame.step for snapshots in sink.frames] == evaluated
        *before, last = sink.evaluations()
        assert all(record.test_nmi is None and record.test_recall_at == () for record in before)
        assert last.test_nmi is not None
        assert last.test_f1 is not None
        assert [k for k, _ in last.test_recall_at] == [1, 2, 4, 8]

    def test_an_evaluation_comes_after_the_step_that_it_is_of(self) -> None:
        order = [(record.step, type(record)) for _, record in train(steps=3).records]
        assert order == [(0, EvalRecord), (1, StepRecord), (2, StepRecord), (2, EvalRecord),
                         (3, StepRecord), (3, EvalRecord)]  # fmt: skip

    def test_the_context_comes_before_everything_but_preparing(self) -> None:
        told: list[object] = []
        train(hook=told.append)
        kinds = [type(item) for item in told]
        first = kinds.index(TrainingContext)
        before = [item.state for item in told[:first] if isinstance(item, TrainingStatus)]
        assert before == [RunState.PREPARING] * first
        assert kinds.count(TrainingContext) == 1

    def test_states(self) -> None:
        assert train(steps=3).states() == [
            RunState.PREPARING,
            RunState.EVALUATING, RunState.TRAINING,
            RunState.PREPARING, RunState.TRAINING,
            RunState.EVALUATING, RunState.TRAINING,
            RunState.EVALUATING, RunState.TRAINING,
            RunState.FINISHED,
        ]  # fmt: skip

    def test_steps_in_a_status_never_fall_behind_the_records(self) -> None:
        seen = [0]

        def hook(told: object) -> None:
            if isinstance(told, tuple) and isinstance(told[-1], StepRecord):
                seen.append(told[-1].step)
            if isinstance(told, TrainingStatus):
                assert told.step == seen[-1]
                assert told.total_steps == 4

        status = train(hook=hook).statuses[-1]
        assert status.step == status.total_steps == 4

    def test_the_environment_is_what_it_ran_on(self) -> None:
        threads: list[int] = []

        def hook(told: object) -> None:
            threads.append(torch.get_num_threads())

        context = train(hook=hook, threads=2).contexts[0]
        assert set(threads[1:]) == {2}
        assert context.environment.threads == 2
        assert context.environment.device == "cpu"
        versions = dict(context.environment.versions)
        assert torch.__version__.startswith(versions["torch"])
        assert {"python", "symmviz", "numpy", "scikit-learn"} < set(versions)

    def test_seconds_grow(self) -> None:
        sink = train(steps=4)
        seconds = [record.seconds for _, record in sink.records if isinstance(record, StepRecord)]
        assert seconds[0] > 0
        assert all(a < b for a, b in itertools.pairwise(seconds))

    def test_speed_and_time_left_follow_the_clock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = FakeClock(monkeypatch)
        clock.tick = 0.0

        def hook(told: object) -> None:
            if isinstance(told, tuple) and isinstance(told[-1], StepRecord):
                clock.now += 0.25

        sink = train(hook=hook, steps=8, eval_every=100)
        halfway = next(s for s in sink.statuses if s.step == 4)
        assert halfway.steps_per_second == pytest.approx(4)
        assert halfway.seconds_left == pytest.approx(1)
        assert sink.statuses[0].steps_per_second is None
        assert sink.statuses[0].seconds_left is None


class FakeClock:
    """The trainer's clock; every look at it takes a millisecond."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.tick = 0.001
        monkeypatch.setattr("symmcore.training.trainer.time.perf_counter", self.read)

    def read(self) -> float:
        self.now += self.tick
        return self.now


def is_step(told: object, step: int) -> bool:
    return isinstance(told, tuple) and isinstance(told[-1], StepRecord) and told[-1].step == step


def is_status(told: object, state: RunState, step: int | None = None) -> bool:
    return isinstance(told, TrainingStatus) and told.state is state and step in (None, told.step)


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


def test_what_is_compiled_is_compiled_before_the_first_step_and_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps: list[int] = []
    told: list[str] = []
    original = Learner.warm_up

    def watched(learner: Learner) -> None:
        steps.append(len(sink.steps()))
        told.append(sink.statuses[-1].message)
        original(learner)

    monkeypatch.setattr(Learner, "warm_up", watched)
    sink = Recorder()
    trainer = Trainer(tiny_config("npair", "npair+symm", steps=2), sink)
    trainer.run(Control())
    trainer.extend(1)
    trainer.run(Control())
    assert set(steps) == {0}, "before all steps"
    assert all(text.startswith("Compiling") for text in told)


def test_numbers_that_are_lost_in_the_last_step_are_no_result() -> None:
    # The loss of the last step was still a number.
    sink = Recorder()
    status = Trainer(tiny_config("npair", steps=1, learning_rate=1e30), sink).run(Control())
    assert status.reason is FinishReason.DIVERGED
    assert "embeddings of npair are no longer numbers at step 1" in status.message
    assert [record.step for record in sink.evaluations()] == [0]


def test_a_process_lost_during_a_training_is_said_in_a_sentence() -> None:
    config = tiny_config("npair", steps=3, eval_every=3)

    class Lost(Recorder):
        def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
            super().scalar(run, record)
            raise ProcessLostError("The process was ended from outside.")

    status = Trainer(config, Lost()).run(Control())
    assert (status.reason, status.detail) == (FinishReason.FAILED, "")
    assert status.message == "The process was ended from outside."


class TestGoingOn:
    def test_equals_one_longer_training(self) -> None:
        sink = Recorder()
        trainer = Trainer(tiny_config("npair", "npair+symm", steps=3), sink)
        assert trainer.run(Control()).reason is FinishReason.COMPLETED
        trainer.extend(4)
        status = trainer.run(Control())
        assert (status.step, status.total_steps) == (7, 7)
        assert_ended_once(sink, status, runs=2)
        whole = train("npair", "npair+symm", steps=7)
        for run in range(2):
            assert sink.steps(run) == whole.steps(run)
            evaluations = {record.step: record for record in sink.evaluations(run)}
            assert list(evaluations) == [0, 2, 3, 4, 6, 7]
            assert [
                evaluations[record.step] for record in whole.evaluations(run)
            ] == whole.evaluations(run)

    def test_begins_again_with_more_steps_and_nothing_else(self) -> None:
        sink = Recorder()
        trainer = Trainer(tiny_config(steps=2), sink)
        trainer.run(Control())
        trainer.extend(3)
        trainer.run(Control())
        first, second = sink.contexts
        assert (first.config.steps, second.config.steps) == (2, 5)
        assert second.config == first.config.with_steps(5)
        assert second.dataset is first.dataset

    def test_the_last_step_is_not_evaluated_twice(self) -> None:
        sink = Recorder()
        trainer = Trainer(tiny_config(steps=2), sink)
        trainer.run(Control())
        trainer.extend(1)
        trainer.run(Control())
        assert [record.step for record in sink.evaluations()] == [0, 2, 3]

    def test_works_in_another_thread(self) -> None:
        sink = Recorder()
        trainer = Trainer(tiny_config(steps=2, threads=2), sink)
        for more in (0, 2):
            if more:
                trainer.extend(more)
            with running(trainer, Control()) as thread:
                thread.join(PATIENCE)
        assert sink.steps() == train(steps=4, threads=2).steps()


class TestDiverging:
    def test_ends_training_with_the_step_and_what_to_try(self) -> None:
        sink = Recorder()
        status = Trainer(tiny_config("npair+symm:lr=1e+30", steps=50), sink).run(Control())
        assert status.reason is FinishReason.DIVERGED
        assert not status.can_continue
        assert_ended_once(sink, status)
        assert f"at step {status.step}" in status.message
        assert "npair+symm:lr=1e+30" in status.message
        assert "1e+30" in status.message
        assert "lower learning rate" in status.message
        assert sink.lost == {0: status.message}
        assert not math.isfinite(sink.steps()[-1].loss)
        assert all(math.isfinite(record.loss) for record in sink.steps()[:-1])
        assert sink.steps()[-1].step == status.step < 50

    @pytest.mark.parametrize("build", [build_network, with_dropout])
    def test_leaves_the_others_as_they_are_without_it(
        self, build: Callable[[str, int, int], nn.Module], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(learner_module, "build_network", build)
        sink, lost = Recorder(), "npair+symm:lr=1e+30"
        trainer = Trainer(tiny_config("npair", lost, "triplet", steps=4), sink)
        status = trainer.run(Control())
        assert status.reason is FinishReason.COMPLETED
        assert sink.lost == {1: status.message}
        ended = sink.steps(1)[-1].step
        assert f"{lost} became nan at step {ended}." in status.message
        assert ended < status.step == 4
        trainer.extend(2)
        assert trainer.run(Control()).message == status.message
        assert [context.ended for context in sink.contexts] == [frozenset(), {1}]
        without = Recorder()
        trainer = Trainer(tiny_config("npair", "triplet", steps=4), without)
        trainer.run(Control())
        trainer.extend(2)
        trainer.run(Control())
        for run, other in ((0, 0), (2, 1)):
            assert sink.steps(run) == without.steps(other)
            assert sink.evaluations(run) == without.evaluations(other)
        assert [len(told) for told in sink.frames] == [3, 2, 2, 2]
        for told, expected in zip(sink.frames[1:], without.frames[1:], strict=True):
            assert same_snapshots(list(told), list(expected))
        last, expected_last = sink.checkpointed[-1], without.checkpointed[-1]
        for one, other_one in zip(last, expected_last, strict=True):
            assert one.step == other_one.step == 6
            for name, array in one.arrays["network"].items():
                np.testing.assert_array_equal(array, other_one.arrays["network"][name])

    def test_of_the_last_that_is_left_ends_training(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original = Learner.step
        calls: list[None] = []

        def step(learner: Learner, images: torch.Tensor, labels: torch.Tensor) -> StepResult:
            calls.append(None)
            took = original(learner, images, labels)
            return dataclasses.replace(took, loss=math.inf) if len(calls) in (3, 6) else took

        monkeypatch.setattr(Learner, "step", step)
        sink = Recorder()
        status = Trainer(tiny_config("triplet", "npair", steps=9), sink).run(Control())
        assert status.reason is FinishReason.DIVERGED
        # calls 1, 2 and 3, 4; the first run is lost with the third, the second goes on alone
        assert (status.step, len(calls)) == (4, 6)
        assert "of triplet became inf at step 2." in sink.lost[0]
        assert "of npair became inf at step 4." in sink.lost[1]
        assert status.message == f"{sink.lost[0]} {sink.lost[1]}"
        assert [[one.step for one in told] for told in sink.checkpointed] == [[0, 0], [2]]

    def test_is_said_of_a_training_that_is_stopped(self) -> None:
        control = Control()

        def hook(told: object) -> None:
            if isinstance(told, TrainingStatus) and told.step == 3:
                control.stop()

        sink = Recorder(hook)
        config = tiny_config("npair", "npair:lr=1e+30", steps=9)
        status = Trainer(config, sink).run(control)
        assert (status.reason, status.step) == (FinishReason.STOPPED, 3)
        assert status.message == sink.lost[1]
        assert [len(told) for told in sink.checkpointed] == [2, 1, 1]
        assert [record.step for record in sink.evaluations(0)][-1] == 3

    def test_is_found_at_the_step_where_the_loss_is_nan(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = Learner.step
        calls: list[None] = []

        def step(learner: Learner, images: torch.Tensor, labels: torch.Tensor) -> StepResult:
            calls.append(None)
            took = original(learner, images, labels)
            return dataclasses.replace(took, loss=math.nan) if len(calls) == 3 else took

        monkeypatch.setattr(Learner, "step", step)
        sink = Recorder()
        status = Trainer(tiny_config(steps=9), sink).run(Control())
        assert status.reason is FinishReason.DIVERGED
        assert (status.step, len(calls)) == (3, 3)
        assert "at step 3" in status.message
        assert [record.step for record in sink.evaluations()] == [0, 2]


class TestFailing:
    def test_ends_with_the_text_and_the_traceback(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original = Learner.step
        calls: list[None] = []

        def step(learner: Learner, images: torch.Tensor, labels: torch.Tensor) -> StepResult:
            calls.append(None)
            if len(calls) == 3:
                raise RuntimeError("the cat sat on it")
            return original(learner, images, labels)

        monkeypatch.setattr(Learner, "step", step)
        sink = Recorder()
        status = Trainer(tiny_config(), sink).run(Control())
        assert (status.reason, status.step) == (FinishReason.FAILED, 2)
        assert status.message == "RuntimeError: the cat sat on it"
        assert status.detail.startswith("Traceback")
        assert "in step" in status.detail
        assert not status.can_continue
        assert_ended_once(sink, status)

    @pytest.mark.parametrize("kind", [TrainingContext, StepRecord, EvalRecord, Snapshot])
    def test_of_a_sink_ends_training_and_is_told(self, kind: type) -> None:
        def hook(told: object) -> None:
            item = told[-1] if isinstance(told, tuple) else told
            if isinstance(item, kind):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        sink = Recorder(hook)
        status = Trainer(tiny_config(), sink).run(Control())
        assert status.reason is FinishReason.FAILED
        assert "No space left" in status.message
        assert_ended_once(sink, status)

    def test_of_reading_the_dataset_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def load(seed: int) -> ImageDataset:
            raise EOFError("the file is cut short")

        add_dataset(monkeypatch, "broken", load)
        sink = Recorder()
        status = Trainer(tiny_config(dataset="broken"), sink).run(Control())
        assert status.reason is FinishReason.FAILED
        assert status.message == "EOFError: the file is cut short"
        assert sink.contexts == []


class TestInvalid:
    def invalid(self, config: TrainingConfig) -> TrainingStatus:
        sink = Recorder()
        status = Trainer(config, sink).run(Control())
        assert status.reason is FinishReason.INVALID, status
        assert_ended_once(sink, status)
        assert sink.contexts == [], "nothing is begun that cannot be done"
        assert status.detail == ""
        assert not status.can_continue
        return status

    def test_a_gpu_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        assert "'cuda'" in self.invalid(tiny_config(device="cuda")).message

    def test_a_mac_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
        assert "'mps'" in self.invalid(tiny_config(device="mps")).message

    def test_auto_takes_the_cpu_where_there_is_nothing_else(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        assert train(device="auto").contexts[0].environment.device == "cpu"

    def test_a_dataset_of_one_class(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def load(seed: int) -> ImageDataset:
            dataset = tiny_dataset(seed)
            return dataclasses.replace(dataset, labels=np.zeros_like(dataset.labels))

        add_dataset(monkeypatch, "uniform", load)
        assert "two classes" in self.invalid(tiny_config(dataset="uniform")).message


class HungryNetwork(nn.Module):
    """Has no memory for its third training batch, or for any evaluation."""

    def __init__(self, error: Exception, evaluating: bool) -> None:
        super().__init__()
        self.inner = build_network("small", 1, 8)
        self.error, self.evaluating, self.batches = error, evaluating, 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.batches += self.training
        if self.batches == 3 or (self.evaluating and not self.training):
            raise self.error
        embeddings: torch.Tensor = self.inner(images)
        return embeddings


class TestOutOfMemory:
    @pytest.mark.parametrize(
        "error",
        [
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nand more"),
            RuntimeError(
                "[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate"
            ),
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"),
            RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
            MemoryError("Unable to allocate 3 GiB for an array"),
        ],
        ids=lambda error: str(error)[:20],
    )
    @pytest.mark.parametrize("evaluating", [False, True])
    def test_ends_it_with_a_sentence_and_keeps_what_there_is(
        self, error: Exception, evaluating: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            learner_module, "build_network", lambda *_: HungryNetwork(error, evaluating)
        )
        sink = Recorder()
        trainer = Trainer(tiny_config("npair", batch_size=12), sink)
        status = trainer.run(Control())
        assert status.reason is FinishReason.FAILED
        assert status.message == "Memory ran out with a batch size of 12: try a batch size of 6."
        assert status.detail == ""
        assert_ended_once(sink, status)
        assert [record.step for record in sink.steps()] == ([] if evaluating else [1, 2])
        assert trainer._prepared is None, "the next training can have the memory"

    @pytest.mark.parametrize(
        ("specs", "batch_size", "said"),
        [
            (["npair"], 128, "of 128: try a batch size of 64."),
            (["npair"], 10, "of 10: try a batch size of 4."),
            (["npair"], 6, "of 6: try a smaller network."),
            (["npair", "triplet"], 128, "of 128 and 2 runs at once: try a batch size of 64."),
        ],
    )
    def test_what_is_suggested_is_possible(
        self, specs: list[str], batch_size: int, said: str
    ) -> None:
        config = tiny_config(*specs, batch_size=batch_size)
        assert out_of_memory_message(config).endswith(said)

    @pytest.mark.parametrize(
        "error", [RuntimeError("the cat sat on it"), ValueError("out of memory")]
    )
    def test_is_not_every_failure(self, error: Exception) -> None:
        assert not is_out_of_memory(error)


def test_weights_that_are_not_there_are_told_before_the_dataset_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def load(seed: int) -> ImageDataset:
        raise AssertionError("reading takes long")

    add_dataset(monkeypatch, "slow", load)
    sink = Recorder()
    config = tiny_config(dataset="slow", weights=str(tmp_path / "none.pth"))
    status = Trainer(config, sink).run(Control())
    assert status.reason is FinishReason.INVALID
    assert "none.pth is not there" in status.message
    assert sink.contexts == []
