import json

import pytest

from symmviz.benchmarks import projection_live
from symmviz.benchmarks.projection_live import LiveWallRow, Timing, measure


class Training:
    """One that has taken its first steps, and costs nothing."""

    step = 1_000

    def close(self) -> None:
        pass


def test_a_new_frame_is_timed_alone_and_beside_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection_live, "EndlessTraining", Training)
    report = measure(("pca",), (60,), 2)
    (row,) = report.rows
    for one in (row.alone, row.beside):
        assert 0.0 < one.first <= one.settled
    assert len(report.lines()) == 3
    assert json.loads(json.dumps(report.as_json()))["rounds"] == 2


def test_the_bars_are_those_of_the_number_of_points() -> None:
    met, missed = Timing(0.9, 2.9, 1.0), Timing(0.9, 3.1, None)
    alone, beside = LiveWallRow("tsne", 4_000, met, missed).lines()
    assert alone.endswith("(1.00 CPU s in all) (bars 1 and 3 s): met")
    assert beside.endswith("settled (95%) after 3.10 (bars 1 and 3 s): MISSED")
    assert "bars" not in LiveWallRow("tsne", 500, met, missed).lines()[0]
