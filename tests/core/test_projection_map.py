"""What UMAP and t-SNE have in common, with a layout whose every step is known."""

import itertools
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from helpers_layout import REACH, Drift, Drifting
from helpers_projection import make_frame
from scipy.spatial.transform import Rotation

from symmcore.projection import neighbour_map
from symmcore.projection.base import ProjectionJob, ProjectionSettings, ProjectionUpdate
from symmcore.projection.layout import Beginning, Layout, principal_plane, turned_to
from symmcore.projection.neighbour_map import NeighbourProjector
from symmcore.projection.split_map import SplitMap
from symmcore.records import EmbeddedSet, Frame, Projection, WatchedSet

Array = npt.NDArray[np.float64]


def watched(rows: npt.ArrayLike, partner: npt.ArrayLike | None = None) -> WatchedSet:
    embeddings = np.asarray(rows, dtype=np.float32)
    index = np.arange(len(embeddings), dtype=np.int64)
    axes = np.roll(index, 1) if partner is None else np.asarray(partner, dtype=np.int64)
    return WatchedSet(EmbeddedSet(index, index, embeddings), axes, -embeddings)


def frame(rows: npt.ArrayLike, step: int = 3, partner: npt.ArrayLike | None = None) -> Frame:
    return Frame(step, watched(rows, partner), watched(rows, partner))


def job(
    *frames: Frame, starts: tuple[Projection | None, ...] = (), **settings: Any
) -> ProjectionJob:
    given = ProjectionSettings(**settings)
    return ProjectionJob("drift", frames, starts or (None,) * len(frames), given)


def finished(projector: NeighbourProjector, asked: ProjectionJob) -> tuple[Projection, ...]:
    *_, last = projector.run(asked)
    assert last.is_final
    return last.projections


def size(points: npt.NDArray[np.floating]) -> float:
    return float(np.linalg.norm(points - points.mean(axis=0)))


def test_updates_come_until_all_is_done_and_say_how_far_they_are() -> None:
    updates = list(NeighbourProjector(Drift()).run(job(make_frame(7), matured=0.0)))
    shares = [update.done for update in updates]
    assert shares == sorted(shares)
    assert sorted(set(shares)) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert shares.count(0.5) == 2  # one for each split, so that a cancel waits for one alone
    assert [update.is_final for update in updates] == [False] * (len(updates) - 1) + [True]
    assert {update.matured == update.done for update in updates} == {True}
    (projection,) = updates[-1].projections
    assert (projection.step, projection.method) == (7, "drift")
    assert projection.explained is None
    for plane in (projection.train, projection.test):
        for points in (plane.original, plane.synthetic):
            assert points.dtype == np.float32
            assert points.flags.c_contiguous
            assert not points.flags.writeable
            assert np.isfinite(points).all()


def test_the_first_picture_is_a_pca_at_once_and_reaches_as_far_as_the_layout_will() -> None:
    first = next(NeighbourProjector(Drift()).run(job(make_frame(7))))
    rows = make_frame(7).test
    points = np.concatenate([rows.points.embeddings, rows.synthetic]).astype(float)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    plane = first.projections[0].test
    drawn = np.concatenate([plane.original, plane.synthetic])
    expected = principal_plane(points)
    expected *= REACH / np.linalg.norm(expected, axis=1).max()
    np.testing.assert_allclose(drawn, expected, rtol=1e-5, atol=1e-5)


def test_a_frame_goes_on_from_where_the_points_were_and_is_turned_to_fit() -> None:
    method = Drift()
    (start,) = finished(NeighbourProjector(method), job(make_frame(7)))
    (after,) = finished(NeighbourProjector(method), job(make_frame(8), starts=(start,)))
    assert method.begun[-1][1].matured == 1.0
    drawn = np.concatenate([start.test.original, start.test.synthetic])
    np.testing.assert_array_equal(method.begun[-1][1].coordinates, drawn)
    # the layout turns four times by 90 degrees, moves, and doubles: only that is left
    np.testing.assert_allclose(after.test.original, 16 * start.test.original, rtol=1e-3, atol=1e-3)


