"""t-SNE and UMAP as they are, on few points."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.manifold import trustworthiness

from symmcore.projection.layout import Beginning, Layout, LayoutMethod, principal_plane
from symmcore.projection.tsne import COLD, TsneMethod
from symmcore.projection.umap_layout import UmapMethod

Array = npt.NDArray[np.float64]


def clusters(seed: int = 0, each: int = 12) -> tuple[Array, npt.NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(8), each)
    rows = np.eye(8, 16)[labels] + 0.15 * random.normal(size=(len(labels), 16))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), labels


def _within(found: Array, labels: npt.NDArray[np.int64]) -> float:
    """Mean distance of points from the middle of their cluster."""
    middles = np.stack([found[labels == label].mean(axis=0) for label in np.unique(labels)])
    return float(np.linalg.norm(found - middles[labels], axis=1).mean())


def run(layout: Layout) -> Array:
    assert layout.done == 0.0
    while layout.done < 1.0:
        layout.advance()
    layout.advance()  # nothing is left to do
    return np.array(layout.coordinates, dtype=float)


def tsne() -> LayoutMethod:
    pytest.importorskip("openTSNE")
    return TsneMethod()


def umap() -> LayoutMethod:
    pytest.importorskip("umap")
    return UmapMethod()


@pytest.mark.filterwarnings("ignore")  # of the libraries' own code
@pytest.mark.parametrize("make", [tsne, umap])
def test_layout(make: Callable[[], LayoutMethod]) -> None:
    """All in one test a method: what it imports takes seconds."""
    method = make()
    points, labels = clusters()
    cold = Beginning(principal_plane(points), 0.0, 3)
    found = run(method.begin(points, cold))
    assert trustworthiness(points, found, n_neighbors=5) > 0.9
    nearest = np.linalg.norm(found[:, None] - found, axis=2) + np.diag(np.full(len(found), np.inf))
    assert (labels[nearest.argmin(axis=1)] == labels).mean() > 0.95
    # the same seed gives the same layout, another one another
    np.testing.assert_array_equal(run(method.begin(points, cold)), found)
    assert (run(method.begin(points, cold._replace(seed=4))) != found).any()
    # a layout goes on from where it is, without being stretched or moved far
    again = run(method.begin(points, Beginning(found, 1.0, 3, is_live=True)))
    spread = np.linalg.norm(found - found.mean(axis=0), axis=1).mean()
    assert np.linalg.norm(again - found, axis=1).mean() < 0.5 * spread
    # nor are its clusters drawn into points where that is shown
    layout = method.begin(points, Beginning(found, 1.0, 3, is_live=True))
    shown = []
    while layout.done < 1.0:
        layout.advance()
        if not layout.is_between:
            shown.append(_within(np.asarray(layout.coordinates, dtype=float), labels))
    assert min(shown) > 0.6 * _within(found, labels)
    assert trustworthiness(points, again, n_neighbors=5) > 0.9
    # copies and few points are drawn, too
    for rows in (np.repeat(points[:4], 3, axis=0), points[:8]):
        drawn = run(method.begin(rows, Beginning(principal_plane(rows), 0.0, 3)))
        assert np.isfinite(drawn).all()


@pytest.mark.filterwarnings("ignore")  # of the library's own code
def test_a_first_layout_that_was_cut_short_is_gone_on_with() -> None:
    method = tsne()
    points, _ = clusters()
    total = sum(phase.iterations for phase in COLD)
    layout = method.begin(points, Beginning(principal_plane(points), 0.0, 3))
    layout.advance()
    advanced = round(layout.done * total)
    rest = method.begin(points, Beginning(np.array(layout.coordinates), layout.done, 3))
    pieces = 0
    while rest.done < 1.0:
        rest.advance()
        pieces += 1
    assert pieces == (total - advanced) / advanced


@pytest.mark.filterwarnings("ignore")  # of the library's own code
def test_where_many_neighbours_are_new_a_recorded_layout_is_worked_on_longer() -> None:
    method = tsne()
    points, _ = clusters()

    def pieces(changed: float, *, is_live: bool) -> int:
        beginning = Beginning(principal_plane(points), 1.0, 3, is_live, changed)
        layout = method.begin(points, beginning)
        count = 0
        while layout.done < 1.0:
            layout.advance()
            count += 1
        return count

    assert pieces(0.9, is_live=False) > 2 * pieces(0.1, is_live=False)
    assert pieces(0.9, is_live=True) == pieces(0.1, is_live=True)


def test_the_gradient_is_that_of_opentsne_where_its_tree_is_exact() -> None:
    pytest.importorskip("openTSNE")
    from openTSNE.tsne import kl_divergence_bh
    from scipy.sparse import random_array

    from symmcore.projection.tsne_gradient import exact_gradient

    random = np.random.default_rng(0)
    places = random.normal(scale=10.0, size=(60, 2))
    affinities = random_array((60, 60), density=0.2, format="csr", rng=random)
    affinities = (affinities + affinities.T) / (2.0 * affinities.sum())
    for exaggerated in (affinities, 12.0 * affinities):
        _, found = exact_gradient(places, exaggerated)
        _, expected = kl_divergence_bh(places, exaggerated, dof=1, bh_params={"theta": 0.0})
        np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_a_first_layout_that_is_watched_is_a_picture_from_its_beginning() -> None:
    """No line of points: the shorter way across it is never a small part of the longer."""
    method = tsne()
    points, _ = clusters()
    layout = method.begin(points, Beginning(principal_plane(points), 0.0, 3, is_live=True))
    shapes = []
    while layout.done < 1.0:
        layout.advance()
        across = np.linalg.svd(layout.coordinates - layout.coordinates.mean(axis=0))[1]
        shapes.append(across[1] / across[0])
    assert min(shapes) > 0.3
