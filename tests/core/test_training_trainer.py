import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from helpers_trainer import PATIENCE, FakeClock, assert_ended_once, running, same_snapshots, train
from helpers_training import Recorder, tiny_config, with_dropout
from torch import nn

from symmcore.networks import build_network
from symmcore.records import EvalRecord, StepRecord
from symmcore.training import learner as learner_module
from symmcore.training.control import Control
from symmcore.training.learner import Learner
from symmcore.training.sink import TrainingContext
from symmcore.training.status import FinishReason, RunState, TrainingStatus
from symmcore.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("tiny")


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
