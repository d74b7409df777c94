"""Which earlier maps a selected point's trail leads through."""

import dataclasses

import numpy as np
from helpers_recording import FakeLoaded, FakeRecording, make_projection

from symmcore.records import PlanePoints
from symmviz.model.loaded import LivePicture
from symmviz.model.map.layers import Layer
from symmviz.model.map.trails import MOST_FRAMES, MOST_POINTS, Trails, trails
from symmviz.model.resolve import watch
from symmviz.model.retrieval.query import Query, Split
from symmviz.model.workspace import Cursor, Workspace
from symmviz.presenters.window import frames_wanted

STEPS = tuple(range(0, 150, 10))


def shown(*samples: int) -> tuple[FakeRecording, FakeLoaded, Workspace]:
    run, loaded, workspace = FakeRecording(), FakeLoaded(), Workspace()
    run.add_frame(*STEPS)
    loaded.load(run, *STEPS)
    workspace.show((run,))
    workspace.display = dataclasses.replace(
        workspace.display, layers=frozenset({Layer.TRAILS}), split=Split.TEST
    )
    watched = loaded.known_images[run.key].test.samples
    if samples:
        chosen = [int(watched[row]) for row in samples]
        query = Query(chosen[0], Split.TEST)
        workspace.select_all(run, query, frozenset(chosen))
    return run, loaded, workspace


def found(workspace: Workspace, loaded: FakeLoaded) -> Trails | None:
    return watch(workspace, loaded).columns[0].trails


def test_they_lead_through_the_last_ten_recorded_maps_before_the_cursor() -> None:
    run, loaded, workspace = shown(2, 5)
    workspace.cursor = Cursor(123)
    result = found(workspace, loaded)
    assert result is not None
    assert result.rows == (2, 5)
    expected = [loaded.known[run.key, "pca", step].test.original[[2, 5]] for step in STEPS[2:12]]
    assert len(expected) == MOST_FRAMES
    np.testing.assert_array_equal(result.places, expected)
    wanted = [one.step for one in frames_wanted(workspace, 1)]
    assert {20, 30, 40, 110} <= set(wanted)
    del loaded.known[run.key, "pca", 50]
    fewer = found(workspace, loaded)
    assert fewer is not None
    assert len(fewer.places) == MOST_FRAMES - 1
    assert fewer.source != result.source
    other = make_projection(50)
    few = PlanePoints(other.test.original[:4], other.test.synthetic[:4])
    loaded.known[run.key, "pca", 50] = dataclasses.replace(other, test=few)
    damaged = found(workspace, loaded)  # a map of fewer points than there are images
    assert damaged is not None
    np.testing.assert_array_equal(damaged.places, fewer.places)
    del loaded.known[run.key, "pca", 50]
    again = found(workspace, loaded)
    assert again is not None
    assert again.source == fewer.source


def test_they_are_wanted_of_few_selected_points_alone() -> None:
    run, loaded, workspace = shown()
    assert found(workspace, loaded) is None
    workspace.cursor = Cursor(120)
    before = len(frames_wanted(workspace, 1))
    workspace.select(run, Query(int(loaded.known_images[run.key].test.samples[3]), Split.TEST))
    assert len(frames_wanted(workspace, 1)) > before
    workspace.display = dataclasses.replace(workspace.display, layers=frozenset())
    assert found(workspace, loaded) is None
    many = trails((make_projection(0).test,), tuple(range(MOST_POINTS + 1)), ())
    assert many.problem == "Trails are drawn of up to 50 selected points."
    assert not len(many.places)


def test_the_first_frame_has_a_sentence_instead() -> None:
    _, loaded, workspace = shown(1)
    workspace.cursor = Cursor(0)
    result = found(workspace, loaded)
    assert result is not None
    assert result.problem == "No earlier frame has a map yet: there are no trails."


def test_points_that_move_have_those_of_the_maps_they_were_seen_on() -> None:
    run, loaded, workspace = shown(4)
    seen = [make_projection(step, seed=9) for step in (120, 120, 130, 130, 140)]
    live = LivePicture(seen[0], "")
    loaded.moving[run.key, "pca", Split.TEST] = live
    workspace.cursor = Cursor(120)
    none = found(workspace, loaded)
    assert none is not None
    assert none.problem.startswith("Trails begin with the next frame; ")
    workspace.cursor = Cursor()
    for one in seen[1:]:
        live = live.followed_by(one, "")
    loaded.moving[run.key, "pca", Split.TEST] = live
    assert live.before == (seen[1], seen[3])
    result = found(workspace, loaded)
    assert result is not None
    expected = [seen[at].test.original[[4]] for at in (1, 3)]
    np.testing.assert_array_equal(result.places, expected)
    assert live.followed_by(make_projection(0), "").before == ()
    for step in range(150, 400, 10):
        live = live.followed_by(make_projection(step), "")
    assert [one.step for one in live.before] == list(range(290, 390, 10))
