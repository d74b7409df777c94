import math

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from scipy.stats import kendalltau, pearsonr, spearmanr

from symmcore.projection.dynamic_measures import agreement, spatial_quality, temporal_stability


def test_a_map_by_hand() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(4, size=60)
    points = np.eye(4, 7)[labels] + 0.3 * random.normal(size=(60, 7))
    plane = points[:, :2] + 0.1 * random.normal(size=(60, 2))
    near = [np.argsort(squareform(pdist(one)), axis=1)[:, 1:11] for one in (points, plane)]
    found = spatial_quality(points, plane, labels, near[0])
    shared = [len(set(a) & set(b)) / 10 for a, b in zip(*near, strict=True)]
    assert found.neighborhood_preservation == pytest.approx(np.mean(shared))
    assert found.neighborhood_hit == pytest.approx((labels[near[1]] == labels[:, None]).mean())
    true, drawn = pdist(points), pdist(plane)
    assert found.shepard.pearson == pytest.approx(pearsonr(true, drawn).statistic)
    assert found.shepard.spearman == pytest.approx(spearmanr(true, drawn).statistic)
    assert found.shepard.kendall == pytest.approx(kendalltau(true, drawn).statistic)
    scales = np.linspace(0.1, 10, 100_000)
    stresses = [((true - scale * drawn) ** 2).sum() / (true**2).sum() for scale in scales[::100]]
    assert found.shepard.normalized_stress == pytest.approx(min(stresses), rel=1e-3)


def test_a_map_that_moves_as_its_points_do_is_perfectly_stable() -> None:
    random = np.random.default_rng(0)
    frames = tuple(random.normal(size=(3, 40, 2)))
    found = temporal_stability(frames, tuple(5.0 * frame for frame in frames))
    assert found.normalized_stress == pytest.approx(0.0, abs=1e-12)
    assert (found.pearson, found.spearman, found.kendall) == pytest.approx((1.0, 1.0, 1.0))
    shuffled = temporal_stability(frames, tuple(random.normal(size=(3, 40, 2))))
    assert abs(shuffled.spearman) < 0.3
    assert shuffled.normalized_stress > 0.05


def test_nothing_that_moves_has_no_correlation() -> None:
    still = agreement(np.zeros(5), np.arange(5.0))
    assert still.normalized_stress == 0.0
    assert math.isnan(still.pearson)
