from concurrent.futures import Future
from unittest.mock import MagicMock

import numpy as np
import pytest
from helpers_training import add_dataset, make_snapshot, tiny_config, tiny_dataset

from symmcore.data.images.store import image_to_show
from symmcore.records import EmbeddedSet, Frame, Snapshot
from symmcore.training.sink import Environment, TrainingContext
from symmviz.model.retrieval import Neighbour, Query, RunNeighbours, Split
from symmviz.presenters.retrieve import NEIGHBOURS, RetrievePresenter, RetrieveView
from symmviz.services.search import find_neighbours


class Searches:
    """Searches that end when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[tuple, Query, int]] = []
        self.futures: list[Future] = []

    def __call__(self, snapshots: tuple, query: Query, count: int) -> Future:
        assert all(future.done() for future in self.futures), "one search at a time"
        self.asked.append((snapshots, query, count))
        self.futures.append(Future())
        return self.futures[-1]

    @property
    def queries(self) -> list[int]:
        return [query.sample for _, query, _ in self.asked]

    def find(self, similarity: float = 0.5, step: int = 7) -> None:
        """End the newest search; each of two runs finds images 3 and 4."""
        self.futures[-1].set_result(
            tuple(
                RunNeighbours(
                    step,
                    23,
                    (Neighbour(3, 0, similarity, True), Neighbour(70, 3, similarity - 0.25, False)),
                )
                for _ in range(2)
            )
        )


@pytest.fixture
def view() -> MagicMock:
    return MagicMock(spec=RetrieveView)


@pytest.fixture
def searches() -> Searches:
    return Searches()


@pytest.fixture
def context(monkeypatch) -> TrainingContext:
    add_dataset(monkeypatch)
    return TrainingContext(
        tiny_config("npair", "npair+symm"), Environment("cpu", 1, ()), tiny_dataset(0)
    )


@pytest.fixture
def presenter(view, searches, context) -> RetrievePresenter:
    made = RetrievePresenter(view, searches)
    made.begin(context)
    made.set_snapshots(FIRST)
    view.reset_mock()
    return made


FIRST = (make_snapshot(0, 1), make_snapshot(0, 2))
LATER = (make_snapshot(10, 1), make_snapshot(10, 2))


def rows(view: MagicMock) -> tuple:
    return view.set_rows.call_args.args[0]


def caption(view: MagicMock) -> str:
    return view.set_query.call_args.args[1]


class TestPresenter:
    def test_is_empty_while_another_training_is_prepared(self, view, searches, presenter):
        presenter.clear()
        view.set_gallery.assert_called_with(None)
        presenter.select(Query(5, Split.TEST))
        presenter.poll()
        assert searches.asked == []

    def test_begins_with_the_gallery_and_no_query(self, view, searches, context):
        presenter = RetrievePresenter(view, searches)
        presenter.begin(context)
        (gallery,) = view.set_gallery.call_args.args
        np.testing.assert_array_equal(gallery.samples, context.dataset.test)
        np.testing.assert_array_equal(gallery.labels, context.dataset.labels[context.dataset.test])
        assert gallery.images is context.dataset.images
        assert view.set_query.call_args.args[0] is None
        assert rows(view) == ()
        presenter.set_snapshots(FIRST)
        presenter.poll()
        assert searches.asked == [], "there is nothing to look for"

    def test_a_click_searches_at_once_and_shows_what_was_found(
        self, view, searches, presenter, context
    ):
        presenter.select(Query(5, Split.TEST))
        assert searches.asked == [(FIRST, Query(5, Split.TEST), NEIGHBOURS)]
        card = view.set_query.call_args.args[0]
        np.testing.assert_array_equal(card.image, image_to_show(context.dataset.images, 5))
        assert (card.class_name, card.similarity, card.correct) == ("upper left", None, None)
        assert caption(view) == "Test image 5"
        view.show_in_gallery.assert_called_once_with(5)
        view.set_rows.assert_not_called()

        searches.find()
        presenter.poll()
        first, second = rows(view)
        assert [row.run.name for row in (first, second)] == ["npair", "npair+symm"]
        assert first.caption == "step 7 · 1 of 2 right · searched 23 other test images"
        assert [(c.query.sample, c.class_name, c.similarity, c.correct) for c in first.cards] == [
            (3, "upper left", 0.5, True),
            (70, "lower right", 0.25, False),
        ]
        assert all(c.query.split is Split.TEST for c in first.cards)

    def test_a_training_image_is_looked_for_among_training_images(self, view, searches, presenter):
        presenter.select(Query(4, Split.TRAIN))
        assert caption(view) == "Training image 4"
        view.show_in_gallery.assert_called_with(4)  # which marks none: it is no test image
        searches.find()
        presenter.poll()
        assert rows(view)[0].caption.endswith("searched 23 other watched training images")
        assert rows(view)[0].cards[0].query == Query(3, Split.TRAIN)

    def test_polling_shows_a_result_once(self, view, searches, presenter):
        presenter.select(Query(5, Split.TEST))
        presenter.poll()
        view.set_rows.assert_not_called()
        searches.find()
        presenter.poll()
        presenter.poll()
        view.set_rows.assert_called_once()
        assert len(searches.asked) == 1

    def test_new_embeddings_are_searched_again(self, view, searches, presenter):
        presenter.select(Query(5, Split.TEST))
        searches.find(0.5)
        presenter.poll()
        presenter.set_snapshots(LATER)
        presenter.poll()
        assert searches.asked[1] == (LATER, Query(5, Split.TEST), NEIGHBOURS)
        searches.find(0.75)
        presenter.poll()
        assert rows(view)[0].cards[0].similarity == 0.75

    def test_one_search_at_a_time_and_then_the_newest_embeddings(self, view, searches, presenter):
        presenter.select(Query(5, Split.TEST))
        for step in (10, 20, 30):
            newest = (make_snapshot(step, 1), make_snapshot(step, 2))
            presenter.set_snapshots(newest)
            presenter.poll()
        assert len(searches.asked) == 1
        searches.find()
        presenter.poll()
        view.set_rows.assert_called_once()  # older by a little is better than nothing
        assert len(searches.asked) == 2
        assert searches.asked[1][0] is newest

    def test_a_result_for_another_image_is_dropped(self, view, searches, presenter):
        for sample in (5, 6, 7, 8):  # clicking fast
            presenter.select(Query(sample, Split.TEST))
        assert searches.queries == [5]
        searches.find()
        presenter.poll()
        view.set_rows.assert_not_called()
        assert searches.queries == [5, 8]
        searches.find()
        presenter.poll()
        view.set_rows.assert_called_once()
        assert len(rows(view)) == 2

    def test_a_result_of_another_training_is_dropped(self, view, searches, presenter, context):
        presenter.select(Query(5, Split.TEST))
        presenter.begin(context)
        view.reset_mock()
        searches.find()
        presenter.poll()
        assert view.mock_calls == []
        presenter.set_snapshots(LATER)
        presenter.poll()
        assert len(searches.asked) == 1, "no image is chosen now"

    def test_an_image_chosen_before_there_are_embeddings_is_searched_when_they_come(
        self, searches, view, context
    ):
        presenter = RetrievePresenter(view, searches)
        presenter.select(Query(5, Split.TEST))  # not even a training: nothing to choose from
        view.set_query.assert_not_called()
        presenter.begin(context)
        presenter.select(Query(5, Split.TEST))
        assert searches.asked == []
        presenter.set_snapshots(FIRST)
        presenter.poll()
        assert searches.queries == [5]

    def test_a_search_that_fails_is_told_and_the_next_one_runs(self, view, searches, presenter):
        presenter.select(Query(5, Split.TEST))
        searches.futures[-1].set_exception(LookupError("image 5 is not there"))
        presenter.poll()
        assert (
            caption(view) == "Test image 5 · the search failed: LookupError: image 5 is not there"
        )
        assert rows(view) == ()
        presenter.poll()
        assert len(searches.asked) == 1, "it would fail again"

        presenter.set_snapshots(LATER)
        presenter.poll()
        searches.find()
        presenter.poll()
        assert caption(view) == "Test image 5"
        assert len(rows(view)) == 2

    def test_a_failure_for_another_image_is_dropped(self, view, searches, presenter):
        presenter.select(Query(5, Split.TEST))
        presenter.select(Query(6, Split.TEST))
        searches.futures[-1].set_exception(LookupError("image 5 is not there"))
        presenter.poll()
        assert caption(view) == "Test image 6"
        assert searches.queries == [5, 6]

    def test_a_search_that_was_cancelled_shows_nothing(self, view, searches, presenter):
        presenter.select(Query(5, Split.TEST))
        assert searches.futures[-1].cancel()
        presenter.poll()
        view.set_rows.assert_not_called()


def expected_neighbours(images, sample: int, count: int) -> list[tuple[int, float]]:
    """The nearest images by cosine similarity, one by one, in float64."""
    points = images.embeddings.astype(np.float64)
    query = points[list(images.samples).index(sample)]
    found = []
    for other, point in zip(images.samples, points, strict=True):
        if other != sample:
            cosine = query @ point / np.linalg.norm(query) / np.linalg.norm(point)
            found.append((int(other), cosine))
    return sorted(found, key=lambda item: -item[1])[:count]


class TestFindNeighbours:
    @pytest.mark.parametrize("split", list(Split))
    @pytest.mark.parametrize("count", [1, 4, 100])
    def test_equals_an_explicit_loop(self, split, count):
        for query_row in (0, 3, 8):
            test, train = FIRST[0].gallery, FIRST[0].frame.train.points
            sample = int((test if split is Split.TEST else train).samples[query_row])
            results = find_neighbours(FIRST, Query(sample, split), count)
            assert len(results) == 2
            for snapshot, result in zip(FIRST, results, strict=True):
                images = snapshot.gallery if split is Split.TEST else snapshot.frame.train.points
                labels = dict(zip(images.samples.tolist(), images.labels.tolist(), strict=True))
                expected = expected_neighbours(images, sample, count)
                assert [found.sample for found in result.neighbours] == [s for s, _ in expected]
                np.testing.assert_allclose(
                    [found.similarity for found in result.neighbours],
                    [cosine for _, cosine in expected],
                    atol=1e-6,
                )
                for found in result.neighbours:
                    assert found.label == labels[found.sample]
                    assert found.correct == (labels[found.sample] == labels[sample])
                assert result.searched == len(images.samples) - 1
                assert result.step == snapshot.frame.step

    def test_the_query_is_left_out_its_copies_are_not(self):
        images = FIRST[0].gallery
        copied = images.embeddings.copy()
        copied[6] = copied[2]
        gallery = EmbeddedSet(images.samples, images.labels, copied)
        snapshot = Snapshot(Frame(3, FIRST[0].frame.train, FIRST[0].frame.test), gallery)
        (result,) = find_neighbours((snapshot,), Query(int(images.samples[2]), Split.TEST), 3)
        assert result.neighbours[0].sample == images.samples[6]
        assert result.neighbours[0].similarity == pytest.approx(1)
        assert int(images.samples[2]) not in [found.sample for found in result.neighbours]

    @pytest.mark.parametrize(
        "query", [Query(2, Split.TEST), Query(3, Split.TRAIN), Query(999, Split.TEST)]
    )
    def test_an_image_that_is_not_embedded(self, query):
        with pytest.raises(LookupError, match=str(query.sample)):
            find_neighbours(FIRST, query, 3)
