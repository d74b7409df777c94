"""Going on from a checkpoint gives what an uninterrupted training gives, bit for bit."""

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers_training import (
    IMAGES_A_CLASS,
    Recorder,
    add_dataset,
    spec,
    tiny_config,
    tiny_dataset,
    with_dropout,
)

from symmcore.data.dataset import ImageDataset
from symmcore.data.feed.batches import BatchLoader
from symmcore.errors import InputError
from symmcore.networks import build_network
from symmcore.records import Checkpoint
from symmcore.settings.schedule import Schedule
from symmcore.settings.transforms import TransformSettings
from symmcore.training import learner as learner_module
from symmcore.training import preparation as preparation_module
from symmcore.training.branch import branch_config
from symmcore.training.config import TrainingConfig
from symmcore.training.control import Control
from symmcore.training.sink import ParentRun
from symmcore.training.start import Start
from symmcore.training.status import FinishReason, RunState, TrainingStatus
from symmcore.training.trainer import Trainer

SPECS = ("npair", "npair+symm", "triplet+symm:rank=2,lr=0.01")
STEPS = 6
# Everything random: crops, shifts, mirrored images; and a learning rate that falls.
SETTINGS = {
    "steps": STEPS,
    "frames": 3,
    "checkpoint_every": 1,
    "transform": TransformSettings(crop=7, flip=True, shift=1),
    "schedule": Schedule(halve_every=2),
    "weight_decay": 1e-3,
}


@pytest.fixture(autouse=True)
def tiny_with_dropout(tiny: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner_module, "build_network", with_dropout)


def trained(
    config: TrainingConfig, start: Start | None = None, more: int = 0
) -> tuple[Recorder, TrainingStatus]:
    """Train to the end, and then ``more`` steps."""
    sink = Recorder()
    trainer = Trainer(config, sink, start)
    status = trainer.run(Control())
    if more:
        trainer.extend(more)
        status = trainer.run(Control())
    return sink, status


