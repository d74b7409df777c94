import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers_cli import (
    QUICK,
    call,
    metrics,
    run,
    without_times,
)
from helpers_training import tiny_dataset

from symmcore.data import catalogue as catalog
from symmviz.cli.arguments import parse_arguments
from symmviz.cli.streams import SurvivingStream
from symmviz.cli.training_options import training_config

pytestmark = pytest.mark.usefixtures("workplace")


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
