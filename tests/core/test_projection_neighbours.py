import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from symmcore.projection import neighbours
from symmcore.projection.neighbours import changed_share, exact_neighbours, nearest_neighbours


def test_exact_neighbours_are_those_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_BLOCK_BYTES", 4 * 300 * 7)  # seven rows at a time
    points = np.random.default_rng(0).normal(size=(300, 12))
    found = nearest_neighbours(points, 9)
    away, near = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(points)
    np.testing.assert_array_equal(found.indices, near[:, 1:])
    np.testing.assert_allclose(found.distances, away[:, 1:], atol=1e-5)


def test_close_points_far_from_the_origin_are_told_apart() -> None:
    points = 1e4 + np.random.default_rng(0).normal(0, 0.1, (200, 2))
    near = NearestNeighbors(n_neighbors=6).fit(points).kneighbors(points)[1]
    np.testing.assert_array_equal(exact_neighbours(points, 5).indices, near[:, 1:])
    few = exact_neighbours(points.astype(np.float32), 5).indices
    assert (few != near[:, 1:]).any(), "float32 tells few apart"
    np.testing.assert_array_equal(nearest_neighbours(points, 5).indices, near[:, 1:])


def test_copies_are_neighbours_and_no_point_is_its_own() -> None:
    points = np.repeat(np.random.default_rng(0).normal(size=(10, 3)), 3, axis=0)
    found = nearest_neighbours(points, 4)
    own = np.arange(30)
    assert not (found.indices == own[:, None]).any()
    assert (found.indices[:, :2] // 3 == own[:, None] // 3).all()
    np.testing.assert_allclose(found.distances[:, :2], 0.0, atol=1e-3)
    assert (np.diff(found.distances, axis=1) >= 0).all()


def test_the_share_of_changed_neighbours_is_that_of_sets() -> None:
    random = np.random.default_rng(0)
    before = random.normal(size=(60, 4))
    after = before + 0.4 * random.normal(size=(60, 4))

    def sets(points: np.ndarray) -> list[set[int]]:
        near = NearestNeighbors(n_neighbors=16).fit(points).kneighbors(points)[1]
        return [set(row[1:]) for row in near]

    kept = [len(old & new) for old, new in zip(sets(before), sets(after), strict=True)]
    assert changed_share(before, after) == pytest.approx(1.0 - sum(kept) / (60 * 15))
    assert changed_share(before, -2.0 * before) == 0.0
    assert changed_share(before[:2], after[:2]) == 0.0
    assert changed_share(before[:1], after[:1]) == 0.0


def test_neighbours_in_the_plane_are_those_of_scikit_learn() -> None:
    points = np.random.default_rng(0).normal(size=(300, 2))
    away, near = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(points)
    found = nearest_neighbours(points, 9)
    np.testing.assert_array_equal(found.indices, near[:, 1:])
    np.testing.assert_allclose(found.distances, away[:, 1:])


def test_copies_in_the_plane_come_by_index_and_none_is_its_own() -> None:
    found = nearest_neighbours(np.repeat(np.eye(2), 3, axis=0), 2).indices
    assert found.tolist() == [[1, 2], [0, 2], [0, 1], [4, 5], [3, 5], [3, 4]]
    own = np.arange(40)
    for k in (1, 20, 39):
        found = nearest_neighbours(np.zeros((40, 2)), k).indices
        assert found.shape == (40, k)
        assert not (found == own[:, None]).any()
        assert all(len(set(row)) == k for row in found.tolist())
