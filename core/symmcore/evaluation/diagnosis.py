"""How an embedding lies in its space: norms, cosines, effective rank; what tells of a collapse."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symmcore.evaluation.features import features_of
from symmcore.mining import check_embeddings, check_labels, class_order, widest

MOST_ROWS = 1000
"""Rows that the effective rank is taken of, at most."""
_ROWS_AT_ONCE = 8192
_SMALL_PRODUCT = 200_000  # multiplications: far from what BLAS shares among threads
_TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Numbers on one set of embeddings.

    Attributes:
        images: How many embeddings there are.
        dim: Numbers in an embedding.
        classes: How many classes the labels tell apart.
        single_image_classes: How many of them have one image, so no cosine within.
        mean_norm: Mean L2 norm.
        within_cosine: Mean cosine over all pairs of different images of one class; None where
            every class has a single image.
        between_cosine: Mean cosine over all pairs of images of different classes; None where
            all labels are equal.
        effective_rank: Of the matrix of normalised embeddings, from 1 (all on one line) to the
            smaller of its sides; 0 where all embeddings are zero. It is exp(H), where H is the
            entropy of the singular values divided by their sum (Roy and Vetterli, "The
            effective rank: a measure of effective dimensionality", EUSIPCO 2007).
        rank_rows: How many embeddings the effective rank was taken of.
    """

    images: int
    dim: int
    classes: int
    single_image_classes: int
    mean_norm: float
    within_cosine: float | None
    between_cosine: float | None
    effective_rank: float
    rank_rows: int


def diagnose(embeddings: Any, labels: Any) -> Diagnosis:
    """Say how embeddings lie in their space.

    Norms and cosines are exact and take O(ND), in float64 where the device has it. The effective
    rank is that of all embeddings up to 1,000, else of 1,000 at even distances, the first and
    the last among them. The same arguments give the same numbers.

    Args:
        embeddings: Shape (N, D), floating point, not normalised; a tensor, or an array.
        labels: Integers of shape (N,); a tensor, an array or a list.

    Returns:
        The numbers; NaN where an embedding holds one.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If the shapes do not fit, or there is no embedding.
    """
    embeddings, labels = _tensor(embeddings), _tensor(labels)
    check_embeddings(embeddings)
    check_labels(labels, len(embeddings))
    points = embeddings.detach()
    wide = widest(points).cpu().numpy()
    sizes = class_order(labels.cpu().numpy()).sizes
    norm, within, between = batch_statistics(wide, labels.cpu().numpy())
    rows = np.linspace(0, len(points) - 1, min(len(points), MOST_ROWS)).round().astype(np.int64)
    return Diagnosis(
        images=len(points),
        dim=points.shape[1],
        classes=len(sizes),
        single_image_classes=int((sizes == 1).sum()),
        mean_norm=norm,
        within_cosine=within if len(sizes) < len(points) else None,
        between_cosine=between if len(sizes) > 1 else None,
        effective_rank=_effective_rank(points[torch.from_numpy(rows).to(points.device)]),
        rank_rows=len(rows),
    )


def batch_statistics(
    embeddings: NDArray[np.floating], labels: NDArray[np.integer]
) -> tuple[float, float, float]:
    """Mean norm, and mean cosine within classes and between them; O(ND), without the Gram matrix.

    A sum of cosines over all pairs of a set is the squared norm of the sum of its unit vectors.
    NumPy takes a third of the time of torch's operations on a batch.

    Args:
        embeddings: Shape (N, D), computed with in float64.
        labels: Shape (N,).

    Returns:
        The three numbers. A cosine of which there is no pair is NaN.
    """
    count = len(labels)
    order, bounds, sizes = class_order(labels)
    norms = ones = of_classes = 0.0
    whole = np.zeros(embeddings.shape[1])
    small = embeddings.size * len(sizes) <= _SMALL_PRODUCT
    for classes in (bounds,) if small else _parts(bounds):
        if small:
            lengths, sums = _product_of_directions(embeddings, labels, labels[order[classes[:-1]]])
        else:
            rows = embeddings.take(order[classes[0] : classes[-1]], 0)
            lengths, sums = _sums_of_directions(rows, classes - classes[0])
        norms += lengths.sum()
        ones += np.count_nonzero(lengths)  # a zero embedding has no direction
        of_classes += float(np.vdot(sums, sums))
        whole += sums.sum(0)
    same = float(np.dot(sizes, sizes))
    within = (of_classes - ones) / _or_nan(same - count)
    between = (float(whole @ whole) - of_classes) / _or_nan(count * count - same)
    return float(norms / count), float(within), float(between)


def _product_of_directions(
    embeddings: NDArray[np.floating], labels: NDArray[np.integer], classes: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The norms (N,), and the sum of the unit vectors of each class, (C, D).

    As one product of matrices, which for a batch of few classes takes half the time of sums.
    """
    wide = embeddings.astype(np.float64)
    lengths = np.sqrt(np.einsum("nd,nd->n", wide, wide))
    return lengths, ((labels == classes[:, None]) / np.maximum(lengths, _TINY)) @ wide


def _sums_of_directions(
    rows: NDArray[np.floating], bounds: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same of rows class by class, given where these begin and where the last ends."""
    wide = rows.astype(np.float64, copy=False)
    lengths = np.sqrt(np.einsum("nd,nd->n", wide, wide))
    wide *= (1.0 / np.maximum(lengths, _TINY))[:, None]  # half the time of dividing
    if len(wide) == 2 * (len(bounds) - 1) and not (bounds & 1).any():
        return lengths, wide[::2] + wide[1::2]  # as most batches are: in a tenth of the time
    return lengths, np.add.reduceat(wide, bounds[:-1])


def _parts(bounds: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The classes in parts of some thousand images: where each begins, and where the part ends."""
    first = 0
    while first < len(bounds) - 1:
        last = len(bounds) - 1
        if bounds[-1] - bounds[first] > _ROWS_AT_ONCE:
            last = int(np.searchsorted(bounds, bounds[first] + _ROWS_AT_ONCE, side="right")) - 1
            last = max(last, first + 1)  # a class is not divided
        yield bounds[first : last + 1]
        first = last


def _or_nan(pairs: float) -> float:
    return pairs if pairs > 0 else float("nan")


def _effective_rank(embeddings: Tensor) -> float:
    points = features_of(widest(embeddings)).cpu()
    if not points.isfinite().all():
        return float("nan")
    values = torch.linalg.svdvals(points)
    total = float(values.sum())
    if total == 0.0:
        return 0.0
    return float(torch.special.entr(values / total).sum().exp())


def _tensor(values: Any) -> Tensor:
    if isinstance(values, Tensor):
        return values
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        return values  # type: ignore[no-any-return]  # the checks say what is wrong with it
    return torch.tensor(array)
