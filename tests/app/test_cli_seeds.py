"""``symmviz train --seeds`` and ``symmviz results``."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from helpers_training import add_dataset

from symmcore.errors import InputError
from symmcore.runs import open_runs
from symmcore.runs.continuing.seed_folder import SeedFolder, parse_seeds
from symmcore.runs.continuing.unfinished_seeds import unfinished_seeds
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.layout import SEEDS
from symmcore.runs.results import read_results, summarise
from symmcore.training.config import TrainingConfig
from symmviz.cli import main

TINY = (
    "tiny", "--steps", "4", "--batch-size", "12", "--dim", "8", "--eval-every", "2",
    "--threads", "1", "--device", "cpu", "--compare", "npair", "npair+symm",
)  # fmt: skip
MEASURED = ("seconds", "peak_memory_bytes")

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.fixture(scope="module", name="whole")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds of a comparison."""
    folder = tmp_path_factory.mktemp("seeds") / "out"
    with pytest.MonkeyPatch.context() as monkeypatch:
        add_dataset(monkeypatch)
        assert main(["train", *TINY, "--seeds", "3,7", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(name="out")
def copied(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "out")


def train(out: Path, *more: str, seeds: str = "3,7") -> int:
    return main(["train", *TINY, *more, "--seeds", seeds, "--out", str(out)])


def metrics(out: Path) -> dict[str, list[dict[str, Any]]]:
    """The metrics of all runs by folder, what is measured anew left out."""
    return {
        str(path.parent.relative_to(out)): [
            {name: value for name, value in json.loads(line).items() if name not in MEASURED}
            for line in path.read_text().splitlines()
        ]
        for path in sorted(out.rglob("metrics.jsonl"))
    }


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("0-3", (0, 1, 2, 3)),
        ("5", (5,)),
        ("7, 2,2", (2, 7)),
        ("0-2,10,1-3", (0, 1, 2, 3, 10)),
    ],
)
def test_a_list_or_range_of_seeds(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' in --seeds is no seed and no range"),
        ("1,,2", "'' in --seeds is no seed"),
        ("a-b", "'a-b' in --seeds is no seed"),
        ("-3", "'-3' in --seeds is no seed"),
        ("9-0", "'9-0' in --seeds ends before it begins"),
        ("0-99999", "more than 1,000 seeds"),
        ("0-600,700-1300", "more than 1,000 seeds"),
    ],
)
def test_what_are_no_seeds(text: str, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        parse_seeds(text)


def test_each_seed_is_as_it_is_alone(whole: Path, tmp_path: Path) -> None:
    assert sorted(path.name for path in whole.iterdir()) == ["seed-3", "seed-7", "seeds.json"]
    assert main(["train", *TINY, "--seed", "7", "--out", str(tmp_path / "alone")]) == 0
    alone, both = metrics(tmp_path / "alone"), metrics(whole)
    assert set(both) == {f"seed-{s}/{n}" for s in (3, 7) for n in ("npair", "npair+symm")}
    for name, lines in alone.items():
        assert both[f"seed-7/{name}"] == lines
        assert both[f"seed-3/{name}"] != lines


def test_the_table_is_that_of_the_runs(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(out) == 0
    table = capsys.readouterr().out
    recordings = open_runs(out)
    for recording in recordings:
        recording.read_whole()
    plain, symm = summarise(read_results(recordings))
    mean, difference = plain.samples["recall_at_1"], symm.differences["nmi"]
    assert mean.count == difference.count == 2
    assert mean.deviation is not None
    assert difference.low is not None
    assert f"{100 * mean.mean:.1f} ± {100 * mean.deviation:.1f}" in table
    assert f"{100 * difference.mean:+.1f} [{100 * difference.low:+.1f}, " in table
    assert "Student's t for paired samples" in table


def ended_after_step_2(run: Path) -> None:
    shutil.rmtree(run / "checkpoints" / "00000004")
    (run / "status.json").write_text('{"status": "stopped", "message": ""}')


def test_finished_seeds_are_skipped_and_others_go_on_exactly(
    whole: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in (out / "seed-3").rglob("*")}
    for run in (out / "seed-7").iterdir():
        ended_after_step_2(run)
    capsys.readouterr()
    assert train(out) == 0
    assert "Going on from step 2" in capsys.readouterr().err
    assert metrics(out) == metrics(whole)
    assert {path: path.stat().st_mtime_ns for path in (out / "seed-3").rglob("*")} == before


def test_a_seed_that_ended_before_anything_was_trained_begins_anew(whole: Path, out: Path) -> None:
    for run in (out / "seed-7").iterdir():
        shutil.rmtree(run / "checkpoints")
        shutil.rmtree(run / "frames")
        (run / "metrics.jsonl").write_text("")
    shutil.rmtree(out / "seed-7" / "npair+symm")
    assert train(out) == 0
    assert metrics(out) == metrics(whole)


@pytest.mark.parametrize("kind", ["links elsewhere", "notes", "a frame", "damaged lines"])
def test_a_run_of_which_nothing_can_be_read_is_not_removed(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    run, other = out / "seed-7" / "npair", out / "seed-7" / "npair+symm"
    disk = shutil.copytree(run, tmp_path / "disk")
    for folder in (run, other):
        (folder / "metrics.jsonl").write_text("")
        for name in ("checkpoints", "frames"):
            shutil.rmtree(folder / name)
    if kind == "links elsewhere":
        for name in ("checkpoints", "frames"):
            (run / name).symlink_to(disk / name)
        (run / "metrics.jsonl").unlink()
        (run / "metrics.jsonl").symlink_to(disk / "metrics.jsonl")
    elif kind == "notes":
        (run / "notes.txt").write_text("mine")
    elif kind == "a frame":
        (run / "frames").mkdir()
        shutil.copy(disk / "frames" / "00000004.safetensors", run / "frames")
    else:
        (run / "metrics.jsonl").write_text("x\n" * 3)
    before = {path: path.lstat().st_mtime_ns for path in (out / "seed-7").rglob("*")}
    capsys.readouterr()
    assert train(out) == 2
    assert str(run) in capsys.readouterr().err.splitlines()[-1]
    assert {path: path.lstat().st_mtime_ns for path in (out / "seed-7").rglob("*")} == before


def test_asking_in_vain_leaves_what_an_earlier_call_asked(tmp_path: Path) -> None:
    out = tmp_path / "out"
    config = TrainingConfig(dataset="tiny")
    SeedFolder(out, config, (3,))
    before = (out / "seeds.json").read_bytes()
    SeedFolder(out, config, (3,)).withdraw()
    assert (out / "seeds.json").read_bytes() == before
    SeedFolder(out, config, (5,)).withdraw()
    assert (out / "seeds.json").read_bytes() == before
    SeedFolder(tmp_path / "new", config, (5,)).withdraw()
    assert not (tmp_path / "new").exists()


def test_a_run_that_diverges_holds_up_no_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    given = ["train", *TINY[:-2], "npair", "npair:lr=1e+30", "--seeds", "3,7", "--out", str(out)]
    assert main(given) == 1
    recordings = [one for seed in (3, 7) for one in open_runs(out / f"seed-{seed}")]
    ends = [one.state.status for one in recordings]
    assert ends == [RunStatus.FINISHED, RunStatus.DIVERGED] * 2
    (summary,) = summarise(read_results(recordings))
    assert [one.seed for one in summary.results] == [3, 7]
    before = metrics(out)
    ended_after_step_2(recordings[0].folder)
    capsys.readouterr()
    assert main(given) == 1
    said = capsys.readouterr()
    assert "Seed 3 (1 of 2)" in said.err
    assert "Seed 7" not in said.err
    assert "diverged" in said.out
    assert metrics(out) == before


def test_seeds_can_be_added(out: Path, whole: Path) -> None:
    assert train(out, seeds="5") == 0
    assert json.loads((out / "seeds.json").read_text())["seeds"] == [3, 5, 7]
    found = metrics(out)
    assert "seed-5/npair" in found
    assert {name: found[name] for name in metrics(whole)} == metrics(whole)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence with which a command is refused."""
    assert main(list(arguments)) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    return sentence


def test_another_training_is_refused(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (out / "seeds.json").read_bytes()
    said = refused(capsys, "train", *TINY, "--lr", "0.5", "--seeds", "3", "--out", str(out))
    assert "was made with --lr 0.003 and not with --lr 0.5" in said
    said = refused(
        capsys, "train", "tiny", "--loss", "npair", "--steps", "4", "--batch-size", "12", "--dim",
        "8", "--eval-every", "2", "--seeds", "3", "--out", str(out),
    )  # fmt: skip
    assert "was made with npair npair+symm and not with npair" in said
    assert (out / "seeds.json").read_bytes() == before


def test_more_steps_are_trained_for_every_seed(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = json.loads((out / SEEDS).read_text())
    asked["training"]["steps"] = 6  # as if it had been killed before the first step
    (out / SEEDS).write_text(json.dumps(asked))
    left = unfinished_seeds(out)
    assert left is not None
    assert not left.is_finished(3)
    assert train(out, "--steps", "6") == 0
    assert unfinished_seeds(out) is None
    at_once = tmp_path / "at-once"
    assert train(at_once, "--steps", "6") == 0
    last = {folder: lines[-2:] for folder, lines in metrics(at_once).items()}
    assert {folder: lines[-2:] for folder, lines in metrics(out).items()} == last
    assert len(last) == 4
    assert json.loads((out / SEEDS).read_text())["training"]["steps"] == 6
    capsys.readouterr()
    said = refused(capsys, "train", *TINY, "--seeds", "3", "--out", str(out))
    assert "was made with --steps 6 and not with --steps 4" in said


def test_what_else_is_refused(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, said in (
        (("--seed", "1", "--seeds", "2"), "--seed and --seeds both choose the seed"),
        (("--seeds", "2147483648"), "The seed is 2147483648: it must be at most 2147483647."),
        (("--seeds", "1", "--out", str(out / "seed-3" / "npair")), "already holds a run"),
        (("--seeds", "1", "--out", str(out / "seed-3")), "already holds a run"),
    ):
        assert said in refused(capsys, "train", *TINY, *arguments)
    assert "holds trainings of several seeds" in refused(capsys, "train", "--resume", str(out))
    assert "holds trainings of several seeds" in refused(
        capsys, "train", "--branch", f"{out}@2", "npair"
    )
    run = str(out / "seed-3" / "npair")
    assert "--seeds cannot change" in refused(capsys, "train", "--resume", run, "--seeds", "1")
    missing = ("train", "folder:nowhere", "--seeds", "1", "--out", str(tmp_path / "none"))
    assert main(list(missing)) == 2
    assert "nowhere" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "none").exists()
    (out / "seeds.json").write_text("[]")
    assert "choose another output folder" in refused(
        capsys, "train", *TINY, "--seeds", "3", "--out", str(out)
    ).replace("Choose", "choose")


def test_results_are_printed_and_written(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["results", str(out), str(out / "seed-3")]) == 0
    printed = capsys.readouterr().out
    # a run that is named twice is there once
    titles = [line.split()[0] for line in printed.splitlines()[6:10]]  # below what they come to
    assert titles == ["N-pair"] * 2 + ["Symm"] * 2
    assert "MAP@R" in printed
    file = tmp_path / "table.md"
    assert main(["results", str(out), "--format", "markdown", "--out", str(file)]) == 0
    assert capsys.readouterr().out == ""
    assert file.read_text().startswith("| Run | Seed | Recall@1 |")
    assert "holds no run" in refused(capsys, "results", str(tmp_path / "none"))
    assert "its folder does not exist" in refused(
        capsys, "results", str(out), "--out", str(tmp_path / "none" / "x")
    )


def test_scores_of_all_seeds_are_told_apart(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(out)]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert set(scores) == {f"seed-{s}/{n}" for s in (3, 7) for n in ("npair", "npair+symm")}
    assert scores["seed-3/npair"]["test_map_at_r"] is not None


def test_a_look_for_what_is_left_changes_nothing(out: Path) -> None:
    assert unfinished_seeds(out) is None
    shutil.rmtree(out / "seed-7")
    (out / "seed-3").rename(out / "seed-1")  # a seed that nobody asked for
    for path in (out / "seed-1").rglob("config.json"):
        path.write_text(re.sub(r'"seed": *3\b', '"seed": 1', path.read_text()))
    before = (out / SEEDS).read_bytes()
    left = unfinished_seeds(out)
    assert left is not None
    assert left.seeds == (3, 7)
    assert (out / SEEDS).read_bytes() == before
