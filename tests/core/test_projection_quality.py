import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import sklearn.manifold
from helpers_projection import make_frame
from scipy.spatial.distance import cdist

from symmcore.projection import quality
from symmcore.projection.base import ProjectionJob, ProjectionSettings
from symmcore.projection.motion import embedding_share
from symmcore.projection.neighbour_map import NeighbourProjector
from symmcore.projection.pca import PcaProjector
from symmcore.projection.quality import continuity, map_quality, recall_at_1, trustworthiness
from symmcore.projection.tsne import TsneMethod
from symmcore.records import EmbeddedSet, Frame, MapQuality, WatchedSet
from symmcore.runs.formats.frames import (
    PROJECTION_ARRAYS,
    QUALITY_ARRAYS,
    projection_bytes,
    projection_from,
)
from symmcore.runs.formats.untrusted_files import read_arrays

Array = npt.NDArray[np.float64]


def clouds(count: int = 90) -> tuple[Array, Array, npt.NDArray[np.int64]]:
    random = np.random.default_rng(0)
    labels = random.integers(6, size=count)
    points = np.eye(6, 10)[labels] + 0.4 * random.normal(size=(count, 10))
    return points, points[:, :2] + 0.1 * random.normal(size=(count, 2)), labels


@pytest.mark.parametrize("block", [8 * 90 * 7, 2**25])
def test_trustworthiness_and_continuity_are_those_of_scikit_learn(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "_BLOCK_BYTES", block)
    points, plane, _ = clouds()
    for k in (1, 10, 44):
        expected = sklearn.manifold.trustworthiness(points, plane, n_neighbors=k)
        assert trustworthiness(points, plane, k) == pytest.approx(expected, abs=1e-9)
        expected = sklearn.manifold.trustworthiness(plane, points, n_neighbors=k)
        assert continuity(points, plane, k) == pytest.approx(expected, abs=1e-9)
    assert trustworthiness(points, points) == 1.0
    random = np.random.default_rng(1).normal(size=plane.shape)
    assert 0.4 < trustworthiness(points, random) < 0.6


def test_of_many_points_some_are_looked_at() -> None:
    points, plane, _ = clouds(400)
    whole = trustworthiness(points, plane)
    some = trustworthiness(points, plane, most_rows=150)
    assert some != whole
    assert some == pytest.approx(whole, abs=0.03)


def test_recall_at_1_by_hand() -> None:
    points, _, labels = clouds()
    labels = np.append(labels[:-1], 99)  # it is no query
    away = cdist(points, points) + np.diag(np.full(90, np.inf))
    expected = (labels[away.argmin(axis=1)] == labels)[:-1].mean()
    assert recall_at_1(points, labels) == pytest.approx(expected)
    assert math.isnan(recall_at_1(points, np.arange(90)))


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_points_have_what_can_be_said_of_them(count: int) -> None:
    found = map_quality(np.eye(3)[:count], np.zeros((count, 2)), np.zeros(count, dtype=np.int64))
    assert math.isnan(found.trustworthiness) == (count < 3)
    assert math.isnan(found.recall_at_1) == (count < 2)
    assert math.isnan(found.embedding_motion)


def test_points_in_one_place_are_not_trusted() -> None:
    points, _, labels = clouds()
    assert map_quality(points, np.zeros((90, 2)), labels).trustworthiness < 0.7


def test_the_embeddings_share_of_a_movement() -> None:
    random = np.random.default_rng(0)
    before, own, new = random.normal(size=(3, 50, 2))
    again = before + 0.1 * own
    assert embedding_share(before, again, again) == 0.0
    assert embedding_share(before, before, before) == 0.0
    assert embedding_share(before, before, before + 0.1 * new) == 1.0
    assert embedding_share(before, again, again + 0.05 * new) == 0.0
    assert embedding_share(before, again, again + 0.2 * new) == pytest.approx(0.5, abs=0.1)
    assert embedding_share(before, again, again + 0.4 * new) == pytest.approx(0.75, abs=0.1)
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    assert embedding_share(before, before, before @ turn + 3.0) == 0.0
    assert embedding_share(*np.zeros((3, 0, 2))) == 0.0


def turned(frame: Frame, turn: Array) -> Frame:
    def of(watched: WatchedSet) -> WatchedSet:
        points = watched.points
        embeddings = (points.embeddings @ turn).astype(np.float32)
        synthetic = (watched.synthetic @ turn).astype(np.float32)
        return replace(watched, points=replace(points, embeddings=embeddings), synthetic=synthetic)

    return Frame(frame.step + 1, of(frame.train), of(frame.test))


def clustered(step: int, seed: int) -> Frame:
    """Forty images in five classes, each with a synthetic point."""
    random = np.random.default_rng(seed)
    index = np.arange(40, dtype=np.int64)
    labels = index // 8

    def watched() -> WatchedSet:
        rows = np.eye(8)[labels] + 0.2 * random.normal(size=(2, 40, 8))
        given = rows.astype(np.float32)
        return WatchedSet(EmbeddedSet(index, labels, given[0]), np.roll(index, 1), given[1])

    return Frame(step, watched(), watched())


@pytest.mark.filterwarnings("ignore")  # of the library's own code
@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_a_frozen_or_turned_embedding_has_no_movement_of_its_own(method: str) -> None:
    if method == "tsne":
        pytest.importorskip("openTSNE")
    projector = PcaProjector() if method == "pca" else NeighbourProjector(TsneMethod())
    first = clustered(1, seed=0)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 8)))[0]

    def share(frame: Frame) -> float:
        settings = ProjectionSettings(splits=("train", "test"))
        *_, start = projector.run(ProjectionJob(method, (first,), (None,)))
        job = ProjectionJob(method, (frame,), start.projections, settings, (first,))
        *_, after = projector.run(job)
        found = after.projections[0].test.quality
        assert found is not None
        return found.embedding_motion

    assert share(replace(first, step=2)) == 0.0
    assert share(turned(first, turn)) == 0.0
    assert share(clustered(2, seed=1)) > 0.3


def test_what_was_measured_is_recorded_and_read(tmp_path: Path) -> None:
    (update,) = PcaProjector().run(ProjectionJob("pca", (make_frame(1),), (None,)))
    (drawn,) = update.projections
    given = MapQuality(0.9, 0.8, 0.7, 0.6, 0.5)
    measured = replace(drawn, test=replace(drawn.test, quality=given))
    measured = replace(measured, train=replace(drawn.train, quality=None))
    path = tmp_path / "1.safetensors"
    path.write_bytes(projection_bytes(measured))
    arrays = read_arrays(tmp_path, path, PROJECTION_ARRAYS, QUALITY_ARRAYS)
    read = projection_from(path, arrays, "pca", 1)
    assert read.test.quality == given
    assert read.train.quality is None
    # what is no share is nothing that was measured
    arrays["test_quality"] = np.array([0.9, -1.0, np.inf, np.nan, 7.0])
    odd = projection_from(path, arrays, "pca", 1).test.quality
    assert odd is not None
    assert odd.trustworthiness == 0.9
    assert all(
        math.isnan(value)
        for value in (odd.continuity, odd.recall_at_1, odd.plane_recall_at_1, odd.embedding_motion)
    )
