"""R-precision, MAP@R, and Recall@K in a gallery, against loops and pytorch-metric-learning."""

import math

import pytest
import torch
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN
from torch import Tensor

from symmcore.evaluation import precision as precision_module
from symmcore.evaluation import precision_at_r, recall_at_k

SIZES = (1, 2, 3, 5, 8, 13, 21)


def classes(seed: int, dim: int = 6, noise: float = 0.9) -> tuple[Tensor, Tensor]:
    """Points about a centre for each class of different size, in shuffled order."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(len(SIZES)).repeat_interleave(torch.tensor(SIZES))
    labels = labels[torch.randperm(len(labels), generator=generator)]
    centres = torch.randn(len(SIZES), dim, generator=generator, dtype=torch.float64)
    noises = torch.randn(len(labels), dim, generator=generator, dtype=torch.float64)
    return centres[labels] + noise * noises, labels


def theirs(queries: Tensor, labels: Tensor, *gallery: Tensor) -> dict[str, float]:
    calculator = AccuracyCalculator(
        include=("mean_average_precision_at_r", "r_precision", "precision_at_1"),
        k="max_bin_count",
        knn_func=CustomKNN(CosineSimilarity()),
    )
    found: dict[str, float] = calculator.get_accuracy(queries, labels, *gallery)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_precision_is_that_of_pytorch_metric_learning(seed: int) -> None:
    x, y = classes(seed)
    expected = theirs(x, y)
    found = precision_at_r(x, y)
    assert found.map_at_r == pytest.approx(expected["mean_average_precision_at_r"], abs=1e-12)
    assert found.r_precision == pytest.approx(expected["r_precision"], abs=1e-12)
    assert 0.1 < found.map_at_r < found.r_precision < 0.9
    assert (found.queries, found.left_out) == (len(x) - 1, 1)


@pytest.mark.parametrize("seed", range(3))
def test_recall_in_a_gallery_is_that_of_pytorch_metric_learning(seed: int) -> None:
    x, y = classes(seed)
    queries, gallery = torch.arange(0, 25), torch.arange(25, len(x))
    found = recall_at_k(
        x[queries], y[queries], (1, 5, 28), gallery=x[gallery], gallery_labels=y[gallery]
    )
    expected = theirs(x[queries], y[queries], x[gallery], y[gallery])
    assert found.at[1] == pytest.approx(expected["precision_at_1"], abs=1e-12)
    assert found.at[1] < found.at[5] < found.at[28] == 1.0
    left_out = int((~torch.isin(y[queries], y[gallery])).sum())
    assert (found.queries, found.left_out) == (25 - left_out, left_out)


def by_loops(x: Tensor, y: Tensor) -> tuple[float, float]:
    """R-precision and MAP@R; of integers, whose products are exact, so that ties are."""
    labels, precisions, averages = y.tolist(), [], []
    for q, query in enumerate(x):
        others = [n for n in range(len(x)) if n != q]
        count = sum(labels[n] == labels[q] for n in others)
        if not count:
            continue
        others.sort(key=lambda n: (-float(query @ x[n]), n))
        right = [labels[n] == labels[q] for n in others[:count]]
        precisions.append(sum(right) / count)
        ahead = [sum(right[: i + 1]) / (i + 1) for i in range(count) if right[i]]
        averages.append(sum(ahead) / count)
    return sum(precisions) / len(precisions), sum(averages) / len(averages)


@pytest.mark.parametrize("elements", [2**22, 200])
def test_ties_are_broken_by_index(elements: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision_module, "_ELEMENTS", elements)
    generator = torch.Generator().manual_seed(0)
    # All of norm 2: the features are halves, and every product is exact.
    x = torch.randint(2, (60, 4), generator=generator).double() * 2 - 1
    y = torch.randint(6, (60,), generator=generator)
    found = precision_at_r(x, y)
    precision, average = by_loops(x, y)
    assert found.r_precision == pytest.approx(precision, abs=1e-12)
    assert found.map_at_r == pytest.approx(average, abs=1e-12)


def test_recall_in_a_gallery_breaks_ties_by_index() -> None:
    gallery = torch.ones(3, 5)
    found = recall_at_k(
        torch.ones(2, 5),
        torch.tensor([0, 1]),
        (1, 2, 3),
        gallery=gallery,
        gallery_labels=torch.tensor([2, 1, 0]),
    )
    assert found.at == {1: 0.0, 2: 0.5, 3: 1.0}


def test_nan_stays_nan() -> None:
    x, y = classes(0)
    x[3, 0] = math.nan
    found = precision_at_r(x, y)
    assert math.isnan(found.map_at_r)
    assert math.isnan(found.r_precision)
    in_gallery = recall_at_k(torch.ones(2, 6), torch.tensor([1, 2]), gallery=x, gallery_labels=y)
    assert all(math.isnan(share) for share in in_gallery.at.values())


def test_what_is_refused() -> None:
    x, y = classes(0)
    with pytest.raises(ValueError, match="none of the 3 images shares its class"):
        precision_at_r(x[:3], torch.arange(3))
    with pytest.raises(ValueError, match="belong together"):
        recall_at_k(x, y, gallery=x)
    with pytest.raises(ValueError, match="gallery has 5 dimensions and embeddings 6"):
        recall_at_k(x, y, gallery=x[:, :5], gallery_labels=y)
    with pytest.raises(ValueError, match="none of the 2 queries has an image of its class"):
        recall_at_k(x[:2], torch.tensor([90, 91]), gallery=x, gallery_labels=y)
    with pytest.raises(ValueError, match=f"between 1 and {len(x)}"):
        recall_at_k(x, y, (len(x) + 1,), gallery=x, gallery_labels=y)
