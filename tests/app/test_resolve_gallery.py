from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers_recording import FakeLoaded, FakeRecording

from symmcore.records import ImageFiles
from symmviz.model.resolve import ListingState, listed_from, listing, score_targets
from symmviz.model.retrieval.browse import Browse, GalleryList, GalleryOrder, OrderKind
from symmviz.model.retrieval.class_rows import class_rows
from symmviz.model.retrieval.query import Query, Split
from symmviz.model.retrieval.query_scores import QueryScores, ScoreTarget
from symmviz.model.workspace import Cursor, Workspace

COUNT = 9  # test images of the helpers' runs
RANKS = {
    ("npair", 0): [1, 5, 1, 2, 1, 0, 1, 9, 1],
    ("npair+symm", 0): [1, 1, 3, 2, 1, 0, 1, 4, 1],
    ("npair", 20): [1, 1, 1, 2, 1, 0, 7, 9, 1],
    ("npair+symm", 20): [1, 1, 1, 2, 1, 0, 1, 9, 1],
}


class Scores(dict[ScoreTarget, QueryScores]):
    """What has been scored so far."""

    def add(self, run: FakeRecording, step: int, loaded: FakeLoaded) -> None:
        images = loaded.known_galleries[run.key]
        assert len(images.samples) == COUNT
        nearest = (np.arange(COUNT) + 1) % COUNT
        agreed = np.full(COUNT, -1)
        agreed[7] = (images.labels[7] + 1) % 4
        scores = QueryScores(
            step, images.samples, images.labels, np.array(RANKS[run.key, step]), nearest,
            np.linspace(0.9, 0.1, COUNT, dtype=np.float32), agreed,
            np.array([[2, 4], [0, 2]]), np.array([0.999, 0.995], dtype=np.float32),
        )  # fmt: skip
        named = replace(scores, classes=class_rows(run, scores))
        self[ScoreTarget(run.key, step, Split.TEST)] = named


@pytest.fixture
def runs() -> tuple[FakeRecording, FakeRecording]:
    made = FakeRecording("npair"), FakeRecording("npair+symm")
    for run in made:
        run.add_frame(0, 20)
    return made


@pytest.fixture
def loaded(runs: tuple[FakeRecording, ...]) -> FakeLoaded:
    made = FakeLoaded()
    for run in runs:
        made.load(run)
    return made


@pytest.fixture
def workspace(runs: tuple[FakeRecording, ...]) -> Workspace:
    made = Workspace()
    made.show(runs)
    made.browse = Browse(open=True)
    made.cursor = Cursor(0)
    return made


@pytest.fixture
def scores(runs: tuple[FakeRecording, ...], loaded: FakeLoaded) -> Scores:
    made = Scores()
    for run in runs:
        made.add(run, 0, loaded)
    return made


def shown(workspace: Workspace, loaded: FakeLoaded, scores: Scores) -> ListingState:
    return listing(workspace, loaded, scores.get)


def rows(
    workspace: Workspace, loaded: FakeLoaded, scores: Scores, order: GalleryOrder
) -> list[int]:
    workspace.browse = Browse(order=order, open=True)
    gallery = shown(workspace, loaded, scores).gallery
    assert gallery is not None
    return [int(row) for row in gallery.rows]


def test_the_page_asks_for_scores_while_it_is_looked_at(workspace: Workspace) -> None:
    keys = [(target.key, target.step) for target in score_targets(workspace)]
    assert keys == [("npair", 0), ("npair+symm", 0)]
    workspace.browse = Browse(open=True, ranking=False)
    assert score_targets(workspace) == ()
    workspace.browse = Browse()
    assert score_targets(workspace) == ()


def test_it_is_in_the_order_of_the_dataset_until_it_is_scored(
    workspace: Workspace, loaded: FakeLoaded
) -> None:
    state = shown(workspace, loaded, Scores())
    assert state.gallery is not None
    assert state.gallery.rows.tolist() == list(range(COUNT))
    assert state.summary == "9 of 9 test images"


def test_failures_of_most_runs_come_first_and_what_cannot_be_right_last(
    workspace: Workspace, loaded: FakeLoaded, scores: Scores
) -> None:
    assert rows(workspace, loaded, scores, GalleryOrder()) == [7, 3, 1, 2, 0, 4, 6, 8, 5]
    assert shown(workspace, loaded, scores).summary == (
        "9 of 9 test images · fail: 3 in N-pair, 3 in Symm + N-pair"
    )


def test_other_orders(workspace: Workspace, loaded: FakeLoaded, scores: Scores) -> None:
    def order(kind: OrderKind) -> list[int]:
        return rows(workspace, loaded, scores, GalleryOrder(kind, 1))

    assert order(OrderKind.SIMILARITY) == list(range(COUNT))[::-1]
    assert order(OrderKind.DATASET) == list(range(COUNT))
    assert order(OrderKind.FIXED) == [1]
    assert order(OrderKind.BROKEN) == [2]
    assert order(OrderKind.CHANGED_RUNS)[:3] == [1, 2, 7]


def test_what_changed_most_between_two_steps(
    workspace: Workspace,
    loaded: FakeLoaded,
    scores: Scores,
    runs: tuple[FakeRecording, ...],
) -> None:
    for run in runs:
        scores.add(run, 20, loaded)
    workspace.cursor = Cursor(20)
    order = GalleryOrder(OrderKind.CHANGED_STEPS)
    assert rows(workspace, loaded, scores, order)[:2] == [6, 1]
    assert [target.step for target in score_targets(workspace)] == [20, 0, 20, 0]
    assert shown(workspace, loaded, scores).can_compare


