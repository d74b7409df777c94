import errno
import json
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from helpers_records import make_snapshot
from helpers_runs import make_checkpoint
from helpers_training import Recorder, tiny_config
from helpers_training_recorder import FINISHED, begun, files, full_disk, lines

from symmcore.records import StepRecord
from symmcore.runs.formats import files as files_module
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.layout import run_directories
from symmcore.runs.formats.lock import RunLock
from symmcore.runs.formats.metrics import metrics_line
from symmcore.runs.writing.training_recorder import TrainingRecorder
from symmcore.training.control import Control
from symmcore.training.sink import Sinks
from symmcore.training.status import FinishReason, TrainingStatus
from symmcore.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("tiny")


class TestARunThatDiverges:
    def test_of_several_is_whole_and_left_alone(self, tmp_path: Path) -> None:
        config = tiny_config("npair", "npair+symm:lr=1e30", steps=4, checkpoint_every=2)
        recorder = TrainingRecorder(tmp_path / "both", config)
        kept: dict[str, bytes] = {}

        def hook(told: object) -> None:
            if isinstance(told, TrainingStatus) and told.step == 3 and not kept:
                recorder.finish_thumbnails(60)
                kept.update(files(lost))

        trainer = Trainer(config, Sinks([recorder, Recorder(hook)]))
        left, lost = run_directories(tmp_path / "both", config)
        assert trainer.run(Control()).reason is FinishReason.COMPLETED
        trainer.extend(2)
        assert trainer.run(Control()).reason is FinishReason.COMPLETED
        recorder.close()
        assert kept
        assert files(lost) == kept
        said = json.loads(kept["status.json"])
        assert said["status"] == "diverged"
        assert "npair+symm:lr=1e+30" in said["message"]
        assert lines(lost)[-1]["step"] < 3
        for recording in recorder.recordings:
            recording.poll()
        states = [recording.state for recording in recorder.recordings]
        assert [state.status for state in states] == [RunStatus.FINISHED, RunStatus.DIVERGED]
        assert [state.checkpoint_steps for state in states] == [(0, 2, 4, 6), (0,)]
        assert states[0].message == ""
        assert [state.last_step for state in states] == [6, lines(lost)[-1]["step"]]
        assert json.loads((left / "config.json").read_text())["steps"] == 6
        for folder in (left, lost):
            RunLock(folder).release()  # it is free

    def test_leaves_to_the_others_the_checkpoints_that_they_have_in_common(
        self, tmp_path: Path
    ) -> None:
        # a budget for one checkpoint: the newest that those that go on have is kept
        recorder = begun(tmp_path / "all", "npair", "triplet", "npair+symm", recording_bytes=0)
        for step in (0, 2):
            recorder.checkpoints((make_checkpoint(step),) * 3)
        recorder.ended(1, "It diverged.")
        recorder.checkpoints((make_checkpoint(4), None, make_checkpoint(4)))
        recorder.snapshots((make_snapshot(4), None, make_snapshot(4)))
        recorder.finish_checkpoints()
        for recording in recorder.recordings:
            recording.poll()
        steps = [one.state.checkpoint_steps for one in recorder.recordings]
        assert steps == [(4,), (2,), (4,)]
        assert [one.state.frame_steps for one in recorder.recordings] == [(4,), (), (4,)]
        recorder.status(FINISHED)
        recorder.close()

    def test_that_could_not_be_saved_is_said_at_the_end(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        problems: list[str] = []
        recorder = begun(tmp_path / "both", "npair", "triplet", on_problem=problems.append)
        with monkeypatch.context() as patched:
            patched.setattr(files_module, "write_whole", full_disk)
            recorder.ended(1, "It diverged.")
        assert len(problems) == 1
        assert recorder.unsaved
        recorder.status(FINISHED)
        recorder.close()
        said = json.loads((tmp_path / "both" / "triplet" / "status.json").read_text())
        assert (said["status"], said["message"]) == ("diverged", "It diverged.")


class TestInterrupted:
    """What cannot be written leaves no half file, is told once, and is written later."""

    @pytest.mark.parametrize("name", ["write", "fsync", "rename"])
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
    def test_a_frame(
        self, name: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        problems: list[str] = []
        recorder = begun(tmp_path / "run", on_problem=problems.append)
        before = files(tmp_path / "run")
        given = make_snapshot()

        def fail(*_: object) -> None:
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patched:
            patched.setattr(files_module, name, fail)
            recorder.snapshots((given,))
            recorder.scalar(0, StepRecord(1, 0.5, None, 0.1))
            after = files(tmp_path / "run")
            assert [path for path in after if path not in before] == []
            (recording,) = recorder.recordings
            recording.poll()
            assert recording.state.frame_steps == (0,)
            assert recording.frame(0) is given.frame
            assert list(recording.state.metrics["loss"].values) == [0.5]
            assert any("training goes on" in warning for warning in recording.state.warnings)
        assert problems == [
            f"{tmp_path / 'run'} cannot be written ({os.strerror(number)}): training goes on, and "
            "what is recorded meanwhile is kept in memory until it can be written, and shown."
        ]
        recorder.status(FINISHED)
        assert [line["step"] for line in lines(tmp_path / "run")] == [1]
        saved = safetensors.numpy.load_file(tmp_path / "run/frames/00000000.safetensors")
        np.testing.assert_array_equal(saved["test_embeddings"], given.frame.test.points.embeddings)
        recording.poll()
        assert recording.state.warnings == ()

    def test_each_onset_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        problems: list[str] = []
        recorder = begun(tmp_path / "run", on_problem=problems.append)
        for step in (1, 4):
            with monkeypatch.context() as patched:
                patched.setattr(files_module, "write", full_disk)
                for more in (0, 1):
                    recorder.scalar(0, StepRecord(step + more, 0.5, None, 0.1))
            for more in range(8):  # tried again, not with each line
                recorder.scalar(0, StepRecord(step + 2, more, None, 0.1))
        assert len(problems) == 2
        recorder.status(FINISHED)
        assert len(lines(tmp_path / "run")) == 20

    def test_a_frame_has_its_name_only_when_it_is_whole(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        recorder = begun(tmp_path / "run")
        seen: list[list[str]] = []
        original = files_module.write_new

        def watched(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
            original(path, chunks)
            seen.append(sorted(entry.name for entry in path.parent.iterdir()))

        monkeypatch.setattr(files_module, "write_new", watched)
        recorder.snapshots((make_snapshot(),))
        ((beside,),) = seen
        assert not beside.endswith(".safetensors")
        recorder.status(FINISHED)
        assert [path.name for path in (tmp_path / "run/frames").iterdir()] == [
            "00000000.safetensors"
        ]

    @pytest.mark.parametrize("room", [0, 50, 600])
    def test_a_full_disk_costs_no_line_and_no_step(
        self, room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        problems: list[str] = []
        left = [room]
        original = files_module.write

        def write(descriptor: int, content: bytes | memoryview) -> int:
            # short when little is left, as a real disk is
            if "metrics" not in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
                return original(descriptor, content)
            if left[0] <= 0:
                full_disk()
            count = original(descriptor, memoryview(content)[: left[0]])
            left[0] -= count
            return count

        config, sink = tiny_config("npair", "npair+symm"), Recorder()
        recorder = TrainingRecorder(tmp_path / "run", config, on_problem=problems.append)
        with monkeypatch.context() as patched:
            patched.setattr(files_module, "write", write)
            status = Trainer(config, Sinks([recorder, sink])).run(Control())
            assert (status.reason, status.step) == (FinishReason.COMPLETED, 4)
        assert len(problems) == 2  # one for each run
        for run, folder in enumerate(run_directories(tmp_path / "run", config)):
            (recording,) = [one for one in recorder.recordings if one.folder == folder]
            recording.poll()
            assert len(recording.state.metrics["loss"].values) == 4
            there = (folder / "metrics.jsonl").read_bytes().split(b"\n")[:-1]
            told = [json.loads(metrics_line(r)) for of, r in sink.records if of == run]
            assert [json.loads(line) for line in there] == told[: len(there)]
        recorder.close()  # tries once more, with room
        for run, folder in enumerate(run_directories(tmp_path / "run", config)):
            told = [json.loads(metrics_line(r)) for of, r in sink.records if of == run]
            assert lines(folder) == told


class TestGoingOn:
    @pytest.mark.parametrize("rest", ["", "{", '{"kind": "st', '{"kind": "step"}'])
    def test_what_goes_on_begins_with_a_line_of_its_own(self, rest: str, tmp_path: Path) -> None:
        config = tiny_config(steps=2)
        trainer = Trainer(config, TrainingRecorder(tmp_path / "run", config))
        trainer.run(Control())
        before = lines(tmp_path / "run")
        with (tmp_path / "run/metrics.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(rest)
        trainer.extend(1)
        assert trainer.run(Control()).reason is FinishReason.COMPLETED
        after = lines(tmp_path / "run")
        assert after[: len(before)] == before
        assert [(line["kind"], line["step"]) for line in after[len(before) :]] == [
            ("step", 3),
            ("eval", 3),
        ]

    def test_when_it_goes_on_costs_nothing_that_is_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = tiny_config("npair", "npair+symm", steps=2)
        trainer = Trainer(config, TrainingRecorder(tmp_path / "run", config))
        trainer.run(Control())
        before = files(tmp_path / "run")
        trainer.extend(1)
        with monkeypatch.context() as patched:
            patched.setattr(files_module, "write", full_disk)
            assert trainer.run(Control()).reason is FinishReason.INVALID
        assert files(tmp_path / "run") == before
        assert trainer.run(Control()).reason is FinishReason.COMPLETED
