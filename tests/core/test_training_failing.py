import dataclasses
import errno
import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers_trainer import assert_ended_once, same_snapshots, train
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
from symmcore.training.status import FinishReason, TrainingStatus
from symmcore.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("tiny")


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
