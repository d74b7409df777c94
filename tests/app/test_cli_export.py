import sys
from pathlib import Path

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
