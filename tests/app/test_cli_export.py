import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers_runs import record_loop

from symmcore.evaluation import clustering_scores
from symmcore.runs import Recording
from symmviz.cli import main


def test_a_run_is_written_and_what_is_there_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record_loop(tmp_path / "run")
    command = ["export", str(tmp_path / "run"), "--what", "metrics", "--out"]
    out = tmp_path / "metrics.csv"
    assert main([*command, str(out)]) == 0
    assert capsys.readouterr().out == f"Wrote {out}\n"
    assert out.read_text().startswith("run,name,seed,metric,step,value")
    assert main([*command, str(out)]) == 2
    assert "exists: name another file, or add --overwrite" in capsys.readouterr().err
    assert main([*command, str(out), "--overwrite"]) == 0
    assert main([*command, str(tmp_path / "metrics.doc")]) == 2
    assert "is written as .csv or .parquet" in capsys.readouterr().err


def test_a_library_that_is_missing_is_named_with_its_extra(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record_loop(tmp_path / "run")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    out = tmp_path / "metrics.parquet"
    assert main(["export", str(tmp_path / "run"), "--what", "metrics", "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert "Parquet needs pyarrow" in error
    assert 'pip install "symmviz[export]"' in error
    assert not out.exists()


def test_what_is_wrong_with_a_run_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record_loop(tmp_path / "run")
    (tmp_path / "run" / "classes.json").write_text("{}")
    said = f"{tmp_path / 'run' / 'classes.json'} is damaged: it names no classes.\n"
    out = str(tmp_path / "m.csv")
    assert main(["export", str(tmp_path / "run"), "--what", "metrics", "--out", out]) == 0
    assert said in capsys.readouterr().err
    assert main(["results", str(tmp_path / "run")]) == 0
    assert said in capsys.readouterr().err


def test_images_that_cannot_be_imported_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.png").write_bytes(b"no image")
    np.savez(tmp_path / "a.npz", embeddings=np.eye(2), files=np.array(["bad.png"] * 2))
    command = ["import", str(tmp_path / "a.npz"), "--images", str(tmp_path), "--out"]
    assert main([*command, str(tmp_path / "run")]) == 0
    assert "2 of 2 images cannot be read.\n" in capsys.readouterr().err


def test_imported_embeddings_are_scored(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 6)
    points = np.eye(4, 8)[labels] + 0.4 * random.standard_normal((24, 8))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    np.savez(tmp_path / "a.npz", embeddings=points, labels=labels)
    similar = points @ points.T
    np.fill_diagonal(similar, -np.inf)
    right = labels[np.argsort(-similar, axis=1)] == labels[:, None]
    among = [right[:, :k].any(axis=1).mean() for k in (1, 2, 4, 8)]
    precision = [
        np.mean([row[: at + 1].mean() * row[at] for at in range(5)]) for row in right[:, :5]
    ]
    assert main(["import", str(tmp_path / "a.npz"), "--out", str(tmp_path / "run")]) == 0
    metrics = Recording.open(tmp_path / "run").state.metrics
    recalls = [metrics[f"test_recall_at_{k}"].values[0] for k in (1, 2, 4, 8)]
    np.testing.assert_allclose(recalls, among)
    assert 0.5 < among[0] < 1  # not trivial
    np.testing.assert_allclose(metrics["test_map_at_r"].values[0], np.mean(precision))
    clusters = clustering_scores(torch.from_numpy(points).float(), torch.from_numpy(labels))
    assert (metrics["test_nmi"].values[0], metrics["test_f1"].values[0]) == (
        clusters.nmi,
        clusters.f1,
    )


def test_imports_that_cannot_be_scored_are_runs_all_the_same(tmp_path: Path) -> None:
    np.savez(tmp_path / "alone.npz", embeddings=np.eye(3), labels=np.arange(3))
    np.savez(tmp_path / "nan.npz", embeddings=np.full((4, 2), np.nan), labels=np.arange(4) // 2)
    np.savez(tmp_path / "few.npz", embeddings=np.eye(2), labels=np.zeros(2, dtype=int))
    for name in ("alone", "nan", "few"):
        command = ["import", str(tmp_path / f"{name}.npz"), "--out", str(tmp_path / name)]
        assert main(command) == 0
        assert Recording.open(tmp_path / name).state.frame_steps == (0,)
    metrics = Recording.open(tmp_path / "few").state.metrics
    assert metrics["test_recall_at_1"].values[0] == 1
    assert "test_recall_at_2" not in metrics
    command = ["import", str(tmp_path / "few.npz"), "--no-scores", "--out", str(tmp_path / "bare")]
    assert main(command) == 0
    assert set(Recording.open(tmp_path / "bare").state.metrics) == {"test_recall_at_1"}
