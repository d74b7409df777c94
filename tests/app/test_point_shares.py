"""Colours that are a scale: drift, false and missing neighbours, each against its definition."""

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
import pytest
from helpers_recording import FakeLoaded, FakeRecording
from pytestqt.qtbot import QtBot

from symmcore.projection import neighbours
from symmcore.records import EmbeddedSet
from symmviz.model.display import ColourBy, PointCloud
from symmviz.model.loaded import Shares
from symmviz.model.map.class_choice import ShownClasses
from symmviz.model.map.frame_changes import NEIGHBOURS
from symmviz.model.resolve import share_target, watch
from symmviz.model.resolve.point_facts import since_choice
from symmviz.model.since import COMPARING, SinceChoice
from symmviz.model.workspace import Cursor, Workspace
from symmviz.presenters.window import frames_wanted
from symmviz.services.frames.loader import FrameLoader
from symmviz.services.frames.point_shares import (
    class_loss,
    drift,
    false_neighbours,
    missing_neighbours,
)
from symmviz.views.map.point_colours import SCALE_STEPS, PointFacts, argb, colouring, scale_colours
from symmviz.views.style.theme import DARK, LIGHT, Theme
from symmviz.views.widgets.colour_box import ColourField


def test_drift_is_one_minus_the_cosine_whatever_the_norms() -> None:
    angles = np.radians([0, 30, 90, 150, 60])
    then = np.tile([3.0, 0.0], (5, 1)).astype(np.float32)
    now = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    now[4] = np.nan
    found = drift(now, then)
    np.testing.assert_allclose(found[:4], [0, 1 - np.sqrt(0.75), 1, 1], atol=1e-6)
    assert np.isnan(found[4])


def written_out(first: np.ndarray, second: np.ndarray) -> list[float]:
    """Of the 10 nearest in the first, the share that is none of the 30 nearest in the second."""
    shares = []
    for row in range(len(first)):
        others = [at for at in range(len(first)) if at != row]
        near = sorted(others, key=lambda at: np.linalg.norm(first[at] - first[row]))[:10]
        there = sorted(others, key=lambda at: np.linalg.norm(second[at] - second[row]))[:30]
        shares.append(1 - len(set(near) & set(there)) / len(near))
    return shares


@pytest.mark.parametrize("count", [5, 25, 90])
def test_neighbours_are_false_or_missing_as_the_definition_says(count: int) -> None:
    random = np.random.default_rng(count)
    space = random.normal(size=(count, 6)).astype(np.float32)
    plane = space[:, :2] + random.normal(0, 0.3, (count, 2)).astype(np.float32)
    units = space / np.linalg.norm(space, axis=1, keepdims=True)
    false, missing = false_neighbours(space, plane), missing_neighbours(space, plane)
    np.testing.assert_allclose(false, written_out(plane, units), atol=1e-6)
    np.testing.assert_allclose(missing, written_out(units, plane), atol=1e-6)
    assert (count < 40) == (not false.any())


def test_a_map_that_is_the_space_has_none_and_what_is_no_number_is_left_out() -> None:
    angles = np.linspace(0, 3, 600)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    circle[7] = np.nan
    for lost in (false_neighbours, missing_neighbours):
        found = lost(5 * circle, circle)
        assert np.isnan(found[7])
        assert not np.delete(found, 7).any()
        assert np.isnan(lost(circle[:1], circle[:1])).all()
        assert lost(circle[:0], circle[:0]).shape == (0,)


@pytest.fixture
def run() -> FakeRecording:
    made = FakeRecording()
    made.add_frame(0, 10, 20)
    return made


@pytest.fixture
def loader() -> Iterator[FrameLoader]:
    made = FrameLoader()
    yield made
    assert made.close(20.0)


@pytest.mark.parametrize(
    "meaning", [ColourBy.DRIFT, ColourBy.LOST, ColourBy.FALSE, ColourBy.MISSING]
)
def test_what_is_wanted_is_computed_from_the_recorded_frames(
    run: FakeRecording, loader: FrameLoader, meaning: ColourBy
) -> None:
    workspace = Workspace()
    workspace.show((run,))
    workspace.cursor = Cursor(20)
    workspace.display = dataclasses.replace(workspace.display, colour_by=meaning)
    workspace.browse = dataclasses.replace(workspace.browse, since=15)
    target = share_target(workspace, run, 20)
    assert target is not None
    assert target.since == (10 if meaning in COMPARING else 0)
    loader.request(frames_wanted(workspace, 1))
    while loader.busy:
        pass
    found = loader.shares(target)
    assert found is not None
    frame, then, plane = run.frame(20), run.frame(10), run.projections[20]
    embeddings = frame.test.points.embeddings
    expected = {
        ColourBy.DRIFT: lambda: drift(embeddings, then.test.points.embeddings),
        ColourBy.LOST: lambda: class_loss(frame.test.points, then.test.points),
        ColourBy.FALSE: lambda: false_neighbours(embeddings, plane.test.original),
        ColourBy.MISSING: lambda: missing_neighbours(embeddings, plane.test.original),
    }[meaning]()
    np.testing.assert_array_equal(found.test, expected)


