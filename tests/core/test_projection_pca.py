from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from scipy.linalg import orthogonal_procrustes, subspace_angles
from sklearn.decomposition import PCA

from symmcore.projection.pca import PcaProjector
from symmcore.records import EmbeddedSet, Frame, PlanePoints, Projection, WatchedSet

Array = npt.NDArray[np.float64]


class Following:
    """Projects frame after frame, each from the last coordinates of its run that had a plane."""

    def __init__(self) -> None:
        self._last: dict[int, Projection] = {}

    def project(self, frames: tuple[Frame, ...]) -> tuple[Projection, ...]:
        starts = tuple(self._last.get(run) for run in range(len(frames)))
        drawn = PcaProjector().project(frames, starts)
        for run, projection in enumerate(drawn):
            if projection.explained is not None:
                self._last[run] = projection
        return drawn


def watched(
    embeddings: npt.ArrayLike,
    synthetic: npt.ArrayLike | None = None,
    labels: npt.NDArray[np.int64] | None = None,
) -> WatchedSet:
    rows = np.asarray(embeddings, dtype=np.float32)
    index = np.arange(len(rows), dtype=np.int64)
    other = rows if synthetic is None else np.asarray(synthetic, dtype=np.float32)
    classes = index if labels is None else labels
    return WatchedSet(EmbeddedSet(index, classes, rows), index, other)


def frame(embeddings: Array, step: int = 0, synthetic: Array | None = None) -> Frame:
    """Two thirds of the rows for training, one for test."""
    split = 2 * len(embeddings) // 3
    other = embeddings if synthetic is None else synthetic
    return Frame(
        step,
        watched(embeddings[:split], other[:split]),
        watched(embeddings[split:], other[split:]),
    )


def originals(projection: Projection) -> Array:
    return np.concatenate([projection.train.original, projection.test.original]).astype(float)


def normalised(embeddings: Array) -> Array:
    unit: Array = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return unit


def displacement(before: Array, after: Array) -> float:
    """Mean way of a point, relative to the cloud's root mean square radius."""
    return float(np.linalg.norm(after - before, axis=1).mean() * len(after) ** 0.5) / float(
        np.linalg.norm(after)
    )


def rotation(random: np.random.Generator, dim: int) -> Array:
    return np.linalg.qr(random.normal(size=(dim, dim)))[0]


def clear_cloud(random: np.random.Generator, count: int = 200, dim: int = 16) -> Array:
    """Two wide directions, the others narrow, away from zero."""
    scales = np.concatenate([[0.5, 0.3], np.full(dim - 2, 0.02)])
    cloud: Array = random.normal(size=(count, dim)) * scales
    cloud[:, -1] += 1.0
    return cloud


def simplex(random: np.random.Generator, dim: int = 64, each: int = 20) -> Array:
    """Ten classes at equal distances: nine equal eigenvalues but for the noise."""
    centres = np.eye(dim)[:10]
    return np.repeat(centres, each, axis=0) + 0.03 * random.normal(size=(10 * each, dim))


