import math
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from helpers_recording import FakeRecording
from helpers_records import make_snapshot

from symmcore.records import EmbeddedSet, FloatArray
from symmviz.model.resolve import SearchTarget
from symmviz.model.retrieval.query import Query, RunNeighbours, Split
from symmviz.services.retrieval.search import Searches
from symmviz.services.retrieval.search_index import NotSearchedError, SearchIndex

PATIENCE = 20.0


def images(embeddings: FloatArray) -> EmbeddedSet:
    count = len(embeddings)
    return EmbeddedSet(100 + np.arange(count), np.arange(count) % 4, embeddings)


def similarities_to(embeddings: FloatArray, row: int) -> np.ndarray:
    """The cosine similarity of every row to one, in float64; a sum for each, so that copies tie."""
    points = embeddings.astype(np.float64)
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    unit = points / np.where(lengths > 0, lengths, 1.0)
    return np.array([math.fsum(products) for products in unit * unit[row]])


def reference(embeddings: FloatArray, row: int, count: int) -> list[int]:
    """The rows most similar to one, ties by the lowest index."""
    order = np.argsort(-similarities_to(embeddings, row), kind="stable").tolist()
    return [other for other in order if other != row][:count]


def rows(result: RunNeighbours) -> list[int]:
    return [one.sample - 100 for one in result.neighbours]


CLOUDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "random": lambda random: random.standard_normal((300, 16)),
    "few directions, so that many tie": lambda random: random.integers(-1, 2, (300, 3)),
    "copies": lambda random: np.repeat(random.standard_normal((60, 16)), 5, axis=0),
    "copies of other lengths": lambda random: (
        np.repeat(random.standard_normal((60, 16)), 5, axis=0) * 2.0 ** np.arange(300)[:, None] % 8
    ),
    "zero rows": lambda random: random.standard_normal((300, 4)) * (np.arange(300) % 3)[:, None],
    "huge": lambda random: random.standard_normal((50, 8)) * 1e36,
    "tiny": lambda random: random.standard_normal((50, 8)) * 1e-36,
}


@pytest.mark.parametrize("name", CLOUDS)
def test_finds_what_float64_finds_ties_and_all(name: str) -> None:
    cloud = CLOUDS[name](np.random.default_rng(0)).astype(np.float32)
    index = SearchIndex(images(cloud), 7)
    for row in range(0, len(cloud), 7):
        result = index.find(100 + row, 10)
        ours, theirs = rows(result), reference(cloud, row, 10)
        if ours != theirs:  # only where two are as similar as rounding lets one tell
            similarities = similarities_to(cloud, row)
            np.testing.assert_allclose(similarities[ours], similarities[theirs], atol=1e-6)
            assert name == "random" or "few" in name or "zero" in name
        assert result.searched == len(cloud) - 1
        assert result.step == 7


def test_copies_tie_exactly_and_the_first_comes_first() -> None:
    random = np.random.default_rng(1)
    cloud = np.tile(random.standard_normal((1, 33)), (50, 1)).astype(np.float32)
    assert rows(SearchIndex(images(cloud), 0).find(120, 10)) == list(range(10))


def test_a_row_that_is_no_number_comes_last_and_small_galleries_give_all() -> None:
    cloud = np.eye(4, dtype=np.float32)
    cloud[1] = np.nan
    result = SearchIndex(images(cloud), 0).find(100, 10)
    assert rows(result) == [2, 3, 1]
    assert np.isnan(result.neighbours[-1].similarity)
    assert SearchIndex(images(cloud[:1]), 0).find(100, 10).neighbours == ()
    with pytest.raises(NotSearchedError, match="image 7"):
        SearchIndex(images(cloud), 0).find(7, 10)


def wait(searches: Searches) -> None:
    while searches.busy:
        pass


@pytest.fixture
def searches() -> Iterator[Searches]:
    made = Searches()
    yield made
    assert made.close(PATIENCE)


