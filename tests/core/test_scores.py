import json
import os
from pathlib import Path

import pytest

from symmcore.errors import InputError
from symmcore.runs.reading.recording import Recording, open_runs
from symmcore.settings.scores import base_name, final_ks


@pytest.mark.parametrize(
    ("dataset", "ks"),
    [
        ("sop:/data/Stanford_Online_Products", (1, 10, 100)),
        ("sop", (1, 10, 100)),
        ("cub200:C:\\birds", (1, 2, 4, 8)),
        ("cars196:/sop", (1, 2, 4, 8)),
        ("digits", (1, 2, 4, 8)),
    ],
)
def test_the_dataset_decides_the_ks(dataset: str, ks: tuple[int, ...]) -> None:
    assert final_ks(dataset) == ks
    assert base_name(dataset) == dataset.split(":")[0]


EVALUATIONS = [
    {"kind": "eval", "step": 0, "test_recall_at_1": 0.25, "test_nmi": None},
    {"kind": "step", "step": 1, "loss": 2.0},
    {"kind": "eval", "step": 1, "test_recall_at_1": 0.5, "test_nmi": 0.75},
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    lines = "".join(json.dumps(record) + "\n" for record in EVALUATIONS)
    (tmp_path / "metrics.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("more", ["", '{"kind": "eval", "st', "[]\n", "\n", '{"kind": "step"}\n'])
def test_the_last_whole_evaluation_counts(run: Path, more: str) -> None:
    with (run / "metrics.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(more)
    (recording,) = open_runs(run)
    scores = {"step": 1, "test_recall_at_1": 0.5, "test_nmi": 0.75}
    assert recording.state.last_evaluation == scores
    assert recording.folder == run


def test_a_comparison_has_a_run_in_each_folder(
    run: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    both = tmp_path_factory.mktemp("both")
    for name in ("npair+symm", "npair", "notes"):
        (both / name).mkdir()
        if name != "notes":
            (both / name / "metrics.jsonl").write_bytes((run / "metrics.jsonl").read_bytes())
    folders = [recording.folder for recording in open_runs(both)]
    assert folders == [both / "npair", both / "npair+symm"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "metrics.jsonl")
    recording = Recording.open(tmp_path)
    assert any("metrics.jsonl is not a file" in warning for warning in recording.state.warnings)


def test_what_holds_no_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    for path, said in (
        (tmp_path / "none", "holds no run: there is no metrics.jsonl in it."),
        (tmp_path / "file", "is a file: name the folder of a run."),
        (tmp_path / "empty", "is empty: name a folder that a training has written."),
        (tmp_path, "holds no run: there is no metrics.jsonl in it."),
    ):
        with pytest.raises(InputError) as caught:
            open_runs(path)
        assert str(caught.value).startswith(str(path))
        assert str(caught.value).endswith(said)


def test_a_run_without_an_evaluation(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"kind": "step", "step": 1, "loss": 1.5}\n')
    assert Recording.open(tmp_path).state.last_evaluation is None
