import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from helpers_records import make_snapshot
from helpers_runs import run_lock
from helpers_training import Recorder, tiny_config
from helpers_training_recorder import (
    FINISHED,
    begun,
    files,
    lines,
    no_constant,
)

from symmcore.errors import InputError
from symmcore.records import EvalRecord, StepRecord
from symmcore.runs.formats.layout import run_directories
from symmcore.runs.formats.lock import RunLock
from symmcore.runs.formats.metrics import metrics_line
from symmcore.runs.writing.training_recorder import TrainingRecorder
from symmcore.training.control import Control
from symmcore.training.sink import Sinks
from symmcore.training.status import FinishReason, RunState, TrainingStatus
from symmcore.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("tiny")


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
