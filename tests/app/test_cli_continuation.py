"""``symmviz train --resume`` and ``--branch``, from run directories on disk."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers_runs import run_lock
from helpers_training import add_dataset, tiny_dataset
from PIL import Image

from symmcore.data import catalogue
from symmcore.errors import InputError
from symmcore.networks import load_network
from symmcore.runs import Recording, open_runs
from symmcore.runs.continuing.continuation import resume_plan
from symmcore.runs.formats import files
from symmcore.runs.formats.info import RunStatus
from symmviz.cli import main

STEPS = 6
SIZES = ("--batch-size", "12", "--dim", "8", "--eval-every", "1", "--threads", "1")
TINY = ("tiny", *SIZES, "--device", "cpu", "--steps", str(STEPS))

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.fixture(scope="module", name="runs")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run and a comparison, both to the end, with a checkpoint at every step."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as monkeypatch:
        add_dataset(monkeypatch)
        assert main(["train", *TINY, "--symm", "--out", str(folder / "one")]) == 0
        compared = ("--compare", "npair", "npair+symm:rank=2,lr=0.002")
        assert main(["train", *TINY, *compared, "--out", str(folder / "both")]) == 0
    return folder


def lines(run: Path) -> list[dict[str, Any]]:
    """The metrics, wall times and memory left out."""
    found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    measured = ("seconds", "peak_memory_bytes")
    return [{name: value for name, value in one.items() if name not in measured} for one in found]


def arrays(run: Path) -> dict[str, bytes]:
    """Every frame and checkpoint's array files by name."""
    return {
        str(path.relative_to(run)): path.read_bytes()
        for folder in ("frames", "checkpoints")
        for path in sorted((run / folder).rglob("*.safetensors"))
    }


def interrupted(run: Path, step: int) -> None:
    """Leave of a run what a process leaves that is ended after a checkpoint's step."""
    for folder in (run / "checkpoints").iterdir():
        if int(folder.name) > step:
            shutil.rmtree(folder)
    (run / "status.json").unlink()


@pytest.mark.parametrize("step", [0, 2, 5])
def test_a_comparison_that_was_interrupted_equals_one_that_was_not(
    runs: Path, tmp_path: Path, step: int, capsys: pytest.CaptureFixture[str]
) -> None:
    both = tmp_path / "both"
    shutil.copytree(runs / "both", both)
    for number, recording in enumerate(open_runs(both)):
        # the second was a checkpoint further
        interrupted(recording.folder, min(step + number, STEPS - 1))
    assert main(["train", "--resume", str(both)]) == 0
    assert f"Going on from step {step}" in capsys.readouterr().err
    for recording in open_runs(runs / "both"):
        resumed = both / recording.folder.name
        assert lines(resumed) == lines(recording.folder)
        assert arrays(resumed) == arrays(recording.folder)
        assert Recording.open(resumed).key == recording.key


def test_of_a_comparison_with_a_run_that_diverged_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, both = tmp_path / "whole", tmp_path / "both"
    compared = ("--compare", "npair:lr=1e+30", "npair+symm")
    assert main(["train", *TINY, *compared, "--out", str(whole)]) == 1
    said = capsys.readouterr()
    assert "of npair:lr=1e+30 are no longer numbers at step 1." in said.err.splitlines()[-1]
    assert [line.split()[0] for line in said.out.splitlines()] == ["npair+symm", *["Recorded"] * 2]
    lost, left = open_runs(whole)
    assert (lost.state.status, left.state.status) == (RunStatus.DIVERGED, RunStatus.FINISHED)
    assert "no longer numbers" in lost.state.message
    assert left.state.message == ""
    shutil.copytree(whole, both)
    interrupted(both / left.folder.name, 3)
    before = everything(both / lost.folder.name)
    assert main(["train", "--resume", str(both)]) == 1
    said = capsys.readouterr()
    note = f"npair:lr=1e+30 diverged at step {lost.state.last_step} and stays as it is."
    assert note in said.err.splitlines()
    assert "Going on from step 3" in said.err
    assert lines(both / left.folder.name) == lines(left.folder)
    assert arrays(both / left.folder.name) == arrays(left.folder)
    assert everything(both / lost.folder.name) == before
    (both / left.folder.name / "status.json").write_text('{"status": "diverged", "message": ""}')
    with pytest.raises(InputError, match="would again: branch from one of its checkpoints"):
        resume_plan(both, STEPS + 1)


