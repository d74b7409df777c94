"""That ``symmviz bench evaluation`` measures what it says; how fast decides nothing here."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch

from symmviz.benchmarks import evaluation
from symmviz.benchmarks.evaluation import Row, Sizes
from symmviz.cli import main


def test_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    path = tmp_path / "report.json"
    options = ["--images", "120", "--classes", "30", "--dim", "8", "--rounds", "1", "--json"]
    assert main(["bench", "evaluation", *options, str(path), "--threads", "1"]) == 0
    assert torch.get_num_threads() == threads
    report = json.loads(path.read_text())
    assert report["sizes"]["images"] == 120
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(report["rows"])
    rows = {(row["what"], row["against"]): row for row in report["rows"]}
    assert rows["Recall@K", "faiss's flat index"]["seconds"] > 0
    assert rows["k-means, NMI, F1", ""]["seconds"] > 0
    has_faiss = importlib.util.find_spec("faiss") is not None
    assert (rows["Recall@K", "faiss's flat index"]["ratio"] is not None) == has_faiss
    assert (rows["Recall@K, GPU", ""]["seconds"] is not None) == torch.cuda.is_available()


def test_without_faiss_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "_flat_index", lambda *_: None)
    report = evaluation.measure(Sizes(images=60, classes=12, dim=4, rounds=1, threads=1))
    assert any("faiss is not installed" in line for line in report.lines())


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (Row("a", 1.0, "b", 0.5, "at most 1x", met=True), "met"),
        (Row("a", 1.0, "b", 1.5, "at most 1x", met=False), "NOT met"),
    ],
)
def test_a_line_says_whether_the_bar_is_met(row: Row, text: str) -> None:
    assert row.line().endswith(text)
