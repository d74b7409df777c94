"""``symmviz bench scatter`` measures what it says, with few points."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("PySide6", reason="points are drawn beside items of Qt's")


def test_each_number_of_points_is_measured_beside_the_former_items(tmp_path: Path) -> None:
    out = tmp_path / "scatter.json"
    command = [sys.executable, "-m", "symmviz", "bench", "scatter", "--json", str(out)]
    ended = subprocess.run(
        [*command, "--points", "100", "2000", "--rounds", "5"],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(out.read_text())
    assert [one["points"] for one in report["measured"]] == [100, 2000]
    for one in report["measured"]:
        assert one["frames"] >= 5
        assert 0 < one["p50"] <= one["p95"]
        assert 0 < one["former_p50"] <= one["former_p95"]
        assert 0 < one["hover_p50"] <= one["hover_p95"]
    assert "2,000 points moving: p50" in ended.stdout
    assert "compiled loops" in ended.stdout