def test_a_map_shows_them_once_they_are_known(run: FakeRecording) -> None:
    loaded, workspace = FakeLoaded(), Workspace()
    loaded.load(run, 0, 10, 20)
    workspace.show((run,))
    assert share_target(workspace, run, 20) is None
    workspace.display = dataclasses.replace(workspace.display, colour_by=ColourBy.DRIFT)
    assert watch(workspace, loaded).columns[0].shares is None
    target = share_target(workspace, run, 20)
    assert target is not None
    assert target.since == 0
    shares = Shares(np.zeros(12, np.float32), np.ones(9, np.float32))
    loaded.known_shares[target] = shares
    assert watch(workspace, loaded).columns[0].shares is shares.test


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_scale_goes_from_right_to_wrong(theme: Theme) -> None:
    labels = np.zeros(4, np.int64)
    cloud = PointCloud(labels, labels, labels, ("a",))
    shares = np.array([0, 0.5, 1, np.nan], np.float32)
    drawn = colouring(cloud, ColourBy.FALSE, theme, ShownClasses(), PointFacts(shares=shares))
    colours = [argb(one) & 0xFFFFFF for one in scale_colours(theme)]
    muted = argb(theme.muted) & 0xFFFFFF
    found = (drawn.look.colours[drawn.original] & 0xFFFFFF).tolist()
    assert found == [colours[0], colours[SCALE_STEPS // 2], colours[-1], muted]
    assert colours[0] == argb(theme.right) & 0xFFFFFF
    assert colours[-1] == argb(theme.wrong) & 0xFFFFFF


def own_shares(images: EmbeddedSet) -> list[float]:
    """Of each image the share of its nearest that are of its class, by loops."""
    units = images.embeddings / np.linalg.norm(images.embeddings, axis=1, keepdims=True)
    labels = images.labels.tolist()
    found = []
    for row, label in enumerate(labels):
        cosines = units @ units[row]
        others = [at for at in np.argsort(-cosines, kind="stable").tolist() if at != row]
        near = others[: min(NEIGHBOURS, labels.count(label) - 1)]
        found.append(sum(labels[at] == label for at in near) / len(near) if near else math.nan)
    return found


def test_loss_of_class_is_the_share_of_neighbours_that_were_of_it() -> None:
    random = np.random.default_rng(3)
    labels = np.array([*random.integers(0, 4, 50), 9])
    samples = np.arange(51)
    then, now = (
        EmbeddedSet(samples, labels, random.standard_normal((51, 6)).astype(np.float32))
        for _ in range(2)
    )
    wanted = [max(a - b, 0.0) for a, b in zip(own_shares(then), own_shares(now), strict=True)]
    wanted[50] = math.nan  # alone in its class
    assert max(wanted[:50]) > 0.3
    np.testing.assert_allclose(class_loss(now, then), wanted, rtol=1e-6)
    assert not class_loss(now, now)[:50].any()


def test_the_window_compares_each_with_each_however_many_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(60) % 3
    then, now = (
        EmbeddedSet(np.arange(60), labels, random.normal(size=(60, 6)).astype(np.float32))
        for _ in range(2)
    )
    expected = class_loss(now, then)
    monkeypatch.setattr(neighbours, "EXACT_UP_TO", 10)

    def search(*_: object) -> None:
        raise AssertionError("a library was loaded that holds the lock for seconds")

    monkeypatch.setattr(neighbours, "_indexed", search)
    np.testing.assert_array_equal(class_loss(now, then), expected)


def test_the_step_to_compare_with_is_chosen_beside_the_colours(qtbot: QtBot) -> None:
    field = ColourField()
    chosen: list[int] = []
    qtbot.addWidget(field)
    field.since_chosen.connect(chosen.append)
    run, workspace = FakeRecording(), Workspace()
    run.add_frame(0, 10, 30, 1_000)
    workspace.show((run,))
    assert since_choice(workspace) == SinceChoice()
    field.set_since(since_choice(workspace))
    assert field.since.isHidden()
    for meaning in COMPARING:
        workspace.display = dataclasses.replace(workspace.display, colour_by=meaning)
        assert since_choice(workspace) == SinceChoice((0, 10, 30, 1_000), 0)
    field.set_since(since_choice(workspace))
    assert not field.since.isHidden()
    field.since.stepBy(1)
    field.since.setValue(29)  # the frame before it, which is chosen already
    field.since.stepBy(1)
    field.since.stepBy(5)
    field.since.stepBy(-9)
    assert chosen == [10, 30, 1_000, 0]
    workspace.browse = dataclasses.replace(workspace.browse, since=31)
    field.set_since(since_choice(workspace))
    assert field.since.value() == 30
    assert chosen == [10, 30, 1_000, 0], "what is shown was not chosen"
