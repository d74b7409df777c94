import json
import re
import signal
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self

import pytest
from helpers_cli import (
    QUICK,
    call,
    metrics,
    without_times,
)

from symmcore.training.control import Control
from symmcore.training.learner import Learner
from symmcore.training.status import TrainingStatus
from symmcore.training.trainer import Trainer
from symmviz.cli import main, training

pytestmark = pytest.mark.usefixtures("workplace")


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
