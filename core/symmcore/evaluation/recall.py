"""Recall@K."""

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import SupportsIndex

import numpy as np
import torch
from torch import Tensor

from symmcore.evaluation.features import features_of
from symmcore.evaluation.ranks import ranks
from symmcore.mining import check_embeddings, check_labels, widest


@dataclass(frozen=True, slots=True)
class Recall:
    """Recall@K of a set of images.

    Attributes:
        at: For each K, the share of queries with an image of their class among the K nearest.
        queries: Number of queries.
        left_out: Number of images that are no query because their class has no other image.
    """

    at: dict[int, float]
    queries: int
    left_out: int


def recall_at_k(
    embeddings: Tensor, labels: Tensor, ks: Iterable[SupportsIndex] = (1, 2, 4, 8)
) -> Recall:
    """Recall@K: how often an image of the query's class is among its K nearest.

    Every image is a query against all others, on L2-normalised features by cosine similarity,
    ties by index. An image whose class has no other is no query but stays in the gallery. What
    tells two similarities apart is float64, where the device has it; copies of an image tie.
    Memory is bounded: no more than some tiles of the matrix of similarities exist at a time.

    Args:
        embeddings: Shape (N, D), floating point.
        labels: Integers of shape (N,).
        ks: The Ks.

    Returns:
        The recall at each K; NaN if an embedding is NaN.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If shapes do not fit, there is no K or one not between 1 and N - 1, or no class
            has two images.
    """
    check_embeddings(embeddings)
    check_labels(labels, len(embeddings))
    wanted = [_check_count("K", k, len(embeddings) - 1) for k in ks]
    if not wanted:
        raise ValueError("ks must hold at least one K")
    classes, sizes = _classes(labels)
    is_query = (sizes > 1).to(embeddings.device)
    queries = int(is_query.sum())
    left_out = len(labels) - queries
    if queries == 0:
        raise ValueError(f"none of the {left_out} images shares its class with another")
    points = features_of(widest(embeddings))
    if points.isnan().any():
        return Recall(dict.fromkeys(wanted, float("nan")), queries, left_out)
    before = ranks(points, classes.to(points.device), wanted)[is_query]
    at = {k: int((before < k).sum()) / queries for k in wanted}
    return Recall(at, queries, left_out)


def _check_count(name: str, count: SupportsIndex, most: int) -> int:
    """Return a number of points to find, if it is one.

    Raises:
        TypeError: If it is not an integer.
        ValueError: If it is not between 1 and ``most``.
    """
    try:
        number = operator.index(count)
    except TypeError:
        number = None
    if number is None or isinstance(count, bool):
        raise TypeError(f"{name} must be an integer, not {type(count).__name__}")
    if most < 1:
        raise ValueError("there are no other points to find")
    if not 1 <= number <= most:
        raise ValueError(
            f"{name} must be between 1 and {most}, the number of points to find, not {number}"
        )
    return number


def _classes(labels: Tensor) -> tuple[Tensor, Tensor]:
    """The class of each image, counted from 0, and how many images it has: int64, on the CPU."""
    _, inverse, counts = np.unique(labels.cpu().numpy(), return_inverse=True, return_counts=True)
    return torch.from_numpy(inverse), torch.from_numpy(counts[inverse])