def everything(run: Path) -> dict[str, tuple[int, bytes]]:
    """When each file of a run was written, and what it holds."""
    return {
        path.name: (path.stat().st_mtime_ns, path.read_bytes())
        for path in run.rglob("*")
        if path.is_file() and path.name != ".run.lock"
    }


def test_a_finished_run_goes_on_as_a_longer_one(runs: Path, tmp_path: Path) -> None:
    one, longer = tmp_path / "one", tmp_path / "longer"
    shutil.copytree(runs / "one", one)
    assert main(["train", "--resume", str(one), "--steps", "8"]) == 0
    more = ("--steps", "8", "--symm", "--out", str(longer))
    assert main(["train", *TINY, *more]) == 0
    assert [line for line in lines(one) if line["kind"] == "step"] == [
        line for line in lines(longer) if line["kind"] == "step"
    ]
    assert (
        arrays(one)["checkpoints/00000008/network.safetensors"]
        == (arrays(longer)["checkpoints/00000008/network.safetensors"])
    )
    config = json.loads((one / "config.json").read_text())
    assert config["steps"] == 8


@pytest.mark.parametrize(
    ("parent", "spec", "step"),
    [("one", "npair+symm", 3), ("both/npair+symm_rank=2,lr=0.002", "npair+symm:rank=2", 2)],
)
def test_a_branch_with_nothing_changed_equals_its_parent(
    runs: Path, tmp_path: Path, parent: str, spec: str, step: int
) -> None:
    out = tmp_path / "branch"
    assert main(["train", "--branch", f"{runs / parent}@{step}", spec, "--out", str(out)]) == 0
    assert lines(out) == lines(runs / parent)
    assert arrays(out) == arrays(runs / parent)
    found, before = Recording.open(out).info, Recording.open(runs / parent).info
    assert found.parent is not None
    assert (found.parent.key, found.parent.step) == (before.key, step)
    assert found.key != before.key
    assert found.group is None


@pytest.mark.parametrize(
    ("spec", "options"),
    [("triplet+symm", ()), ("npair+symm:rank=2", ()), ("npair", ("--steps", "8")),
     ("npair+symm", ("--lr", "0.0002")), ("npair+symm:lr=0.0002", ())],
)  # fmt: skip
def test_a_branch_shares_the_past_and_nothing_else(
    runs: Path, tmp_path: Path, spec: str, options: tuple[str, ...]
) -> None:
    out, before = tmp_path / "branch", arrays(runs / "one")
    given = ("--branch", f"{runs / 'one'}@3", spec, "--out", str(out), *options)
    assert main(["train", *given]) == 0
    parent, branch = lines(runs / "one"), lines(out)
    assert [line for line in branch if line["step"] <= 3] == [
        line for line in parent if line["step"] <= 3
    ]
    shared = {name for name in before if int(Path(name).parts[1][:8]) <= 3}
    found = arrays(out)
    assert {name: found[name] for name in shared} == {name: before[name] for name in shared}
    assert branch[-1]["step"] == (8 if options[:1] == ("--steps",) else STEPS)
    last = f"checkpoints/{STEPS:08d}/network.safetensors"
    assert found[last] != before[last]
    assert arrays(runs / "one") == before, "the parent stays as it is"


def test_two_ways_to_say_a_learning_rate_are_one(runs: Path, tmp_path: Path) -> None:
    ways = {"a": ("npair+symm:lr=0.0002",), "b": ("npair+symm", "--lr", "0.0002")}
    for name, given in ways.items():
        branch = ("--branch", f"{runs / 'one'}@3", *given, "--out", str(tmp_path / name))
        assert main(["train", *branch]) == 0
    assert arrays(tmp_path / "a") == arrays(tmp_path / "b")


