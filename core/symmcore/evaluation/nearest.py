"""The nearest points of a gallery."""

import operator
from dataclasses import dataclass
from typing import SupportsIndex

import torch
from torch import Tensor

from symmcore.evaluation.features import features_of, without_copies
from symmcore.mining import check_embeddings, cross_products

# Similarities held at a time (64 MiB in float32).
_BLOCK_ELEMENTS = 2**24
# In place of a similarity that is NaN: below every cosine, above the query left out.
_MISSING = -2.0


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest gallery points of each query, nearest first.

    Attributes:
        indices: Rows of the gallery, int64 of shape (Q, k).
        similarities: Their cosine similarities, of shape (Q, k).
    """

    indices: Tensor
    similarities: Tensor


def neighbours(queries: Tensor, gallery: Tensor, k: int, exclude_self: bool = False) -> Neighbours:
    """The k gallery points of largest cosine similarity to each query.

    Exact, ties by the lowest index. Blocks of queries keep memory bounded.

    Args:
        queries: Shape (Q, D), floating point.
        gallery: Shape (N, D), on the same device.
        k: Number of neighbours, at most N, or N - 1 with ``exclude_self``.
        exclude_self: Whether query q is row q of the gallery and not to be found there.

    Returns:
        The neighbours; a point that is NaN comes last, with similarity NaN.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If the shapes do not fit or k is out of range.
    """
    check_embeddings(queries, "queries")
    check_embeddings(gallery, "gallery")
    if queries.shape[1] != gallery.shape[1]:
        raise ValueError(
            f"queries have {queries.shape[1]} dimensions and the gallery {gallery.shape[1]}"
        )
    if exclude_self and len(queries) != len(gallery):
        raise ValueError(
            "to leave each query out, queries and gallery must be the same points, "
            f"not {len(queries)} and {len(gallery)}"
        )
    if queries.dtype != gallery.dtype:
        raise TypeError(
            f"queries and gallery must be of one type, not {queries.dtype} and {gallery.dtype}"
        )
    k = check_count("k", k, len(gallery) - exclude_self)
    left = features_of(queries)
    right, copies = without_copies(features_of(gallery))
    has_nan = bool(left.isnan().any() or right.isnan().any())
    indices = torch.empty(len(left), k, dtype=torch.int64, device=left.device)
    similarities = left.new_empty(len(left), k)
    rows = max(1, _BLOCK_ELEMENTS // len(gallery))
    for start in range(0, len(left), rows):
        block = cross_products(left[start : start + rows], right)
        if copies is not None:
            block = block.index_select(1, copies)
        if has_nan:
            block.nan_to_num_(nan=_MISSING)
        if exclude_self:
            block.diagonal(start).fill_(-torch.inf)
        found = _largest(block, k)
        indices[start : start + rows] = found
        similarities[start : start + rows] = block.gather(1, found)
    similarities.masked_fill_(similarities == _MISSING, torch.nan)
    return Neighbours(indices, similarities)


def check_count(name: str, count: SupportsIndex, most: int) -> int:
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


def _largest(block: Tensor, k: int) -> Tensor:
    """Columns of the k largest elements of each row, largest first, ties by lowest index."""
    values, columns = block.topk(min(k + 1, block.shape[1]), dim=1)
    found = columns[:, :k].clone()
    if values.shape[1] > k:
        # topk keeps any of the elements that are tied for the last place.
        tied = (values[:, k - 1] == values[:, k]).nonzero()[:, 0]
        if len(tied):
            found[tied] = _first_largest(block[tied], values[tied, k - 1], k)
    found = found.sort(dim=1).values
    order = block.gather(1, found).argsort(dim=1, descending=True, stable=True)
    return found.gather(1, order)


def _first_largest(block: Tensor, least: Tensor, k: int) -> Tensor:
    """Columns above ``least``, and the first of those equal to it, k for each row."""
    above = block > least[:, None]
    equal = block == least[:, None]
    wanted = k - above.sum(1, keepdim=True)
    chosen = above | (equal & (equal.cumsum(1) <= wanted))
    return chosen.nonzero()[:, 1].view(-1, k)
