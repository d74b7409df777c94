"""K-means with many clusters, against scikit-learn's from the same start."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from torch import Tensor

from symmcore.evaluation import clustering, clustering_scores, kmeans


def points(seed: int, count: int = 400, classes: int = 60) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(classes, (count,), generator=generator)
    means = torch.randn(classes, 6, generator=generator)
    noise = torch.randn(count, 6, generator=generator)
    return (means[labels] + 0.4 * noise).double(), labels


def silent(_iteration: int, _most: int) -> None:
    pass


@pytest.mark.parametrize("seed", range(4))
def test_it_is_scikit_learns(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kmeans, "_BLOCK_ELEMENTS", 1000)
    x, _ = points(seed)
    start = kmeans.spread_start(x, 60, seed, lambda: None)
    found = kmeans.kmeans(x, start, silent)
    judge = KMeans(60, init=start.numpy(), n_init=1, tol=0, algorithm="lloyd").fit(x.numpy())
    assert np.array_equal(found, judge.labels_)


def test_an_empty_cluster_starts_again_at_the_farthest_point() -> None:
    x = torch.tensor([[0.0], [1.0], [2.0], [50.0]])
    start = torch.tensor([[0.0], [-100.0]])  # nothing is near the second
    assert kmeans.kmeans(x, start, silent).tolist() == [0, 0, 0, 1]


def start(x: Tensor, clusters: int, seed: int) -> Tensor:
    return kmeans.spread_start(x, clusters, seed, lambda: None)


def test_the_start_is_of_different_points_and_the_seeds() -> None:
    x, _ = points(0)
    assert len(start(x, 400, 3).unique(dim=0)) == 400
    assert torch.equal(start(x, 50, 1), start(x, 50, 1))
    assert not torch.equal(start(x, 50, 1), start(x, 50, 2))


def test_the_start_finds_nearly_every_cluster_that_lies_apart() -> None:
    labels = torch.arange(500) % 100
    x = 100.0 * torch.eye(100)[labels] + torch.linspace(0, 0.1, 500)[:, None]
    for seed in range(5):
        found = start(x, 100, seed).argmax(1)
        # Random points find 63 on average; what is drawn at once may meet in one cluster.
        assert len(found.unique()) >= 95


def test_copies_are_drawn_only_when_nothing_else_is_left() -> None:
    x = torch.tensor([[0.0, 1.0]] * 6 + [[1.0, 0.0]] * 2)
    assert len(start(x, 2, 0).unique(dim=0)) == 2
    assert len(start(x, 8, 0)) == 8


def test_it_can_be_watched_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clustering, "_MANY", 10)
    monkeypatch.setattr(kmeans, "_BLOCK_ELEMENTS", 6000)
    x, labels = points(1)
    seen = []
    clustering_scores(x, labels, progress=lambda at, most: seen.append((at, most)))
    assert {most for _, most in seen} == {kmeans.MOST_ITERATIONS}
    assert [at for at, _ in seen] == sorted(at for at, _ in seen)
    assert seen.count((1, kmeans.MOST_ITERATIONS)) == 4  # blocks of 100 points

    def end(at: int, _most: int) -> None:
        if at == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clustering_scores(x, labels, progress=end)


@pytest.mark.parametrize("many", [10, 1000])
def test_both_ways_find_classes_that_lie_apart(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clustering, "_MANY", many)
    labels = torch.arange(240) // 20
    x = 10.0 * torch.eye(12).double()[labels] + torch.linspace(0, 1, 240).double()[:, None]
    scores = clustering_scores(x, labels)
    assert scores.nmi > 0.9
    again = clustering_scores(x, labels)
    assert (scores.nmi, scores.f1) == (again.nmi, again.f1)


def test_the_start_is_as_good_as_scikit_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = torch.arange(300).repeat_interleave(5)
    f1: dict[int, list[float]] = {0: [], 1000: []}
    for seed in range(4):
        generator = torch.Generator().manual_seed(seed)
        labels = labels[torch.randperm(1500, generator=generator)]
        means = torch.randn(300, 32, generator=generator)
        x = means[labels] + 0.3 * torch.randn(1500, 32, generator=generator)
        for many, found in f1.items():
            monkeypatch.setattr(clustering, "_MANY", many)
            found.append(clustering_scores(x, labels, seed).f1)
    # Drawing one candidate for each centre, as plain k-means++ does, gives 0.1 less.
    assert np.mean(f1[0]) > np.mean(f1[1000]) - 0.03