@pytest.fixture(name="whole", scope="module")
def trained_once() -> Recorder:
    """An uninterrupted training of three runs."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        add_dataset(monkeypatch)
        monkeypatch.setattr(learner_module, "build_network", with_dropout)
        sink, status = trained(tiny_config(*SPECS, **SETTINGS))
        assert status.reason is FinishReason.COMPLETED, status
    return sink


def as_read(checkpoint: Checkpoint) -> Checkpoint:
    """What comes back from disk: arrays, and JSON."""
    arrays = {
        kind: {name: array.copy() for name, array in named.items()}
        for kind, named in checkpoint.arrays.items()
    }
    return Checkpoint(checkpoint.step, arrays, json.loads(json.dumps(checkpoint.state)))


def start_from(
    checkpoints: tuple[Checkpoint, ...],
    sink: Recorder,
    parents: tuple[ParentRun, ...] | None = None,
    ended: Mapping[int, str] | None = None,
) -> Start:
    """Where those go on that have a checkpoint; the others have ended before."""
    gone = {} if ended is None else ended

    def read() -> tuple[Checkpoint | None, ...]:
        left = map(as_read, checkpoints)
        return tuple(
            None if run in gone else next(left) for run in range(len(checkpoints) + len(gone))
        )

    fingerprint = sink.contexts[0].dataset.fingerprint()
    return Start(checkpoints[0].step, read, fingerprint, "runs/tiny", parents, gone)


def same_arrays(one: Checkpoint, other: Checkpoint) -> bool:
    def flat(arrays: Mapping[str, Mapping[str, np.ndarray]]) -> dict[tuple[str, str], bytes]:
        return {
            (kind, name): str((array.dtype, array.shape)).encode() + array.tobytes()
            for kind, named in arrays.items()
            for name, array in named.items()
        }

    return one.step == other.step and flat(one.arrays) == flat(other.arrays)


def assert_goes_on(sink: Recorder, whole: Recorder, step: int, runs: range) -> None:
    """``sink`` has what ``whole`` has after ``step``, no less and no more, to the last bit."""
    for run in runs:
        at = run - runs.start
        assert sink.steps(at) == [one for one in whole.steps(run) if one.step > step]
        assert sink.evaluations(at) == [one for one in whole.evaluations(run) if one.step > step]
        frames = [one[run].frame for one in whole.frames if one[run].frame.step > step]
        assert [one[at].frame.step for one in sink.frames] == [frame.step for frame in frames]
        for found, frame in zip((one[at].frame for one in sink.frames), frames, strict=True):
            np.testing.assert_array_equal(
                found.test.points.embeddings, frame.test.points.embeddings
            )
            np.testing.assert_array_equal(found.train.synthetic, frame.train.synthetic)
        kept = [one[run] for one in whole.checkpointed if one[run].step > step]
        assert [one[at].step for one in sink.checkpointed] == [one.step for one in kept]
        assert all(
            same_arrays(one[at], other) for one, other in zip(sink.checkpointed, kept, strict=True)
        )


def test_there_is_dropout_to_be_restored(whole: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner_module, "build_network", build_network)
    assert trained(tiny_config(*SPECS, **SETTINGS))[0].steps() != whole.steps()


def test_every_step_that_was_asked_for_has_a_checkpoint(whole: Recorder) -> None:
    assert [[one.step for one in each] for each in whole.checkpointed] == [
        [step] * 3 for step in range(STEPS + 1)
    ]


@pytest.mark.parametrize("step", range(STEPS))
def test_from_any_checkpoint_it_equals_an_uninterrupted_training(
    whole: Recorder, step: int
) -> None:
    config = whole.contexts[0].config
    sink, status = trained(config, start_from(whole.checkpointed[step], whole))
    assert (status.reason, status.step) == (FinishReason.COMPLETED, STEPS)
    assert (sink.contexts[0].resumed_from, sink.contexts[0].parents) == (step, None)
    assert sink.contexts[0].config == config
    assert_goes_on(sink, whole, step, range(3))
    before = whole.checkpointed[step][0].state["seconds"]
    assert isinstance(before, float)
    assert sink.records[0][1].seconds > before


def test_twice_interrupted_it_still_equals_that(whole: Recorder) -> None:
    config = whole.contexts[0].config
    first = trained(config, start_from(whole.checkpointed[1], whole))[0]
    again = next(each for each in first.checkpointed if each[0].step == 4)
    assert_goes_on(trained(config, start_from(again, whole))[0], whole, 4, range(3))


@pytest.mark.parametrize("run", range(3))
def test_a_run_of_a_comparison_goes_on_alone_as_beside_the_others(
    whole: Recorder, run: int
) -> None:
    config = dataclasses.replace(whole.contexts[0].config, specs=(spec(SPECS[run]),))
    (parent,) = whole.checkpointed[2][run : run + 1]
    parents = (ParentRun(Path("runs/parent"), "key", step=2),)
    sink, _ = trained(config, start_from((parent,), whole, parents))
    context = sink.contexts[0]
    assert (context.parents, context.resumed_from, context.begins_at) == (parents, None, 2)
    assert_goes_on(sink, whole, 2, range(run, run + 1))


@pytest.mark.parametrize("lost", [0, 1])
def test_a_run_that_diverged_before_takes_no_part(whole: Recorder, lost: int) -> None:
    config = whole.contexts[0].config
    left = tuple(one for run, one in enumerate(whole.checkpointed[2]) if run != lost)
    sink, status = trained(config, start_from(left, whole, ended={lost: "It diverged."}), more=1)
    assert (status.reason, status.message) == (FinishReason.COMPLETED, "It diverged.")
    assert all(context.ended == {lost} for context in sink.contexts)
    assert not sink.lost, "it is not told again"
    for run in range(3):
        after = [one for one in whole.steps(run) if one.step > 2 and run != lost]
        assert sink.steps(run)[: len(after)] == after
        assert bool(sink.steps(run)) == (run != lost)
    at_end = [one for run, one in enumerate(whole.checkpointed[-1]) if run != lost]
    (found,) = [told for told in sink.checkpointed if told[0].step == STEPS]
    assert all(same_arrays(*pair) for pair in zip(found, at_end, strict=True))


def test_going_on_after_the_end_equals_one_longer_training(whole: Recorder) -> None:
    longer = trained(tiny_config(*SPECS, **SETTINGS | {"steps": 9}))[0]
    config = whole.contexts[0].config.with_steps(9)
    from_checkpoint, _ = trained(config, start_from(whole.checkpointed[-1], whole))
    in_memory, _ = trained(whole.contexts[0].config, more=3)
    for run in range(3):
        for sink in (from_checkpoint, in_memory):
            after = [one for one in sink.steps(run) if one.step > STEPS]
            assert after == [one for one in longer.steps(run) if one.step > STEPS]
            assert sink.evaluations(run)[-1] == longer.evaluations(run)[-1]
            assert same_arrays(sink.checkpointed[-1][run], longer.checkpointed[-1][run])


def test_resumed_and_then_asked_for_more_it_goes_on_in_memory(whole: Recorder) -> None:
    config = whole.contexts[0].config
    sink, status = trained(config, start_from(whole.checkpointed[4], whole), more=2)
    assert (status.step, status.total_steps) == (8, 8)
    assert [context.resumed_from for context in sink.contexts] == [4, None]
    longer = trained(tiny_config(*SPECS, **SETTINGS | {"steps": 8}))[0]
    assert sink.steps(2) == [one for one in longer.steps(2) if one.step > 4]


def test_a_training_that_was_stopped_goes_on_where_it_was(whole: Recorder) -> None:
    sink, control = Recorder(), Control()

    def hook(told: object) -> None:
        if isinstance(told, TrainingStatus) and told.step == 3:
            control.stop()

    sink.hook = hook
    trainer = Trainer(whole.contexts[0].config, sink)
    assert trainer.run(control).reason is FinishReason.STOPPED
    assert sink.checkpointed[-1][0].step == 3
    resumed, _ = trained(whole.contexts[0].config, start_from(sink.checkpointed[-1], whole))
    assert_goes_on(resumed, whole, 3, range(3))


@pytest.mark.parametrize(
    "changed",
    [
        "triplet+symm:rank=1,lr=0.01",
        "triplet+symm:rank=2,lr=0.02",
        "triplet+symm:rank=2,lr=0.01,margin=0.3",
        "npair:lr=0.01",
    ],
)
def test_what_a_branch_changes_holds_from_there_on(whole: Recorder, changed: str) -> None:
    config = dataclasses.replace(whole.contexts[0].config, specs=(spec(changed),))
    sink, status = trained(config, start_from(whole.checkpointed[3][2:], whole))
    assert status.reason is FinishReason.COMPLETED
    assert [one.step for one in sink.steps()] == [4, 5, 6]
    assert sink.steps() != [one for one in whole.steps(2) if one.step > 3]
    # a loss is taken before its step: the batch and the weights are those of the parent
    if "lr=0.02" in changed:
        first, parents = sink.steps()[0], whole.steps(2)[3]
        assert (first.loss, first.synthetic_ratio) == (parents.loss, parents.synthetic_ratio)


def test_threads_are_those_of_the_configuration(whole: Recorder) -> None:
    threads: list[int] = []
    sink = Recorder(lambda told: threads.append(torch.get_num_threads()))
    config = dataclasses.replace(whole.contexts[0].config, threads=2)
    Trainer(config, sink, start_from(whole.checkpointed[5], whole)).run(Control())
    assert set(threads[1:]) == {2}


def test_images_that_are_read_ahead_are_those_of_an_uninterrupted_training(
    whole: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    # batches that were drawn before the checkpoint and not yet used belong to it
    loader = functools.partial(BatchLoader, resident_bytes=0)
    monkeypatch.setattr(preparation_module, "BatchLoader", loader)
    config = whole.contexts[0].config
    again, _ = trained(config)
    feed = again.checkpointed[2][0].state["feed"]
    assert isinstance(feed, dict)
    assert feed["planned"]
    assert_goes_on(trained(config, start_from(again.checkpointed[2], whole))[0], again, 2, range(3))
    assert again.steps(1) == whole.steps(1)


class TestRefused:
    def refused(self, config: TrainingConfig, start: Start) -> str:
        sink, status = trained(config, start)
        assert status.reason is FinishReason.INVALID, status
        assert sink.contexts == [], "nothing is begun"
        assert status.state is RunState.FINISHED
        return status.message

    def test_a_dataset_that_has_changed(
        self, whole: Recorder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def load(seed: int) -> ImageDataset:
            dataset = tiny_dataset(seed)
            labels = dataset.labels.copy()
            labels[0] = 1
            return dataclasses.replace(dataset, labels=labels)

        add_dataset(monkeypatch, "tiny2", load)
        config = dataclasses.replace(whole.contexts[0].config, dataset="tiny2")
        message = self.refused(config, start_from(whole.checkpointed[2], whole))
        assert message.startswith("runs/tiny was trained on other images")
        assert "looked at" in message

    def test_a_checkpoint_of_another_network(self, whole: Recorder) -> None:
        config = dataclasses.replace(whole.contexts[0].config, dim=9)
        message = self.refused(config, start_from(whole.checkpointed[2], whole))
        assert "The checkpoint of runs/tiny at step 2" in message
        assert "8 x 256 where 9 x 256 is needed" in message

    @pytest.mark.parametrize(
        "damage",
        [
            lambda arrays, state: arrays["optimizer"].popitem(),
            lambda arrays, state: arrays["optimizer"].update(more=np.zeros(3)),
            lambda arrays, state: arrays["random"].update(cpu=np.zeros(3, np.uint8)),
            lambda arrays, state: arrays["random"].update(cpu=np.zeros(5056, np.float32)),
            lambda arrays, state: arrays.pop("optimizer"),
            lambda arrays, state: arrays["network"].update(
                {name: array.astype("U3") for name, array in arrays["network"].items()}
            ),
            lambda arrays, state: state.update(step=4),
            lambda arrays, state: state.update(seconds=None),
            lambda arrays, state: state.update(seconds=float("nan")),
            lambda arrays, state: state.update(steps_taken=True),
            lambda arrays, state: state.pop("feed"),
            lambda arrays, state: state.update(feed=[]),
            lambda arrays, state: state["feed"]["sampler"].update(random={}),
            lambda arrays, state: state["feed"]["sampler"].update(decks=[[1]]),
            lambda arrays, state: state["feed"].update(augmentation="none"),
        ],
    )
    def test_a_damaged_checkpoint(
        self, whole: Recorder, damage: Callable[[Any, Any], object]
    ) -> None:
        checkpoints = tuple(as_read(one) for one in whole.checkpointed[2])
        arrays: Any = checkpoints[0].arrays  # which are to be read only
        state: Any = checkpoints[0].state
        damage(arrays, state)
        start = dataclasses.replace(
            start_from(whole.checkpointed[2], whole), read=lambda: checkpoints
        )
        message = self.refused(whole.contexts[0].config, start)
        assert "The checkpoint of runs/tiny at step 2" in message
        assert "\n" not in message


def test_a_weights_file_that_has_gone_since_is_not_needed(whole: Recorder, tmp_path: Path) -> None:
    config = dataclasses.replace(whole.contexts[0].config, weights=str(tmp_path / "gone.pth"))
    sink, status = trained(config, start_from(whole.checkpointed[5], whole))
    assert status.reason is FinishReason.COMPLETED, status
    assert sink.contexts[0].config.weights == config.weights, "and yet recorded"
    assert sink.steps()[-1] == whole.steps()[-1]


def test_the_dataset_is_large_enough_for_decks_to_be_dealt_anew() -> None:
    # so that what is left of a deck matters at every checkpoint
    assert STEPS * tiny_config().batch_size > IMAGES_A_CLASS


def test_a_run_of_the_former_quick_network_goes_on_as_others_do() -> None:
    config = tiny_config("npair+symm", network="small", checkpoint_every=2)
    whole, _ = trained(config)
    sink, _ = trained(whole.contexts[0].config, start_from(whole.checkpointed[1], whole))
    assert_goes_on(sink, whole, 2, range(1))


def test_runs_of_other_embedding_sizes_train_as_they_do_alone(whole: Recorder) -> None:
    both = dataclasses.replace(whole.contexts[0].config, specs=(spec("npair"), spec("npair:dim=4")))
    sink, status = trained(both)
    assert status.reason is FinishReason.COMPLETED
    sizes = [snapshot.searched.embeddings.shape[1] for snapshot in sink.frames[-1]]
    assert sizes == [both.dim, 4]
    alone, _ = trained(dataclasses.replace(both, specs=(spec("npair:dim=4"),)))
    assert [one.loss for one in sink.steps(1)] == [one.loss for one in alone.steps(0)]
    for checkpoint in (sink.checkpointed[3][1], alone.checkpointed[3][0]):
        network = checkpoint.state["network"]
        assert isinstance(network, dict)
        assert network["dim"] == 4
    resumed, _ = trained(both, start_from(sink.checkpointed[3], sink))
    assert_goes_on(resumed, sink, 3, range(2))


def test_a_branch_keeps_its_parents_embedding_size(whole: Recorder) -> None:
    parent = dataclasses.replace(whole.contexts[0].config, specs=(spec("npair:dim=4"),))
    (branched,) = branch_config(parent, spec("triplet")).specs
    assert branched == spec("triplet:dim=4")
    assert branch_config(parent, spec("triplet:dim=4")).specs == (branched,)
    with pytest.raises(InputError, match="embedding size"):
        branch_config(parent, spec("npair:dim=8"))
