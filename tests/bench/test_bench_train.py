"""That ``symmviz bench train`` measures what it says; how fast decides nothing here."""

import json
import math
from pathlib import Path

import pytest
import torch

from symmviz.benchmarks.doctor import Cost
from symmviz.benchmarks.doctor import Report as DoctorReport
from symmviz.benchmarks.quick import Report as QuickReport
from symmviz.benchmarks.quick import Share
from symmviz.benchmarks.train import Report, Sizes
from symmviz.cli import main


def test_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    path = tmp_path / "report.json"
    options = ["--batch-size", "8", "--steps", "1", "--rounds", "1", "--threads", "1"]
    assert main(["bench", "train", *options, "--device", "cpu", "--json", str(path)]) == 0
    assert torch.get_num_threads() == threads
    report = json.loads(path.read_text())
    assert (report["network"], report["device"]) == ("conv3", "cpu")
    assert report["images_per_second"] > 0
    assert 0 <= report["waiting"] < 1
    assert report["cost"] > 0
    quick = report["quick"]
    assert (quick["quick"]["network"], quick["former"]["network"]) == ("conv3", "small")
    # by the schedules: 300 steps, an evaluation at every 100th and every 25th
    assert [quick[one]["evaluations"] for one in ("quick", "former")] == [4, 13]
    assert quick["step_ratio"] > 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 14
    assert sum("bar:" in line for line in lines) == 7
    costs = report["doctor"]["costs"]
    assert [cost["loss"] for cost in costs] == ["npair", "npair+symm", "triplet+symm"]
    assert all(cost["step"] > 0 for cost in costs)
    assert all(math.isfinite(cost["doctor"]) for cost in costs), "a difference: of one step, noise"


def test_a_named_network_is_measured_alone(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--batch-size", "8", "--steps", "1", "--rounds", "1", "--threads", "1"]
    assert main(["bench", "train", *options, "--device", "cpu", "--network", "small"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_what_the_quick_preset_takes_is_judged() -> None:
    # 300 steps of 50 ms, 5 evaluations of 400 ms and 20 frames of 50 ms: 15, 2 and 1 s
    quick = Share("conv3", 0.05, 0.4, 0.05, steps=300, evaluations=5, frames=20)
    former = Share("small", 0.5, 2.0, 0.1, steps=300, evaluations=13, frames=50)
    assert quick.whole == pytest.approx(18.0)
    assert (quick.evaluating, quick.framing) == pytest.approx((2 / 18, 1 / 18))
    assert quick.pictures_a_second == pytest.approx(25 / 18)
    speed, whole, evaluations, frames, pictures = QuickReport(quick, former, 10.0).lines()[1:]
    assert speed.endswith("10.00x  bar: at least 4  met")
    assert "10.06x as fast" in whole
    assert "11.1%  bar: at most 10%  NOT met, 14.4% before" in evaluations
    assert "5.6%  bar: at most 10%  met" in frames
    assert pictures.endswith("1.39  bar: at least 1  met")


def test_what_the_collapse_doctor_takes_is_judged() -> None:
    cheap, dear = Cost("npair", 5000.0, 90.0, 0.018), Cost("npair+symm", 5000.0, 105.0, 0.021)
    lines = DoctorReport((cheap, dear)).lines()
    assert lines[1].endswith("1.8%  bar: at most 2%  met, 90 of 5,000 us")
    assert lines[2].endswith("2.1%  bar: at most 2%  NOT met, 105 of 5,000 us")


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
