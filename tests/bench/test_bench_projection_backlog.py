import itertools
import json
import os
import sys
import time

import pytest

from symmviz.benchmarks import projection_backlog
from symmviz.benchmarks.projection_backlog import cpu_seconds, measure


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
    clock = itertools.count(0.0, 1.5)
    monkeypatch.setattr(projection_backlog, "cpu_seconds", lambda pid: next(clock))
    report = measure("pca", 2, points=60)
    assert len(report.ratios) == 2
    assert report.ratios[0] == report.with_backlog[0] / report.without[0]
    assert [one.is_closed for one in trainings] == [True]
    assert "median ratio" in report.lines()[0]
    assert report.computed == (1.5, 1.5)
    assert "the backlog computed for 1.50 CPU s of each 0.2 s" in report.lines()[0]
    assert json.loads(json.dumps(report.as_json()))["method"] == "pca"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no /proc")
def test_cpu_seconds_of_a_process_are_those_that_it_counts_itself() -> None:
    until = time.process_time() + 0.1
    before, own = cpu_seconds(os.getpid()), time.process_time()
    while time.process_time() < until:
        pass
    after = cpu_seconds(os.getpid())
    assert before is not None
    assert after is not None
    assert after - before == pytest.approx(time.process_time() - own, abs=0.05)


def test_cpu_seconds_of_no_process_are_unknown() -> None:
    assert cpu_seconds(-1) is None


def test_a_system_that_does_not_tell_gets_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection_backlog, "EndlessTraining", Steady)
    monkeypatch.setattr(projection_backlog, "_ROUND_SECONDS", 0.1)
    monkeypatch.setattr(projection_backlog, "_SETTLE_SECONDS", 0.1)
    monkeypatch.setattr(projection_backlog, "cpu_seconds", lambda pid: None)
    report = measure("pca", 1, points=60)
    assert report.computed is None
    assert "not known on this system" in report.lines()[0]