def test_every_checkpoint_of_a_recorded_run_gives_its_network(runs: Path) -> None:
    for step in (None, 0, STEPS):
        network, transform = load_network(runs / "one", step)
        found = network(transform(np.zeros((30, 40), np.uint8))[None])
        assert found.shape == (1, 8)
    with pytest.raises(InputError, match="holds no checkpoint"):
        load_network(runs / "both")


class TestSaid:
    def sentence(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
        capsys.readouterr()
        assert main(["train", *arguments]) == 2
        (line,) = [one for one in capsys.readouterr().err.splitlines() if one.startswith("symmviz")]
        return line

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--resume", "RUNS/none"], "holds no run"),
            (["--resume", "RUNS/one"], "has taken 6 steps: to go on it needs"),
            (["--resume", "RUNS/one", "--steps", "6"], "larger number of steps than 6"),
            (["--resume", "RUNS/one", "--steps", "8", "--dim", "9"], "--dim cannot change"),
            (["tiny", "--resume", "RUNS/one"], "the dataset cannot change"),
            (["--resume", "RUNS/one", "--out", "x"], "--out cannot change"),
            (["--resume", "RUNS/one", "--branch", "RUNS/one@3", "npair"], "--branch cannot change"),
            (["--resume", "RUNS/both/npair"], "one of 2 runs that were compared"),
            (["--branch", "RUNS/one", "npair"], "write RUN@STEP"),
            (["--branch", "RUNS/one@x", "npair"], "write RUN@STEP"),
            (["--branch", "RUNS/one@" + "9" * 5000, "npair"], "too large"),
            (["--branch", "RUNS/one@7", "npair"], "no checkpoint at step 7: the nearest is at 6"),
            (["--branch", "RUNS/one@6", "npair"], "larger number of steps than 6"),
            (["--branch", "RUNS/one@3", "npair", "--steps", "3"], "larger number of steps than 3"),
            (["--branch", "RUNS/both@3", "npair"], "holds 2 runs and a branch has one parent"),
            (["--branch", "RUNS/one@3", "nonsense"], "nonsense"),
            (["--branch", "RUNS/one@3", "npair", "--lr", "-1"], "learning rate"),
            (["--branch", "RUNS/one@3", "npair", "--seed", "1"], "--seed cannot change"),
            (["--branch", "RUNS/one@3", "npair", "--network", "resnet18"], "start a new training"),
            (["--branch", "RUNS/one@3", "npair", "--out", "RUNS/both"], "already holds a run"),
        ],
    )  # fmt: skip
    def test_what_cannot_be(
        self, runs: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
    ) -> None:
        before = {path: path.stat().st_mtime_ns for path in runs.rglob("*")}
        given = [one.replace("RUNS", str(runs)) for one in arguments]
        assert said in self.sentence(capsys, *given)
        kept = {path: path.stat().st_mtime_ns for path in runs.rglob("*")}
        locks = {path for path in kept if path.name.endswith(".lock")} | set(runs.rglob("*/"))
        assert {p: t for p, t in kept.items() if p not in locks} == {
            p: t for p, t in before.items() if p not in locks
        }

    def test_no_dataset(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert "No DATASET was named" in self.sentence(capsys)

    def test_no_checkpoint(
        self, runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        shutil.copytree(runs / "one", tmp_path / "one")
        shutil.rmtree(tmp_path / "one" / "checkpoints")
        said = self.sentence(capsys, "--resume", str(tmp_path / "one"), "--steps", "9")
        assert "holds no checkpoint: it can be looked at, but not gone on with" in said

    def test_a_dataset_that_has_changed(
        self,
        runs: Path,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        shutil.copytree(runs / "one", tmp_path / "one")
        before = lines(tmp_path / "one")
        monkeypatch.setattr(catalogue, "DATASETS", ())
        add_dataset(monkeypatch, load=lambda seed: tiny_dataset(seed + 1))
        said = self.sentence(capsys, "--resume", str(tmp_path / "one"), "--steps", "9")
        assert "was trained on other images" in said
        assert lines(tmp_path / "one") == before

    def test_a_checkpoint_of_another_network(
        self, runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        one = tmp_path / "one"
        shutil.copytree(runs / "one", one)
        config = json.loads((one / "config.json").read_text())
        config["dim"] = config["chosen"]["dim"] = 9
        (one / "config.json").write_text(json.dumps(config))
        said = self.sentence(capsys, "--resume", str(one), "--steps", "9")
        assert "cannot be gone on from" in said
        assert "9 x 256 is needed" in said
        assert lines(one) == lines(runs / "one")

    def test_a_newer_format(
        self, runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        one = tmp_path / "one"
        shutil.copytree(runs / "one", one)
        config = json.loads((one / "config.json").read_text())
        (one / "config.json").write_text(json.dumps(config | {"format": 99}))
        assert "format 99" in self.sentence(capsys, "--resume", str(one), "--steps", "9")

    def test_a_run_that_another_process_writes(
        self, runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        shutil.copytree(runs / "one", tmp_path / "one")
        with run_lock(tmp_path / "one"):
            said = self.sentence(capsys, "--resume", str(tmp_path / "one"), "--steps", "9")
        assert "written by another process" in said
        assert main(["train", "--resume", str(tmp_path / "one"), "--steps", "7"]) == 0

    def test_half_a_comparison(
        self, runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        shutil.copytree(runs / "both", tmp_path / "both")
        shutil.rmtree(tmp_path / "both" / "npair")
        said = self.sentence(capsys, "--resume", str(tmp_path / "both"), "--steps", "9")
        assert "does not hold the runs of one comparison" in said

    def test_another_number_of_threads(
        self, runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        shutil.copytree(runs / "one", tmp_path / "one")
        given = ("--resume", str(tmp_path / "one"), "--steps", "7", "--threads", "2")
        assert main(["train", *given]) == 0
        assert "Trained with 1 thread until now and with 2" in capsys.readouterr().err

    def test_more_threads_than_there_are_cores(
        self,
        runs: Path,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        shutil.copytree(runs / "one", tmp_path / "one")
        config = json.loads((tmp_path / "one" / "config.json").read_text())
        (tmp_path / "one" / "config.json").write_text(json.dumps(config | {"threads": 2}))
        monkeypatch.setattr("symmcore.runs.continuing.continuation.usable_cores", lambda: 1)
        assert main(["train", "--resume", str(tmp_path / "one"), "--steps", "7"]) == 0
        assert "this process may use 1 core" in capsys.readouterr().err


def test_a_run_knows_where_its_images_are_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a/0", "a/1", "b/0", "b/1", "c/0", "c/1", "d/0", "d/1"):
        path = tmp_path / f"photos/{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 9 * len(name), dtype=np.uint8)).save(path)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    few = ("--batch-size", "4", "--dim", "8", "--threads", "1", "--device", "cpu", "--resize", "8")
    start = ("train", "photos", *few, "--crop", "0", "--steps", "2", "--out", "run")
    assert main(start) == 0
    assert main(["train", "--branch", "run@2", "npair", "--steps", "3", "--out", "branch"]) == 0
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["train", "--resume", "../run", "--steps", "3"]) == 0
    config = json.loads((tmp_path / "run/config.json").read_text())
    assert config["dataset"] == config["chosen"]["dataset"] == str(tmp_path / "photos")
    parent = json.loads((tmp_path / "branch/config.json").read_text())["parent"]
    assert parent["folder"] == str(tmp_path / "run")


def test_a_last_checkpoint_that_is_lost_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    original = files.rename

    def fail(source: Path, target: Path) -> None:
        if source.name.startswith(f".{STEPS:08d}") and source.is_dir():
            raise OSError(28, "No space left on device")
        original(source, target)

    monkeypatch.setattr(files, "rename", fail)
    assert main(["train", *TINY, "--out", str(tmp_path / "run")]) == 1
    assert "not written: the last checkpoint" in capsys.readouterr().err
    assert open_runs(tmp_path / "run")[0].state.checkpoint_steps[-1] < STEPS
