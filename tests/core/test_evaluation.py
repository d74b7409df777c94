import math
import subprocess
import sys
from collections.abc import Iterable
from typing import Any, SupportsIndex

import numpy as np
import pytest
import torch
from sklearn import metrics
from threadpoolctl import threadpool_limits
from torch import Tensor

from symmcore import reflect
from symmcore.evaluation import (
    clustering_scores,
    cycle_partners,
    recall_at_k,
    synthetic_recall_at_1,
)
from symmcore.evaluation import ranks as ranks_module


def clusters(
    labels: list[int], dim: int = 8, noise: float = 0.8, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Points about a centre for each class, in shuffled order, of different norms."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.tensor(labels)[torch.randperm(len(labels), generator=generator)]
    centres = torch.randn(max(labels) + 1, dim, generator=generator, dtype=torch.float64)
    x = centres[y] + noise * torch.randn(len(y), dim, generator=generator, dtype=torch.float64)
    return x * (0.1 + torch.rand(len(y), 1, generator=generator, dtype=torch.float64)), y


LABELS = [c for c in range(12) for _ in range(c + 1)]  # class 0 has one image


def ranked(x: Tensor) -> list[list[int]]:
    """The others for each point, nearest first, by explicit loops."""
    result = []
    for q, query in enumerate(x.tolist()):
        similarities = []
        for row in x.tolist():
            norms = math.hypot(*query) * math.hypot(*row)
            dot = math.fsum(a * b for a, b in zip(query, row, strict=True))
            similarities.append(dot / norms if norms else 0.0)
        order = sorted(range(len(similarities)), key=lambda n: (-similarities[n], n))
        result.append([n for n in order if n != q])
    return result


def recall_by_loops(x: Tensor, y: Tensor, k: int) -> tuple[float, int]:
    right = queries = 0
    labels = y.tolist()
    for q, order in enumerate(ranked(x)):
        if labels.count(labels[q]) > 1:
            queries += 1
            right += any(labels[n] == labels[q] for n in order[:k])
    return right / queries, queries


# --- recall


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_recall_is_that_of_loops(seed: int, dtype: torch.dtype) -> None:
    x, y = clusters(LABELS, seed=seed)
    found = recall_at_k(x.to(dtype), y, (1, 2, 4, 8, 77))
    for k in (1, 2, 4, 8, 77):
        share, queries = recall_by_loops(x, y, k)
        assert found.at[k] == share
        assert found.queries == queries == len(x) - 1
    assert found.left_out == 1
    assert 0.0 < found.at[1] < found.at[8] < found.at[77] == 1.0


def test_an_image_alone_in_its_class_is_no_query_but_can_be_in_the_way() -> None:
    angles = torch.tensor([0.0, 0.1, 0.3])
    x = torch.stack((angles.cos(), angles.sin()), 1)
    found = recall_at_k(x, torch.tensor([7, 8, 7]), (1, 2))
    assert (found.queries, found.left_out) == (2, 1)
    assert found.at == {1: 0.0, 2: 1.0}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_recall_breaks_ties_by_index(dtype: torch.dtype) -> None:
    y = torch.tensor([0, 1, 1, 0, 1, 0, 2, 2] * 40)
    # All points coincide: the nearest of each is image 0, that of image 0 is image 1.
    found = recall_at_k(torch.ones(320, 100, dtype=dtype) / 3, y, (1, 2))
    right = [y[0] == label for label in y[1:]] + [y[1] == y[0]]
    assert found.at[1] == sum(map(bool, right)) / 320


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_recall_with_copies_is_that_of_loops(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(20, 65, generator=generator, dtype=dtype)
    copies = torch.randint(20, (150,), generator=generator)
    y = torch.randint(30, (150,), generator=generator)
    found = recall_at_k(x[copies], y)
    for k in (1, 2, 4, 8):
        assert found.at[k] == recall_by_loops(x[copies], y, k)[0]


def test_recall_in_blocks_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = clusters(LABELS)
    whole = recall_at_k(x, y)
    monkeypatch.setattr(ranks_module, "_CPU_TILE", 7)
    assert recall_at_k(x, y) == whole


def test_recall_of_nan_is_nan() -> None:
    x, y = clusters(LABELS)
    x[5, 0] = math.nan
    found = recall_at_k(x, y, (1, 4))
    assert all(math.isnan(share) for share in found.at.values())
    assert (found.queries, found.left_out) == (77, 1)
    assert math.isnan(synthetic_recall_at_1(x, y))
    assert math.isnan(clustering_scores(x, y).nmi)
    assert math.isnan(clustering_scores(x, y).f1)


def test_recall_without_a_query_is_an_error() -> None:
    with pytest.raises(ValueError, match="none of the 5 images shares its class with another"):
        recall_at_k(torch.ones(5, 2), torch.arange(5), (1,))


@pytest.mark.parametrize("k", [0, 5])
def test_k_beyond_the_gallery_is_an_error(k: int) -> None:
    with pytest.raises(ValueError, match="K must be between 1 and 4, the number of points to find"):
        recall_at_k(torch.ones(5, 2), torch.zeros(5, dtype=torch.int64), (1, k))


def test_recall_names_bad_arguments() -> None:
    x, y = clusters(LABELS)
    with pytest.raises(ValueError, match=r"labels must have shape \(78,\)"):
        recall_at_k(x, y[1:])
    with pytest.raises(TypeError, match="labels must be integers"):
        recall_at_k(x, y.double())
    with pytest.raises(TypeError, match="embeddings must be floating point"):
        recall_at_k(x.long(), y)
    with pytest.raises(ValueError, match="at least one K"):
        recall_at_k(x, y, ())
    wrong: Any = (1.0,)  # no integers
    with pytest.raises(TypeError, match="K must be an integer, not float"):
        recall_at_k(x, y, wrong)
    with pytest.raises(ValueError, match="no other points"):
        recall_at_k(x[:1], y[:1], (1,))


@pytest.mark.parametrize("ks", [np.array([1, 3]), torch.tensor([1, 3]), iter((1, 3))])
def test_ks_may_be_whatever_holds_integers(ks: Iterable[SupportsIndex]) -> None:
    x, y = clusters(LABELS)
    assert recall_at_k(x, y, ks) == recall_at_k(x, y, (1, 3))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16, torch.int32, torch.uint64])
