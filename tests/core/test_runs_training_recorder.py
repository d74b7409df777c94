import dataclasses
import errno
import json
import math
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from helpers_records import make_snapshot
from helpers_runs import make_checkpoint, run_lock
from helpers_training import Recorder, add_dataset, tiny_config, tiny_dataset

from symmcore.data.unused import Unused
from symmcore.errors import InputError
from symmcore.records import EvalRecord, StepRecord
from symmcore.runs.formats import files as files_module
from symmcore.runs.formats.config_file import read_info
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.layout import run_directories
from symmcore.runs.formats.lock import RunLock
from symmcore.runs.formats.metrics import metrics_line
from symmcore.runs.writing.claim import check_free
from symmcore.runs.writing.training_recorder import TrainingRecorder
from symmcore.training.config import TrainingConfig
from symmcore.training.control import Control
from symmcore.training.sink import Environment, Sinks, TrainingContext
from symmcore.training.status import FinishReason, RunState, TrainingStatus
from symmcore.training.trainer import Trainer

FINISHED = TrainingStatus(RunState.FINISHED, reason=FinishReason.COMPLETED)
ENVIRONMENT = Environment("cpu", 3, (("python", "3.11.7"), ("torch", "2.15.0")))

pytestmark = pytest.mark.usefixtures("tiny")


def context_of(config: TrainingConfig) -> TrainingContext:
    return TrainingContext(config, ENVIRONMENT, tiny_dataset(config.seed))


def begun(
    out: Path, *specs: str, on_problem: Callable[[str], None] = pytest.fail, **settings: Any
) -> TrainingRecorder:
    """The directories of a training that has begun."""
    config = tiny_config(*specs, **settings)
    directories = TrainingRecorder(out, config, on_problem=on_problem)
    directories.begin(context_of(config))
    return directories


def lines(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "metrics.jsonl").read_text("utf-8")
    assert text == "" or text.endswith("\n")
    return [json.loads(line, parse_constant=no_constant) for line in text.splitlines()]


def no_constant(name: str) -> None:
    pytest.fail(f"{name} is no JSON")


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder and what they hold."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class TestWhatIsWritten:
    def test_by_a_training(self, tmp_path: Path) -> None:
        out, sink = tmp_path / "some" / "run", Recorder()
        config = tiny_config("npair+symm", steps=5)
        status = Trainer(config, Sinks([TrainingRecorder(out, config), sink])).run(Control())
        assert status.reason is FinishReason.COMPLETED
        assert list(files(out)) == [
            ".run.lock",
            *(
                f"checkpoints/{step:08d}/{name}"
                for step in (0, 2, 4, 5)
                for name in (
                    "complete.json",
                    "network.json",
                    "network.safetensors",
                    "optimizer.safetensors",
                    "random.safetensors",
                    "state.json",
                )
            ),
            "classes.json",
            "config.json",
            *(f"frames/{step:08d}.safetensors" for step in (0, 2, 4, 5)),
            "metrics.jsonl",
            "status.json",
            "thumbnails/0000.safetensors",
        ]
        kinds = [(line["kind"], line["step"]) for line in lines(out)]
        assert kinds == [
            ("eval", 0),
            ("step", 1),
            ("step", 2),
            ("eval", 2),
            ("step", 3),
            ("step", 4),
            ("eval", 4),
            ("step", 5),
            ("eval", 5),
        ]
        assert [json.loads(metrics_line(record)) for _, record in sink.records] == lines(out)
        losses = [line["loss"] for line in lines(out) if line["kind"] == "step"]
        assert losses == [record.loss for record in sink.steps()]

    def test_of_a_comparison(self, tmp_path: Path) -> None:
        out, sink = tmp_path / "both", Recorder()
        config = tiny_config("npair", "npair+symm:rank=2,lr=0.01")
        directories = TrainingRecorder(out, config)
        assert not out.exists(), "nothing is made before training begins"
        Trainer(config, Sinks([directories, sink])).run(Control())
        assert sorted(path.name for path in out.iterdir()) == ["npair", "npair+symm_rank=2,lr=0.01"]
        for run, folder in enumerate(run_directories(out, config)):
            of_run = [json.loads(metrics_line(r)) for of, r in sink.records if of == run]
            assert lines(folder) == of_run
            saved = json.loads((folder / "config.json").read_text("utf-8"))
            assert saved["name"] == config.specs[run].name

    def test_when_it_goes_on(self, tmp_path: Path) -> None:
        config = tiny_config(steps=2)
        trainer = Trainer(config, TrainingRecorder(tmp_path / "run", config))
        trainer.run(Control())
        before = files(tmp_path / "run")
        trainer.extend(3)
        assert trainer.run(Control()).reason is FinishReason.COMPLETED
        after = files(tmp_path / "run")
        assert after["metrics.jsonl"].startswith(before["metrics.jsonl"])
        assert [line["step"] for line in lines(tmp_path / "run")] == [0, 1, 2, 2, 3, 4, 4, 5, 5]
        config_before = json.loads(before["config.json"])
        assert json.loads(after["config.json"]) == config_before | {
            "steps": 5,
            "chosen": config_before["chosen"] | {"steps": 5},
        }
        frames = [name for name in before if name.startswith("frames")]
        assert len(frames) == 2
        assert all(after[name] == before[name] for name in frames)

    def test_every_line_is_there_at_once(self, tmp_path: Path) -> None:
        # A training that is killed has everything on disk that it has said.
        directories = begun(tmp_path / "run")
        for step in range(1, 4):
            directories.scalar(0, StepRecord(step, 1.5, None, 0.1))
            assert [line["step"] for line in lines(tmp_path / "run")] == list(range(1, step + 1))
        directories.status(FINISHED)

    def test_nothing_is_left_open_or_locked(self, tmp_path: Path) -> None:
        recorder = begun(tmp_path / "both", "npair", "npair+symm")
        recorder.scalar(0, StepRecord(1, 1.5, None, 0.1))
        recorder.status(TrainingStatus(RunState.PAUSED))
        with pytest.raises(InputError, match="is being written by another process"):
            RunLock(tmp_path / "both" / "npair")
        assert open_descriptors(tmp_path) != []
        recorder.status(FINISHED)
        assert open_descriptors(tmp_path) == []
        with run_lock(tmp_path / "both" / "npair"):
            pass


