"""Reading runs: of both formats, while they grow, and from anywhere."""

import contextlib
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from helpers_records import make_snapshot
from helpers_runs import (
    COUNT,
    embeddings,
    make_projection,
    record_loop,
    same_frame,
    write_format_1,
    write_frame,
)

from symmcore.errors import InputError, RunError
from symmcore.records import WatchedSet
from symmcore.runs import Recording, open_runs, recent_runs
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.layout import LOCK
from symmcore.runs.formats.metrics import MetricsTable
from symmcore.runs.formats.untrusted_files import json_object
from symmcore.runs.reading.follower import DirectoryFollower
from symmcore.runs.reading.index import RunIndex
from symmcore.synthesis import reflect
from symmcore.training.spec import parse_spec


class TestFormat1:
    def test_opens(self, tmp_path: Path) -> None:
        frame = make_snapshot(2).frame
        write_format_1(tmp_path / "run", frame)
        recording = Recording.open(tmp_path / "run")
        info, state = recording.info, recording.state
        assert (info.format, info.name, info.seed) == (1, "npair+symm:rank=2,lr=0.01", 3)
        assert recording.key == f"path:{tmp_path / 'run'}"
        assert info.spec == parse_spec("npair+symm:rank=2,alpha=1.5,beta=0.5,l2_reg=0.01")
        assert info.config is not None
        assert (info.config.device, info.config.learning_rate) == ("cuda", 0.01)
        assert info.config.transform is not None
        assert "Recall@1 of synthetic points" in info.warnings[0]
        assert state.frame_steps == (2,)
        assert (state.gallery_steps, state.checkpoint_steps, state.projection_steps) == ((), (), {})
        assert state.status is RunStatus.FINISHED
        assert state.warnings == ()
        np.testing.assert_array_equal(state.metrics["loss"].values, [2.0, math.nan])
        assert list(state.metrics["test_nmi"].values) == [0.5]
        same_frame(recording.frame(2), frame)
        assert recording.gallery(2) is recording.frame(2).test.points

    def test_synthetic_points_are_those_of_its_settings(self, tmp_path: Path) -> None:
        import torch

        frame = make_snapshot(2).frame
        write_format_1(tmp_path / "run", frame)
        read = Recording.open(tmp_path / "run").frame(2)

        def expected(watched: WatchedSet) -> torch.Tensor:
            points = torch.tensor(watched.points.embeddings)
            partner = torch.tensor(watched.partner)
            alone = partner < 0
            made = reflect(points, points[partner.where(~alone, torch.tensor(0))], 1.5, 0.5)
            return torch.where(alone[:, None], points, made)

        for watched in (read.train, read.test):
            np.testing.assert_allclose(
                watched.synthetic, expected(watched).numpy(), rtol=1e-5, atol=1e-6
            )

    def test_what_it_does_not_say_was_as_the_defaults_were(self, tmp_path: Path) -> None:
        write_format_1(tmp_path / "run", make_snapshot(2).frame)
        path = tmp_path / "run" / "config.json"
        said = json.loads(path.read_text())
        former = {"network": "small", "learning_rate": 1e-3, "eval_every": 25}
        path.write_text(json.dumps({k: v for k, v in said.items() if k not in former}))
        config = Recording.open(tmp_path / "run").info.config
        assert config is not None
        assert {name: getattr(config, name) for name in former} == former
        assert config.frames == 60

    def test_with_settings_of_another_time(self, tmp_path: Path) -> None:
        write_format_1(tmp_path / "run", make_snapshot(2).frame, loss="of the future", more=1)
        recording = Recording.open(tmp_path / "run")
        assert recording.info.config is None
        assert "config.json" in recording.info.problems[0]
        assert any("config.json" in warning for warning in recording.state.warnings)
        assert recording.state.last_step == 2