def test_labels_may_be_integers_of_any_type(dtype: torch.dtype) -> None:
    x, y = clusters(LABELS)
    assert recall_at_k(x, y.to(dtype)) == recall_at_k(x, y)
    assert synthetic_recall_at_1(x, y.to(dtype)) == synthetic_recall_at_1(x, y)


@pytest.mark.parametrize("norm", [1e-30, 1e20, 1e30])
def test_the_length_of_embeddings_does_not_matter_whatever_it_is(norm: float) -> None:
    x, y = clusters(LABELS, noise=0.8)
    x = x.float()
    assert recall_at_k(x * norm, y) == recall_at_k(x, y)
    assert clustering_scores(x * norm, y) == clustering_scores(x, y)


# --- clustering


@pytest.mark.parametrize("noise", [0.2, 0.8, 3.0])
def test_clustering_scores_are_those_of_scikit_learn(noise: float) -> None:
    x, y = clusters(LABELS, noise=noise)
    features = (x / x.norm(dim=1, keepdim=True)).numpy()
    from sklearn.cluster import KMeans

    found = KMeans(12, n_init=1, random_state=3).fit_predict(features)
    scores = clustering_scores(x, y, seed=3)
    nmi = metrics.normalized_mutual_info_score(y.numpy(), found, average_method="arithmetic")
    assert scores.nmi == pytest.approx(nmi, rel=1e-12)
    same_class = [y[a] == y[b] for a in range(len(y)) for b in range(a)]
    same_cluster = [found[a] == found[b] for a in range(len(y)) for b in range(a)]
    f1 = metrics.f1_score(np.array(same_class), np.array(same_cluster))
    assert scores.f1 == pytest.approx(f1, rel=1e-12)


def test_well_separated_classes_score_one() -> None:
    x = torch.eye(5).repeat_interleave(6, 0) * torch.linspace(1, 3, 30)[:, None]
    y = torch.arange(5).repeat_interleave(6)
    best = max(clustering_scores(x, y, seed).f1 for seed in range(5))
    assert best == 1.0


def test_collapsed_points_are_scored_without_a_warning() -> None:
    y = torch.arange(4).repeat_interleave(3)
    scores = clustering_scores(torch.ones(12, 3), y)
    assert scores.nmi == 0.0
    # One cluster: 12 of its 66 pairs are right, and all 12 right ones are found.
    assert scores.f1 == pytest.approx(2 * 12 / (66 + 12))


