"""The cache of metrics.jsonl: it holds what the lines hold, or it is not used."""

import math
from pathlib import Path

import numpy as np
import pytest

from symmcore.runs import Recorder, Recording
from symmcore.runs.formats import metrics_cache
from symmcore.runs.formats.layout import LARGEST_STEP, METRICS, METRICS_CACHE
from symmcore.runs.formats.metrics import MetricsTable, scalars_line
from symmcore.runs.formats.metrics_cache import ANCHOR, anchor_of, cache_chunks, read_cache
from symmcore.runs.reading.index import RunIndex
from symmcore.runs.writing import run_writer

LINES = 300


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run with a cache, and lines behind what it holds."""
    monkeypatch.setattr(run_writer, "_LINES_TO_CACHE", 20)
    folder = tmp_path / "run"
    with Recorder(folder) as recorder:
        for step in range(LINES):
            recorder.scalars(step, loss=1.0 / (step + 1), odd=np.nan if step % 3 else 2.0)
            if step % 50 == 0:
                recorder.frame(step, np.eye(3))
    with (folder / METRICS).open("a") as stream:
        for step in range(LINES, LINES + 5):
            stream.write(scalars_line("step", step, {"loss": 0.5, "late": 1.0}) + "\n")
    return folder


def read_lines(folder: Path) -> MetricsTable:
    """The metrics by their lines, whatever is cached."""
    table = MetricsTable()
    table.add_lines((folder / METRICS).read_bytes().split(b"\n")[:-1])
    return table


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A run all of whose lines are cached: series of equal count, evaluations, damage."""
    folder = tmp_path / "whole"
    folder.mkdir()
    lines = [
        scalars_line("step", step, {"loss": 0.5 * step, ("odd" if step % 2 else "even"): step})
        for step in range(20)
    ]
    lines.insert(9, scalars_line("eval", 8, {"test_recall_at_1": 0.25, "test_nmi": None}))
    lines.insert(13, "no JSON")
    lines.insert(16, "[]")
    lines.append(scalars_line("eval", 19, {"test_recall_at_1": 0.75, "test_nmi": 0.5}))
    (folder / METRICS).write_text("".join(f"{line}\n" for line in lines))
    write_cache(folder, read_lines(folder))
    return folder


def write_cache(folder: Path, table: MetricsTable) -> None:
    """A cache of all lines of a run, which are these metrics."""
    content = (folder / METRICS).read_bytes()
    cached = cache_chunks(table, len(content), anchor_of(content[-ANCHOR:]))
    (folder / METRICS_CACHE).write_bytes(b"".join(cached))


def counts(table: MetricsTable) -> tuple[object, ...]:
    return (
        table.lines, table.last_step, table.last_evaluation, table.damaged, table.first_damage,
    )  # fmt: skip


def assert_same(folder: Path) -> None:
    recording = Recording.open(folder)
    expected, found = read_lines(folder), recording.state
    assert found.metrics.keys() == expected.metrics().keys()
    for name, metric in expected.metrics().items():
        np.testing.assert_array_equal(found.metrics[name].steps, metric.steps)
        np.testing.assert_array_equal(found.metrics[name].values, metric.values)
    assert found.last_step == max(expected.last_step, found.frame_steps[-1])
    assert found.last_evaluation == expected.last_evaluation
    assert found.warnings == ()