def jitter(random: np.random.Generator, cloud: Array, each: int = 20) -> Array:
    """Move every class a little, as a step of training does."""
    centres = random.normal(size=(len(cloud) // each, cloud.shape[1]))
    return cloud + 0.01 * np.repeat(centres, each, axis=0)


def kept(projection: Projection, cloud: Array) -> float:
    """The share that the plane keeps of what the best plane keeps."""
    best = PCA(2).fit(normalised(cloud)).explained_variance_ratio_.sum()
    assert projection.explained is not None
    return projection.explained / float(best)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def test_is_a_projector() -> None:
    projector: PcaProjector = PcaProjector()
    assert projector.name == "pca"
    assert projector.project((), ()) == ()


def test_first_frame_is_pca(random: np.random.Generator) -> None:
    cloud = clear_cloud(random)
    (result,) = Following().project((frame(cloud, step=7),))
    pca = PCA(2).fit(normalised(cloud))
    expected = pca.transform(normalised(cloud))
    turn = orthogonal_procrustes(expected, originals(result))[0]
    np.testing.assert_allclose(originals(result), expected @ turn, atol=1e-5)
    assert result.explained == pytest.approx(pca.explained_variance_ratio_.sum(), abs=1e-6)
    assert (result.step, result.method) == (7, "pca")


def test_follows_pca_where_the_gap_is_clear(random: np.random.Generator) -> None:
    cloud, axis_turn = clear_cloud(random), np.eye(16)
    # A small turn of the wide directions towards narrow ones, again and again.
    axis_turn[:4, :4] = np.kron(
        [[np.cos(0.1), np.sin(0.1)], [-np.sin(0.1), np.cos(0.1)]], np.eye(2)
    )
    projector = Following()
    for step in range(30):
        (result,) = projector.project((frame(cloud, step),))
        expected = PCA(2).fit_transform(normalised(cloud))
        angles = subspace_angles(originals(result), expected)
        assert np.rad2deg(angles).max() < 1.0
        assert kept(result, cloud) > 0.999
        cloud = cloud @ axis_turn


def test_original_points_alone_decide_the_plane(random: np.random.Generator) -> None:
    cloud = clear_cloud(random)
    away = random.normal(size=cloud.shape)
    (plain,) = Following().project((frame(cloud),))
    (other,) = Following().project((frame(cloud, synthetic=away),))
    np.testing.assert_array_equal(originals(plain), originals(other))
    np.testing.assert_array_equal(plain.train.synthetic, plain.train.original)
    pca = PCA(2).fit(normalised(cloud))
    turn = orthogonal_procrustes(pca.transform(normalised(cloud)), originals(other))[0]
    synthetic = np.concatenate([other.train.synthetic, other.test.synthetic])
    np.testing.assert_allclose(synthetic, pca.transform(normalised(away)) @ turn, atol=1e-4)


def test_turning_the_embedding_space_moves_nothing(random: np.random.Generator) -> None:
    cloud = clear_cloud(random)
    projector = Following()
    (first,) = projector.project((frame(cloud),))
    for turn in (-np.eye(16), np.diag(random.choice([-1.0, 1.0], 16)), rotation(random, 16)):
        (result,) = projector.project((frame(3.0 * cloud @ turn),))
        np.testing.assert_allclose(originals(result), originals(first), atol=1e-5)


def test_each_frame_is_pca_turned_to_fit_the_one_before(random: np.random.Generator) -> None:
    cloud = simplex(random)  # near-equal eigenvalues: the plane swings
    projector = Following()
    last: Array | None = None
    for _ in range(10):
        cloud = jitter(random, cloud)
        drawn = originals(projector.project((frame(cloud),))[0])
        expected = PCA(2).fit_transform(normalised(cloud))
        target = drawn if last is None else last
        turned = expected @ orthogonal_procrustes(expected, target)[0]
        np.testing.assert_allclose(drawn, turned, atol=1e-5)
        last = drawn


def test_labels_do_not_shape_the_map(random: np.random.Generator) -> None:
    cloud = normalised(simplex(random)).astype(np.float32)
    nothing = watched(cloud[:0])
    other = normalised(jitter(random, simplex(random))).astype(np.float32)
    maps = []
    for labels in (np.repeat(np.arange(10), 20), random.integers(0, 10, 200)):
        projector = Following()
        frames = [Frame(0, nothing, watched(one, labels=labels)) for one in (cloud, other)]
        maps.append([originals(projector.project((one,))[0]) for one in frames])
    np.testing.assert_array_equal(maps[0], maps[1])


def test_leaves_a_plane_that_holds_nothing_any_more() -> None:
    axes = np.repeat(np.eye(4), [2, 2, 20, 10], axis=0)
    axes[::2] *= -1.0
    seen = np.arange(len(axes))[:, None] < 4  # the others are zero, and drawn in the middle
    projector = Following()
    projector.project((frame(np.where(seen, axes, 0.0)),))
    (result,) = projector.project((frame(axes),))
    assert kept(result, axes) == pytest.approx(1.0)


def test_runs_with_one_network_are_drawn_alike(random: np.random.Generator) -> None:
    cloud = simplex(random)
    turned = np.pad(cloud, ((0, 0), (0, 8))) @ rotation(random, 72)  # another dimension, too
    projector = Following()
    for _ in range(5):
        results = projector.project((frame(cloud), frame(cloud), frame(turned)))
        for other in results[1:]:
            np.testing.assert_allclose(originals(other), originals(results[0]), atol=1e-5)
        cloud, turned = 2.0 * cloud, -turned


def test_run_does_not_flip_with_its_reference(random: np.random.Generator) -> None:
    still = clear_cloud(random)
    projector = Following()
    last = originals(projector.project((frame(still), frame(still)))[1])
    for _ in range(20):
        wild = clear_cloud(random)  # other points each time: says nothing about a turn
        drawn = originals(projector.project((frame(wild), frame(still)))[1])
        way = last.T @ drawn
        assert np.linalg.det(way) > 0.0
        assert displacement(last, drawn) < 0.6
        last = drawn


def test_results_are_read_only_contiguous_float32(random: np.random.Generator) -> None:
    (result,) = Following().project((frame(clear_cloud(random, count=30)),))
    for plane, count in ((result.train, 20), (result.test, 10)):
        for points in (plane.original, plane.synthetic):
            assert points.shape == (count, 2)
            assert points.dtype == np.float32
            assert points.flags.c_contiguous
            assert not points.flags.writeable


ONES = np.ones((9, 4))
STRANGE = {
    "constant": ONES,
    "constant but for rounding": ONES + 1e-7 * np.arange(36).reshape(9, 4) / 36,
    "zero": 0.0 * ONES,
    "not a number": np.nan * ONES,
    "infinite": np.inf * ONES,
    "one point": np.array([[1.0, 2.0, 3.0]]),
    "one point, one dimension": np.array([[2.0]]),
    "no point": np.zeros((0, 4)),
    "one dimension, one sign": np.arange(1.0, 10.0)[:, None],
}


@pytest.mark.parametrize("name", STRANGE)
def test_points_in_one_place(name: str, random: np.random.Generator) -> None:
    strange = STRANGE[name]
    count, dim = strange.shape
    projector = Following()
    usual = random.normal(size=(count, dim)) if count > 1 else strange
    (before,) = projector.project((frame(usual),))
    for result in projector.project((frame(strange), frame(strange))):
        assert result.explained is None
        np.testing.assert_array_equal(originals(result), np.zeros((count, 2)))
    (after,) = projector.project((frame(usual),))
    np.testing.assert_allclose(originals(after), originals(before), atol=1e-6)


LINE = np.linspace(-1.0, 1.0, 10)
UNUSUAL = {
    "one dimension": LINE[:, None],
    "two dimensions": np.stack([LINE, LINE**2], axis=1),
    "on a line": np.outer(LINE, [1.0, 2.0, 3.0]),
    "two points": np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
    "some rows not finite": np.where(np.arange(10)[:, None] % 3, np.eye(10), np.nan),
    "some rows zero": np.where(np.arange(10)[:, None] % 3, np.eye(10), 0.0),
    "huge": np.eye(10) * 3e38,
    "tiny": np.eye(10) * 1e-40,
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_points_have_finite_places(name: str) -> None:
    projector = Following()
    cloud = UNUSUAL[name]
    for _ in range(3):
        results = projector.project((frame(cloud), frame(cloud)))
        for result in results:
            assert np.isfinite(originals(result)).all()
            assert np.linalg.norm(originals(result)) > 0.1
            assert result.explained is not None
            assert 0.0 < result.explained <= 1.0
    if cloud.shape[1] <= 2:
        assert result.explained == pytest.approx(1.0)


def test_strange_synthetic_points_are_finite(random: np.random.Generator) -> None:
    cloud = clear_cloud(random)
    synthetic = cloud.copy()
    synthetic[0], synthetic[1] = np.nan, 0.0
    (result,) = Following().project((frame(cloud, synthetic=synthetic),))
    assert np.isfinite(result.train.synthetic).all()
    np.testing.assert_array_equal(result.train.synthetic[0], result.train.synthetic[1])


def test_diverged_reference_leaves_the_others_alone(random: np.random.Generator) -> None:
    cloud = clear_cloud(random)
    projector = Following()
    before = projector.project((frame(cloud), frame(cloud)))
    after = projector.project((frame(np.nan * cloud), frame(cloud)))
    assert after[0].explained is None
    np.testing.assert_allclose(originals(after[1]), originals(before[1]), atol=1e-5)


def test_other_images_begin_a_new_picture(random: np.random.Generator) -> None:
    projector = Following()
    projector.project((frame(clear_cloud(random)),))
    cloud = clear_cloud(random, count=50)
    (result,) = projector.project((frame(cloud),))
    (fresh,) = Following().project((frame(cloud),))
    np.testing.assert_array_equal(originals(result), originals(fresh))


def test_runs_on_different_images_are_refused(random: np.random.Generator) -> None:
    frames = frame(clear_cloud(random)), frame(clear_cloud(random, count=50))
    with pytest.raises(ValueError, match="same images"):
        Following().project(frames)


def test_goes_on_from_recorded_coordinates_in_either_direction(random: np.random.Generator) -> None:
    clouds = [frame(jitter(random, simplex(random)), step) for step in range(3)]
    drawn: list[Projection] = []
    for cloud in clouds:
        drawn += PcaProjector().project((cloud,), (drawn[-1] if drawn else None,))
    (again,) = PcaProjector().project((clouds[2],), (drawn[1],))
    np.testing.assert_array_equal(originals(again), originals(drawn[2]))
    (back,) = PcaProjector().project((clouds[1],), (drawn[2],))
    assert displacement(originals(drawn[1]), originals(back)) < 0.3


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_start_without_a_picture_is_none(value: float, random: np.random.Generator) -> None:
    cloud = frame(clear_cloud(random))
    (fresh,) = PcaProjector().project((cloud,), (None,))
    nowhere = np.full_like(fresh.train.original, value)
    bad = PlanePoints(nowhere, nowhere)
    start = replace(fresh, train=bad, test=bad)
    (result,) = PcaProjector().project((cloud,), (start,))
    np.testing.assert_array_equal(originals(result), originals(fresh))
