"""Checkpoints are written beside the training, which waits for no disk."""

import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import safetensors.numpy
from helpers_records import make_snapshot
from helpers_runs import make_checkpoint
from helpers_training import add_dataset, tiny_config, tiny_dataset

from symmcore.records import StepRecord
from symmcore.runs import Recording
from symmcore.runs.formats import files as files_module
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.lock import RunLock
from symmcore.runs.formats.safetensors_file import safetensors_chunks
from symmcore.runs.writing import checkpoint_thread
from symmcore.runs.writing.shared_past import cut
from symmcore.runs.writing.training_recorder import TrainingRecorder
from symmcore.settings.transforms import TransformSettings
from symmcore.training.sink import Environment, TrainingContext
from symmcore.training.status import FinishReason, RunState, TrainingStatus

FINISHED = TrainingStatus(RunState.FINISHED, reason=FinishReason.COMPLETED)
LONG = 30.0  # seconds: a test that hangs


class SlowDisk:
    """Holds the marker of every checkpoint until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.fails = False
        self.writers: set[str] = set()
        self._write = files_module.write_new
        monkeypatch.setattr(files_module, "write_new", self._write_new)

    def _write_new(self, path: Path, chunks: Iterable[bytes | memoryview]) -> None:
        if path.name == "complete.json":
            self.writers.add(threading.current_thread().name)
            self.reached.set()
            assert self.go_on.wait(LONG)
            if self.fails:
                raise OSError(28, "No space left on device")
        self._write(path, chunks)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> SlowDisk:
    return SlowDisk(monkeypatch)


def begun(out: Path, monkeypatch: pytest.MonkeyPatch, problems: list[str]) -> TrainingRecorder:
    add_dataset(monkeypatch)
    config = tiny_config(transform=TransformSettings(shift=1))
    recorder = TrainingRecorder(out, config, on_problem=problems.append)
    environment = Environment("cpu", 3, (("python", "3.11.7"),))
    recorder.begin(TrainingContext(config, environment, tiny_dataset(config.seed)))
    return recorder


def test_training_goes_on_while_one_is_written_and_waits_with_the_next(
    disk: SlowDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = begun(tmp_path / "run", monkeypatch, [])
    recorder.scalar(0, StepRecord(1, 0.5, None, 0.1))
    recorder.checkpoints((make_checkpoint(1),))
    assert disk.reached.wait(LONG)
    for step in (2, 3):
        recorder.scalar(0, StepRecord(step, 0.5, None, 0.1))
    recorder.snapshots((make_snapshot(3, 3),))
    state = Recording.open(tmp_path / "run").state
    assert list(state.metrics["loss"].steps) == [1, 2, 3]
    assert (state.frame_steps, state.checkpoint_steps) == ((3,), ())
    following = threading.Thread(target=recorder.checkpoints, args=((make_checkpoint(3),),))
    following.start()
    following.join(0.05)
    assert following.is_alive()
    disk.go_on.set()
    following.join(LONG)
    recorder.status(FINISHED)
    assert disk.writers == {"checkpoints"}
    recording = Recording.open(tmp_path / "run")
    assert recording.state.checkpoint_steps == (1, 3)
    recorder.close()
    assert not any(thread.name == "checkpoints" for thread in threading.enumerate())


def test_metrics_of_a_checkpoint_are_those_of_its_step(
    disk: SlowDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = begun(tmp_path / "run", monkeypatch, [])
    recorder.scalar(0, StepRecord(1, 0.5, None, 0.1))
    recorder.checkpoints((make_checkpoint(1),))
    recorder.scalar(0, StepRecord(2, 0.5, None, 0.1))
    disk.go_on.set()
    recorder.status(FINISHED)
    recorder.close()
    cut(tmp_path / "run", 1)
    assert list(Recording.open(tmp_path / "run").state.metrics["loss"].steps) == [1]


def test_one_that_fails_is_told_and_tried_again_while_nothing_else_is_recorded(
    disk: SlowDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_thread, "_SECONDS_BETWEEN_TRIES", 0.01)
    problems: list[str] = []
    recorder = begun(tmp_path / "run", monkeypatch, problems)
    (live,) = recorder.recordings
    disk.fails = True
    disk.go_on.set()
    recorder.checkpoints((make_checkpoint(1),))
    recorder.finish_checkpoints()
    assert len(problems) == 1
    assert "No space left" in problems[0]
    disk.fails = False
    deadline = time.monotonic() + LONG
    while not live.state.checkpoint_steps and time.monotonic() < deadline:
        time.sleep(0.01)
        live.poll()
    assert live.state.checkpoint_steps == (1,)
    assert live.state.warnings == ()
    recorder.status(FINISHED)
    recorder.close()
    assert Recording.open(tmp_path / "run").state.status is RunStatus.FINISHED


def test_what_is_no_failure_of_the_disk_ends_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = begun(tmp_path / "run", monkeypatch, [])

    def fail(*_: object) -> None:
        raise MemoryError("too large")

    with monkeypatch.context() as patched:
        patched.setattr(files_module, "write_new", fail)
        recorder.checkpoints((make_checkpoint(1),))
        with pytest.raises(MemoryError, match="too large"):
            recorder.finish_checkpoints()
    recorder.status(FINISHED)
    recorder.close()
    assert Recording.open(tmp_path / "run").state.checkpoint_steps == (1,)


def test_too_little_memory_for_the_last_one_is_told_and_others_may_write_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems: list[str] = []
    recorder = begun(tmp_path / "run", monkeypatch, problems)
    write = files_module.write_new

    def fail(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
        if "checkpoints" in path.parts:
            raise MemoryError("too large")
        write(path, chunks)

    monkeypatch.setattr(files_module, "write_new", fail)
    recorder.checkpoints((make_checkpoint(1),))
    recorder.status(FINISHED)
    assert recorder.unsaved
    recorder.close()
    RunLock(tmp_path / "run").release()
    assert "too large" in problems[0]


def arrays(seed: int) -> dict[str, npt.NDArray[Any]]:
    random = np.random.default_rng(seed)
    return {
        "b": random.normal(size=(600, 700)).astype(np.float32),
        "a": random.normal(size=(3, 4, 5, 2)).transpose(0, 3, 1, 2),
        "large and strided": random.normal(size=(400, 900)).T,
        "scalar": np.array(7.0, dtype=np.float32),
        "none": np.zeros((0, 3), dtype=np.float16),
        "bits": random.integers(0, 2, 13).astype(bool),
        "bytes": random.integers(0, 255, 5056).astype(np.uint8),
        "whole": random.integers(-9, 9, (2, 3)),
    }


def test_a_file_in_chunks_is_one_that_the_library_reads() -> None:
    given = arrays(0)
    chunks = list(safetensors_chunks(given))
    assert len(chunks) > 2
    assert min(map(len, chunks)) > 0
    read = safetensors.numpy.load(b"".join(chunks))
    assert read.keys() == given.keys()
    for name, array in given.items():
        assert (read[name].dtype, read[name].shape) == (array.dtype, array.shape), name
        np.testing.assert_array_equal(read[name], array)
    assert safetensors.numpy.load(b"".join(safetensors_chunks({}))) == {}