def test_orders_that_compare_are_named_after_the_run(
    workspace: Workspace, loaded: FakeLoaded, scores: Scores, runs: tuple[FakeRecording, ...]
) -> None:
    titles = [choice.title for choice in shown(workspace, loaded, scores).orders]
    assert "Fixed by Symm + N-pair" in titles
    assert "Broken by Symm + N-pair" in titles
    assert titles[-1] == "Most changed since step 0"
    workspace.show(runs[:1])
    titles = [choice.title for choice in shown(workspace, loaded, scores).orders]
    assert not any("by" in title for title in titles)


def test_a_text_finds_classes_and_files_by_any_part(
    workspace: Workspace, loaded: FakeLoaded, scores: Scores
) -> None:
    images = loaded.known_galleries["npair"]
    names = tuple(f"photos/IMG_{sample}.jpg" for sample in range(100))
    loaded.known_files["npair"] = ImageFiles(Path("/data"), names)
    for text, expected in (
        ("PER LEFT", images.labels == 0),
        (f"img_{images.samples[4]}.", images.samples == images.samples[4]),
        ("photos", images.labels >= 0),
        ("nothing like that", images.labels < 0),
    ):
        workspace.browse = Browse(text=text, open=True)
        gallery = shown(workspace, loaded, scores).gallery
        assert gallery is not None
        assert sorted(gallery.rows.tolist()) == np.flatnonzero(expected).tolist()


def test_classes_lead_to_the_images_that_are_found_as_another(
    workspace: Workspace, loaded: FakeLoaded, scores: Scores
) -> None:
    workspace.browse = Browse(shown=GalleryList.CLASSES, open=True)
    state = shown(workspace, loaded, scores)
    recalls = [row.score.recall for row in state.classes]
    assert recalls == sorted(recalls)
    assert state.summary == f"Recall@1 of {len(state.classes)} classes · in N-pair"
    worst = next(row.score for row in state.classes if row.score.confused is not None)
    workspace.browse = Browse(label=worst.label, found_as=worst.confused, open=True)
    state = shown(workspace, loaded, scores)
    assert state.gallery is not None
    assert len(state.gallery.rows) == worst.confused_count
    assert "found as" in state.filtered


def test_duplicates_stand_side_by_side_and_suspicious_labels_say_why(
    workspace: Workspace, loaded: FakeLoaded, scores: Scores
) -> None:
    workspace.browse = Browse(shown=GalleryList.DUPLICATES, open=True)
    gallery = shown(workspace, loaded, scores).gallery
    assert gallery is not None
    assert gallery.rows.tolist() == [2, 4, 0]
    assert gallery.hints[2].startswith("0.9990 similar to image")
    workspace.browse = Browse(shown=GalleryList.LABELS, open=True)
    gallery = shown(workspace, loaded, scores).gallery
    assert gallery is not None
    assert gallery.rows.tolist() == [7]
    assert "All 10 nearest images are of class" in gallery.hints[7]


def test_the_training_images_are_those_that_are_watched(
    workspace: Workspace, loaded: FakeLoaded
) -> None:
    from dataclasses import replace

    workspace.display = replace(workspace.display, split=Split.TRAIN)
    gallery = shown(workspace, loaded, Scores()).gallery
    assert gallery is not None
    assert (gallery.split, len(gallery.samples)) == (Split.TRAIN, 12)


def test_the_source_tells_when_the_listing_changes(
    workspace: Workspace, loaded: FakeLoaded, scores: Scores
) -> None:
    before = listed_from(workspace, loaded, scores.get)
    assert listed_from(workspace, loaded, scores.get) == before
    workspace.browse = Browse(text="x", open=True)
    assert listed_from(workspace, loaded, scores.get) != before


def test_the_selected_images_alone_are_listed(
    workspace: Workspace, loaded: FakeLoaded, scores: Scores, runs: tuple[FakeRecording, ...]
) -> None:
    samples = loaded.known_galleries["npair"].samples
    chosen = frozenset(samples[[1, 3, 7]].tolist())
    assert shown(workspace, loaded, scores).selected == 0
    before = listed_from(workspace, loaded, scores.get)
    workspace.select_all(runs[0], Query(int(samples[3]), Split.TEST), chosen)
    assert listed_from(workspace, loaded, scores.get) != before
    state = shown(workspace, loaded, scores)
    assert (state.selected, state.filtered) == (3, "")
    workspace.browse = replace(workspace.browse, samples=chosen)
    state = shown(workspace, loaded, scores)
    assert state.gallery is not None
    assert sorted(state.gallery.rows.tolist()) == [1, 3, 7]
    assert (state.selected, state.filtered) == (0, "Selection: 3 images")
    assert state.summary == "3 of 9 test images · fail: 3 in N-pair, 2 in Symm + N-pair"
    workspace.clear_selection()  # what is listed stays
    assert shown(workspace, loaded, scores).filtered == "Selection: 3 images"
    workspace.browse = replace(workspace.browse, samples=frozenset({10_000}))
    state = shown(workspace, loaded, scores)
    assert state.gallery is not None
    assert (len(state.gallery.rows), state.filtered) == (9, ""), "none of them is of this split"
