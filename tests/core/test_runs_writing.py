"""What a training leaves besides metrics and frames: galleries, checkpoints, thumbnails."""

import dataclasses
import errno
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from helpers_records import make_snapshot
from helpers_runs import (
    make_checkpoint,
    make_gallery,
    make_projection,
    run_lock,
    same_frame,
    with_gallery,
)
from helpers_training import pixels, tiny_config, tiny_dataset

from symmcore.data.images.store import ArrayImages, ImageArray
from symmcore.errors import InputError, RunError
from symmcore.records import Checkpoint, IndexArray, StepRecord
from symmcore.runs import Recording, open_runs
from symmcore.runs.continuing.continuation import branch_plan, resume_plan
from symmcore.runs.formats import files as files_module
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.thumbnails import LONGEST_SIDE, decode, encode, shrunk
from symmcore.runs.reading import follower
from symmcore.runs.reading.memory import frame_size
from symmcore.runs.writing.budget import superfluous
from symmcore.runs.writing.training_recorder import TrainingRecorder
from symmcore.runs.writing.unsaved import Unsaved
from symmcore.settings.transforms import TransformSettings
from symmcore.training.config import TrainingConfig
from symmcore.training.sink import Environment, ParentRun, TrainingContext
from symmcore.training.status import FinishReason, RunState, TrainingStatus

FINISHED = TrainingStatus(RunState.FINISHED, reason=FinishReason.COMPLETED)
STOPPED = TrainingStatus(RunState.FINISHED, reason=FinishReason.STOPPED)

pytestmark = pytest.mark.usefixtures("tiny")


def context_of(config: TrainingConfig, **more: object) -> TrainingContext:
    environment = Environment("cpu", 3, (("python", "3.11.7"),))
    resolved = dataclasses.replace(config, transform=TransformSettings(shift=1))
    context = TrainingContext(resolved, environment, tiny_dataset(config.seed))
    return dataclasses.replace(context, **more)  # type: ignore[arg-type]  # fields by name


def begun(out: Path, *specs: str, resume: bool = False, **settings: Any) -> TrainingRecorder:
    context = {name: settings.pop(name) for name in ("resumed_from", "parents") if name in settings}
    config = tiny_config(*specs, **settings)
    recorder = TrainingRecorder(out, config, resume=resume, on_problem=pytest.fail)
    recorder.begin(context_of(config, **context))
    return recorder


def recorded(out: Path, steps: int = 6, **settings: Any) -> TrainingRecorder:
    """A training of steps, with a frame and a checkpoint after every second."""
    recorder = begun(out, **settings)
    go_on(recorder, 0, steps)
    return recorder


def go_on(recorder: TrainingRecorder, after: int, steps: int) -> None:
    for step in range(after + 1, steps + 1):
        recorder.scalar(0, StepRecord(step, 1 / step, None, 0.1 * step))
        if step % 2 == 0:
            recorder.snapshots((with_gallery(make_snapshot(step, step), make_gallery(20, step)),))
            recorder.projections((make_projection(step),))
            recorder.checkpoints((make_checkpoint(step),))


class DamagedImages(ArrayImages):
    """Images of which some cannot be read any more."""

    def __init__(self, array: ImageArray, damaged: set[int]) -> None:
        super().__init__(array, digest="spoilt later")
        self._damaged = damaged

    def read(self, positions: IndexArray, out: ImageArray | None = None) -> ImageArray:
        if self._damaged & set(positions.tolist()):
            raise InputError("an image is damaged, though it could be read before")
        return super().read(positions, out)