def test_only_the_split_that_is_asked_for_moves() -> None:
    projector = NeighbourProjector(Drift())
    (start,) = finished(projector, job(make_frame(7)))
    asked = job(make_frame(8), starts=(start,), splits=("test",))
    (after,) = finished(projector, asked)
    assert after.train is start.train
    assert size(after.test.original) > 2 * size(start.test.original)
    (alone,) = finished(projector, job(make_frame(8), splits=("test",)))
    assert not alone.train.original.any()
    assert len(alone.train.original) == 40


def test_a_run_without_a_picture_begins_where_the_first_runs_points_are() -> None:
    method = Drift()
    (start,) = finished(NeighbourProjector(method), job(make_frame(7)))
    method.begun.clear()
    frames = make_frame(8), make_frame(8, seed=1)
    finished(NeighbourProjector(method), job(*frames, starts=(start, None)))
    (_, first), _, (_, second), _ = method.begun
    np.testing.assert_array_equal(first.coordinates, second.coordinates)
    assert (first.matured, second.matured) == (1.0, 0.0)


def test_runs_of_different_images_are_refused() -> None:
    with pytest.raises(ValueError, match="same images"):
        finished(NeighbourProjector(Drift()), job(make_frame(1), make_frame(1, count=39)))


def test_an_image_without_a_partner_has_its_synthetic_point_at_its_own_place() -> None:
    rows = np.random.default_rng(0).normal(size=(12, 4))
    partner = np.where(np.arange(12) < 5, -1, 3)
    method = Drift()
    (drawn,) = finished(NeighbourProjector(method), job(frame(rows, partner=partner)))
    assert len(method.begun[0][0]) == 12 + 7
    plane = drawn.test
    np.testing.assert_array_equal(plane.original[:5], plane.synthetic[:5])
    assert (plane.original[5:] != plane.synthetic[5:]).all()


@pytest.mark.parametrize(
    ("rows", "is_drawn"),
    [
        (np.ones((20, 4)), False),
        (np.full((20, 4), np.nan), False),
        (np.zeros((20, 4)), False),
        (np.vstack([np.full((3, 4), np.inf), np.random.default_rng(0).normal(size=(17, 4))]), True),
        (np.random.default_rng(0).normal(size=(2, 4)), True),
        (np.random.default_rng(0).normal(size=(20, 2)), True),
        (np.random.default_rng(0).normal(size=(20, 1)), True),
        (np.zeros((0, 4)), False),
    ],
)
def test_whatever_a_network_gives_has_a_picture(rows: Array, is_drawn: bool) -> None:
    partner = np.full(len(rows), -1)
    (drawn,) = finished(NeighbourProjector(Drift()), job(frame(rows, partner=partner)))
    assert drawn.test.original.shape == (len(rows), 2)
    assert np.isfinite(drawn.test.original).all()
    assert drawn.test.original.any() == is_drawn


class Narrow(Drift):
    """Begins in one place, as t-SNE does, and grows from there."""

    def begin(self, points: Array, beginning: Beginning) -> Layout:
        layout = super().begin(points, beginning)
        layout.coordinates = beginning.coordinates * 1e-4  # type: ignore[misc]  # of the double
        return layout


def test_a_first_layout_is_shown_no_narrower_than_what_it_began_from_until_it_is_done() -> None:
    updates = list(NeighbourProjector(Narrow()).run(job(make_frame(1), matured=0.0)))
    began, *growing, done = (size(one.projections[0].test.original) for one in updates[:-1])
    np.testing.assert_allclose(growing, began, rtol=1e-5)
    np.testing.assert_allclose(done, began * 1e-4 * 2**4, rtol=1e-5)
    last = updates[-1].projections[0].test.original
    np.testing.assert_array_equal(last, updates[-2].projections[0].test.original)


