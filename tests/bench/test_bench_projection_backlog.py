import json
import time

import pytest

from symmviz.benchmarks import projection_backlog
from symmviz.benchmarks.projection_backlog import measure


class Steady:
    """A training that takes a thousand steps a second, whatever runs beside it."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.is_closed = False

    @property
    def step(self) -> int:
        return int(1000.0 * (time.perf_counter() - self.began))

    def close(self) -> None:
        self.is_closed = True


def test_a_backlog_is_projected_beside_a_training_that_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trainings: list[Steady] = []

    def begin() -> Steady:
        trainings.append(Steady())
        return trainings[-1]

    monkeypatch.setattr(projection_backlog, "EndlessTraining", begin)
    monkeypatch.setattr(projection_backlog, "_ROUND_SECONDS", 0.2)
    monkeypatch.setattr(projection_backlog, "_SETTLE_SECONDS", 0.1)
    report = measure("pca", 2, points=60)
    assert len(report.ratios) == 2
    assert report.ratios[0] == report.with_backlog[0] / report.without[0]
    assert [one.is_closed for one in trainings] == [True]
    assert "median ratio" in report.lines()[0]
    assert json.loads(json.dumps(report.as_json()))["method"] == "pca"