def steps_in(run: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines()]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestConfig:
    @pytest.mark.parametrize(
        "specs", [("npair",), ("angular+symm:rank=2,angle_deg=40,lr=0.0003", "lifted:margin=2")]
    )
    def test_reads_back_into_the_same_configuration(
        self, specs: tuple[str, ...], tmp_path: Path
    ) -> None:
        settings: dict[str, Any] = {"device": "auto", "threads": None, "learning_rate": 0.003}
        begun(tmp_path / "run", *specs, **settings).status(FINISHED)
        config = tiny_config(*specs, **settings)
        recordings = open_runs(tmp_path / "run")
        assert len(recordings) == len(specs)
        for run, recording in enumerate(recordings):
            info = recording.info
            assert info.problems == ()
            assert info.spec == config.specs[run]
            assert info.config == dataclasses.replace(config, specs=(config.specs[run],))
            assert info.resolved == dataclasses.replace(
                config,
                specs=(config.specs[run],),
                device="cpu",
                threads=3,
                transform=TransformSettings(shift=1),
            )
            assert info.compared == tuple(spec.name for spec in config.specs)
            assert (info.train_count, info.test_count) == (48, 24)
            assert info.class_names == tiny_dataset(0).class_names

    def test_has_an_identity_that_stays(self, tmp_path: Path) -> None:
        recorded(tmp_path / "run", 2).status(STOPPED)
        key = Recording.open(tmp_path / "run").key
        begun(tmp_path / "run", resume=True, resumed_from=2).status(FINISHED)
        assert Recording.open(tmp_path / "run").key == key


class TestGalleries:
    @pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
    def test_are_kept_in_half_precision_whatever_their_size(
        self, scale: float, tmp_path: Path
    ) -> None:
        gallery = make_gallery(50, scale=scale)
        recorder = begun(tmp_path / "run")
        recorder.snapshots((with_gallery(make_snapshot(), gallery),))
        recorder.status(FINISHED)
        recording = Recording.open(tmp_path / "run")
        assert recording.state.gallery_steps == (0,)
        read = recording.gallery(7)
        np.testing.assert_array_equal(read.samples, gallery.samples)
        np.testing.assert_array_equal(read.labels, gallery.labels)
        largest = np.abs(gallery.embeddings).max(axis=1, keepdims=True)
        error = np.abs(read.embeddings - gallery.embeddings) / largest
        assert error.max() <= 2**-11
        saved = safetensors.numpy.load_file(tmp_path / "run/frames/00000000-gallery.safetensors")
        assert saved["embeddings"].dtype == np.float16

    def test_zeros_and_what_is_no_number(self, tmp_path: Path) -> None:
        gallery = make_gallery(4)
        points = gallery.embeddings
        points[0] = 0
        points[1] = np.nan
        points[2, 0] = np.inf
        recorder = begun(tmp_path / "run")
        recorder.snapshots((with_gallery(make_snapshot(), gallery),))
        recorder.status(FINISHED)
        read = Recording.open(tmp_path / "run").gallery(0).embeddings
        np.testing.assert_array_equal(read[0], 0)
        assert np.isnan(read[1]).all()
        assert np.isinf(read[2, 0])
        np.testing.assert_allclose(read[3], points[3], rtol=2e-3, atol=2e-3)

    def test_the_newest_at_or_before_a_step(self, tmp_path: Path) -> None:
        recorder = recorded(tmp_path / "run")
        (live,) = recorder.recordings
        live.poll()
        recorder.status(FINISHED)
        for recording in (live, Recording.open(tmp_path / "run")):
            for step, expected in ((2, 2), (3, 2), (5, 4), (99, 6)):
                np.testing.assert_allclose(
                    recording.gallery(step).embeddings,
                    make_gallery(20, expected).embeddings,
                    rtol=1e-2, atol=1e-2,
                )  # fmt: skip


