"""Faults of a disk while a run is recorded: each write, fsync and rename fails, once or on."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers_records import make_snapshot
from helpers_runs import make_checkpoint, make_gallery, same_frame

from symmcore.runs import Recording
from symmcore.runs.formats import files as files_module
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.metrics import scalars_line
from symmcore.runs.writing.run_writer import RunWriter

SHORT = "short write"
KINDS: list[int | str] = [errno.ENOSPC, errno.EIO, errno.EACCES, SHORT]
STEPS = 8


class FaultyDisk:
    """Makes the calls of ``runs.files`` fail from one of them on, for so many calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        self.first, self.last = -1, -1
        self.kind: int | str = SHORT
        originals: dict[str, Callable[..., Any]] = {
            "write": files_module.write,
            "fsync": lambda _: None,  # a real one takes time and shows nothing here
            "rename": files_module.rename,
        }
        for name, original in originals.items():
            monkeypatch.setattr(files_module, name, self._faulty(original, name))

    def fail(self, first: int, count: int, kind: int | str) -> None:
        self.first, self.last, self.kind = self.calls + first, self.calls + first + count, kind

    def repair(self) -> None:
        self.first, self.last = -1, -1

    def _faulty(self, original: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            number = self.calls
            self.calls += 1
            if not self.first <= number < self.last:
                return original(*arguments)
            if self.kind == SHORT and name == "write":
                descriptor, content = arguments
                if len(content) > 1:
                    return original(descriptor, content[: len(content) // 2])
            code = self.kind if isinstance(self.kind, int) else errno.ENOSPC
            raise OSError(code, os.strerror(code))

        return call


def begun(folder: Path, problems: list[str]) -> RunWriter:
    folder.mkdir()
    writer = RunWriter(folder, 10**9, problems.append)
    writer.begin({"format": 2, "id": "x", "recorded_by": "own loop"}, (), None, ())
    return writer


def record(writer: RunWriter) -> None:
    for step in range(1, STEPS + 1):
        writer.add_line(scalars_line("step", step, {"loss": 1 / step}))
        if step % 4 == 0:
            writer.add_frame(make_snapshot(step, step).frame, make_gallery(10, step))
            writer.add_checkpoint(make_checkpoint(step))
            writer.save_checkpoint()


def check_all_there(folder: Path) -> None:
    recording = Recording.open(folder)
    state = recording.state
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == list(range(1, STEPS + 1))
    assert state.warnings == ()
    assert state.frame_steps == state.gallery_steps == (4, 8)
    assert state.status is RunStatus.FINISHED
    for step in (4, 8):
        same_frame(recording.frame(step), make_snapshot(step, step).frame)
    assert state.checkpoint_steps[-1] == 8
    for step in state.checkpoint_steps:
        check_checkpoint(recording, step)
    parts = [path.name for path in folder.rglob(".*") if path.suffix in (".part", ".old")]
    assert parts == []


def check_checkpoint(recording: Recording, step: int) -> None:
    np.testing.assert_array_equal(
        recording.checkpoint(step).arrays["network"]["weight"],
        make_checkpoint(step).arrays["network"]["weight"],
    )


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> FaultyDisk:
    return FaultyDisk(monkeypatch)


def calls_of_a_recording(disk: FaultyDisk, tmp_path: Path) -> int:
    writer = begun(tmp_path / "counted", [])
    before = disk.calls
    record(writer)
    writer.end(RunStatus.FINISHED, "")
    return disk.calls - before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 5])
def test_what_fails_and_works_again_costs_nothing(
    kind: int | str, count: int, disk: FaultyDisk, tmp_path: Path
) -> None:
    calls = calls_of_a_recording(disk, tmp_path)
    assert calls > 50
    for first in range(KINDS.index(kind) % 2, calls - count, 2):
        problems: list[str] = []
        writer = begun(tmp_path / str(first), problems)
        disk.fail(first, count, kind)
        record(writer)
        writer.end(RunStatus.FINISHED, "")
        disk.repair()
        writer.close()
        check_all_there(tmp_path / str(first))
        assert len(problems) <= count
        assert all(str(tmp_path / str(first)) in problem for problem in problems)


@pytest.mark.parametrize("kind", KINDS)
def test_what_fails_for_good_leaves_a_run_that_opens(
    kind: int | str, disk: FaultyDisk, tmp_path: Path
) -> None:
    calls = calls_of_a_recording(disk, tmp_path)
    for first in range(KINDS.index(kind), calls, len(KINDS)):
        problems: list[str] = []
        folder = tmp_path / str(first)
        writer = begun(folder, problems)
        disk.fail(first, 10**9, kind)
        record(writer)
        live = writer.recording
        live.poll()
        assert live.state.frame_steps == (4, 8)
        assert list(live.state.metrics["loss"].steps) == list(range(1, STEPS + 1))
        same_frame(live.frame(4), make_snapshot(4, 4).frame)
        writer.end(RunStatus.FINISHED, "")
        disk.repair()
        assert len(problems) == 1
        recording = Recording.open(folder)  # as after a crash
        for step in recording.state.frame_steps:
            same_frame(recording.frame(step), make_snapshot(step, step).frame)
        for step in recording.state.checkpoint_steps:
            check_checkpoint(recording, step)
        metric = recording.state.metrics.get("loss")
        if metric is not None:
            assert list(metric.steps) == list(range(1, len(metric.steps) + 1))
        writer.close()
        check_all_there(folder)
