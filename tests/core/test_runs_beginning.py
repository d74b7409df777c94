import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers_training import Recorder, tiny_config
from helpers_training_recorder import FINISHED, begun, context_of, files, full_disk, hold, lines

from symmcore.errors import InputError
from symmcore.records import StepRecord
from symmcore.runs.formats import files as files_module
from symmcore.runs.writing.claim import check_free
from symmcore.runs.writing.training_recorder import TrainingRecorder
from symmcore.training.control import Control
from symmcore.training.sink import Sinks
from symmcore.training.status import FinishReason
from symmcore.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("tiny")


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
