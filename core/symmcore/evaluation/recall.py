"""Recall@K."""

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import SupportsIndex

import torch
from torch import Tensor

from symmcore.evaluation.classes import classes_and_sizes
from symmcore.evaluation.features import features_of
from symmcore.evaluation.ranks import gallery_ranks, ranks
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
    embeddings: Tensor,
    labels: Tensor,
    ks: Iterable[SupportsIndex] = (1, 2, 4, 8),
    *,
    gallery: Tensor | None = None,
    gallery_labels: Tensor | None = None,
) -> Recall:
    """Recall@K: how often an image of the query's class is among its K nearest.

    Every image is a query against all others, or against a gallery where one is given (In-shop
    Clothes: queries are no part of it), on L2-normalised features by cosine similarity, ties by
    index. An image whose class has no other image to find is no query but stays in the gallery.
    What tells two similarities apart is float64, where the device has it; copies of an image
    tie. Memory is bounded: no more than some tiles of the matrix of similarities exist at a time.

    Args:
        embeddings: Shape (N, D), floating point.
        labels: Integers of shape (N,).
        ks: The Ks.
        gallery: Shape (M, D), floating point, on the same device; None searches ``embeddings``.
        gallery_labels: Integers of shape (M,), given with ``gallery``.

    Returns:
        The recall at each K; NaN if an embedding is NaN.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If shapes do not fit, only one of gallery and gallery_labels is given, there is
            no K or one not between 1 and the number of images to find (N - 1, or M), or no
            class has an image to find.
    """
    check_embeddings(embeddings)
    check_labels(labels, len(embeddings))
    if (gallery is None) != (gallery_labels is None):
        raise ValueError("gallery and gallery_labels belong together: give both or neither")
    if gallery is None or gallery_labels is None:
        return _among_themselves(embeddings, labels, ks)
    check_embeddings(gallery)
    check_labels(gallery_labels, len(gallery))
    if gallery.shape[1] != embeddings.shape[1]:
        raise ValueError(
            f"gallery has {gallery.shape[1]} dimensions and embeddings {embeddings.shape[1]}"
        )
    return _in_gallery(embeddings, labels, ks, gallery, gallery_labels)


def _among_themselves(embeddings: Tensor, labels: Tensor, ks: Iterable[SupportsIndex]) -> Recall:
    wanted = _check_counts(ks, len(embeddings) - 1)
    classes, sizes = classes_and_sizes(labels)
    is_query = (sizes > 1).to(embeddings.device)
    queries = int(is_query.sum())
    left_out = len(labels) - queries
    if queries == 0:
        raise ValueError(f"none of the {left_out} images shares its class with another")
    points = features_of(widest(embeddings))
    if points.isnan().any():
        return _unknown(wanted, queries, left_out)
    before = ranks(points, classes.to(points.device), wanted)[is_query]
    return _recall(before, wanted, left_out)


def _in_gallery(
    embeddings: Tensor,
    labels: Tensor,
    ks: Iterable[SupportsIndex],
    gallery: Tensor,
    gallery_labels: Tensor,
) -> Recall:
    wanted = _check_counts(ks, len(gallery))
    device = embeddings.device
    labels, gallery_labels = labels.to(device), gallery_labels.to(device)
    is_query = torch.isin(labels, gallery_labels)
    queries = int(is_query.sum())
    left_out = len(labels) - queries
    if queries == 0:
        raise ValueError(f"none of the {left_out} queries has an image of its class in the gallery")
    points, searched = features_of(widest(embeddings)), features_of(widest(gallery))
    if points.isnan().any() or searched.isnan().any():
        return _unknown(wanted, queries, left_out)
    before = gallery_ranks(points[is_query], labels[is_query], searched, gallery_labels)
    return _recall(before, wanted, left_out)


def _unknown(ks: list[int], queries: int, left_out: int) -> Recall:
    return Recall(dict.fromkeys(ks, float("nan")), queries, left_out)


def _recall(before: Tensor, ks: list[int], left_out: int) -> Recall:
    """The recall of queries from how many wrong images come before their first right one."""
    at = {k: int((before < k).sum()) / len(before) for k in ks}
    return Recall(at, len(before), left_out)


def _check_counts(ks: Iterable[SupportsIndex], most: int) -> list[int]:
    wanted = [_check_count("K", k, most) for k in ks]
    if not wanted:
        raise ValueError("ks must hold at least one K")
    return wanted


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
