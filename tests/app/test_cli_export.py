import sys
from pathlib import Path

import numpy as np
import pytest
from helpers_runs import record_loop

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
