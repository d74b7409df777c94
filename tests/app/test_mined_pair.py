"""A mined pair on the Learn page: the plane it is brought to, and the way there."""

import dataclasses
from typing import cast

import numpy as np
import pytest
from helpers_recording import FakeLoaded, FakeRecording
from pytestqt.qtbot import QtBot
from sklearn.decomposition import TruncatedSVD

from symmcore.records import MinedGroups, PickedPairs
from symmcore.settings.symm import Symm
from symmcore.training.spec import parse_spec
from symmviz.model.loaded import Loaded
from symmviz.model.mined_pair import group_of, mined_pair
from symmviz.model.playground import PLANE, START
from symmviz.model.resolve.point_facts import mined_at
from symmviz.model.retrieval.query import Query, Split
from symmviz.model.workspace import Workspace
from symmviz.views.learn.page import LearnPage


def picked(dimensions: int = 6, scale: float = 1.0) -> PickedPairs:
    embeddings = np.random.default_rng(0).normal(size=(3, 2, dimensions)).astype(np.float32)
    groups = MinedGroups(
        np.array([[10, 11], [20, 21], [30, 31]]), np.array([2, 0, 1]), embeddings * scale
    )
    return PickedPairs(np.zeros((3, 2, 2), np.int64), None, groups)


def test_the_plane_keeps_most_of_the_four_and_its_inner_products_are_theirs() -> None:
    found = picked()
    assert found.groups is not None
    shown = mined_pair(found, 1, parse_spec("npair+symm:alpha=1.5,rank=2"), 7)
    four = found.groups.embeddings[[1, 0]].reshape(4, 6).astype(np.float64)
    svd = TruncatedSVD(PLANE, algorithm="arpack", random_state=0)
    expected = svd.fit_transform(four)
    expected /= np.linalg.norm(expected, axis=1).max()
    points = shown.playground.points
    # up to a rotation and mirroring of the plane
    np.testing.assert_allclose(points @ points.T, expected @ expected.T, atol=1e-6)
    kept = (svd.singular_values_**2).sum() / (four**2).sum()
    assert f"which keeps {100 * kept:.0f}% of their squared norms" in shown.note
    named = (("x_k", 20), ("x_l", 21), ("x_m", 10), ("x_n", 11))
    assert ", ".join(f"{name} is training image {one}" for name, one in named) in shown.note
    assert "step 7" in shown.note
    assert (shown.playground.loss, shown.playground.symm) == ("npair", Symm(alpha=1.5, rank=2))


def test_two_dimensions_are_kept_whole() -> None:
    found = picked(dimensions=2, scale=1e30)
    shown = mined_pair(found, 0, parse_spec("triplet-semihard+symm"), 1)
    assert "keeps 100%" in shown.note
    assert shown.playground.loss == "triplet"
    assert found.groups is not None
    four = found.groups.embeddings[[0, 2]].reshape(4, 2).astype(np.float64) / 1e30
    four /= np.linalg.norm(four, axis=1).max()
    points = shown.playground.points
    np.testing.assert_allclose(points @ points.T, four @ four.T, atol=1e-6)


@pytest.mark.parametrize(("dimensions", "scale"), [(1, 1.0), (3, 0.0), (3, np.inf)])
def test_what_has_no_plane_is_shown_all_the_same(dimensions: int, scale: float) -> None:
    with np.errstate(invalid="ignore"):
        found = picked(dimensions, scale)
    points = mined_pair(found, 0, parse_spec("npair+symm"), 1).playground.points
    assert points.shape == (4, PLANE)
    assert np.isfinite(points).all()


def test_an_image_is_found_in_its_pair() -> None:
    assert [group_of(picked(), sample) for sample in (10, 21, 31, 12)] == [0, 1, 2, None]
    assert group_of(None, 10) is None
    assert group_of(dataclasses.replace(picked(), groups=None), 10) is None


def test_a_selected_image_of_the_newest_batch_can_be_shown() -> None:
    workspace, loaded = Workspace(), FakeLoaded()
    runs = FakeRecording("npair"), FakeRecording("npair+symm")
    for run in runs:
        run.add_frame(5)
    loaded.known_picks[runs[1].key, 5] = picked()
    workspace.show(runs)
    known = cast("Loaded", loaded)

    def select(sample: int, split: Split = Split.TRAIN) -> None:
        workspace.select(runs[1], Query(sample, split))

    select(20)
    assert mined_at(workspace, known) is None  # picked pairs are not shown
    workspace.display = dataclasses.replace(
        workspace.display, split=Split.TRAIN, pairs_visible=True
    )
    found = mined_at(workspace, known)
    assert found is not None
    assert "x_l is training image 21" in found.note
    assert mined_at(workspace, known) is found  # not computed anew at every look
    for sample, split in ((99, Split.TRAIN), (20, Split.TEST)):
        select(sample, split)
        assert mined_at(workspace, known) is None
    workspace.clear_selection()
    assert mined_at(workspace, known) is None


def test_the_learn_page_says_where_it_is_from_until_something_else_is_shown(qtbot: QtBot) -> None:
    page = LearnPage()
    qtbot.addWidget(page)
    shown = mined_pair(picked(), 0, parse_spec("npair+symm"), 3)
    page.show_mined(shown)
    assert page.playground.points is shown.playground.points
    assert page.details().startswith(shown.note)
    page.controls.loss.setCurrentIndex(page.controls.loss.findData("triplet"))
    assert page.details().startswith(shown.note)
    page.view.moved.emit(0, np.array([0.5, 0.5]))
    assert page.details().startswith("Moved from where a mined pair was.")
    page.controls.presets[0].click()
    assert "mined" not in page.details()
    assert START.playground(PLANE).points.shape == page.playground.points.shape