@pytest.mark.parametrize("matured", [0.0, 1.0])
def test_a_map_without_a_start_is_a_first_layout_that_grows_ripe(matured: float) -> None:
    asked = job(make_frame(1), matured=matured)
    ripe = [one.matured for one in NeighbourProjector(Drift()).run(asked)]
    assert ripe[0] == 0.0
    assert ripe == sorted(ripe)
    assert ripe[-1] == 1.0


def test_runs_of_which_one_has_a_start_are_as_ripe_as_the_other() -> None:
    (start,) = finished(NeighbourProjector(Drift()), job(make_frame(1)))
    asked = job(make_frame(2), make_frame(2), starts=(start, None))
    first, *_, last = NeighbourProjector(Drift()).run(asked)
    assert (first.matured, last.matured) == (0.0, 1.0)


class Between(Drift):
    """Draws its points together in the first two of four pieces."""

    def begin(self, points: Array, beginning: Beginning) -> Layout:
        self.begun.append((points, beginning))
        return _Between(beginning.coordinates)


class _Between(Drifting):
    def advance(self) -> None:
        super().advance()
        self.is_between = self.done <= 0.5


def test_points_stay_while_they_are_drawn_together_between_two_layouts() -> None:
    start = finished(NeighbourProjector(Drift()), job(make_frame(1)))
    asked = job(make_frame(2), starts=start)
    shown = [one.projections[0].test.original for one in NeighbourProjector(Between()).run(asked)]
    moved = [bool((one != start[0].test.original).any()) for one in shown]
    assert moved == [False] * moved.index(True) + [True] * (len(moved) - moved.index(True))
    assert moved.index(True) >= 3  # as begun, and after each of two pieces
    (last,) = finished(NeighbourProjector(Drift()), asked)
    np.testing.assert_array_equal(shown[-1], last.test.original)


@pytest.mark.parametrize("rests", [True, False])
def test_a_first_layout_is_shown_once_its_points_have_parted_if_no_frame_cuts_it_short(
    rests: bool,
) -> None:
    settings = ProjectionSettings(is_live=True, matured=0.0, rests=rests)
    asked = replace(job(make_frame(2)), settings=settings)
    updates = list(NeighbourProjector(Between()).run(asked))
    first = updates[0].projections[0].train.original
    waits = [bool((one.projections[0].train.original == first).all()) for one in updates]
    # as begun, of either split, after two pieces of each, and until both have done one more
    assert waits == [True] * waits.count(True) + [False] * waits.count(False)
    assert waits.count(True) == (7 if rests else 3)
    notes = [one.note for one in updates]
    # until the first is begun, too; the other split is a piece behind
    assert notes.count("laying out") == 7
    assert notes[-1] == ""
    for one in updates:
        assert not rests or not one.note or one.matured == 0.0, "what is not shown is begun anew"
    assert updates[-1].matured == 1.0


def test_compared_runs_are_shown_at_the_same_piece() -> None:
    updates = NeighbourProjector(Drift()).run(job(make_frame(1), make_frame(1)))
    drawn = [[size(one.test.original) for one in update.projections] for update in updates]
    assert len({first for first, _ in drawn}) == 5  # as begun, and after each piece
    for first, second in drawn:
        assert second == pytest.approx(first, rel=1e-4)


class Broken(Drift):
    name = "tsne"

    def prepare(self) -> None:
        raise OSError("lib.so: wrong version")


def test_a_library_that_is_broken_is_named_with_what_to_install() -> None:
    projector = NeighbourProjector(Broken())
    for _ in range(2):
        with pytest.raises(
            ImportError, match=r"t-SNE needs openTSNE.*: pip install .*wrong version"
        ):
            finished(projector, job(make_frame(1)))


class Slow(Drift):
    def __init__(self) -> None:
        super().__init__()
        self.compiled = threading.Event()

    def prepare(self) -> None:
        assert self.compiled.wait(60)


