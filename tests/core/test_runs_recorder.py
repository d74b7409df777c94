"""A training loop of the user's own: what it records and what it is told."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch
from helpers_runs import COUNT, DIM, embeddings, images, labels, record_loop
from PIL import Image

from symmcore.errors import InputError
from symmcore.evaluation import recall_at_k
from symmcore.runs import Recorder, open_runs
from symmcore.runs.formats import files
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.writing.recall import recall_at_1


def lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


class TestWhatIsWritten:
    def test_by_a_loop(self, tmp_path: Path) -> None:
        record_loop(tmp_path / "run")
        assert [(line["kind"], line["step"]) for line in lines(tmp_path / "run")] == [
            ("step", 1), ("step", 2), ("eval", 2), ("step", 3), ("step", 4), ("eval", 4)
        ]  # fmt: skip
        assert lines(tmp_path / "run")[3] == {"kind": "step", "step": 3, "loss": 1 / 3}
        for step in (2, 4):
            saved = safetensors.numpy.load_file(tmp_path / f"run/frames/{step:08d}.safetensors")
            np.testing.assert_array_equal(saved["test_embeddings"], embeddings(step))
            np.testing.assert_array_equal(saved["test_labels"], labels())
            np.testing.assert_array_equal(saved["test_samples"], np.arange(COUNT))
            assert saved["train_embeddings"].shape == (0, DIM)
            partner = saved["test_partner"]
            np.testing.assert_array_equal(labels()[partner], labels())
            assert (partner != np.arange(COUNT)).all()

    def test_is_read_by_a_recording(self, tmp_path: Path) -> None:
        record_loop(tmp_path / "run")
        (recording,) = open_runs(tmp_path / "run")
        state = recording.state
        assert state.status is RunStatus.FINISHED
        assert state.frame_steps == (2, 4)
        assert state.last_step == 4
        assert list(state.metrics["loss"].values) == [1, 1 / 2, 1 / 3, 1 / 4]
        assert recording.info.own_loop
        assert recording.info.class_names == ("0", "1", "2", "3", "4")
        np.testing.assert_array_equal(recording.frame(4).test.points.embeddings, embeddings(4))
        np.testing.assert_array_equal(recording.thumbnail(7), images()[7])

    def test_recall_is_what_evaluation_computes(self, tmp_path: Path) -> None:
        record_loop(tmp_path / "run")
        told = [line["test_recall_at_1"] for line in lines(tmp_path / "run") if "loss" not in line]
        expected = [
            recall_at_k(torch.from_numpy(embeddings(step)), torch.from_numpy(labels()), (1,)).at[1]
            for step in (2, 4)
        ]
        assert told == expected

    def test_scores_of_ones_own_stand_beside_recall_and_in_the_results(
        self, tmp_path: Path
    ) -> None:
        with Recorder(tmp_path / "run", labels=labels()) as recorder:
            recorder.frame(1, embeddings(1), test_nmi=0.25)
            recorder.frame(2, embeddings(2), test_recall_at_1=np.float32(0.5), test_f1=None)
            with pytest.raises(InputError, match="test_f1"):
                recorder.frame(3, embeddings(3), test_f1="high")  # type: ignore[arg-type] # refused
        first, second = lines(tmp_path / "run")
        assert first["test_nmi"] == 0.25
        assert first.keys() == {"kind", "step", "test_recall_at_1", "test_nmi"}
        assert second == {"kind": "eval", "step": 2, "test_recall_at_1": 0.5}

    def test_names_of_classes_are_in_natural_order(self, tmp_path: Path) -> None:
        names = ["class 10", "class 2", "class 10", "Class 1"]
        with Recorder(tmp_path / "run", labels=names) as recorder:
            recorder.frame(0, np.eye(4))
        recording = open_runs(tmp_path / "run")[0]
        assert recording.info.class_names == ("Class 1", "class 2", "class 10")
        assert list(recording.frame(0).test.points.labels) == [2, 1, 2, 0]

    def test_without_labels_or_images(self, tmp_path: Path) -> None:
        with Recorder(tmp_path / "run") as recorder:
            recorder.frame(0, [[1.0, 2.0], [3.0, 4.0]])
        assert lines(tmp_path / "run") == []
        recording = open_runs(tmp_path / "run")[0]
        assert list(recording.frame(0).test.partner) == [-1, -1]
        assert recording.thumbnail(0).dtype == np.uint8

    def test_settings_and_names(self, tmp_path: Path) -> None:
        with Recorder(
            tmp_path / "run", labels=[1, 0], class_names=["a", "b"], settings={"lr": 0.1}
        ):
            pass
        config = json.loads((tmp_path / "run/config.json").read_text())
        assert config["settings"] == {"lr": 0.1}
        assert open_runs(tmp_path / "run")[0].info.class_names == ("a", "b")

    @pytest.mark.parametrize("given", [["cat", "dog", "cat"], np.array([7, 900, 7])])
    def test_labels_of_any_kind(self, given: Any, tmp_path: Path) -> None:
        with Recorder(tmp_path / "run", labels=given) as recorder:
            recorder.frame(1, np.eye(3))
        recording = open_runs(tmp_path / "run")[0]
        assert list(recording.frame(1).test.points.labels) == [0, 1, 0]
        assert recording.info.class_names == tuple(map(str, given[:2]))

    def test_tensors(self, tmp_path: Path) -> None:
        given = torch.tensor([[1.0, 2.0], [3.0, 4.5]], requires_grad=True)
        with Recorder(tmp_path / "run", labels=torch.tensor([0, 0])) as recorder:
            recorder.scalars(1, loss=given.sum().detach(), lr=np.float32(0.5), none=None)
            recorder.frame(1, given)
            recorder.frame(2, given.to(torch.bfloat16))
        saved = safetensors.numpy.load_file(tmp_path / "run/frames/00000002.safetensors")
        np.testing.assert_array_equal(saved["test_embeddings"], [[1.0, 2.0], [3.0, 4.5]])
        assert lines(tmp_path / "run")[0] == {"kind": "step", "step": 1, "loss": 10.5, "lr": 0.5}

    @pytest.mark.parametrize(
        "given", [list, tuple, iter, lambda rows: dict(enumerate(rows)).values()]
    )
    def test_rows_of_any_kind(self, given: Callable[[Any], Any], tmp_path: Path) -> None:
        rows = list(torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True))
        with Recorder(tmp_path / "run", labels=given([1, 1])) as recorder:
            recorder.frame(1, given(rows))
        points = open_runs(str(tmp_path / "run"))[0].frame(1).test.points
        np.testing.assert_array_equal(points.embeddings, [[1.0, 2.0], [3.0, 4.0]])
        assert list(points.labels) == [0, 0]

    def test_scalars_that_hold_one_number(self, tmp_path: Path) -> None:
        one = torch.ones(1, requires_grad=True)
        with Recorder(tmp_path / "run") as recorder:
            recorder.scalars(1, a=one * 2, b=one.sum(), c=np.ones(1), d=np.int64(4), e=True)
        assert lines(tmp_path / "run")[0] == {
            "kind": "step", "step": 1, "a": 2.0, "b": 1.0, "c": 1.0, "d": 4.0, "e": 1.0
        }  # fmt: skip

    def test_a_home_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        with Recorder("~/runs/mine"):
            pass
        assert (tmp_path / "runs/mine/config.json").exists()

    def test_what_is_no_number_is_null_and_a_gap(self, tmp_path: Path) -> None:
        with Recorder(tmp_path / "run") as recorder:
            for step, loss in enumerate((1.0, float("nan"), float("inf"), 2.0)):
                recorder.scalars(step, loss=loss)
        assert [line["loss"] for line in lines(tmp_path / "run")] == [1.0, None, None, 2.0]
        metric = open_runs(tmp_path / "run")[0].state.metrics["loss"]
        np.testing.assert_array_equal(metric.values, [1.0, np.nan, np.nan, 2.0])

    @pytest.mark.parametrize(
        "kind",
        [
            "arrays",
            "pictures",
            "paths",
            "array of paths",
            "iterator",
            "tensors",
            "tensor",
            "grey",
            "one channel",
        ],
    )
    def test_images_of_any_kind(self, kind: str, tmp_path: Path) -> None:
        arrays = [images(20)[0], images(40)[1]]
        given: Any = {
            "arrays": arrays,
            "pictures": [Image.fromarray(array) for array in arrays],
            "paths": [tmp_path / f"{number}.png" for number in range(2)],
            "array of paths": np.array([f"{tmp_path}/{number}.png" for number in range(2)]),
            "iterator": (array for array in arrays),
            "tensors": [torch.from_numpy(array) for array in arrays],
            "tensor": torch.from_numpy(np.stack([arrays[0], arrays[0]])),
            "grey": images()[:2, :, :, 0],
            "one channel": images()[:2, :, :, :1],
        }[kind]
        for number, array in enumerate(arrays):
            Image.fromarray(array).save(tmp_path / f"{number}.png")
        with Recorder(tmp_path / "run", images=given) as recorder:
            recorder.frame(1, np.eye(2))
            small = recorder.live().thumbnail(0)
        thumbnail = open_runs(tmp_path / "run")[0].thumbnail(0)
        expected = images()[0, :, :, :1] if kind in ("grey", "one channel") else arrays[0]
        np.testing.assert_array_equal(thumbnail, expected)
        np.testing.assert_array_equal(small, expected)

    def test_the_fingerprint_tells_other_images(self, tmp_path: Path) -> None:
        keys, prints = set(), []
        for number, changed in enumerate((0, 0, 1)):
            pictures = images()
            pictures[3, 4, 5] += np.uint8(changed)
            with Recorder(tmp_path / str(number), labels=labels(), images=pictures):
                pass
            info = open_runs(tmp_path / str(number))[0].info
            prints.append(info.fingerprint)
            keys.add(info.key)
        assert prints[0] == prints[1] != prints[2]
        assert len(keys) == 3


class TestWhileItRuns:
    def test_live_and_followed_are_the_same(self, tmp_path: Path) -> None:
        recorder = record_loop(tmp_path / "run", close=False)
        live, followed = recorder.live(), open_runs(tmp_path / "run")[0]
        for step in (5, 6):
            recorder.scalars(step, loss=1 / step)
        recorder.frame(6, embeddings(6))
        assert live.poll()
        assert followed.poll()
        assert not live.poll()
        assert not followed.poll()
        assert live.live
        assert not followed.live
        assert live.key == followed.key
        for recording in (live, followed):
            assert recording.state.status is RunStatus.TRAINING
            assert recording.state.frame_steps == (2, 4, 6)
            assert recording.state.last_step == 6
            np.testing.assert_array_equal(recording.frame(6).test.points.embeddings, embeddings(6))
            np.testing.assert_array_equal(
                recording.frame(2).test.synthetic, followed.frame(2).test.synthetic
            )
        recorder.close()
        assert followed.poll()
        assert followed.state.status is RunStatus.FINISHED

    def test_images_that_cannot_be_read_are_grey_and_warned_of(self, tmp_path: Path) -> None:
        paths = [tmp_path / f"{number}.png" for number in range(3)]
        for path in paths:
            Image.new("RGB", (4, 4), "red").save(path)
        problems: list[str] = []
        with Recorder(tmp_path / "run", images=paths, on_problem=problems.append) as recorder:
            for path in paths[1:]:
                path.write_bytes(b"no image any more")
            live = recorder.live()
            assert live.image(0).tolist() == [[[255, 0, 0]] * 4] * 4
            live.poll()
            assert not live.state.warnings
            assert np.unique(live.image(1)).tolist() == [128]
            live.poll()
            (warning,) = live.state.warnings
            assert warning.startswith("Image 1 cannot be read (cannot identify image file")
            assert warning.endswith("): it is shown grey.")
            recorder.frame(1, np.eye(3))
        (problem,) = problems
        assert f"{tmp_path / 'run'}: Image 1 cannot be read" in problem

    @pytest.mark.parametrize(
        ("error", "status"),
        [(ValueError("lost"), RunStatus.FAILED), (KeyboardInterrupt(), RunStatus.STOPPED)],
    )
    def test_a_loop_that_ends_early_says_so(
        self, error: BaseException, status: RunStatus, tmp_path: Path
    ) -> None:
        def loop() -> None:
            with Recorder(tmp_path / "run") as recorder:
                recorder.scalars(1, loss=1.0)
                raise error

        with pytest.raises(type(error)):
            loop()
        state = open_runs(tmp_path / "run")[0].state
        assert state.status is status
        assert ("lost" in state.message) == (status is RunStatus.FAILED)


class TestRefusing:
    """What is wrong is one error that says what would be right; nothing of it is recorded."""

    def refused(self, tmp_path: Path, **arguments: Any) -> str:
        with pytest.raises(InputError) as caught:
            Recorder(tmp_path / "run", **arguments)
        assert not (tmp_path / "run").exists()
        assert "\n" not in str(caught.value)
        return str(caught.value)

    def test_arguments(self, tmp_path: Path) -> None:
        for arguments, said in (
            ({"labels": [0, 1], "images": images()}, "2 labels and 30 images"),
            ({"labels": [[0, 1]]}, "must be (N,)"),
            ({"labels": [0.5, 1.0]}, "give integers or strings"),
            ({"labels": []}, "at least one"),
            ({"labels": [0, 2], "class_names": ["a", "b"]}, "from 0 to 2"),
            ({"labels": ["a"], "class_names": ["a"]}, "positions"),
            ({"labels": [0, 1], "class_names": {0: "a", 1: "b"}}, "class_names is a dict"),
            ({"labels": [0, 1], "class_names": "ab"}, "class_names is a str"),
            ({"images": torch.zeros(3, 3, 8, 8, dtype=torch.uint8)}, "Transpose"),
            ({"images": np.zeros((3, 0, 8, 3), dtype=np.uint8)}, "(3, 0, 8, 3)"),
            ({"images": images().astype(np.float32)}, "uint8"),
            ({"images": images().transpose(0, 3, 1, 2)}, "Transpose"),
            ({"images": "file.png"}, "list of arrays"),
            ({"images": [tmp_path / "none.png"]}, "no file"),
            ({"images": [3]}, "images[0] is a int"),
            ({"images": [np.zeros((4, 4, 5), dtype=np.uint8)]}, "images[0]"),
        ):
            assert said in self.refused(tmp_path, **arguments), arguments

    def test_a_name_that_is_none(self) -> None:
        for name in ("", "a\0b"):
            with pytest.raises(InputError, match="folder"):
                Recorder(name)

    def test_no_embeddings(self, tmp_path: Path) -> None:
        with (
            pytest.raises(InputError, match="at least one"),
            Recorder(tmp_path / "run") as recorder,
        ):
            recorder.frame(1, np.zeros((0, 4)))

    def test_a_folder_that_holds_a_run(self, tmp_path: Path) -> None:
        record_loop(tmp_path / "run")
        with pytest.raises(InputError, match="already holds a run"):
            Recorder(tmp_path / "run")

    def test_a_disk_that_is_full_costs_nothing_that_was_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = tmp_path / "run"
        (run / "notes").mkdir(parents=True)
        (run / "notes" / "mine.txt").write_text("worth keeping")
        (run / "model.pt").write_text("and this")
        before = sorted(run.rglob("*"))

        def full(*_: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(files, "write", full)
        with pytest.raises(InputError, match=r"cannot be written \(No space left on device\)"):
            Recorder(run, labels=labels())
        assert sorted(run.rglob("*")) == before
        monkeypatch.undo()
        record_loop(run)
        assert (run / "notes" / "mine.txt").read_text() == "worth keeping"

    @pytest.mark.parametrize(
        "name",
        ["classes.json", "files.json", "status.json", "checkpoints", "projections", "thumbnails"],
    )
    def test_files_with_the_names_of_a_run_are_not_written_over(
        self, name: str, tmp_path: Path
    ) -> None:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / name).write_text("mine")
        with pytest.raises(InputError, match=f"holds {name}, which a run would write over"):
            Recorder(tmp_path / "run", labels=labels())
        assert (tmp_path / "run" / name).read_text() == "mine"

    def test_steps_and_shapes(self, tmp_path: Path) -> None:
        recorder = record_loop(tmp_path / "run", close=False)
        before = lines(tmp_path / "run")
        nothing = embeddings(9)
        half: Any = 5.5
        text: Any = "x"
        call: Callable[[], None]
        for call, said in (
            (lambda: recorder.scalars(3, loss=1.0), "steps go on, never back"),
            (lambda: recorder.scalars(half, loss=1.0), "whole number"),
            (lambda: recorder.scalars(-1, loss=1.0), "from 0 to"),
            (lambda: recorder.scalars(5, loss=text), "loss is 'x'"),
            (lambda: recorder.scalars(5, kind=1.0), "cannot be called 'kind'"),
            (lambda: recorder.frame(4, nothing), "steps go on, never back"),
            (lambda: recorder.frame(6, nothing[:-1]), "29 embeddings and 30 watched images"),
            (lambda: recorder.frame(6, nothing[:, 1:]), "5 dimensions, those of the first frame 6"),
            (lambda: recorder.frame(6, nothing[0]), r"must be (N, D)"),
            (lambda: recorder.frame(6, nothing.astype(str)), "must be numbers"),
            (lambda: recorder.frame(6, [[1.0], [2.0, 3.0]]), "No array"),
            (lambda: recorder.frame(6, torch.eye(30).to_sparse()), "No array"),
        ):
            with pytest.raises(InputError) as caught:
                call()
            assert said in str(caught.value)
        recorder.frame(6, nothing)
        recorder.close()
        recorder.close()
        assert lines(tmp_path / "run")[: len(before)] == before
        assert [line["step"] for line in lines(tmp_path / "run")[len(before) :]] == [6]
        with pytest.raises(InputError, match="is closed"):
            recorder.scalars(7, loss=1.0)


def test_recording_imports_neither_torch_nor_qt() -> None:
    script = (
        "import sys\nimport symmcore.runs, symmcore.runs.writing.training_recorder\n"
        "slow = {'torch', 'torchvision', 'sklearn', 'scipy', 'PySide6'} & set(sys.modules)\n"
        "sys.exit(f'imported {slow}' if slow else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


class TestRecall:
    @pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
    def test_is_what_evaluation_computes(self, scale: float) -> None:
        random = np.random.default_rng(5)
        of = random.integers(0, 6, 300)
        points = (scale * (random.standard_normal((300, 4)) + of[:, None] / 3)).astype(np.float32)
        points[7] = points[250]
        points[9] = 0
        expected = recall_at_k(torch.from_numpy(points), torch.from_numpy(of), (1,)).at[1]
        assert recall_at_1(points, of) == pytest.approx(expected, abs=0.5 / 300)

    def test_classes_of_one_are_not_asked_for(self) -> None:
        points = np.array([[1, 0], [1, 0.1], [1, 0.01]], dtype=np.float32)
        assert recall_at_1(points, np.array([0, 0, 1])) == 0.0
        assert recall_at_1(points, np.arange(3)) is None

    def test_what_is_no_number(self) -> None:
        points = np.array([[1, 0], [np.nan, 0]], dtype=np.float32)
        recall = recall_at_1(points, np.zeros(2, dtype=np.int64))
        assert recall is not None
        assert np.isnan(recall)