def test_the_cache_and_the_lines_behind_it_are_the_lines(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = read_cache(run)
    assert cached is not None
    assert cached.table.lines == LINES
    taken: list[bytes] = []
    add_lines = MetricsTable.add_lines

    def note(table: MetricsTable, lines: list[bytes]) -> None:
        taken.extend(lines)
        add_lines(table, lines)

    monkeypatch.setattr(MetricsTable, "add_lines", note)
    Recording.open(run)
    assert len(taken) == 5, "what is cached is not parsed"
    monkeypatch.undo()
    assert_same(run)


def test_all_that_a_cache_says_is_what_the_lines_say(whole: Path) -> None:
    cached, expected = read_cache(whole), read_lines(whole)
    assert cached is not None
    found = cached.table
    evaluation = {"step": 19, "test_recall_at_1": 0.75, "test_nmi": 0.5}
    assert counts(found) == counts(expected) == (24, 19, evaluation, 2, 14)
    assert list(found.metrics()) == list(expected.metrics())
    for name, metric in expected.metrics().items():
        np.testing.assert_array_equal(found.metrics()[name].steps, metric.steps)
        np.testing.assert_array_equal(found.metrics()[name].values, metric.values)
    state = Recording.open(whole).state
    assert (state.last_step, state.last_evaluation) == (19, evaluation)
    assert any("2 lines are damaged" in one and "line 14" in one for one in state.warnings)


def test_lines_behind_a_cache_are_counted_from_where_it_ends(whole: Path) -> None:
    with (whole / METRICS).open("a") as stream:
        stream.write("neither JSON\n" + scalars_line("step", 20, {"loss": 1.0}) + "\n")
    cached = read_cache(whole)
    assert cached is not None
    lines = (whole / METRICS).read_bytes()[cached.size :].split(b"\n")[:-1]
    cached.table.add_lines(lines)
    assert counts(cached.table) == counts(read_lines(whole))
    assert cached.table.damaged == 3
    (warning,) = [one for one in Recording.open(whole).state.warnings if "lines" in one]
    assert "3 lines are damaged" in warning


def test_a_cache_of_another_version_is_not_used(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = read_lines(whole)
    with monkeypatch.context() as patch:
        patch.setattr(metrics_cache, "_VERSION", 1 + metrics_cache._VERSION)
        write_cache(whole, table)
        assert read_cache(whole) is not None
    assert read_cache(whole) is None


def test_what_was_handed_out_does_not_change_with_later_lines(run: Path) -> None:
    cached = read_cache(run)
    assert cached is not None
    before = cached.table.metrics()["loss"]
    values = before.values.copy()
    cached.table.add_lines([scalars_line("step", LINES, {"loss": 7.0}).encode()])
    after = cached.table.metrics()["loss"]
    assert (len(after.values), float(after.values[-1])) == (LINES + 1, 7.0)
    np.testing.assert_array_equal(before.values, values)


@pytest.mark.parametrize("kind", ["empty", "cut", "noise", "flipped", "gone", "folder"])
def test_a_damaged_cache_is_not_used(run: Path, kind: str) -> None:
    path = run / METRICS_CACHE
    content = path.read_bytes()
    if kind in ("gone", "folder"):
        path.unlink()
        if kind == "folder":
            path.mkdir()
    else:
        flipped = bytearray(content)
        flipped[-9] ^= 1
        damaged = {
            "empty": b"", "cut": content[:-7], "noise": b"\x07" * 5000, "flipped": bytes(flipped),
        }  # fmt: skip
        path.write_bytes(damaged[kind])
    assert read_cache(run) is None
    assert_same(run)


def test_a_cache_of_other_lines_is_not_used(run: Path) -> None:
    path = run / METRICS
    lines = path.read_bytes().split(b"\n")[:-1]
    other = [scalars_line("step", step, {"loss": 3.0}).encode() for step in range(2 * LINES)]
    for kept in (other, lines[:100], []):  # replaced, cut, emptied
        path.write_bytes(b"".join(line + b"\n" for line in kept))
        assert_same(run)


@pytest.mark.parametrize(
    "change",
    [
        "steps go back", "infinite", "no steps", "a long name", "a step too large",
        "a negative step", "more values than steps", "two columns",
    ],
)  # fmt: skip
def test_a_cache_of_what_no_recorder_writes_is_not_used(run: Path, change: str) -> None:
    table = MetricsTable()
    name = "x" * 101 if change == "a long name" else "loss"
    metric = read_lines(run).metrics()["loss"]
    steps, values = metric.steps.copy(), metric.values.copy()
    if change == "steps go back":
        steps = steps[::-1]
    elif change == "infinite":
        values[3] = np.inf
    elif change == "no steps":
        steps, values = steps[:0], values[:0]
    elif change == "a step too large":
        steps[-1] = LARGEST_STEP + 1
    elif change == "a negative step":
        steps[0] = -1
    elif change == "more values than steps":
        steps = steps[:-1]
    elif change == "two columns":
        steps, values = (one.reshape(-1, 1) for one in (steps, values))
    table.metrics = lambda: {name: type(metric)(steps, values)}  # type: ignore[method-assign]  # what none says
    write_cache(run, table)
    assert read_cache(run) is None
    assert_same(run)


@pytest.mark.parametrize(
    "evaluation",
    [{"step": 3, "test_nmi": "x"}, {"step": 3, "test_nmi": [1]}, {"step": "3"}, {"test_nmi": 1.0}],
)
def test_a_cache_with_other_than_scores_is_not_used(run: Path, evaluation: dict[str, int]) -> None:
    table = read_lines(run)
    table.last_evaluation = evaluation
    write_cache(run, table)
    assert read_cache(run) is None


def health_lines(count: int) -> list[bytes]:
    """Steps as a training records them: nulls for what is not taken, and one for no number."""
    return [
        scalars_line(
            "step",
            step,
            {
                "loss": math.nan if step == 7 else 1.0 / step,
                "gradient_norm": float(step) if step % 5 == 1 else None,
                "zero_terms": None,
            },
        ).encode()
        for step in range(1, count)
    ]


def test_what_was_not_taken_has_no_step_and_what_is_no_number_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = health_lines(40)
    single = MetricsTable()
    for line in lines:
        single.add_lines([line])
    together = MetricsTable()
    monkeypatch.setattr(MetricsTable, "_add", lambda *_: pytest.fail("one by one"))
    together.add_lines(lines)
    for table in (single, together):
        metrics = table.metrics()
        assert metrics.keys() == {"loss", "gradient_norm"}
        assert metrics["gradient_norm"].steps.tolist() == list(range(1, 40, 5))
        assert metrics["gradient_norm"].values.tolist() == list(range(1, 40, 5))
        assert metrics["loss"].steps.tolist() == list(range(1, 40))
        assert np.flatnonzero(np.isnan(metrics["loss"].values)).tolist() == [6]


def test_metrics_that_are_cached_are_those_of_the_moment() -> None:
    index = RunIndex()
    index.add_lines([scalars_line("step", 1, {"loss": 2.0}).encode()])
    table = index.metrics_table()
    index.add_lines([scalars_line("step", 2, {"loss": 1.0}).encode()])
    assert (table.lines, table.last_step) == (1, 1)
    assert table.metrics()["loss"].values.tolist() == [2.0]