class TestBudget:
    def test_every_second_goes_and_the_first_and_newest_stay(self) -> None:
        sizes = dict.fromkeys(range(0, 100, 10), 10)
        assert superfluous(sizes, 100) == ()
        assert superfluous(sizes, 60) == (10, 30, 50, 70)
        assert superfluous(sizes, 40) == (10, 20, 30, 50, 60, 70)
        assert superfluous(sizes, 30) == (10, 20, 30, 40, 50, 60, 70)
        assert superfluous(sizes, 20) == (10, 20, 30, 40, 50, 60, 70, 80)
        assert superfluous(sizes, 19) == tuple(range(0, 90, 10))
        assert superfluous(sizes, 0) == tuple(range(0, 90, 10))
        assert superfluous({}, 0) == ()

    def test_of_a_training(self, tmp_path: Path) -> None:
        roomy = recorded(tmp_path / "roomy", 20)
        roomy.status(FINISHED)
        folder = tmp_path / "roomy"
        gallery = (folder / "frames/00000002-gallery.safetensors").stat().st_size
        checkpoint = sum(
            path.stat().st_size for path in (folder / "checkpoints/00000002").iterdir()
        )
        assert gallery > checkpoint / 2
        recorder = recorded(tmp_path / "run", 20, recording_bytes=2 * 5 * gallery)
        recorder.finish_checkpoints()
        (live,) = recorder.recordings
        live.poll()
        recorder.status(FINISHED)
        state = Recording.open(tmp_path / "run").state
        assert state.gallery_steps == live.state.gallery_steps
        assert state.checkpoint_steps == live.state.checkpoint_steps
        assert state.frame_steps == tuple(range(2, 21, 2))
        for steps, size in ((state.gallery_steps, gallery), (state.checkpoint_steps, checkpoint)):
            assert steps[0] == 2
            assert steps[-1] == 20
            assert len(steps) * size <= 5 * gallery
            assert len(steps) >= 3
        assert not any(name.startswith(".") for name in names_in(tmp_path / "run/checkpoints"))