def test_single_images_have_no_pairs() -> None:
    assert math.isnan(clustering_scores(torch.eye(4), torch.arange(4)).f1)


def test_clustering_is_the_same_in_another_process() -> None:
    code = (
        "import torch; from symmcore.evaluation import clustering_scores;"
        "g = torch.Generator().manual_seed(0); x = torch.randn(600, 16, generator=g);"
        "s = clustering_scores(x, torch.arange(600) % 30, seed=5); print(s.nmi.hex(), s.f1.hex())"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        env={"OMP_NUM_THREADS": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    x = torch.randn(600, 16, generator=torch.Generator().manual_seed(0))
    with threadpool_limits(1):
        found = clustering_scores(x, torch.arange(600) % 30, seed=5)
    assert other.stdout.split() == [found.nmi.hex(), found.f1.hex()]


def test_the_seed_is_used() -> None:
    x, y = clusters(LABELS, noise=2.0)
    assert clustering_scores(x, y, 1) == clustering_scores(x, y, 1)
    assert len({clustering_scores(x, y, seed).nmi for seed in range(5)}) > 1


# --- synthetic points


def test_the_partners_of_a_class_form_one_cycle_and_every_one_is_equally_likely() -> None:
    y = torch.tensor([3, 1, 3, 3, 2, 1, 3])
    drawn = torch.stack([cycle_partners(y, seed) for seed in range(3000)])
    assert drawn.dtype == torch.int64
    assert (drawn[:, 4] == -1).all()
    assert (drawn[:, 1] == 5).all()
    assert (drawn[:, 5] == 1).all()
    cycles: dict[tuple[int, ...], int] = {}
    for partners in drawn.tolist():
        cycle = [0]
        while (following := partners[cycle[-1]]) != 0:
            cycle.append(following)
        assert sorted(cycle) == [0, 2, 3, 6]
        cycles[tuple(cycle)] = cycles.get(tuple(cycle), 0) + 1
    assert len(cycles) == 6
    assert all(abs(count - 500) < 90 for count in cycles.values())  # over four deviations
    assert torch.equal(cycle_partners(y, 7), drawn[7])


def test_partners_need_integer_labels() -> None:
    with pytest.raises(TypeError, match="labels must be integers"):
        cycle_partners(torch.ones(3), 0)
    with pytest.raises(ValueError, match="labels must have shape"):
        cycle_partners(torch.ones(3, 2, dtype=torch.int64), 0)


@pytest.mark.parametrize("noise", [0.3, 0.8, 3.0])
def test_synthetic_recall_is_that_of_explicit_loops(noise: float) -> None:
    """Each image reflected about the next of its class's cycle, in float64, one at a time."""
    x, y = clusters(LABELS, noise=noise)
    partners = cycle_partners(y, 4).tolist()
    points, classes = [], []
    for n, partner in enumerate(partners):
        if partner < 0:
            continue
        axis = x[partner]
        projection = ((x[n] @ axis) / (axis @ axis)) * axis
        points.append(2 * projection - x[n])
        classes.append(y[n])
    assert len(points) == 77
    assert len({partner for partner in partners if partner >= 0}) == 77  # an axis once
    found = synthetic_recall_at_1(x, y, seed=4)
    assert found == recall_by_loops(torch.stack(points), torch.stack(classes), 1)[0]
    assert len({synthetic_recall_at_1(x, y, seed) for seed in range(6)}) > 1


def test_synthetic_points_do_not_retrieve_each_other_as_their_originals_do() -> None:
    """The originals of a class lie in one direction of many; a reflection takes them out of it."""
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(40).repeat_interleave(10)
    x = torch.randn(40, 64, generator=generator)[y] + 1.5 * torch.randn(
        400, 64, generator=generator
    )
    shared = reflect(x, x[torch.arange(0, 400, 10)][y])  # about one axis a class
    kept = torch.arange(400) % 10 != 0
    original = recall_at_k(x, y, (1,)).at[1]
    assert recall_at_k(shared[kept], y[kept], (1,)).at[1] > 0.9 * original
    assert synthetic_recall_at_1(x, y) < 0.5 * original


def test_synthetic_recall_needs_a_pair() -> None:
    with pytest.raises(ValueError, match="none of the 3 images shares its class"):
        synthetic_recall_at_1(torch.ones(3, 2), torch.arange(3))
