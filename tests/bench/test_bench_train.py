"""That ``symmviz bench train`` measures what it says; how fast decides nothing here."""

import json
from pathlib import Path

import pytest
import torch

from symmviz.benchmarks.train import Report, Sizes
from symmviz.cli import main


def test_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    path = tmp_path / "report.json"
    options = ["--batch-size", "8", "--steps", "1", "--rounds", "2", "--threads", "1"]
    assert main(["bench", "train", *options, "--device", "cpu", "--json", str(path)]) == 0
    assert torch.get_num_threads() == threads
    report = json.loads(path.read_text())
    assert (report["network"], report["device"]) == ("small", "cpu")
    assert report["images_per_second"] > 0
    assert 0 <= report["waiting"] < 1
    assert report["cost"] > 0
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_the_goals_are_those_of_googlenet_on_a_gpu() -> None:
    report = Report(Sizes(), "googlenet", "cuda", 1000.0, waiting=0.01, cost=1.02)
    waiting, cost = report.lines()[2:]
    assert waiting.endswith("under 5%  met")
    assert cost.endswith("at most 1.005x  NOT met")
    slow = Report(Sizes(), "small", "cpu", 10.0, waiting=0.5, cost=1.02)
    assert not any("bar" in line for line in slow.lines())


def test_a_batch_of_an_odd_size_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "train", "--batch-size", "7", "--device", "cpu"]) == 2
    assert "must be even" in capsys.readouterr().err
