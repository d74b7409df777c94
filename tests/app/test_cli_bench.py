import errno
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from helpers_cli import call, one_line

from symmcore.runs.formats import files
from symmviz.benchmarks import evaluation, loss_memory

pytestmark = pytest.mark.usefixtures("workplace")


SMALL = ["bench", "evaluation", "--images", "60", "--classes", "12", "--dim", "4",
         "--rounds", "1", "--threads", "1"]  # fmt: skip


class TestBenchReports:
    def test_a_file_is_replaced_whole(
        self, monkeypatch: pytest.MonkeyPatch, workplace: Path
    ) -> None:
        link, file = Path("link.json"), Path("report.json")
        file.write_text("old")
        link.symlink_to(file)
        written = Path.write_text

        def write(path: Path, text: str, **options: Any) -> int:
            assert file.read_text() == "old"
            return written(path, text, **options)

        monkeypatch.setattr(Path, "write_text", write)
        assert call(*SMALL, "--json", "link.json") == 0
        assert json.loads(file.read_text())["sizes"]["images"] == 60
        assert sorted(workplace.iterdir()) == [workplace / "link.json", workplace / "report.json"]
        assert link.is_symlink()

    def test_a_full_disk_leaves_the_old_file(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
    ) -> None:
        Path("report.json").write_text("old")

        def write(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(files, "write", write)
        assert call(*SMALL, "--json", "report.json") == 1
        assert "report.json cannot be written (No space left" in one_line(capsys.readouterr().err)
        assert list(workplace.iterdir()) == [workplace / "report.json"]
        assert Path("report.json").read_text() == "old"

    def test_a_folder_that_takes_no_file_is_told_before_measuring(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(**_: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
        monkeypatch.setattr(evaluation, "measure", lambda _: pytest.fail("it was measured"))
        assert call(*SMALL, "--json", "report.json") == 2
        assert "Permission denied" in one_line(capsys.readouterr().err)

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="writes to Linux's full device")
    def test_a_device_is_written_to_and_stays_one(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert call(*SMALL, "--json", "/dev/full") == 1
        assert "/dev/full cannot be written" in one_line(capsys.readouterr().err)
        assert Path("/dev/full").is_char_device()

    @pytest.mark.parametrize(
        "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
    )
    def test_too_little_memory_is_one_line(
        self, error: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def measure(_: object) -> None:
            raise error

        monkeypatch.setattr(evaluation, "measure", measure)
        assert call(*SMALL) == 1
        assert "Memory ran out" in one_line(capsys.readouterr().err)

    @pytest.mark.skipif(not loss_memory.can_measure(), reason="measured on Linux only")
    def test_too_little_memory_in_the_process_that_measures_it(self) -> None:
        with pytest.raises(MemoryError):
            loss_memory.peak_in_child("plain", 10**9, 10**9, 1)