class TestCheckpoints:
    def test_are_what_was_given(self, tmp_path: Path) -> None:
        recorded(tmp_path / "run").status(FINISHED)
        recording = Recording.open(tmp_path / "run")
        assert recording.state.checkpoint_steps == (2, 4, 6)
        read, given = recording.checkpoint(4), make_checkpoint(4)
        assert read.step == 4
        assert read.state == given.state
        assert {name: set(of) for name, of in read.arrays.items()} == {
            name: set(of) for name, of in given.arrays.items()
        }
        for name, arrays in given.arrays.items():
            for key, array in arrays.items():
                assert read.arrays[name][key].dtype == array.dtype
                np.testing.assert_array_equal(read.arrays[name][key], array)

    def test_load_without_this_program(self, tmp_path: Path) -> None:
        recorded(tmp_path / "run").status(FINISHED)
        folder = Recording.open(tmp_path / "run").checkpoint_folder(6)
        weights = safetensors.numpy.load_file(folder / "network.safetensors")
        np.testing.assert_array_equal(
            weights["weight"], make_checkpoint(6).arrays["network"]["weight"]
        )
        assert json.loads((folder / "state.json").read_text()) == make_checkpoint(6).state

    @pytest.mark.parametrize("name", ["complete.json", "network.safetensors", "state.json"])
    def test_without_a_file_there_is_none(self, name: str, tmp_path: Path) -> None:
        recorded(tmp_path / "run").status(FINISHED)
        (tmp_path / "run/checkpoints/00000006" / name).unlink()
        recording = Recording.open(tmp_path / "run")
        assert recording.state.checkpoint_steps == (2, 4)
        with pytest.raises(RunError, match="no whole checkpoint"):
            recording.checkpoint(6)

    @pytest.mark.parametrize("name", ["network.safetensors", "state.json", "random.safetensors"])
    def test_a_flipped_bit_is_found(self, name: str, tmp_path: Path) -> None:
        recorded(tmp_path / "run").status(FINISHED)
        path = tmp_path / "run/checkpoints/00000006" / name
        content = bytearray(path.read_bytes())
        content[-3] ^= 1
        path.write_bytes(content)
        with pytest.raises(RunError, match=f"{name} is damaged"):
            Recording.open(tmp_path / "run").checkpoint(6)

    @pytest.mark.parametrize("named", ["../../config.json", "/etc/passwd", "a/b.safetensors", ".."])
    def test_no_file_outside_is_named(self, named: str, tmp_path: Path) -> None:
        recorded(tmp_path / "run").status(FINISHED)
        path = tmp_path / "run/checkpoints/00000006/complete.json"
        complete = json.loads(path.read_text())
        complete["files"][named] = {"bytes": 1, "sha256": ""}
        path.write_text(json.dumps(complete))
        recording = Recording.open(tmp_path / "run")
        assert recording.state.checkpoint_steps == (2, 4)
        assert any(str(path) in warning for warning in recording.state.warnings)
        with pytest.raises(RunError):
            recording.checkpoint(6)

    def test_the_same_step_again_replaces_it(self, tmp_path: Path) -> None:
        recorder = recorded(tmp_path / "run", 2)
        other = Checkpoint(2, {"network": {}}, {"second": True})
        recorder.checkpoints((other,))
        recorder.status(FINISHED)
        assert Recording.open(tmp_path / "run").checkpoint(2).state == {"second": True}
        assert names_in(tmp_path / "run/checkpoints") == ["00000002"]

    def test_an_old_one_stays_until_the_new_one_is_safe(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        problems: list[str] = []
        config = tiny_config(recording_bytes=0)
        recorder = TrainingRecorder(tmp_path / "run", config, on_problem=problems.append)
        recorder.begin(context_of(config))
        recorder.checkpoints((make_checkpoint(2),))
        recorder.finish_checkpoints()
        original = files_module.write_new

        def fail(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
            if path.name == "complete.json":
                raise OSError(28, "No space left on device")
            original(path, chunks)

        with monkeypatch.context() as patched:
            patched.setattr(files_module, "write_new", fail)
            recorder.checkpoints((make_checkpoint(4),))
            recorder.finish_checkpoints()
            assert Recording.open(tmp_path / "run").state.checkpoint_steps == (2,)
            recorder.checkpoints((make_checkpoint(6),))
            recorder.finish_checkpoints()
            assert Recording.open(tmp_path / "run").state.checkpoint_steps == (2,)
            assert len(problems) == 1
        recorder.status(FINISHED)
        assert Recording.open(tmp_path / "run").state.checkpoint_steps == (6,)
        assert names_in(tmp_path / "run/checkpoints") == ["00000006"]


def test_what_is_lost_at_the_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    recorder = TrainingRecorder(tmp_path / "run", tiny_config(), on_problem=told.append)
    recorder.begin(context_of(tiny_config()))
    go_on(recorder, 0, 2)
    recorder.finish_checkpoints()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files_module, "rename", fail)
    go_on(recorder, 2, 4)
    recorder.status(FINISHED)
    recorder.close()
    recorder.close()
    assert len(told) == 2
    assert "kept in memory" in told[0]
    assert "not written: the last checkpoint, frames of 1 steps." in told[1]
    assert Recording.open(tmp_path / "run").state.checkpoint_steps == (2,)


class TestResuming:
    def test_takes_away_what_came_after_the_checkpoint(self, tmp_path: Path) -> None:
        recorder = recorded(tmp_path / "run")
        recorder.scalar(0, StepRecord(7, 1.0, None, 0.7))
        recorder.status(STOPPED)
        whole = recorded(tmp_path / "whole", 4)
        whole.status(STOPPED)
        resumed = begun(tmp_path / "run", resume=True, resumed_from=4)
        for folder in ("frames", "projections/pca", "checkpoints"):
            assert names_in(tmp_path / "run" / folder) == names_in(tmp_path / "whole" / folder)
        metrics = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("run", "whole")]
        assert metrics[0] == metrics[1]
        go_on(resumed, 4, 6)
        resumed.finish_checkpoints()
        (live,) = resumed.recordings
        live.poll()
        assert live.state.frame_steps == (2, 4, 6)
        assert live.state.checkpoint_steps == (2, 4, 6)
        assert list(live.state.metrics["loss"].steps) == [1, 2, 3, 4, 5, 6]
        same_frame(live.frame(2), make_snapshot(2, 2).frame)
        resumed.status(FINISHED)
        assert steps_in(tmp_path / "run") == [1, 2, 3, 4, 5, 6]

    def test_lines_of_the_same_step_after_the_checkpoint_go_too(self, tmp_path: Path) -> None:
        recorder = recorded(tmp_path / "run", 4)
        recorder.scalar(0, StepRecord(4, 9.0, None, 0.4))
        recorder.status(STOPPED)
        begun(tmp_path / "run", resume=True, resumed_from=4).status(FINISHED)
        assert steps_in(tmp_path / "run") == [1, 2, 3, 4]

    def test_is_refused_to_a_second_process(self, tmp_path: Path) -> None:
        recorded(tmp_path / "run").status(STOPPED)
        first = TrainingRecorder(tmp_path / "run", tiny_config(), resume=True)
        with pytest.raises(InputError, match="is being written by another process"):
            TrainingRecorder(tmp_path / "run", tiny_config(), resume=True)
        first.close()
        TrainingRecorder(tmp_path / "run", tiny_config(), resume=True).close()

    def test_needs_a_run(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="holds no run"):
            TrainingRecorder(tmp_path / "run", tiny_config(), resume=True)

    def test_a_lock_of_a_dead_process_does_not_refuse(self, tmp_path: Path) -> None:
        recorded(tmp_path / "run").status(STOPPED)
        child = os.fork()
        if not child:
            with run_lock(tmp_path / "run"):
                os.kill(os.getpid(), 9)
        os.waitpid(child, 0)
        with run_lock(tmp_path / "run"):
            pass