def open_descriptors(folder: Path) -> list[str]:
    """The files below a folder that this process has open."""
    links = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    targets = [str(path.readlink()) for path in links]
    return [target for target in targets if target.startswith(str(folder))]


class TestConfig:
    def read(self, folder: Path) -> dict[str, Any]:
        text = (folder / "config.json").read_text("utf-8")
        found: dict[str, Any] = json.loads(text, parse_constant=no_constant)
        return found

    def test_what_a_run_has_of_its_own_is_not_the_trainings(self, tmp_path: Path) -> None:
        begun(tmp_path, "npair:lr=0.5,dim=4", "npair", dim=8, learning_rate=0.25).status(FINISHED)
        for folder, dim, rate in (("npair_lr=0.5,dim=4", 4, 0.5), ("npair", 8, 0.25)):
            saved = self.read(tmp_path / folder)
            assert (saved["dim"], saved["learning_rate"]) == (dim, rate)
            info = read_info(tmp_path / folder)
            for config in (info.config, info.resolved):
                assert config is not None
                assert (config.dim, config.learning_rate) == (8, 0.25)
                assert config.dim_of(config.specs[0]) == dim

    def test_says_everything_about_the_run(self, tmp_path: Path) -> None:
        text = "npair+symm:alpha=1.5,beta=0.5,rank=2,pairs=official,l2_reg=0.01,lr=0.02"
        begun(tmp_path, text, seed=7, steps=9, watch_limit=50, device="auto", threads=None).status(
            FINISHED
        )
        chosen = {
            "dataset": "tiny",
            "split": "auto",
            "download": False,
            "follow_links": False,
            "grad_clip": None,
            "cache_bytes": 32_000_000_000,
            "steps": 9,
            "seed": 7,
            "device": "auto",
            "preset": "quick",
            "network": "conv3",
            "weights": "none",
            "dim": 8,
            "batch_size": 12,
            "learning_rate": 0.003,
            "schedule": {"halve_every": None, "final_after": None, "final_rate": None},
            "weight_decay": 0.0,
            "transform": None,
            "bf16": False,
            "eval_every": 2,
            "frames": 0,
            "watch_limit": 50,
            "watch": "classes",
            "checkpoint_every": None,
            "recording_bytes": 4_000_000_000,
            "threads": None,
            "specs": [text],
        }
        saved = self.read(tmp_path)
        assert re.fullmatch("[0-9a-f]{32}", saved.pop("id"))
        assert saved == {
            "name": text,
            "format": 2,
            "dataset": "tiny",
            "split": "auto",
            "download": False,
            "follow_links": False,
            "cache_bytes": 32_000_000_000,
            "steps": 9,
            "seed": 7,
            "device": "cpu",
            "preset": "quick",
            "network": "conv3",
            "weights": "none",
            "dim": 8,
            "batch_size": 12,
            "learning_rate": 0.02,
            "schedule": {"halve_every": None, "final_after": None, "final_rate": None},
            "grad_clip": None,
            "weight_decay": 0.0,
            "transform": None,
            "bf16": False,
            "eval_every": 2,
            "frames": 0,
            "watch_limit": 50,
            "watch": "classes",
            "checkpoint_every": None,
            "recording_bytes": 4_000_000_000,
            "threads": 3,
            "loss": "npair",
            "symm": {"alpha": 1.5, "beta": 0.5, "rank": 2, "pairs": "official"},
            "loss_settings": {"margin": None, "angle_deg": None, "l2_reg": 0.01},
            "versions": {"python": "3.11.7", "torch": "2.15.0"},
            "weights_note": "",
            "parameters": None,
            "dataset_fingerprint": tiny_dataset(7).fingerprint(),
            "dataset_split": "by image",
            "dataset_notes": [],
            "dataset_unused": [],
            "dataset_value_ranges": {"integers": None, "reals": None},
            "dataset_train_images": 48,
            "dataset_test_images": 24,
            "skipped_images": {},
            "parent": None,
            "chosen": chosen,
        }

    def test_says_what_of_the_dataset_is_not_used(self, tmp_path: Path) -> None:
        unused = (
            Unused("no_decoder", 7, ("b/1.heic", "b/2.heic"), "Left out: 7."),
            Unused("system_metadata", 2, ("Thumbs.db (2)",), "Left out: 2."),
        )
        config = tiny_config()
        context = context_of(config)
        dataset = dataclasses.replace(context.dataset, unused=unused)
        directories = TrainingRecorder(tmp_path, config)
        directories.begin(dataclasses.replace(context, dataset=dataset))
        directories.status(FINISHED)
        assert self.read(tmp_path)["dataset_unused"] == [
            {"reason": "no_decoder", "count": 7, "names": ["b/1.heic", "b/2.heic"]},
            {"reason": "system_metadata", "count": 2, "names": ["Thumbs.db (2)"]},
        ]

    def test_of_a_baseline(self, tmp_path: Path) -> None:
        begun(tmp_path, "triplet", learning_rate=0.5).status(FINISHED)
        saved = self.read(tmp_path)
        assert saved["symm"] is None
        assert (saved["loss"], saved["learning_rate"]) == ("triplet", 0.5)

    def test_is_for_people_too(self, tmp_path: Path) -> None:
        begun(tmp_path).status(FINISHED)
        text = (tmp_path / "config.json").read_text("utf-8")
        assert text.startswith('{\n  "name": "npair",\n')
        assert text.endswith("}\n")

    def test_a_name_that_is_no_text_is_kept(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name = os.fsdecode(b"tiny \xff")
        add_dataset(monkeypatch, name)
        begun(tmp_path, dataset=name).status(FINISHED)
        assert self.read(tmp_path)["dataset"] == name

    def test_has_every_setting_of_a_training(self, tmp_path: Path) -> None:
        begun(tmp_path).status(FINISHED)
        settings = {field.name for field in dataclasses.fields(tiny_config())} - {"specs"}
        assert settings <= set(self.read(tmp_path))


class TestMetrics:
    def test_step(self) -> None:
        line = metrics_line(StepRecord(3, 0.5, 0.25, 1.5))
        assert json.loads(line) == {
            "kind": "step",
            "step": 3,
            "loss": 0.5,
            "synthetic_ratio": 0.25,
            "seconds": 1.5,
        }
        assert "\n" not in line

    def test_evaluation(self) -> None:
        record = EvalRecord(4, 0.9, 0.8, 0.7, 0.6, 2.5)
        scores = {
            "kind": "eval",
            "step": 4,
            "train_recall_at_1": 0.9,
            "test_recall_at_1": 0.8,
            "train_synthetic_recall_at_1": 0.7,
            "test_synthetic_recall_at_1": 0.6,
            "seconds": 2.5,
            "test_nmi": None,
            "test_f1": None,
            "test_map_at_r": None,
            "test_r_precision": None,
            "peak_memory_bytes": None,
            "test_mean_norm": None,
            "test_within_cosine": None,
            "test_between_cosine": None,
            "test_effective_rank": None,
        }
        assert json.loads(metrics_line(record)) == scores
        final = dataclasses.replace(
            record, test_recall_at=((1, 0.8), (2, 0.85), (8, 1.0)), test_nmi=0.5, test_f1=0.4
        )
        assert json.loads(metrics_line(final)) == scores | {
            "test_recall_at_2": 0.85,
            "test_recall_at_8": 1.0,
            "test_nmi": 0.5,
            "test_f1": 0.4,
        }

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_what_is_no_number_is_null(self, value: float) -> None:
        line = metrics_line(StepRecord(3, value, value, 1.5))
        saved = json.loads(line, parse_constant=no_constant)
        assert saved["loss"] is None
        assert saved["synthetic_ratio"] is None
        final = EvalRecord(
            4, value, value, value, value, 2.5, ((1, value), (2, value)), value, value
        )
        saved = json.loads(metrics_line(final), parse_constant=no_constant)
        assert {key for key, item in saved.items() if item is not None} == {
            "kind",
            "step",
            "seconds",
        }

    def test_a_diverged_loss_is_null(self, tmp_path: Path) -> None:
        config = tiny_config("npair", learning_rate=1e30, steps=50)
        status = Trainer(config, TrainingRecorder(tmp_path / "run", config)).run(Control())
        assert status.reason is FinishReason.DIVERGED
        last = lines(tmp_path / "run")[-1]
        assert (last["kind"], last["step"], last["loss"]) == ("step", status.step, None)

    def test_floats_lose_nothing(self) -> None:
        value = 0.1 + 0.2
        assert json.loads(metrics_line(StepRecord(1, value, 1 / 3, 0.0)))["loss"] == value


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


class TestFrames:
    def test_are_what_was_given(self, tmp_path: Path) -> None:
        directories = begun(tmp_path / "both", "npair", "npair+symm")
        given = (make_snapshot(120, seed=1), make_snapshot(120, seed=2))
        directories.snapshots(given)
        directories.status(FINISHED)
        for folder, snapshot in zip(("npair", "npair+symm"), given, strict=True):
            saved = safetensors.numpy.load_file(
                tmp_path / "both" / folder / "frames" / "00000120.safetensors"
            )
            expected: dict[str, np.ndarray] = {}
            for split, watched in (("train", snapshot.frame.train), ("test", snapshot.frame.test)):
                expected[f"{split}_embeddings"] = watched.points.embeddings
                expected[f"{split}_partner"] = watched.partner
                expected[f"{split}_labels"] = watched.points.labels
                expected[f"{split}_samples"] = watched.points.samples
            assert set(saved) == set(expected)
            for name, array in expected.items():
                assert saved[name].dtype == array.dtype
                np.testing.assert_array_equal(saved[name], array)

    def test_are_the_same_from_any_memory_layout(self, tmp_path: Path) -> None:
        snapshot = make_snapshot()
        points = snapshot.frame.train.points
        strided = np.repeat(points.embeddings, 2, axis=0)[::2]
        assert not strided.flags.c_contiguous
        for number, embeddings in enumerate((np.asfortranarray(points.embeddings), strided)):
            train = dataclasses.replace(
                snapshot.frame.train, points=dataclasses.replace(points, embeddings=embeddings)
            )
            directories = begun(tmp_path / str(number))
            directories.snapshots(
                (
                    dataclasses.replace(
                        snapshot, frame=dataclasses.replace(snapshot.frame, train=train)
                    ),
                )
            )
            directories.status(FINISHED)
            saved = safetensors.numpy.load_file(
                tmp_path / str(number) / "frames/00000000.safetensors"
            )
            np.testing.assert_array_equal(saved["train_embeddings"], points.embeddings)

    def test_may_hold_nan(self, tmp_path: Path) -> None:
        directories = begun(tmp_path)
        directories.snapshots((make_snapshot(spread=math.nan),))
        directories.status(FINISHED)
        saved = safetensors.numpy.load_file(tmp_path / "frames" / "00000000.safetensors")
        assert np.isnan(saved["test_embeddings"]).all()


def hold(*names: str) -> Callable[[Path], None]:
    """Makes a folder that holds these."""

    def make(out: Path) -> None:
        for name in names:
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix:
                path.write_text("precious")
            else:
                path.mkdir()

    return make


class TestRefusing:
    """What cannot be recorded is refused before training is prepared, and left as it is."""

    def refused(self, out: Path, *specs: str) -> str:
        before = files(out) if out.is_dir() else None
        with pytest.raises(InputError) as caught:
            TrainingRecorder(out, tiny_config(*specs))
        message = str(caught.value)
        assert message.endswith(".")
        assert "\n" not in message
        assert "choose another output folder" in message
        assert before is None or files(out) == before
        return message

    @pytest.mark.parametrize("specs", [("npair",), ("npair", "npair+symm")], ids=["one", "two"])
    @pytest.mark.parametrize(
        "make",
        [
            hold("config.json"),
            hold("metrics.jsonl"),
            hold("frames"),
            hold("config.json", "metrics.jsonl", "frames/00000000.safetensors"),
            hold("npair/metrics.jsonl", "npair/config.json"),
            hold("npair+symm/metrics.jsonl"),
            hold("another/metrics.jsonl"),
        ],
        ids=[
            "config",
            "metrics",
            "frames",
            "run",
            "comparison",
            "comparison's second",
            "other runs",
        ],
    )
    def test_a_folder_that_holds_a_run(
        self, specs: tuple[str, ...], make: Callable[[Path], object], tmp_path: Path
    ) -> None:
        make(tmp_path / "out")
        message = self.refused(tmp_path / "out", *specs)
        assert str(tmp_path / "out") in message
        assert "already holds a run" in message
        assert "nothing was overwritten" in message

    def test_what_a_training_has_written(self, tmp_path: Path) -> None:
        begun(tmp_path / "one").status(FINISHED)
        begun(tmp_path / "two", "npair", "npair+symm").status(FINISHED)
        for out in (tmp_path / "one", tmp_path / "two", tmp_path / "two" / "npair"):
            for specs in (("lifted",), ("npair", "lifted")):
                self.refused(out, *specs)

    def test_a_folder_in_which_a_run_of_the_comparison_has_begun(self, tmp_path: Path) -> None:
        hold("npair/config.json")(tmp_path / "out")
        assert "npair already holds a run" in self.refused(tmp_path / "out", "npair", "npair+symm")

    @pytest.mark.parametrize("second", ["npair", "npair+symm"])
    def test_a_file_in_place_of_a_runs_folder(self, second: str, tmp_path: Path) -> None:
        (tmp_path / second).write_text("precious")
        assert f"{second} is a file" in self.refused(tmp_path, "npair", "npair+symm")
        assert [path.name for path in tmp_path.iterdir()] == [second]

    def test_a_runs_folder_without_permission(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "npair+symm"
        folder.mkdir()
        monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != folder)
        message = self.refused(tmp_path, "npair", "npair+symm")
        assert f"no permission to write in {folder}" in message

    @pytest.mark.parametrize("below", ["", "run", "deep/er"])
    def test_a_file(self, below: str, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_text("precious")
        assert "is a file" in self.refused(file / below)
        assert file.read_text() == "precious"

    def test_a_folder_without_permission(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
        for out in (tmp_path, tmp_path / "new", tmp_path / "a" / "b"):
            assert f"no permission to write in {tmp_path}" in self.refused(out)

    def test_a_folder_that_cannot_be_looked_into(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def denied(path: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(Path, "iterdir", denied)
        assert "Permission denied" in self.refused(tmp_path)

    def test_a_folder_below_one_that_cannot_be_looked_into(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = Path.exists

        def exists(path: Path) -> bool:
            if path != tmp_path and path.is_relative_to(tmp_path):
                raise PermissionError(errno.EACCES, "Permission denied")
            return original(path)

        monkeypatch.setattr(Path, "exists", exists)
        with pytest.raises(InputError, match="Permission denied"):
            check_free(tmp_path / "closed" / "run", (tmp_path / "closed" / "run",))

    def test_a_name_that_is_too_long(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"too long.*choose another output folder"):
            TrainingRecorder(tmp_path / ("x" * 300) / "run", tiny_config())

    @pytest.mark.parametrize("out", ["", "empty", "new", "a/b/c"])
    def test_anything_else_is_fine(self, out: str, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        (tmp_path / "notes.txt").write_text("mine")
        begun(tmp_path / out).status(FINISHED)
        assert (tmp_path / "notes.txt").read_text() == "mine"
        assert (tmp_path / out / "config.json").exists()

    def test_a_folder_of_the_present_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        begun(Path("run")).status(FINISHED)
        assert (tmp_path / "run" / "metrics.jsonl").exists()


class TestBeginning:
    """What only shows when the first file is written ends in one sentence as well."""

    def test_the_second_of_two_that_want_one_folder_is_refused(self, tmp_path: Path) -> None:
        config, other = tiny_config("npair"), tiny_config("lifted")
        first, second = (
            TrainingRecorder(tmp_path / "run", config),
            TrainingRecorder(tmp_path / "run", other),
        )
        first.begin(context_of(config))
        first.scalar(0, StepRecord(1, 0.5, None, 0.1))
        before = files(tmp_path / "run")
        with pytest.raises(InputError, match="already holds a run"):
            second.begin(context_of(other))
        second.status(FINISHED)
        assert files(tmp_path / "run") == before
        first.scalar(0, StepRecord(2, 0.5, None, 0.1))
        first.status(FINISHED)
        assert len(lines(tmp_path / "run")) == 2

    def test_the_second_trainings_status_says_so(self, tmp_path: Path) -> None:
        config = tiny_config("npair", "npair+symm")
        out = tmp_path / "run"
        racing = TrainingRecorder(out, config)
        begun(out, "npair", "npair+symm").status(FINISHED)
        before = files(out)
        sink = Recorder()
        status = Trainer(config, Sinks([racing, sink])).run(Control())
        assert status.reason is FinishReason.INVALID
        assert "already holds a run" in status.message
        assert sink.contexts == []
        assert sink.statuses[-1] == status
        assert files(out) == before

    @pytest.mark.parametrize(
        ("where", "name", "number"),
        [
            (Path, "mkdir", errno.EACCES),
            (files_module, "write", errno.ENOSPC),
            (files_module, "fsync", errno.EIO),
            (files_module, "rename", errno.EROFS),
        ],
        ids=["mkdir", "write", "fsync", "rename"],
    )
    def test_an_error_of_the_system_is_bad_input(
        self, where: object, name: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise OSError(number, os.strerror(number))

        config = tiny_config()
        directories = TrainingRecorder(tmp_path / "run", config)
        monkeypatch.setattr(where, name, fail)
        with pytest.raises(InputError) as caught:
            directories.begin(context_of(config))
        assert os.strerror(number) in str(caught.value)
        assert str(tmp_path / "run") in str(caught.value)
        directories.status(FINISHED)

    @pytest.mark.parametrize("there", ["", "out", "out/npair+symm"])
    @pytest.mark.parametrize(
        ("method", "name"),
        [("mkdir", "npair+symm"), ("mkdir", "frames"), ("rename", ".classes.json"),
         ("rename", ".config.json"), ("rename", ".status.json")],
    )  # fmt: skip
    def test_a_disk_that_fills_half_way_leaves_what_was_there(
        self, method: str, name: str, there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if there.endswith(name):
            pytest.skip("it is there already")
        (tmp_path / there).mkdir(parents=True, exist_ok=True)
        (tmp_path / "notes.txt").write_text("mine")
        (tmp_path / there / "more.txt").write_text("mine")
        before = sorted(tmp_path.rglob("*"))
        config = tiny_config("npair", "npair+symm")
        directories = TrainingRecorder(tmp_path / "out", config)
        where = Path if method == "mkdir" else files_module
        original = getattr(where, method)

        def fail(path: Path, *arguments: Any, **settings: Any) -> Any:
            if path.name.startswith(name) and "npair+symm" in path.parts:
                full_disk()
            return original(path, *arguments, **settings)

        with monkeypatch.context() as patched:
            patched.setattr(where, method, fail)
            with pytest.raises(InputError, match="No space left"):
                directories.begin(context_of(config))
        directories.status(FINISHED)
        assert sorted(tmp_path.rglob("*")) == before
        begun(tmp_path / "out", "npair", "npair+symm").status(FINISHED)


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