def test_the_picture_is_there_and_its_caption_says_so_while_a_library_compiles() -> None:
    method = Slow()
    updates: Iterator[ProjectionUpdate] = NeighbourProjector(method).run(job(make_frame(1)))
    for _ in range(2):
        update = next(updates)
        assert update.note == "loading, PCA meanwhile"
        assert update.projections[0].test.original.any()
    method.compiled.set()
    *_, last = updates
    assert last.note == ""


def test_points_that_were_drawn_of_another_frame_are_not_measured_while_a_library_compiles() -> (
    None
):
    start = finished(NeighbourProjector(Drift()), job(make_frame(1)))
    assert start[0].test.quality is not None
    method = Slow()
    updates = NeighbourProjector(method).run(job(make_frame(2), starts=start))
    update = next(updates)
    assert update.note == "loading"
    assert update.projections[0].test.quality is None
    np.testing.assert_array_equal(update.projections[0].test.original, start[0].test.original)
    method.compiled.set()
    *_, last = updates
    assert last.projections[0].test.quality is not None


@pytest.mark.parametrize("matured", [0.0, 1.0])
def test_what_was_measured_of_a_start_is_not_said_of_a_first_layout(matured: float) -> None:
    (start,) = finished(NeighbourProjector(Drift()), job(make_frame(1)))
    known = start.test.quality
    assert known is not None
    moved = replace(start.test, quality=replace(known, embedding_motion=0.7))
    settings = ProjectionSettings(is_live=True, matured=matured)
    asked = job(make_frame(2), starts=(replace(start, test=moved),))
    first = next(iter(NeighbourProjector(Drift()).run(replace(asked, settings=settings))))
    said = first.projections[0].test.quality
    assert said is None if matured == 0.0 else said is not None
    if said is not None:
        assert said.trustworthiness == known.trustworthiness
        assert math.isnan(said.embedding_motion), "of the step of the start"


def test_turning_finds_a_rotation_with_a_reflection() -> None:
    random = np.random.default_rng(0)
    target = random.normal(size=(30, 2)) + np.array([3.0, 1.0])
    turn = Rotation.from_euler("z", 40, degrees=True).as_matrix()[:2, :2] * [1.0, -1.0]
    moved = turned_to(target @ turn + [9.0, 9.0], target, 20)
    np.testing.assert_allclose(moved, target, atol=1e-9)


def test_a_frame_in_one_place_does_not_keep_the_picture_of_the_one_before() -> None:
    projector = NeighbourProjector(Drift())
    rows = np.random.default_rng(0).normal(size=(20, 4))
    (start,) = finished(projector, job(frame(rows)))
    (after,) = finished(projector, job(frame(np.ones((20, 4)), partner=[-1] * 20), starts=(start,)))
    assert not after.test.original.any()


def test_the_frame_before_is_laid_out_once_more_to_measure_the_movement() -> None:
    method = Drift()
    (start,) = finished(NeighbourProjector(method), job(make_frame(7)))
    method.begun.clear()
    asked = job(make_frame(8), starts=(start,))
    (after,) = finished(NeighbourProjector(method), replace(asked, before=(make_frame(7),)))
    assert len(method.begun) == 4
    for (_, new), (_, again) in (method.begun[0::2], method.begun[1::2]):
        np.testing.assert_array_equal(new.coordinates.shape, again.coordinates.shape)
        assert new.changed == again.changed > 0.0
    assert after.test.quality is not None
    # the layout moves every frame alike, whatever its points are
    assert after.test.quality.embedding_motion == 0.0


@pytest.mark.parametrize(("a_second", "times"), [(400, 5), (1, 1)])
def test_many_points_that_move_do_not_wait_for_being_measured(
    a_second: int, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count(step=1.1)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(neighbour_map, "_POINTS_MEASURED_A_SECOND", a_second)
    measured: list[int] = []
    monkeypatch.setattr(SplitMap, "measure", lambda one: measured.append(one.count))
    asked = job(make_frame(1), splits=("test",), is_live=True)
    finished(NeighbourProjector(Drift()), asked)
    assert len(measured) == times
