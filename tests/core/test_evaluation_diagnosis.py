"""Norms, cosines and effective rank, against loops over all pairs."""

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch

from symmcore.evaluation import Diagnosis, diagnose
from symmcore.evaluation import diagnosis as module


def by_loops(x: list[list[float]], labels: list[int]) -> tuple[float, float | None, float | None]:
    norms = [math.sqrt(sum(v * v for v in row)) for row in x]
    units = [[v / n if n else 0.0 for v in row] for row, n in zip(x, norms, strict=True)]
    within: list[float] = []
    between: list[float] = []
    for a in range(len(x)):
        for b in range(len(x)):
            if a != b:
                cosine = sum(p * q for p, q in zip(units[a], units[b], strict=True))
                (within if labels[a] == labels[b] else between).append(cosine)
    mean = [sum(values) / len(values) if values else None for values in (within, between)]
    return sum(norms) / len(norms), mean[0], mean[1]


def entropy_rank(x: np.ndarray) -> float:
    """Roy and Vetterli, from the eigenvalues of the Gram matrix."""
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    eigenvalues = np.linalg.eigvalsh(units.T @ units).clip(0.0)
    shares = np.sqrt(eigenvalues) / np.sqrt(eigenvalues).sum()
    return math.exp(-sum(share * math.log(share) for share in shares if share > 0))


def cloud(count: int, dim: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, dim)) + 0.5


@pytest.mark.parametrize("labels", [[7, 7, 2, 2, 5, 5], [4, 4, 1, 1, 4, 4, 9, 9], [3, 1, 2]])
@pytest.mark.parametrize("small", [0, 200_000])
def test_classes_of_pairs_and_of_single_images(
    labels: list[int], small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SMALL_PRODUCT", small)
    x = cloud(len(labels), 4)
    norm, within, between = by_loops(x.tolist(), labels)
    found = diagnose(x, labels)
    assert (found.mean_norm, found.between_cosine) == pytest.approx((norm, between), rel=1e-12)
    assert found.within_cosine == (None if within is None else pytest.approx(within, rel=1e-12))


@pytest.mark.parametrize(("rows_at_once", "small"), [(3, 0), (8192, 0), (8192, 200_000)])
def test_is_what_loops_over_all_pairs_give(
    rows_at_once: int, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ROWS_AT_ONCE", rows_at_once)
    monkeypatch.setattr(module, "_SMALL_PRODUCT", small)
    x, labels = cloud(17, 4), [3, 3, 3, 9, 9, -1, 4, 4, 4, 4, 9, 3, 8, 8, 2, 2, 2]
    x[5] = 0.0
    norm, within, between = by_loops(x.tolist(), labels)
    found = diagnose(x, labels)
    assert found.mean_norm == pytest.approx(norm, rel=1e-13)
    assert found.within_cosine == pytest.approx(within, rel=1e-12)
    assert found.between_cosine == pytest.approx(between, rel=1e-12)
    assert (found.images, found.dim, found.classes, found.single_image_classes) == (17, 4, 6, 1)


def test_effective_rank_is_the_entropy_of_the_singular_values() -> None:
    x = cloud(40, 6)
    found = diagnose(x, np.arange(40) // 4)
    assert found.effective_rank == pytest.approx(entropy_rank(x), rel=1e-9)
    assert found.rank_rows == 40


@pytest.mark.parametrize(("kept", "rank"), [(1, 1.0), (3, 3.0), (5, 5.0)])
def test_effective_rank_of_so_many_equal_directions(kept: int, rank: float) -> None:
    x = np.tile(np.eye(5)[:kept], (4, 1)) * 7.0
    assert diagnose(x, np.arange(len(x)) % 2).effective_rank == pytest.approx(rank)


def test_the_effective_rank_of_many_is_that_of_a_thousand_at_even_distances() -> None:
    x = cloud(2500, 3)
    labels = np.arange(2500) // 5
    rows = [round(i * 2499 / 999) for i in range(1000)]
    found = diagnose(x, labels)
    assert found.rank_rows == 1000
    assert found.effective_rank == pytest.approx(entropy_rank(x[rows]), rel=1e-9)
    assert found.mean_norm == pytest.approx(np.linalg.norm(x, axis=1).mean())


def test_tensors_and_arrays_of_all_precisions_are_one() -> None:
    x, labels = cloud(30, 4).astype(np.float16), np.arange(30) // 3
    expected = diagnose(x, labels)
    assert diagnose(torch.from_numpy(x).requires_grad_(), torch.from_numpy(labels)) == expected
    assert diagnose(x.astype(np.float64), labels.tolist()) == expected
    assert diagnose(x.astype(np.float32), labels.astype(np.uint8)) == expected


def test_what_has_collapsed() -> None:
    point = diagnose(np.full((20, 8), 0.3), np.arange(20) // 2)
    assert (point.within_cosine, point.between_cosine) == pytest.approx((1.0, 1.0))
    assert point.effective_rank == pytest.approx(1.0)
    nothing = diagnose(np.zeros((20, 8)), np.arange(20) // 2)
    assert nothing == Diagnosis(20, 8, 10, 0, 0.0, 0.0, 0.0, 0.0, 20)


def test_a_cosine_without_pairs_is_none() -> None:
    x = cloud(6, 4)
    one_class = diagnose(x, [5] * 6)
    assert one_class.between_cosine is None
    assert one_class.within_cosine is not None
    alone = diagnose(x, range(6))
    assert alone.within_cosine is None
    assert alone.between_cosine is not None
    assert alone.single_image_classes == 6
    single = diagnose(x[:1], [0])
    assert (single.within_cosine, single.between_cosine) == (None, None)
    assert single.effective_rank == pytest.approx(1.0)


def test_nan_gives_nan_and_is_frozen() -> None:
    x = cloud(6, 4)
    x[2, 1] = np.nan
    found = diagnose(x, [0, 0, 1, 1, 2, 2])
    assert math.isnan(found.mean_norm)
    assert math.isnan(found.effective_rank)
    with pytest.raises(FrozenInstanceError):
        found.mean_norm = 1.0  # type: ignore[misc]  # what the test is about


@pytest.mark.parametrize(
    ("x", "labels", "error"),
    [
        (np.zeros((3, 4), dtype=np.int64), [0, 1, 2], TypeError),
        (np.zeros((3, 4)), [0.5, 1.0, 2.0], TypeError),
        (np.zeros((3, 4)), ["a", "b", "c"], TypeError),
        (np.zeros((3, 4)), [0, 1], ValueError),
        (np.zeros(3), [0, 1, 2], ValueError),
        (np.zeros((0, 4)), [], ValueError),
        ("embeddings", [0], TypeError),
    ],
)
def test_bad_arguments_are_refused(x: object, labels: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        diagnose(x, labels)
