"""That ``symmviz bench loss`` measures what it says; how fast anything is decides nothing here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from symmcore.losses import NPairLoss, Symm
from symmviz.benchmarks import loss
from symmviz.benchmarks import loss_references as references
from symmviz.benchmarks.loss import Row
from symmviz.cli import main

SMALL = ["--rounds", "1", "--groups", "4", "--other-groups", "4", "--memory-groups", "8",
         "--dim", "8", "--threads", "1"]  # fmt: skip


def test_the_references_compute_the_loss_without_its_norm_penalty() -> None:
    batch = references.make_batch(12, 16)
    expected = NPairLoss(l2_reg=0.0)(batch.embeddings, batch.labels)
    torch.testing.assert_close(references.plain(batch.embeddings), expected)
    torch.testing.assert_close(references.plain_cross_entropy(batch.embeddings), expected)
    expected = NPairLoss(l2_reg=0.0, symm=Symm())(batch.embeddings, batch.labels)
    torch.testing.assert_close(references.sixteen_matrices(batch.embeddings), expected)


def test_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gpu = torch.cuda.is_available()
    threads = torch.get_num_threads()
    path = tmp_path / "report.json"
    assert main(["bench", "loss", *SMALL, "--json", str(path)]) == 0
    assert torch.get_num_threads() == threads
    rows = json.loads(path.read_text())["rows"]
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(rows)
    for row in rows:
        # eight groups may take no page of memory that was not there already
        small = "memory" in row["what"]
        assert row["ratio"] is None or row["ratio"] > 0 or (small and row["ratio"] == 0)
    measured = {row["what"]: row["ratio"] is not None for row in rows}
    assert measured["npair+symm, eager"]
    assert measured["npair+symm, gpu"] == gpu
    if not gpu:
        assert all("no GPU" in row["detail"] for row in rows if "gpu" in row["what"])
    for name in ("angular", "triplet", "triplet-semihard", "lifted"):
        assert any(row["what"] == f"{name}+symm" and row["bar"] == 3.0 for row in rows)
    official = {row["against"]: row["bar"] for row in rows if "official" in row["what"]}
    assert official == {"the 16 pairs, rank 1": 1.2, "the 16 pairs, rank 2": 1.2}
    for number, row in enumerate(rows):
        assert lines[2 + number].startswith(row["what"])


def test_a_library_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pytorch_metric_learning", None)
    for others in ("_npair", "_gpu", "_memory", "_official", "_baseline"):
        monkeypatch.setattr(loss, f"{others}_rows", lambda *_: [])
    assert main(["bench", "loss", *SMALL]) == 0
    assert "pytorch-metric-learning (a test dependency) is not installed" in capsys.readouterr().out


def test_a_bar_is_met_at_most() -> None:
    def row(ratio: float | None, bar: float | None) -> Row:
        return Row("a", "b", 64, ratio, bar, "")

    assert row(2.0, 2.0).met is True
    assert row(2.1, 2.0).met is False
    assert "NOT met" in row(2.1, 2.0).line()
    assert row(None, 2.0).met is None
    assert row(2.0, None).met is None


def test_it_needs_no_qt() -> None:
    code = (
        "import sys, symmviz.benchmarks.loss; "
        "sys.exit(any(m.startswith(('PySide6', 'pyqtgraph')) for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
