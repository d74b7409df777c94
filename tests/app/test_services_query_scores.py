import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from time import monotonic, sleep

import numpy as np
import pytest
from helpers_recording import FakeRecording

from symmcore.records import EmbeddedSet, FloatArray, IndexArray
from symmcore.runs import Recording
from symmviz.model.retrieval.query import Split
from symmviz.model.retrieval.query_scores import QueryScores, ScoreTarget, class_scores, is_confused
from symmviz.services.retrieval import rankings as rankings_module
from symmviz.services.retrieval.query_scores import NEARLY_EQUAL, score_queries
from symmviz.services.retrieval.rankings import Rankings
from symmviz.services.retrieval.search_index import SearchIndex, searched_images

PATIENCE = 20.0


def ignore(_: int) -> None:
    """Nobody waits."""


def index(embeddings: FloatArray, labels: IndexArray) -> SearchIndex:
    return SearchIndex(EmbeddedSet(100 + np.arange(len(labels)), labels, embeddings), 7)


def reference(embeddings: FloatArray, labels: IndexArray, row: int) -> tuple[int, list[int]]:
    """The rank of the first of a query's class, and all others by similarity, in float64."""
    points = embeddings.astype(np.float64)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    similarities = (points * points[row]).sum(axis=1)
    order = [at for at in np.argsort(-similarities, kind="stable").tolist() if at != row]
    right = [rank for rank, at in enumerate(order, start=1) if labels[at] == labels[row]]
    return (right[0] if right else 0), order


CLOUDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "random": lambda random: random.standard_normal((300, 16)),
    "copies among classes": lambda random: np.repeat(random.standard_normal((60, 16)), 5, axis=0),
}


@pytest.mark.parametrize("name", CLOUDS)
def test_ranks_are_those_of_float64(name: str) -> None:
    random = np.random.default_rng(0)
    cloud = CLOUDS[name](random).astype(np.float32)
    labels = random.integers(0, 12, len(cloud))
    labels[5] = 99  # alone in its class
    scores = score_queries(index(cloud, labels), ignore)
    for row in range(len(cloud)):
        rank, order = reference(cloud, labels, row)
        assert scores.rank[row] == rank
        assert scores.nearest[row] == order[0]
    assert scores.rank[5] == 0


def test_the_rank_of_a_single_search_is_the_same() -> None:
    random = np.random.default_rng(1)
    cloud = random.standard_normal((400, 8)).astype(np.float32)
    labels = np.arange(400) // 2  # the only other one is mostly far down
    search = index(cloud, labels)
    scores = score_queries(search, ignore)
    for row in range(0, 400, 7):
        assert search.find(100 + row, 10).first_right == scores.rank[row]


def test_an_image_among_another_class_and_near_duplicates_are_found() -> None:
    random = np.random.default_rng(2)
    centres = np.eye(4, 16)
    labels = np.repeat(np.arange(4), 20)
    cloud = (centres[labels] + 0.05 * random.standard_normal((80, 16))).astype(np.float32)
    cloud[3] = cloud[71] + 0.001  # labelled 0, among those of 3
    scores = score_queries(index(cloud, labels), ignore)
    assert np.flatnonzero(scores.agreed >= 0).tolist() == [3]
    assert scores.agreed[3] == 3
    assert [3, 71] in scores.pairs.tolist()
    assert (scores.pair_similarity >= NEARLY_EQUAL).all()
    assert (np.diff(scores.pair_similarity) <= 0).all()
    classes = class_scores(scores)
    recalls = [one.recall for one in classes]
    assert recalls == sorted(recalls)
    zero = next(one for one in classes if one.label == 0)
    assert (zero.count, zero.right, zero.confused, zero.confused_count) == (20, 19, 3, 1)
    assert np.flatnonzero(is_confused(scores, 0, 3)).tolist() == [3]


@pytest.mark.parametrize(("count", "recalls"), [(0, []), (1, []), (2, [1.0])])
def test_few_images_are_no_trouble(count: int, recalls: list[float]) -> None:
    cloud = np.ones((count, 3), dtype=np.float32)
    scores = score_queries(index(cloud, np.zeros(count, dtype=np.int64)), ignore)
    assert scores.rank.tolist() == ([1] * count if count > 1 else [0] * count)
    assert [one.recall for one in class_scores(scores)] == recalls


def test_embeddings_that_are_no_numbers_come_last() -> None:
    cloud = np.eye(4, dtype=np.float32)
    cloud[1] = np.nan
    scores = score_queries(index(cloud, np.array([0, 0, 1, 1])), ignore)
    assert scores.rank[0] == 3
    assert scores.rank[2] == 2


def test_it_can_be_cancelled() -> None:
    def cancel(_: int) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        score_queries(index(np.eye(4, dtype=np.float32), np.zeros(4, dtype=np.int64)), cancel)


@pytest.fixture
def rankings() -> Iterator[Rankings]:
    made = Rankings(recorded_index)
    yield made
    assert made.close(PATIENCE)


def recorded_index(recording: Recording, step: int, split: Split) -> SearchIndex:
    return SearchIndex(searched_images(recording, step, split), step)


def wait(rankings: Rankings) -> None:
    deadline = monotonic() + PATIENCE
    while rankings.busy:
        assert monotonic() < deadline
        sleep(0.005)


def test_frames_are_scored_once_and_what_cannot_be_read_is_left(rankings: Rankings) -> None:
    run = FakeRecording()
    run.add_frame(0)
    run.broken.add(3)
    good, broken = (ScoreTarget(run.key, step, Split.TRAIN) for step in (0, 3))
    for _ in range(2):
        rankings.request((broken, good), {run.key: run})
        wait(rankings)
    assert rankings.found(broken) is None
    scores = rankings.found(good)
    assert scores is not None
    assert len(scores.rank) == 12
    assert [row.score for row in scores.classes] == list(class_scores(scores)) != []
    assert [read for read in run.reads if read[1] == 0] == [("frame", 0)]
    rankings.clear()
    assert rankings.found(good) is None


def test_a_fault_leaves_no_progress_and_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    run, said = FakeRecording(), list[str]()
    run.add_frame(3)

    def fail(index: SearchIndex, tell: Callable[[int], None]) -> None:
        tell(0)
        raise ArithmeticError("odd")

    monkeypatch.setattr(rankings_module, "score_queries", fail)
    made = Rankings(recorded_index, said.append)
    for _ in range(3):
        made.request((ScoreTarget(run.key, 3, Split.TRAIN),), {run.key: run})
        wait(made)
    assert made.progress is None
    assert said == ["The queries of step 3 are not ranked (ArithmeticError: odd)."]
    assert run.reads == [("frame", 3)]
    assert made.close(PATIENCE)


def test_what_was_under_way_when_all_was_forgotten_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = FakeRecording()
    run.add_frame(0)
    target = ScoreTarget(run.key, 0, Split.TRAIN)
    made = Rankings(recorded_index)

    def score(index: SearchIndex, tell: Callable[[int], None]) -> QueryScores:
        made.clear()
        return score_queries(index, ignore)

    monkeypatch.setattr(rankings_module, "score_queries", score)
    made.request((target,), {run.key: run})
    wait(made)
    assert made.found(target) is None
    assert made.close(PATIENCE)
