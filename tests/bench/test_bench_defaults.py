"""That ``symmviz bench defaults`` trains what is asked for once, and judges it by its bars."""

import dataclasses
import json
from pathlib import Path

import pytest

from symmcore.training.config import TrainingConfig
from symmviz.benchmarks import defaults
from symmviz.benchmarks.defaults import Report, Result, Sizes
from symmviz.cli import main


def result(spec: str, *recalls: float, dataset: str = "alphabets", problem: str = "") -> Result:
    curve = tuple((100 * at, recall) for at, recall in enumerate(recalls))
    return Result(dataset, spec, 100, curve, 0.5, 0.5, (), problem, 300, 1.0)


@pytest.mark.parametrize(
    ("run", "sound"),
    [
        (result("triplet", 0.3, 0.1, 0.29), True),
        (result("triplet", 0.3, 0.9, 0.27), False),
        (result("triplet", 0.3, 0.9, problem="The loss became nan."), False),
        (result("npair", 0.3, 0.85), True),
        (result("npair", 0.3, 0.86), False),
        (result("npair", 0.3, 0.49), False),
        (result("npair+symm", 0.3, 0.49), True),
        (result("npair", 0.95, 0.99, dataset="digits"), True),
    ],
)
def test_what_is_sound(run: Result, sound: bool) -> None:
    assert run.sound is sound


def test_the_report_names_the_seeds_that_fail() -> None:
    runs = (result("npair", 0.3, 0.2), result("triplet", 0.25, 0.75))
    sizes = Sizes(seeds=(100,), datasets=("alphabets",), specs=("npair", "triplet"))
    lines = Report(sizes, runs).lines()
    assert lines[2].split() == [
        "alphabets", "npair", "0.300", "0.200", "0.200", "0.200", "1.0", "seed", "100"
    ]  # fmt: skip
    assert lines[3].split() == [
        "alphabets", "triplet", "0.250", "0.750", "0.750", "0.250", "1.0", "-"
    ]  # fmt: skip
    assert lines[4].startswith("1 of 2 runs are not sound.")


def test_runs_are_trained_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = defaults._wanted

    def shorter(sizes: Sizes) -> list[TrainingConfig]:
        return [config.with_steps(2) for config in wanted(sizes)]

    monkeypatch.setattr(defaults, "_wanted", shorter)
    results, path = tmp_path / "results.jsonl", tmp_path / "report.json"
    command = ["bench", "defaults", "--datasets", "digits", "--results", str(results)]
    command += ["--runs", "npair", "triplet+symm", "--json", str(path)]
    assert main([*command, "--seeds", "3"]) == 0
    lines = results.read_text().splitlines()
    assert len(lines) == 2
    first = Result.from_json(json.loads(lines[0]))
    assert (first.spec, first.seed, first.problem, first.steps) == ("npair", 3, "", 2)
    assert first.findings == ()
    assert [step for step, _ in first.curve] == [0, 2]
    assert main([*command, "--seeds", "3-4"]) == 0
    assert results.read_text().splitlines()[:2] == lines
    assert len(results.read_text().splitlines()) == 4
    assert [one["seed"] for one in json.loads(path.read_text())["results"]] == [3, 3, 4, 4]
    assert "digits     triplet+symm" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--seeds", "x"], "'x'"),
        (["--threads", "0"], "0 is less than 1"),
        (["--runs", "pair", "--seeds", "1"], "'pair'"),
        (["--datasets", "digit", "--seeds", "1"], "'digit'"),
        (["--results", "no/where.jsonl"], "no/where.jsonl"),
    ],
)
def test_what_is_wrong_is_named(
    options: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status: object = main(["bench", "defaults", *options])
    except SystemExit as ended:  # what argparse finds itself
        status = ended.code
    assert status == 2
    error = capsys.readouterr().err
    assert named in error
    assert len(error.splitlines()) == 1


def test_a_file_of_something_else_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine\n")
    command = ["bench", "defaults", "--seeds", "1", "--results", str(tmp_path / "notes.txt")]
    assert main(command) == 2
    assert "notes.txt" in capsys.readouterr().err
    assert (tmp_path / "notes.txt").read_text() == "mine\n"


def test_what_the_collapse_doctor_finds_is_kept() -> None:
    # so low a learning rate moves no weight
    spec = "npair:lr=1e-12"
    (config,) = defaults._wanted(Sizes(seeds=(0,), datasets=("digits",), specs=(spec,)))
    found = defaults._trained(config.with_steps(20))
    assert [one.split(" since ")[0] for one in found.findings] == ["no learning rate"]
    assert Result.from_json(json.loads(json.dumps(dataclasses.asdict(found)))) == found