class TestFoldersWithoutLocks:
    """Some network folders have none: a file stands for the lock."""

    @pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
    def test_one_process_writes_a_run(
        self, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fcntl = pytest.importorskip("fcntl")

        def without(*_: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(fcntl, "flock", without)
        recorder = recorded(tmp_path / "run")
        with pytest.raises(InputError, match=r"another process.* remove .*\.run\.lock\.held"):
            TrainingRecorder(tmp_path / "run", tiny_config(), resume=True)
        recorder.status(STOPPED)
        begun(tmp_path / "run", resume=True, resumed_from=6).status(FINISHED)
        assert not (tmp_path / "run" / ".run.lock.held").exists()


class TestMoreFilesThanOnePollTakesIn:
    STEPS = (2, 4, 6, 8, 10, 12)

    @pytest.fixture
    def run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        recorded(tmp_path / "run", 12).status(STOPPED)
        monkeypatch.setattr(follower, "_MOST_CHECKS_A_POLL", 4)
        return tmp_path / "run"

    def test_the_newest_checkpoint_is_found(self, run: Path) -> None:
        plan = resume_plan(run, steps=20)
        assert plan.start.step == 12
        plan.check_newest()
        assert branch_plan(run, 10, "npair", steps=20).start.step == 10

    def test_what_goes_on_knows_all_that_is_there(self, run: Path) -> None:
        recorder = begun(run, resume=True, resumed_from=12, steps=20)
        state = recorder.recordings[0].state
        assert state.frame_steps == state.gallery_steps == self.STEPS
        assert state.checkpoint_steps == self.STEPS
        recorder.status(STOPPED)

    def test_checkpoints_that_are_too_many_go(self, run: Path) -> None:
        recorder = begun(run, resume=True, resumed_from=12, steps=20, recording_bytes=0)
        go_on(recorder, 12, 14)
        recorder.status(STOPPED)
        assert names_in(run / "checkpoints") == ["00000014"]


class TestBranches:
    @pytest.mark.parametrize("links", [True, False])
    def test_share_the_past(
        self, links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        recorded(tmp_path / "parent").status(FINISHED)
        key = Recording.open(tmp_path / "parent").key

        def refuse(*_: object, **__: object) -> None:
            raise OSError

        if not links:
            monkeypatch.setattr(os, "link", refuse)
        parents = (ParentRun(tmp_path / "parent", key, 4),)
        branch = begun(tmp_path / "branch", "npair+symm", parents=parents)
        parent_files = tmp_path / "parent/frames/00000004.safetensors"
        same = parent_files.samefile(tmp_path / "branch/frames/00000004.safetensors")
        assert same == links
        (live,) = branch.recordings
        live.poll()
        assert live.state.frame_steps == (2, 4)
        assert live.info.parent == parents[0]
        assert live.key != key
        go_on(branch, 4, 8)
        branch.status(FINISHED)
        recording = Recording.open(tmp_path / "branch")
        state = recording.state
        assert state.frame_steps == state.gallery_steps == state.checkpoint_steps == (2, 4, 6, 8)
        assert state.projection_steps == {"pca": (2, 4, 6, 8)}
        assert steps_in(tmp_path / "branch") == list(range(1, 9))
        parent = Recording.open(tmp_path / "parent")
        same_frame(recording.frame(4), parent.frame(4))
        assert recording.checkpoint(4).state == parent.checkpoint(4).state
        assert steps_in(tmp_path / "parent") == list(range(1, 7))

    def test_where_nothing_can_be_written_nothing_is_left(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        recorded(tmp_path / "parent").status(FINISHED)
        key = Recording.open(tmp_path / "parent").key
        original = files_module.rename

        def fail(source: Path, target: Path) -> None:
            if "config.json" in source.name:
                raise OSError(28, "No space left on device")
            original(source, target)

        monkeypatch.setattr(files_module, "rename", fail)
        with pytest.raises(InputError, match="No space left"):
            begun(tmp_path / "branch", parents=(ParentRun(tmp_path / "parent", key, 4),))
        assert not (tmp_path / "branch").exists()


class TestThumbnails:
    def test_of_all_that_can_be_looked_at(self, tmp_path: Path) -> None:
        recorder = recorded(tmp_path / "run", 2)
        recorder.status(FINISHED)
        dataset = tiny_dataset(0)
        watched = make_snapshot().frame
        recording = Recording.open(tmp_path / "run")
        samples = {*watched.train.points.samples, *watched.test.points.samples, *dataset.test}
        for sample in samples:
            np.testing.assert_array_equal(recording.thumbnail(sample), pixels(dataset)[sample])
            np.testing.assert_array_equal(recording.image(sample), pixels(dataset)[sample])
        others = set(range(len(dataset.labels))) - samples
        assert others
        for sample in others:
            assert recording.thumbnail(sample).shape == (32, 32, 1)
        (live,) = recorder.recordings
        for sample in others:
            np.testing.assert_array_equal(live.image(sample), pixels(dataset)[sample])

    def test_one_that_cannot_be_read_is_none_and_is_tried_again(self, tmp_path: Path) -> None:
        dataset = tiny_dataset(0)
        sample = int(dataset.test[0])
        damaged = dataclasses.replace(dataset, images=DamagedImages(pixels(dataset), {sample}))
        problems: list[str] = []
        recorder = TrainingRecorder(tmp_path / "run", tiny_config(), on_problem=problems.append)
        recorder.begin(dataclasses.replace(context_of(tiny_config()), dataset=damaged))
        go_on(recorder, 0, 2)
        recorder.status(STOPPED)
        (live,) = recorder.recordings
        live.poll()
        assert (
            [problem.removeprefix(f"{tmp_path / 'run'}: ") for problem in problems]
            == [*live.state.warnings]
            == [
                f"Image {sample} cannot be read (an image is damaged, though it could be read "
                "before): it is shown grey."
            ]
        )
        recording = Recording.open(tmp_path / "run")
        assert recording.thumbnail(sample).shape == (32, 32, 1)
        others = dataset.test[1:]
        for other in others:
            np.testing.assert_array_equal(recording.thumbnail(other), pixels(dataset)[other])
        again = begun(tmp_path / "run", resume=True, resumed_from=2)
        go_on(again, 2, 4)
        again.status(FINISHED)
        recording = Recording.open(tmp_path / "run")
        np.testing.assert_array_equal(recording.thumbnail(sample), pixels(dataset)[sample])

    @pytest.mark.parametrize(
        ("shape", "kind", "expected"),
        [
            ((8, 8, 1), "PNG", (8, 8, 1)),
            ((32, 20, 3), "PNG", (32, 20, 3)),
            ((33, 20, 3), "JPEG", (33, 20, 3)),
            ((480, 240, 3), "JPEG", (96, 48, 3)),
            ((1, 1000, 1), "JPEG", (1, 96, 1)),
        ],
    )
    def test_small_ones_lose_nothing(
        self, shape: tuple[int, ...], kind: str, expected: tuple[int, ...]
    ) -> None:
        image = np.full(shape, 77, dtype=np.uint8)
        image[0, 0] = 70
        content = encode(image)
        assert content.startswith({"PNG": b"\x89PNG", "JPEG": b"\xff\xd8"}[kind])
        read = decode(content)
        assert read.shape == expected
        if kind == "PNG":
            np.testing.assert_array_equal(read, image)
        assert abs(float(read.mean()) - 77) < 2
        assert shrunk(image).shape == expected

    def test_one_that_is_too_large_is_none(self) -> None:
        import io

        from PIL import Image

        stream = io.BytesIO()
        Image.new("L", (LONGEST_SIDE + 1, 4)).save(stream, "PNG")
        with pytest.raises(ValueError, match="97 x 4"):
            decode(stream.getvalue())

    def test_resuming_adds_what_is_missing(self, tmp_path: Path) -> None:
        recorded(tmp_path / "run", 2).status(STOPPED)
        folder = tmp_path / "run/thumbnails"
        before = names_in(folder)
        resumed = begun(tmp_path / "run", resume=True, resumed_from=2)
        go_on(resumed, 2, 4)
        resumed.status(FINISHED)
        assert names_in(folder) == before
        (folder / before[0]).unlink()
        again = begun(tmp_path / "run", resume=True, resumed_from=4)
        go_on(again, 4, 6)
        again.status(FINISHED)
        recording = Recording.open(tmp_path / "run")
        sample = int(tiny_dataset(0).test[0])
        np.testing.assert_array_equal(recording.thumbnail(sample), pixels(tiny_dataset(0))[sample])


@pytest.mark.parametrize(
    ("reason", "status", "said"),
    [
        # the message of a training that went on to its end is of the runs that did not
        (FinishReason.COMPLETED, RunStatus.FINISHED, ""),
        (FinishReason.STOPPED, RunStatus.STOPPED, ""),
        (FinishReason.DIVERGED, RunStatus.DIVERGED, "So it was."),
        (FinishReason.FAILED, RunStatus.FAILED, "So it was."),
    ],
)
def test_how_it_ended(reason: FinishReason, status: RunStatus, said: str, tmp_path: Path) -> None:
    recorder = begun(tmp_path / "run")
    assert Recording.open(tmp_path / "run").state.status is RunStatus.TRAINING
    recorder.status(TrainingStatus(RunState.FINISHED, message="So it was.", reason=reason))
    state = Recording.open(tmp_path / "run").state
    assert (state.status, state.message) == (status, said)


class TestUnsaved:
    def test_little_is_all_kept(self) -> None:
        unsaved = Unsaved()
        unsaved.frames[1] = (make_snapshot(1).frame, make_gallery(5))
        assert unsaved.bound(10**9) == ((), ())
        assert unsaved.frames[1][1] is not None

    def test_galleries_go_first_but_for_the_newest(self) -> None:
        unsaved = Unsaved()
        size = frame_size(make_snapshot(1).frame)
        for step in (1, 2, 3):
            unsaved.frames[step] = (make_snapshot(step).frame, make_gallery(5))
        assert unsaved.bound(3 * size) == ((1, 2), ())
        assert [gallery is None for _, gallery in unsaved.frames.values()] == [True, True, False]

    def test_then_every_second_frame(self) -> None:
        unsaved = Unsaved()
        size = frame_size(make_snapshot(1).frame)
        for step in (1, 2, 3):
            unsaved.frames[step] = (make_snapshot(step).frame, None)
        assert unsaved.bound(2 * size) == ((1, 2), (2,))
        assert list(unsaved.frames) == [1, 3]
