"""That ``symmviz bench compare`` measures what it says; how fast decides nothing here."""

import json
from pathlib import Path

import pytest

from symmviz.benchmarks import compare
from symmviz.benchmarks.compare import Sizes, measure
from symmviz.cli import main


def test_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.json"
    options = ["--dataset", "digits", "--steps", "2", "--rounds", "1"]
    assert main(["bench", "compare", *options, "--json", str(path)]) == 0
    report = json.loads(path.read_text())
    assert report["sizes"] == {"dataset": "digits", "steps": 2, "rounds": 1, "threads": 1}
    for name in ("seconds", "training", "step", "against_dearer"):
        assert report[name] > 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert sum("bar:" in line for line in lines) == 1


def test_the_ratios_are_of_medians(monkeypatch: pytest.MonkeyPatch) -> None:
    took = {("npair",): 2.0, ("npair+symm",): 4.0, ("npair", "npair+symm"): 4.5}

    def train(_: Sizes, names: tuple[str, ...], steps: int | None = None) -> compare._Took:
        return compare._Took(took[names], took[names] / 2)

    monkeypatch.setattr(compare, "_train", train)
    report = measure(Sizes(rounds=3))
    assert (report.training, report.step, report.against_dearer) == (1.5, 1.5, 1.125)
    assert "1.50x  bar: at most 2.0x  met" in report.lines()[2]
    took["npair", "npair+symm"] = 6.5
    assert "NOT met" in measure(Sizes(rounds=1)).lines()[2]


def test_what_is_no_number_of_rounds_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", "compare", "--rounds", "0"])
    assert ended.value.code == 2
    assert "Argument --rounds: 0 is less than 1" in capsys.readouterr().err
