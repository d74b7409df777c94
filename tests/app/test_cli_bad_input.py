import os
from pathlib import Path

import pytest
import torch
from helpers_cli import (
    QUICK,
    call,
    one_line,
)

pytestmark = pytest.mark.usefixtures("workplace")


class TestBadInput:
    """Exit 2 and one line, and nothing is made or changed."""

    @pytest.mark.parametrize(
        ("arguments", "named"),
        [
            (["train", "digit"], "'digit'"),
            (["train", "digits", "--loss", "nope"], "'nope'"),
            (["train", "digits", "--loss", ""], "''"),
            (["train", "digits", "--loss", "npair+symm"], "'npair+symm'"),
            (["train", "digits", "--steps", "-5"], "-5"),
            (["train", "digits", "--steps", "0"], "0"),
            (["train", "digits", "--steps", "many"], "'many'"),
            (["train", "digits", "--steps", "1.5"], "'1.5'"),
            (["train", "digits", "--seed", "-1"], "-1"),
            (["train", "digits", "--seed", "99999999999"], "99999999999"),
            (["train", "digits", "--batch-size", "7"], "7"),
            (["train", "digits", "--batch-size", "2"], "2"),
            (["train", "digits", "--dim", "0"], "0"),
            (["train", "digits", "--lr", "0"], "0"),
            (["train", "digits", "--lr", "-1"], "-1"),
            (["train", "digits", "--lr", "nan"], "nan"),
            (["train", "digits", "--eval-every", "-1"], "-1"),
            (["train", "digits", "--threads", "-1"], "-1"),
            (["train", "digits", "--device", "gpu"], "'gpu'"),
            (["train", "digits", "--network", "resnet"], "'resnet'"),
            (["train", "digits", "--preset", "fast"], "'fast'"),
            (["train", "digits", "--weights", "imagenet"], "resnet18"),
            (["train", "digits", "--weights", "none.pth"], "none.pth is not there"),
            (["train", "digits", "--weight-decay", "-1"], "-1"),
            (["train", "digits", "--lr-halve-every", "-1"], "-1"),
            (["train", "digits", "--lr-final", "1e-5"], "both"),
            (["train", "digits", "--crop", "-1"], "-1"),
            (["train", "digits", "--resize", "10", "--crop", "20"], "20"),
            (["train", "digits", "--shift", "-1"], "-1"),
            (["train", "digits", "--preset", "official", "--compare", "npair+symm:rank=7"], "7"),
            (["evaluate"], "RUN"),
            (["evaluate", "nowhere"], "nowhere holds no run"),
            (["train", "digits", "--compare", "npair", "npair"], "npair"),
            (["train", "digits", "--compare", "npair", "npair+"], "'npair+'"),
            (["train", "digits", "--compare", "npair+symm:rank=25"], "25"),
            (["train", "digits", "--compare", "npair", "--symm"], "--symm"),
            (["train", "digits", "--compare", "npair", "--loss", "lifted"], "--loss"),
            (["train", "digits", "--compare"], "--compare"),
            (["train", "digits", "--fast"], "--fast"),
            (["train"], "DATASET"),
            (["evolve"], "'evolve'"),
            (["--frobnicate"], "--frobnicate"),
            (["bench", "all"], "'all'"),
            (["bench", "loss", "--threads", "257"], "257 is more than 256"),
            (["bench", "evaluation", "--threads", "257"], "257 is more than 256"),
            (["bench", "train", "--threads", "257"], "257 is more than 256"),
            (["bench", "train", "--device", "foo"], "'foo'"),
            (["bench", "evaluation", "--images", "9" * 20], "9" * 20),
            (["bench", "evaluation", "--images", "10", "--classes", "100"], "None of 10 images"),
            (["bench", "evaluation", "--json", "nowhere/x.json"], "nowhere/x.json"),
            (["bench", "evaluation", "--json", "x" * 300], "too long"),
        ],
        ids=" ".join,
    )
    def test_settings(
        self, arguments: list[str], named: str, capsys: pytest.CaptureFixture[str], workplace: Path
    ) -> None:
        assert call(*arguments) == 2
        out, error = capsys.readouterr()
        assert out == ""
        assert named in one_line(error)
        assert list(workplace.iterdir()) == []

    def test_a_setting_out_of_the_losss_range_before_the_dataset_is_read(
        self, capsys: pytest.CaptureFixture[str], workplace: Path
    ) -> None:
        assert call("train", "folder:nowhere", "--compare", "npair:l2_reg=-1", *QUICK) == 2
        assert "-1" in one_line(capsys.readouterr().err)
        assert list(workplace.iterdir()) == []

    def test_a_gpu_that_is_not_there(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
    ) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        assert call("train", "tiny", *QUICK, "--device", "cuda") == 2
        assert "'cuda'" in one_line(capsys.readouterr().err)
        assert list(workplace.iterdir()) == []

    @pytest.mark.parametrize("compared", [False, True])
    def test_a_folder_that_holds_a_run(
        self, compared: bool, capsys: pytest.CaptureFixture[str], workplace: Path
    ) -> None:
        specs = ["--compare", "npair", "npair+symm"] if compared else []
        assert call("train", "tiny", *specs, "--out", "run", *QUICK) == 0
        before = {path: path.read_bytes() for path in workplace.rglob("*") if path.is_file()}
        capsys.readouterr()
        for again in ([], ["--compare", "npair", "lifted"]):
            assert call("train", "tiny", *again, "--out", "run", *QUICK) == 2
            out, error = capsys.readouterr()
            assert out == ""
            assert "already holds a run" in one_line(error)
        assert {
            path: path.read_bytes() for path in workplace.rglob("*") if path.is_file()
        } == before

    def test_a_file_as_folder(self, capsys: pytest.CaptureFixture[str], workplace: Path) -> None:
        Path("file").write_text("precious")
        for out in ("file", "file/run"):
            assert call("train", "tiny", "--out", out, *QUICK) == 2
            assert "is a file" in one_line(capsys.readouterr().err)
        assert Path("file").read_text() == "precious"

    def test_a_folder_that_cannot_be_written(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
    ) -> None:
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        assert call("train", "tiny", "--out", "new/run", *QUICK) == 2
        assert "no permission" in one_line(capsys.readouterr().err)
        assert list(workplace.iterdir()) == []

    def test_a_folder_that_turns_out_not_to_be_writable(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
    ) -> None:
        def mkdir(path: Path, *_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "mkdir", mkdir)
        assert call("train", "tiny", "--out", "new/run", *QUICK) == 2
        assert "Permission denied" in one_line(capsys.readouterr().err)
        assert list(workplace.iterdir()) == []

    def test_a_name_that_is_too_long(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert call("train", "tiny", "--out", "x" * 300, *QUICK) == 2
        assert "too long" in one_line(capsys.readouterr().err)


def test_a_name_with_control_characters_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("train", "folder:no\n\x1b[31mwhere", "--out", "run") == 2
    error = capsys.readouterr().err
    assert "no\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31mwhere" in error
    assert error.count("\n") == 1
