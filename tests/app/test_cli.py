import dataclasses
import errno
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Self

import pytest
import torch
from helpers_training import tiny_dataset

from symmcore.data import catalogue as catalog
from symmcore.runs.formats import files
from symmcore.training.control import Control
from symmcore.training.learner import Learner
from symmcore.training.status import TrainingStatus
from symmcore.training.trainer import Trainer
from symmviz.benchmarks import evaluation, loss_memory
from symmviz.cli import main, training
from symmviz.cli.arguments import parse_arguments
from symmviz.cli.streams import SurvivingStream
from symmviz.cli.training_options import training_config

PATIENCE = 120.0  # how long a process may take, on a machine that is busy

# A few milliseconds a step, and two evaluations.
QUICK = ["--steps", "4", "--batch-size", "12", "--dim", "8", "--eval-every", "4",
         "--threads", "1", "--device", "cpu"]  # fmt: skip


@pytest.fixture(autouse=True)
def workplace(tiny: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to run in, and a small dataset."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def call(*arguments: str) -> int:
    """Run a command in this process: its exit status."""
    try:
        return main(arguments)
    except SystemExit as error:  # argparse's way
        return int(error.code or 0)


def environment(**changes: str) -> dict[str, str]:
    """This process's environment as on a machine without a display."""
    display = {
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "WAYLAND_SOCKET",
        "XDG_SESSION_TYPE",
        "QT_QPA_PLATFORM",
    }
    return {name: value for name, value in os.environ.items() if name not in display} | changes


def python(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program of this file."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run symmviz as a user does."""
    return python("-m", "symmviz", *arguments, **changes)


def metrics(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "metrics.jsonl").read_text("utf-8")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def without_times(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            name: value
            for name, value in record.items()
            if name not in ("seconds", "peak_memory_bytes")
        }
        for record in records
    ]


def one_line(error: str) -> str:
    """What was said, if it was one clear line."""
    assert error.endswith("\n")
    (line,) = error.splitlines()
    assert line.startswith("symmviz")
    assert "Traceback" not in line
    assert re.search(r"[.)]$", line)
    return line


class TestTrain:
    def test_records_and_prints_the_scores(
        self, capsys: pytest.CaptureFixture[str], workplace: Path
    ) -> None:
        code = call(
            "train", "tiny", "--loss", "npair", "--symm", "--seed", "3", "--out", "run", *QUICK
        )
        assert code == 0
        out, error = capsys.readouterr()
        config = json.loads(Path("run/config.json").read_text("utf-8"))
        assert (config["name"], config["dataset"], config["seed"]) == ("npair+symm", "tiny", 3)
        assert (config["steps"], config["dim"], config["batch_size"]) == (4, 8, 12)
        records = metrics(Path("run"))
        assert [(r["kind"], r["step"]) for r in records] == [
            ("eval", 0), ("step", 1), ("step", 2), ("step", 3), ("step", 4), ("eval", 4)
        ]  # fmt: skip
        assert {path.name for path in Path("run/frames").iterdir()} >= {
            f"{step:08d}.safetensors" for step in range(5)
        }
        final = records[-1]
        scores, where = out.splitlines()
        assert scores.startswith("npair+symm  step 4  test  R@1 ")
        for name, key in (("R@1", "test_recall_at_1"), ("R@8", "test_recall_at_8"),
                          ("NMI", "test_nmi"), ("F1", "test_f1")):  # fmt: skip
            assert f"{name} {final[key]:.4f}" in scores
        assert where == "Recorded in run"
        assert "48 training and 24 test images, on cpu with 1 thread, seed 3" in error
        # the bar, as it was last
        bar = error.splitlines()[-1]
        assert "4/4" in bar
        assert f"loss {records[-2]['loss']:.3f}" in bar
        assert f"ratio {records[-2]['synthetic_ratio']:.2f}" in bar
        assert f"R@1 {final['test_recall_at_1']:.4f}" in bar

    def test_every_option_reaches_the_run(self) -> None:
        options = (
            "--loss lifted --steps 2 --seed 9 --batch-size 16 --dim 6 --lr 0.25 --eval-every 1 "
            "--network small --device cpu --threads 2 --out run"
        )
        assert call("train", "tiny", *options.split()) == 0
        config = json.loads(Path("run/config.json").read_text("utf-8"))
        expected = {
            "loss": "lifted", "symm": None, "steps": 2, "seed": 9, "batch_size": 16, "dim": 6,
            "learning_rate": 0.25, "eval_every": 1, "network": "small", "threads": 2,
        }  # fmt: skip
        assert {key: config[key] for key in expected} == expected

    def test_a_comparison_writes_what_each_run_writes_alone(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        specs = ["npair", "npair+symm:rank=2"]
        assert call("train", "tiny", "--compare", *specs, "--out", "both", *QUICK) == 0
        out, error = capsys.readouterr()
        assert [line.split("  ")[0] for line in out.splitlines()] == [
            *specs, "Recorded in both/npair", "Recorded in both/npair+symm_rank=2"
        ]  # fmt: skip
        assert "npair loss" in error
        assert "npair+symm:rank=2 loss" in error
        for spec, folder in zip(specs, ("npair", "npair+symm_rank=2"), strict=True):
            assert call("train", "tiny", "--compare", spec, "--out", f"alone {folder}", *QUICK) == 0
            alone = metrics(Path(f"alone {folder}"))
            assert without_times(metrics(Path("both") / folder)) == without_times(alone)

    def test_the_default_folder_is_a_new_one_under_runs(
        self, capsys: pytest.CaptureFixture[str], workplace: Path
    ) -> None:
        for _ in range(2):
            assert call("train", "tiny", "--symm", *QUICK) == 0
        folders = list((workplace / "runs").iterdir())
        assert len(folders) == 2
        assert all(re.fullmatch(r"\d{8}-\d{6}-tiny-npair\+symm(-\d)?", f.name) for f in folders)
        assert "Recorded in runs/" in capsys.readouterr().out

    def test_two_starts_at_once_record_in_two_folders(
        self, monkeypatch: pytest.MonkeyPatch, workplace: Path
    ) -> None:
        original = Trainer.run

        def run(trainer: Trainer, control: Control) -> TrainingStatus:
            monkeypatch.setattr(Trainer, "run", original)
            assert call("train", "tiny", *QUICK) == 0
            return original(trainer, control)

        class Stopped(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Self:
                return cls(2031, 2, 3, 4, 5, 6, tzinfo=tz)

        monkeypatch.setattr(training, "datetime", Stopped)
        monkeypatch.setattr(Trainer, "run", run)
        assert call("train", "tiny", *QUICK) == 0
        folders = sorted(folder.name for folder in (workplace / "runs").iterdir())
        assert folders == ["20310203-040506-tiny-npair", "20310203-040506-tiny-npair-2"]
        assert all(len(metrics(workplace / "runs" / name)) == 6 for name in folders)

    @pytest.mark.parametrize("there", [False, True])
    def test_a_folder_nobody_named_goes_again_where_nothing_is_recorded(
        self, there: bool, workplace: Path
    ) -> None:
        if there:
            Path("runs").mkdir()
        assert call("train", "tiny", *QUICK, "--network", "googlenet") == 2
        assert list(workplace.rglob("*")) == ([workplace / "runs"] if there else [])

    def test_the_users_ctrl_c_is_theirs_again_afterwards(self) -> None:
        before = signal.getsignal(signal.SIGINT)
        assert call("train", "tiny", "--out", "run", *QUICK) == 0
        assert signal.getsignal(signal.SIGINT) is before

    def test_a_training_that_diverges(self, capsys: pytest.CaptureFixture[str]) -> None:
        arguments = [*QUICK, "--steps", "50", "--lr", "1e30", "--eval-every", "100"]
        assert call("train", "tiny", "--out", "run", *arguments) == 1
        out, error = capsys.readouterr()
        last = metrics(Path("run"))[-1]
        # the frame after the step shows it before the next loss would
        assert error.splitlines()[-1].startswith("symmviz: The embeddings of npair are no longer")
        assert f"at step {last['step']}." in error
        assert "Traceback" not in error
        assert out == "Recorded in run\n"

    def test_a_failure_is_told_with_its_traceback(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def step(*_: object) -> None:
            raise RuntimeError("the cat sat on it")

        monkeypatch.setattr(Learner, "step", step)
        assert call("train", "tiny", "--out", "run", *QUICK) == 1
        error = capsys.readouterr().err
        assert "Traceback" in error
        assert error.splitlines()[-1] == "symmviz: RuntimeError: the cat sat on it"
        assert [r["kind"] for r in metrics(Path("run"))] == ["eval"]

    def test_a_second_ctrl_c_ends_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def run(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(Trainer, "run", run)
        assert call("train", "tiny", "--out", "run", *QUICK) == 130


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


class TestPresets:
    def config(self, *arguments: str) -> dict[str, Any]:
        quick = ["--steps", "1", "--network", "conv3", "--device", "cpu", "--threads", "1"]
        assert call("train", "tiny", "--out", "run", *quick, *arguments) == 0
        found: dict[str, Any] = json.loads(Path("run/config.json").read_text("utf-8"))
        return found

    def test_quick_is_the_default(self) -> None:
        config = self.config()
        assert (config["preset"], config["dim"], config["batch_size"]) == ("quick", 64, 128)
        suits = {"resize": None, "crop": None, "flip": False, "shift": 1}
        assert config["transform"] == suits, "what suits the images"
        assert config["weights"] == "none"

    def chosen(self, *arguments: str) -> dict[str, Any]:
        """What is asked for; photographs are too large for the images of these tests."""
        return dataclasses.asdict(training_config(parse_arguments(["train", "tiny", *arguments])))

    def test_every_number_of_the_official_one_is_taken(self) -> None:
        config = self.chosen("--preset", "official", "--symm")
        assert config["specs"][0]["symm"]["pairs"] == "official"
        expected = {
            "preset": "official", "dim": 512, "batch_size": 128, "learning_rate": 1e-4,
            "weight_decay": 5e-3, "eval_every": 500, "bf16": False,
            "schedule": {"halve_every": 5000, "final_after": 15000, "final_rate": 1e-5},
            "transform": {"resize": 256, "crop": 227, "flip": True, "shift": 0},
        }  # fmt: skip
        assert {name: config[name] for name in expected} == expected

    def test_what_is_given_holds(self) -> None:
        options = (
            "--preset official --symm --pairs paper --dim 6 --lr 0.5 --lr-halve-every 7 "
            "--lr-final 0.25 --lr-final-after 9 --weight-decay 0 --resize 0 --crop 5 --shift 2 "
            "--no-flip --batch-size 12 --eval-every 3 --bf16"
        )
        config = self.config(*options.split())
        expected = {
            "name": "npair+symm", "preset": "official", "dim": 6, "batch_size": 12,
            "learning_rate": 0.5, "weight_decay": 0.0, "eval_every": 3, "bf16": True,
            "schedule": {"halve_every": 7, "final_after": 9, "final_rate": 0.25},
            "transform": {"resize": None, "crop": 5, "flip": False, "shift": 2},
        }  # fmt: skip
        assert {name: config[name] for name in expected} == expected

    @pytest.mark.parametrize(
        ("dataset", "flags", "expected"),
        [
            ("folder:.", "--no-flip", (64, 56, False, 0)),
            ("folder:.", "--crop 48", (64, 48, True, 0)),
            ("folder:.", "--crop 0", (64, None, True, 0)),
            ("torchvision:DTD", "--resize 128", (128, 56, True, 0)),
            ("torchvision:cifar100", "--flip", (None, None, True, 1)),
            ("alphabets", "--flip", (None, None, True, 1)),
            ("digits --preset official", "--no-flip", (256, 227, False, 0)),
        ],
    )
    def test_one_option_of_the_transform_leaves_the_others(
        self,
        dataset: str,
        flags: str,
        expected: tuple[int | None, int | None, bool, int],
    ) -> None:
        arguments = parse_arguments(["train", *dataset.split(), *flags.split()])
        transform = training_config(arguments).transform
        assert transform is not None
        assert dataclasses.astuple(transform) == expected

    @pytest.mark.parametrize("size", ["nan", "inf", "-1", "1e300"])
    def test_a_cache_of_no_size(self, capsys: pytest.CaptureFixture[str], size: str) -> None:
        assert call("train", "tiny", "--out", "run", "--cache-gb", size) == 2
        assert f"--cache-gb is {float(size)}" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("flags", "said"),
        [
            ("--resize 16", "tiny has images of 8 x 8 pixels and only image files are resized"),
            ("--network googlenet", "GoogLeNet reads images of at least 15 x 15 pixels"),
        ],
    )
    def test_what_does_not_fit_the_images_leaves_no_run(
        self, capsys: pytest.CaptureFixture[str], flags: str, said: str
    ) -> None:
        assert call("train", "tiny", "--out", "run", *QUICK, *flags.split()) == 2
        assert said in capsys.readouterr().err
        assert not Path("run").exists()

    def test_on_a_terminal_it_is_said_once(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(SurvivingStream, "isatty", lambda _: True)
        assert call("train", "tiny", "--out", "run", *QUICK, "--network", "googlenet") == 2
        error = capsys.readouterr().err
        assert error.count("GoogLeNet reads images") == 1
        assert "\x1b[Ksymmviz: GoogLeNet reads images" in error

    def test_zero_takes_a_part_of_the_schedule_away(self) -> None:
        flags = ["--preset", "official", "--lr-halve-every", "0", "--lr-final", "0"]
        schedule = self.chosen(*flags)["schedule"]
        assert schedule == {"halve_every": None, "final_after": None, "final_rate": None}

    def test_where_the_network_starts_from_is_said(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        from symmcore.networks import build_network

        self.config()
        assert "Conv-3 to 64 dimensions, from scratch, without" in capsys.readouterr().err
        weights = tmp_path / "weights.pth"
        state = build_network("conv3", 1, 64).state_dict()
        wrapped = {f"module.{key}": value for key, value in state.items()}
        torch.save({"epoch": 3, "state_dict": wrapped}, weights)
        arguments = ["--weights", str(weights), *QUICK, "--dim", "64"]
        assert call("train", "tiny", "--out", "second", *arguments) == 0
        note = (
            f"Weights from {weights}, key 'state_dict', prefix 'module.' removed: "
            f"{len(state)} tensors."
        )
        err = capsys.readouterr().err
        assert f"from the weights in {weights}" in err
        assert f"{note}\n" in err
        config = json.loads(Path("second/config.json").read_text("utf-8"))
        assert config["weights"] == str(weights)
        assert config["weights_note"] == note


class TestScores:
    def test_the_papers_stand_beside_a_run_of_its_dataset(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sources = (
            dataclasses.replace(source, read=lambda *_: tiny_dataset(0))
            for source in catalog.SOURCES
            if source.name == "cub200"
        )
        monkeypatch.setattr(catalog, "SOURCES", tuple(sources))
        assert call("train", "cub200:here", "--compare", "npair", "npair+symm:rank=2", *QUICK) == 0
        lines = capsys.readouterr().out.splitlines()
        heads = [line for line in lines if "paper (Table 1)" in line]
        assert len(heads) == 1, "the paper's tables have nothing of another rank"
        assert lines.index(heads[0]) == 1
        assert re.fullmatch(r"  R@1 +\d+\.\d +51\.9", lines[4])
        assert "Differs from the paper: the network is Conv-3" in lines[8]

    def test_of_a_run_and_of_a_comparison_as_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        for specs, folder in ((["npair"], "one"), (["npair", "triplet"], "two")):
            assert call("train", "tiny", "--compare", *specs, "--out", folder, *QUICK) == 0
        capsys.readouterr()
        assert call("evaluate", "one") == 0
        one = json.loads(capsys.readouterr().out)
        last = metrics(Path("one"))[-1]
        assert last.pop("kind") == "eval"
        assert one == last
        assert one["test_nmi"] is not None
        assert call("evaluate", "two") == 0
        two = json.loads(capsys.readouterr().out)
        assert list(two) == ["npair", "triplet"]
        assert without_times([two["npair"]]) == without_times([one])

    def test_whatever_was_recorded_the_output_is_json(self, workplace: Path) -> None:
        run_folder = workplace / "\xe9"
        run_folder.mkdir()
        record = '{"kind": "eval", "step": 1, "\xe9": NaN, "deep": [Infinity, 1e999]}\n'
        (run_folder / "metrics.jsonl").write_text(record, encoding="utf-8")
        done = run("evaluate", str(run_folder), PYTHONIOENCODING="ascii")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout, parse_constant=pytest.fail) == {
            "step": 1,
            "\xe9": None,
        }  # what is no number is no score


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


class TestOtherCommands:
    def test_version(self, capsys: pytest.CaptureFixture[str]) -> None:
        from importlib.metadata import version

        assert call("--version") == 0
        assert capsys.readouterr().out.strip() == version("symmviz")

    @pytest.mark.parametrize("command", [[], ["train"], ["datasets"], ["bench"]])
    def test_help(self, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert call(*command, "--help") == 0
        assert capsys.readouterr().out.startswith("usage: symmviz")

    def test_help_on_train_names_what_there_is(self, capsys: pytest.CaptureFixture[str]) -> None:
        call("train", "--help")
        text = " ".join(capsys.readouterr().out.split())
        for word in (
            "symmviz datasets",
            "--compare",
            "--eval-every",
            "(default 300)",
            "auto (a GPU where torch finds one), cpu, cuda or mps",
        ):
            assert word in text


class TestWindow:
    """Where there can be none, ``symmviz`` says why in one line, before Qt aborts it."""

    @pytest.mark.parametrize("command", [[], ["bench", "ui"]], ids=["window", "bench"])
    def test_without_a_display(self, command: list[str]) -> None:
        done = run(*command)
        assert done.returncode == 2
        assert done.stdout == ""
        line = one_line(done.stderr)
        assert "no display" in line
        assert "`symmviz train`" in line

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X and Wayland are Linux's")
    @pytest.mark.parametrize("variable", ["DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"])
    def test_with_a_display_that_does_not_answer(self, variable: str) -> None:
        done = run(**{variable: ":987" if variable == "DISPLAY" else "nowhere-987"})
        assert done.returncode == 2
        line = one_line(done.stderr)
        assert "987" in line or "apt install" in line  # this machine may lack a library besides
        assert "`symmviz train`" in line

    def test_with_qts_libraries_missing(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import ctypes

        def load(name: str) -> None:
            raise OSError(f"{name}: cannot open shared object file: No such file or directory")

        monkeypatch.setattr(ctypes, "CDLL", load)
        monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
        assert call() == 2
        line = one_line(capsys.readouterr().err)
        assert "libEGL.so.1" in line
        assert "apt install" in line
        assert " libegl1 " in line

    def test_without_qt(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import importlib.util

        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        assert call() == 2
        assert "PySide6-Essentials" in one_line(capsys.readouterr().err)


# Fails every import of what a machine without a screen does not have, and says so at the end.
WITHOUT_QT = """
import sys

class Missing:
    asked = []

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"PySide6", "shiboken6", "pyqtgraph", "umap", "colorcet"}:
            self.asked.append(name)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from symmviz.cli import main

early = {"torch", "sklearn", "scipy"} & set(sys.modules)
code = main(sys.argv[1:])
sys.exit(f"asked for {Missing.asked}, early {early}" if Missing.asked or early else code)
"""

# Says when the third step begins, and waits there for the signal, whose byte in the pipe
# cannot be missed.
INTERRUPTED = """
import os, signal, sys
from symmcore.training.learner import Learner
from symmviz.cli import main

original, steps = Learner.step, []
came, signalled = os.pipe()
os.set_blocking(signalled, False)

def step(*arguments):
    steps.append(None)
    if len(steps) == 3:
        signal.set_wakeup_fd(signalled)
        print("begun", flush=True)
        os.read(came, 1)
    return original(*arguments)

Learner.step = step
sys.exit(main(sys.argv[1:]))
"""


# Ctrl-C while the command line is being imported.
INTERRUPTED_EARLY = """
import sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "symmviz.cli.arguments":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
from symmviz.cli import main

sys.exit(main(["datasets"]))
"""


class TestProcess:
    def test_ctrl_c_during_the_imports(self) -> None:
        done = python("-c", INTERRUPTED_EARLY)
        assert (done.returncode, done.stdout, done.stderr) == (130, "", "")

    def test_training_imports_no_qt_and_one_seed_gives_one_training(self, workplace: Path) -> None:
        arguments = ["train", "digits", "--compare", "npair", "npair+symm", *QUICK, "--out"]
        done = python("-c", WITHOUT_QT, *arguments, "one")
        assert done.returncode == 0, done.stderr
        assert call(*arguments, "other") == 0
        for name in ("npair", "npair+symm"):
            one, other = (metrics(workplace / folder / name) for folder in ("one", "other"))
            assert len(one) == 6
            assert without_times(one) == without_times(other)
            configs = [
                json.loads((workplace / f / name / "config.json").read_text("utf-8"))
                for f in ("one", "other")
            ]
            assert configs[0].pop("id") != configs[1].pop("id"), "two runs have one identity each"
            assert configs[0] == configs[1]

    def test_the_command_line_and_the_presenters_import_neither_qt_nor_torch(self) -> None:
        # The one answers at once, the others are imported before the window paints.
        script = (
            "import sys, symmviz.cli.arguments, symmviz.qt_check\n"
            "import symmviz.services.session, symmviz.model.resolve\n"
            "from symmviz.presenters import controls, retrieve, start, time, watch, window\n"
            "slow = {'torch', 'sklearn', 'PySide6', 'pyqtgraph'} & set(sys.modules)\n"
            "sys.exit(f'imported {slow}' if slow else 0)"
        )
        done = python("-c", script)
        assert done.returncode == 0, done.stderr

    @pytest.mark.parametrize(
        ("arguments", "slow"),
        [
            ([], {"numpy", "PIL", "symmcore.runs"}),
            (["--help"], {"numpy", "PIL", "symmcore.runs"}),
            (["bench", "--help"], {"torch", "scipy", "PySide6"}),
        ],
        ids=" ".join,
    )
    def test_a_command_waits_for_no_other_commands_imports(
        self, arguments: list[str], slow: set[str]
    ) -> None:
        script = (
            "import atexit, os, sys\n"
            "from symmviz.cli.arguments import parse_arguments\n"
            f"atexit.register(lambda: {slow} & set(sys.modules) and os._exit(9))\n"
            "parse_arguments(sys.argv[1:])"
        )
        assert python("-c", script, *arguments).returncode == 0

    def test_bad_input_as_a_user_meets_it(self) -> None:
        done = run("train", "digits", "--loss", "nope")
        assert (done.returncode, done.stdout) == (2, "")
        assert "'nope'" in one_line(done.stderr)

    @pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
    def test_ctrl_c_ends_training_at_a_batch_boundary(self, workplace: Path) -> None:
        arguments = ["train", "digits", *QUICK, "--steps", "100000", "--out", "run"]
        process = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED, *arguments],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        patience = threading.Timer(PATIENCE, process.kill)
        patience.start()
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            process.send_signal(signal.SIGINT)
            out, error = process.communicate()
        finally:
            patience.cancel()
            patience.join()
            process.kill()
            process.communicate()
        assert process.returncode == 130, error
        scores, recorded = out.splitlines()
        assert scores.startswith("npair  step 3  test  R@1 "), "evaluated as at its end"
        assert recorded == "Recorded in run"
        assert "Traceback" not in error
        records = metrics(workplace / "run")
        assert [(r["kind"], r["step"]) for r in records] == [
            ("eval", 0), ("step", 1), ("step", 2), ("step", 3), ("eval", 3)
        ]  # fmt: skip
        assert json.loads((workplace / "run" / "config.json").read_text("utf-8"))["steps"] == 100000
        frames = {p.name for p in (workplace / "run/frames").iterdir()}
        assert frames >= {"00000000.safetensors", "00000003.safetensors"}


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ("--symm --rank 2 --pairs official", "npair+symm:rank=2,pairs=official"),
        ("--symm --alpha 1.5 --beta 0.5", "npair+symm:alpha=1.5,beta=0.5"),
        ("--loss triplet --margin 0.3", "triplet:margin=0.3"),
        ("--loss angular --angle 30 --l2-reg 0", "angular:angle_deg=30,l2_reg=0"),
    ],
)
def test_settings_of_loss_and_symm_reach_the_run(tmp_path: Path, flags: str, name: str) -> None:
    out = tmp_path / "run"
    code = main(["train", "digits", *flags.split(), "--steps", "1", "--out", str(out)])
    assert code == 0
    assert json.loads((out / "config.json").read_text())["name"] == name


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--rank 2", "--rank is a setting of Symm"),
        ("--symm --rank 25", "25"),
        ("--symm --alpha 0", "0.0"),
        ("--loss triplet --angle 3", "angle_deg"),
        ("--compare npair npair+symm --rank 2", "npair+symm:rank=2"),
        ("--compare npair --loss npair", "leave out --loss"),
        ("--loss angular --angle 95", ": The setting angle_deg must be between 0 and 90 degrees"),
        ("--loss lifted --margin -1", ": Margin must not be negative"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: str, said: str
) -> None:
    out = tmp_path / "run"
    assert main(["train", "digits", *flags.split(), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not out.exists()