class TestRefusing:
    def refused(self, path: Path) -> str:
        with pytest.raises(InputError) as caught:
            open_runs(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    def test_a_newer_format(self, tmp_path: Path) -> None:
        record_loop(tmp_path / "run")
        config = json.loads((tmp_path / "run/config.json").read_text())
        (tmp_path / "run/config.json").write_text(json.dumps(config | {"format": 3}))
        assert "reads up to format 2" in self.refused(tmp_path / "run")

    def test_what_is_no_run(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        (tmp_path / "other/folder").mkdir(parents=True)
        assert "is empty" in self.refused(tmp_path / "empty")
        assert "holds no run" in self.refused(tmp_path / "other")
        assert "holds no run" in self.refused(tmp_path / "none")


def test_a_comparison_opens_in_the_order_that_it_names(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        write_format_1(tmp_path / "both" / name, make_snapshot(2).frame, name=name)
        config = json.loads((tmp_path / "both" / name / "config.json").read_text())
        config |= {"format": 2, "id": name, "chosen": {"specs": ["c", "a", "b"]}}
        (tmp_path / "both" / name / "config.json").write_text(json.dumps(config))
    recordings = open_runs(tmp_path / "both")
    assert [recording.key for recording in recordings] == ["c", "a", "b"]
    assert {recording.info.group for recording in recordings} == {tmp_path / "both"}
    (summary,) = recent_runs(tmp_path, 5)
    assert summary.names == ("c", "a", "b")
    assert summary.recall_at_1 == (0.75, 0.75, 0.75)


def test_numbers_beyond_float64_are_none(tmp_path: Path) -> None:
    """Python reads whole numbers of any length, and fails only where they meet a float."""
    record_loop(tmp_path / "run")
    huge = "9" * 400
    with (tmp_path / "run/metrics.jsonl").open("a") as stream:
        for step, recall in (("8", "0.5"), ("9", huge), (huge, "0.75")):
            stream.write(f'{{"kind": "eval", "step": {step}, "test_recall_at_1": {recall}}}\n')
    (summary,) = recent_runs(tmp_path, 5)
    assert (summary.steps, summary.recall_at_1) == (9, (0.5,))
    with pytest.raises(RunError, match="holds no JSON object"):
        json_object(tmp_path / "x.json", huge.encode())
    found = json_object(tmp_path / "x.json", f'{{"a": {huge}, "b": -{huge}, "c": 12}}'.encode())
    assert found == {"a": math.inf, "b": -math.inf, "c": 12}


class TestFollowing:
    """Everything appears once it is whole, in whatever order and pieces it comes."""

    def test_a_run_that_is_copied_file_by_file(self, tmp_path: Path) -> None:
        record_loop(tmp_path / "run")
        whole = Recording.open(tmp_path / "run")
        target = tmp_path / "copy"
        target.mkdir()
        (target / "metrics.jsonl").touch()
        followed = Recording.open(target)
        paths = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
        assert len(paths) == 8
        for path in sorted(paths, reverse=True):
            copy = target / path.relative_to(tmp_path / "run")
            copy.parent.mkdir(exist_ok=True)
            content = path.read_bytes()
            for size in range(0, len(content), max(1, len(content) // 7)):
                copy.write_bytes(content[:size])
                followed.poll()
                warnings = [text for text in followed.state.warnings if "(yet)" not in text]
                assert all("config.json" in text or "status" in text for text in warnings)
                for step in followed.state.frame_steps:
                    same_frame(followed.frame(step), whole.frame(step))
            copy.write_bytes(content)
            followed.poll()
        assert followed.state.warnings == ()
        assert followed.key == whole.key
        assert followed.state.frame_steps == whole.state.frame_steps
        assert list(followed.state.metrics) == list(whole.state.metrics)
        assert followed.state.status is RunStatus.FINISHED
        np.testing.assert_array_equal(followed.thumbnail(3), whole.thumbnail(3))

    def test_metrics_that_come_byte_by_byte(self, tmp_path: Path) -> None:
        path = tmp_path / "metrics.jsonl"
        content = b"".join(
            json.dumps({"kind": "step", "step": step, "loss": step / 3}).encode() + b"\n"
            for step in range(1, 6)
        )
        path.touch()
        recording = Recording.open(tmp_path)
        for size in range(len(content) + 1):
            path.write_bytes(content[:size])
            recording.poll()
            metric = recording.state.metrics.get("loss")
            known = 0 if metric is None else len(metric.values)
            assert known == content[:size].count(b"\n")
        assert recording.state.last_step == 5
        assert not any("damaged" in warning for warning in recording.state.warnings)

    @pytest.mark.parametrize("later", [0, 1, 5])
    def test_metrics_that_are_cut_and_go_on(self, later: int, tmp_path: Path) -> None:
        def line(step: int, loss: float) -> str:
            return json.dumps({"kind": "step", "step": step, "loss": loss}) + "\n"

        path = tmp_path / "metrics.jsonl"
        path.write_text("".join(line(step, 1.0) for step in range(1, 5)))
        recording = Recording.open(tmp_path)
        before = recording.state.metrics["loss"]
        new = [line(step, 2.0) for step in range(3, 3 + later)]
        path.write_text("".join([line(1, 1.0), line(2, 1.0), *new]))
        recording.poll()
        metric = recording.state.metrics["loss"]
        assert list(metric.values) == [1.0, 1.0, *[2.0] * later]
        assert list(metric.steps) == list(range(1, 3 + later))
        assert list(before.values) == [1.0] * 4, "what was handed out never changes"

    def test_states_that_were_handed_out_never_change(self) -> None:
        table = MetricsTable()
        handed: list[tuple[int, Any]] = []
        for step in range(1000):
            table.add_lines([json.dumps({"kind": "step", "step": step, "loss": step}).encode()])
            handed.append((step + 1, table.metrics()["loss"]))
        for count, metric in handed:
            assert list(metric.values) == list(range(count))
            assert not metric.values.flags.writeable

    def test_frames_that_go_are_gone(self, tmp_path: Path) -> None:
        record_loop(tmp_path / "run")
        recording = Recording.open(tmp_path / "run")
        (tmp_path / "run/frames/00000004.safetensors").unlink()
        assert recording.poll()
        assert recording.state.frame_steps == (2,)

    def test_a_projection_that_is_stored_is_seen_by_others(self, tmp_path: Path) -> None:
        record_loop(tmp_path / "run")
        one, other = (Recording.open(tmp_path / "run") for _ in range(2))
        given = make_projection(2, 0, COUNT)
        assert one.projection("pca", 2) is None
        one.store_projection(given)
        one.poll()
        other.poll()
        for recording in (one, other):
            assert recording.state.projection_steps == {"pca": (2,)}
            read = recording.projection("pca", 2)
            assert read is not None
            assert read.explained == 0.75
            np.testing.assert_array_equal(read.test.original, given.test.original)
            np.testing.assert_array_equal(read.test.synthetic, given.test.synthetic)

    def test_a_projection_where_nothing_can_be_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        record_loop(tmp_path / "run")
        recording = Recording.open(tmp_path / "run")

        def refuse(*_: object) -> None:
            raise PermissionError

        monkeypatch.setattr("symmcore.runs.formats.files.write", refuse)
        given = make_projection(2, 0, COUNT)
        recording.store_projection(given)
        recording.poll()
        assert recording.projection("pca", 2) is given
        assert recording.state.projection_steps == {"pca": (2,)}


class TestStatus:
    def test_a_run_whose_process_is_gone(self, tmp_path: Path) -> None:
        recorder = record_loop(tmp_path / "run", close=False)
        status = tmp_path / "run/status.json"
        said = json.loads(status.read_text())
        recording = Recording.open(tmp_path / "run")
        seen = [recording.state.status]
        status.write_text(json.dumps(said | {"process_started": "1"}))
        recording.poll()
        seen.append(recording.state.status)
        recorder.close()
        recording.poll()
        seen.append(recording.state.status)
        assert seen == [RunStatus.TRAINING, RunStatus.UNKNOWN, RunStatus.FINISHED]

    def test_of_another_machine(self, tmp_path: Path) -> None:
        recorder = record_loop(tmp_path / "run", close=False)
        status = tmp_path / "run/status.json"
        status.write_text(json.dumps(json.loads(status.read_text()) | {"host": "elsewhere"}))
        now = [0.0]
        index = RunIndex()
        follower = DirectoryFollower(tmp_path / "run", index, clock=lambda: now[0])

        def at(seconds: float) -> RunStatus:
            now[0] = seconds
            follower.poll()
            return index.state.status

        training, unknown = RunStatus.TRAINING, RunStatus.UNKNOWN
        assert [at(0), at(170), at(200)] == [training, training, unknown]
        recorder.scalars(5, loss=1.0)
        assert at(210) is RunStatus.TRAINING
        recorder.close()

    def test_of_another_machine_long_ago(self, tmp_path: Path) -> None:
        record_loop(tmp_path / "run", close=False).close()
        status = tmp_path / "run/status.json"
        said = json.loads(status.read_text()) | {"host": "elsewhere", "status": "training"}
        status.write_text(json.dumps(said))
        hour_ago = time.time() - 3600
        os.utime(tmp_path / "run/metrics.jsonl", (hour_ago, hour_ago))
        assert Recording.open(tmp_path / "run").state.status is RunStatus.UNKNOWN


def test_a_corrupt_line_costs_that_line(tmp_path: Path) -> None:
    good = [json.dumps({"kind": "step", "step": step, "loss": 1.0}) for step in range(1, 9)]
    bad = [
        "", "{", "[]", "null", '{"kind": "step"}', '{"kind": "step", "step": -1, "loss": 2.0}',
        '{"kind": "step", "step": 1.5, "loss": 2.0}', '{"step": 3, "loss": 2.0}', "[" * 10_000,
        '{"kind": "step", "step": 9', '{"kind": 1, "step": 9, "loss": 2.0}, {"a": 1}',
        '{"kind": "step", "step": ' + "9" * 5000 + "}", "\udcff\udc80", "x" * 2_000_000,
    ]  # fmt: skip
    lines = [line for pair in zip(good, bad, strict=False) for line in pair] + bad[len(good) :]
    text = "\n".join([*lines, good[-1].replace("8", "10")]) + "\n"
    (tmp_path / "metrics.jsonl").write_bytes(text.encode(errors="surrogateescape"))
    state = Recording.open(tmp_path).state
    assert list(state.metrics["loss"].steps) == [*range(1, 9), 10]
    assert set(state.metrics) == {"loss"}
    (warning,) = [warning for warning in state.warnings if "line" in warning]
    assert f"{len(bad)} lines are damaged" in warning
    assert "line 2" in warning


class TestALastLineThatIsNotWhole:
    NOISE = (b"\x07", b'{"kind": "step", "step": 9', b"\0" * (3 * 2**20))

    def damage(self, folder: Path, noise: bytes, *, age: float = 10_000) -> Path:
        """A run that has ended, with this behind its metrics."""
        record_loop(folder)
        path = folder / "metrics.jsonl"
        path.write_bytes(path.read_bytes() + noise)
        os.utime(path, (0, time.time() - age))
        return path

    @pytest.mark.parametrize("noise", NOISE)
    def test_is_told_where_the_run_has_ended(self, tmp_path: Path, noise: bytes) -> None:
        path = self.damage(tmp_path / "run", noise)
        recording = Recording.open(tmp_path / "run")
        (warning,) = recording.state.warnings
        assert warning.startswith(f"{path}: its last line is cut short or damaged")
        path.write_bytes(path.read_bytes()[: -len(noise)])
        recording.poll()
        assert recording.state.warnings == ()
        assert list(recording.state.metrics["loss"].steps) == [1, 2, 3, 4]

    @pytest.mark.parametrize("content", [b"\x07" * 300, b"\0" * (5 * 2**18)])
    def test_of_all_that_there_is_is_told(self, tmp_path: Path, content: bytes) -> None:
        path = self.damage(tmp_path / "run", b"")
        path.write_bytes(content)
        os.utime(path, (0, 0))
        (warning,) = Recording.open(tmp_path / "run").state.warnings
        assert str(path) in warning

    @pytest.mark.parametrize("status", [RunStatus.TRAINING, RunStatus.UNKNOWN])
    def test_is_not_told_where_it_has_not(self, tmp_path: Path, status: RunStatus) -> None:
        self.damage(tmp_path / "run", self.NOISE[0])
        said = json.loads((tmp_path / "run" / "status.json").read_text())
        (tmp_path / "run" / "status.json").write_text(json.dumps(said | {"status": status.value}))
        assert Recording.open(tmp_path / "run").state.warnings == ()

    def test_is_waited_for_while_it_is_copied(self, tmp_path: Path) -> None:
        self.damage(tmp_path / "run", self.NOISE[0], age=0)
        now, index = [0.0], RunIndex()
        follower = DirectoryFollower(tmp_path / "run", index, lambda: now[0])
        for now[0], count in ((0.0, 0), (59.0, 0), (61.0, 1)):
            follower.poll()
            assert len(index.state.warnings) == count


def test_values_that_are_none(tmp_path: Path) -> None:
    line = (
        '{"kind": "step", "step": 1, "a": 1, "b": "x", "c": [1], "d": NaN, "e": 1e999, "f": true}'
    )
    (tmp_path / "metrics.jsonl").write_text(line + "\n" + line.replace("1,", "2,", 1) + "\n")
    assert set(Recording.open(tmp_path).state.metrics) == {"a"}


class TestUntrusted:
    """What comes from anywhere ends in a warning or a RunError that names the file."""

    @pytest.fixture
    def run(self, tmp_path: Path) -> Path:
        record_loop(tmp_path / "run")
        return tmp_path / "run"

    def frame_refused(self, run: Path, **arrays: Any) -> str:
        path = run / "frames/00000004.safetensors"
        write_frame(path, Recording.open(run).frame(2), **arrays)
        recording = Recording.open(run)
        with pytest.raises(RunError) as caught:
            recording.frame(4)
        assert str(path) in str(caught.value)
        return str(caught.value)

    @pytest.mark.parametrize(
        "arrays",
        [
            {"test_embeddings": embeddings(1)[:-1]},
            {"test_embeddings": embeddings(1).astype(np.float64)},
            {"test_embeddings": embeddings(1)[0]},
            {"test_embeddings": embeddings(1)[:, :-1]},
            {"test_labels": np.full(COUNT, 99)},
            {"test_labels": np.full(COUNT, -1)},
            {"test_labels": np.zeros(COUNT, dtype=np.int32)},
            {"test_partner": np.full(COUNT, COUNT)},
            {"test_partner": np.full(COUNT, -2)},
            {"test_samples": np.full(COUNT, 2**40)},
        ],
        ids=lambda arrays: next(iter(arrays)),
    )
    def test_frames_of_wrong_shapes_and_types(self, arrays: Any, run: Path) -> None:
        self.frame_refused(run, **arrays)

    def test_a_frame_without_an_array(self, run: Path) -> None:
        path = run / "frames/00000004.safetensors"
        safetensors.numpy.save_file({"other": np.zeros(3)}, path)
        with pytest.raises(RunError, match="test_embeddings is not in it"):
            Recording.open(run).frame(4)

    def test_embeddings_that_are_no_numbers_are_as_they_are(self, run: Path) -> None:
        points = embeddings(1)
        points[3] = np.nan
        frame = Recording.open(run).frame(2)
        write_frame(run / "frames/00000004.safetensors", frame, test_embeddings=points)
        read = Recording.open(run).frame(4)
        np.testing.assert_array_equal(read.test.points.embeddings, points)

    @pytest.mark.parametrize(
        "name",
        ["frames", "metrics.jsonl", "config.json", "frames/00000004.safetensors", "thumbnails",
         "thumbnails/0000.safetensors"],
    )  # fmt: skip
    def test_links_out_of_the_folder_are_not_followed(
        self, name: str, run: Path, tmp_path: Path
    ) -> None:
        outside = tmp_path / "outside"
        shutil.move(run / name, outside)
        (run / name).symlink_to(outside)
        recording = Recording.open(run)
        if name.startswith("thumbnails"):
            assert set(recording.thumbnail(3).ravel().tolist()) == {128}
            return
        assert any(name in text and "link" in text for text in recording.state.warnings)
        assert recording.state.frame_steps in ((2, 4), (2,), ())
        if name == "metrics.jsonl":
            assert recording.state.metrics == {}
        elif name == "config.json":
            assert recording.info.settings == {}
        else:
            assert 4 not in recording.state.frame_steps
            with pytest.raises(RunError, match="link out of the run's folder"):
                recording.frame(4)

    def test_links_inside_are(self, run: Path) -> None:
        shutil.move(run / "frames", run / "more")
        (run / "frames").symlink_to(run / "more")
        assert Recording.open(run).state.frame_steps == (2, 4)

    def test_a_folder_in_place_of_a_file(self, run: Path) -> None:
        path = run / "frames/00000004.safetensors"
        path.unlink()
        path.mkdir()
        recording = Recording.open(run)
        assert recording.state.frame_steps == (2,)
        assert any(path.name in warning for warning in recording.state.warnings)

    def test_a_name_of_a_method_is_no_path(self, run: Path) -> None:
        recording = Recording.open(run)
        assert recording.projection("../frames", 2) is None

    def test_mutations(self, run: Path, tmp_path: Path) -> None:
        """A part of what the fault tool does: nothing but RunError and warnings, all readable."""
        random = np.random.default_rng(0)
        recording = Recording.open(run)
        recording.store_projection(make_projection(2, 0, COUNT))
        paths = [path for path in sorted(run.rglob("*")) if path.is_file() and path.name != LOCK]
        assert len(paths) == 8
        for number in range(320):
            path = paths[number % len(paths)]
            content = path.read_bytes()
            path.write_bytes(_mutated(content, random))
            try:
                use_all(run)
            finally:
                path.write_bytes(content)


def _mutated(content: bytes, random: np.random.Generator) -> bytes:
    place = int(random.integers(len(content)))
    change: Callable[[], bytes] = [
        lambda: content[:place],
        lambda: content[:place] + bytes([content[place] ^ (1 << int(random.integers(8)))])
        + content[place + 1 :],
        lambda: b"\xff" * 8 + content[8:],
        lambda: content.replace(b"[", b"[[", 1),
        lambda: content.replace(b"2", b"9" * 30, 1),
        lambda: content + content,
        lambda: content.replace(b":", b"", 1),
    ][int(random.integers(7))]  # fmt: skip
    return change()


def use_all(run: Path) -> None:
    """Read everything that a run holds; what is wrong names a file of it."""
    problems: list[str] = []
    with told(problems):
        recording = Recording.open(run)
        recording.poll()
        state = recording.state
        problems += state.warnings
        for step in state.frame_steps:
            for read in (recording.frame, recording.gallery):
                with told(problems):
                    read(step)
        for method, steps in state.projection_steps.items():
            for step in steps:
                recording.projection(method, step)
        for sample in (0, 7, -1, 10**9):
            assert recording.thumbnail(sample).dtype == np.uint8
            assert recording.image(sample).ndim == 3
        recent_runs(run.parent, 3)
    for problem in problems:
        assert str(run) in problem
        assert "\n" not in problem


@contextlib.contextmanager
def told(problems: list[str]) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        problems.append(str(error))