def test_a_gallery_is_read_once_for_many_queries(searches: Searches) -> None:
    run = FakeRecording()
    run.add_frame(0)
    gallery = make_snapshot(0, run.seed).searched
    targets = tuple(
        SearchTarget(run.key, 0, Query(int(sample), Split.TEST)) for sample in gallery.samples[:5]
    )
    for target in targets:
        searches.request((target,), {run.key: run})
        wait(searches)
        found = searches.found(target)
        assert isinstance(found, RunNeighbours)
        assert len(found.neighbours) == min(target.count, len(gallery.samples) - 1)
    assert run.reads == [("gallery", 0)]
    assert searches.revision == len(targets)
    searches.request(targets, {run.key: run})
    assert not searches.busy


def test_who_waits_is_told_once_all_is_found_and_others_give_way(searches: Searches) -> None:
    run = FakeRecording()
    run.add_frame(0)
    samples = make_snapshot(0, run.seed).searched.samples[:2].tolist()
    targets = tuple(SearchTarget(run.key, 0, Query(one, Split.TEST)) for one in samples)
    told: list[list[bool]] = []
    done = threading.Event()

    def tell() -> None:
        told.append([searches.found(target) is not None for target in targets])
        done.set()

    searches.on_found = tell
    searches.request(targets, {run.key: run})
    searches.wait_for_searches()
    assert done.wait(PATIENCE)
    wait(searches)
    assert told == [[True, True]]
    searches.request(targets, {run.key: run})
    searches.wait_for_searches()  # nothing is waited for
    assert told == [[True, True]]


def test_a_training_image_is_searched_among_the_watched_ones(searches: Searches) -> None:
    run = FakeRecording()
    sample = int(make_snapshot(0, run.seed).frame.train.points.samples[2])
    target = SearchTarget(run.key, 0, Query(sample, Split.TRAIN))
    searches.request((target,), {run.key: run})
    wait(searches)
    found = searches.found(target)
    assert isinstance(found, RunNeighbours)
    assert found.searched == 11


def test_what_cannot_be_searched_says_why(searches: Searches) -> None:
    run = FakeRecording()
    run.broken.add(3)
    unknown = SearchTarget(run.key, 0, Query(10**6, Split.TEST))
    broken = SearchTarget(run.key, 3, Query(1, Split.TRAIN))
    searches.request((unknown, broken), {run.key: run})
    wait(searches)
    assert "not among the images" in str(searches.found(unknown))
    assert "frame 3 is broken" in str(searches.found(broken))


def test_a_fault_of_this_program_is_said_and_reported(
    searches: Searches, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda given: reported.append(given.exc_value))
    run = FakeRecording()
    fault = KeyError("odd")  # which is a LookupError, and yet no image that is missing

    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr("symmviz.services.retrieval.search.searched_images", fail)
    target = SearchTarget(run.key, 0, Query(0, Split.TEST))
    searches.request((target,), {run.key: run})
    wait(searches)
    assert searches.found(target) == "The search failed (KeyError: 'odd')."
    assert reported == [fault]


def test_what_was_under_way_when_all_was_forgotten_is_not_kept(
    searches: Searches, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = FakeRecording(), FakeRecording()
    for run in (old, new):
        run.add_frame(0)
    new.seed = 2
    read = old.gallery

    def gallery(step: int) -> EmbeddedSet:
        searches.clear()
        return read(step)

    monkeypatch.setattr(old, "gallery", gallery)
    sample = int(make_snapshot(0, old.seed).searched.samples[0])
    target = SearchTarget(old.key, 0, Query(sample, Split.TEST))
    searches.request((target,), {old.key: old})
    wait(searches)
    assert searches.found(target) is None
    searches.request((target,), {new.key: new})
    wait(searches)
    expected = SearchIndex(make_snapshot(0, new.seed).searched, 0).find(sample, target.count)
    assert searches.found(target) == expected
