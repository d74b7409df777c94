import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from symmcore.projection import neighbours
from symmcore.projection.neighbours import nearest_neighbours


def test_exact_neighbours_are_those_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_BLOCK_BYTES", 4 * 300 * 7)  # seven rows at a time
    points = np.random.default_rng(0).normal(size=(300, 12))
    found = nearest_neighbours(points, 9)
    away, near = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(points)
    np.testing.assert_array_equal(found.indices, near[:, 1:])
    np.testing.assert_allclose(found.distances, away[:, 1:], atol=1e-5)


def test_copies_are_neighbours_and_no_point_is_its_own() -> None:
    points = np.repeat(np.random.default_rng(0).normal(size=(10, 3)), 3, axis=0)
    found = nearest_neighbours(points, 4)
    own = np.arange(30)
    assert not (found.indices == own[:, None]).any()
    assert (found.indices[:, :2] // 3 == own[:, None] // 3).all()
    np.testing.assert_allclose(found.distances[:, :2], 0.0, atol=1e-3)
    assert (np.diff(found.distances, axis=1) >= 0).all()
