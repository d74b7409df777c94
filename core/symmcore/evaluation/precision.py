"""R-precision and MAP@R: how many of a query's own class are among its nearest, and how early."""

from dataclasses import dataclass

import torch
from torch import Tensor

from symmcore.evaluation.classes import classes_and_sizes
from symmcore.evaluation.features import features_of, without_copies
from symmcore.mining import check_embeddings, check_labels, cross_products, widest

# Similarities held at a time (32 MiB in float64).
_ELEMENTS = 2**22


@dataclass(frozen=True, slots=True)
class RetrievalPrecision:
    """Precision of retrieval with as many neighbours as could be right.

    R is the number of other images of the query's class. Definitions of Musgrave, Belongie and
    Lim, "A Metric Learning Reality Check" (ECCV 2020).

    Attributes:
        r_precision: Mean over queries of the share of right ones among the R nearest.
        map_at_r: Mean over queries of 1 / R times the sum, over the right ones among the R
            nearest, of the precision up to there.
        queries: Number of queries.
        left_out: Number of images that are no query because their class has no other image.
    """

    r_precision: float
    map_at_r: float
    queries: int
    left_out: int


def precision_at_r(embeddings: Tensor, labels: Tensor) -> RetrievalPrecision:
    """R-precision and MAP@R, by the conventions of ``recall_at_k``.

    Every image is a query against all others, on L2-normalised features by cosine similarity
    in float64, where the device has it; ties by index. Memory is bounded: some rows of the
    matrix of similarities exist at a time.

    Args:
        embeddings: Shape (N, D), floating point.
        labels: Integers of shape (N,).

    Returns:
        The scores; NaN if an embedding is NaN.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If the shapes do not fit, or no class has two images.
    """
    check_embeddings(embeddings)
    check_labels(labels, len(embeddings))
    classes, sizes = classes_and_sizes(labels)
    # Queries of classes of one size come together: as many neighbours are looked for.
    order = sizes.argsort(stable=True)
    rows = order[sizes[order] > 1]
    left_out = len(labels) - len(rows)
    if not len(rows):
        raise ValueError(f"none of the {left_out} images shares its class with another")
    points = features_of(widest(embeddings))
    if points.isnan().any():
        return RetrievalPrecision(float("nan"), float("nan"), len(rows), left_out)
    search = _Search(points, classes.to(points.device))
    wanted = (sizes - 1).to(points.device)
    step = max(1, _ELEMENTS // len(points))
    precision = average = 0.0
    for part in rows.to(points.device).split(step):
        one, other = search.sums(part, wanted[part])
        precision, average = precision + one, average + other
    return RetrievalPrecision(precision / len(rows), average / len(rows), len(rows), left_out)


class _Search:
    """The nearest of some queries, each compared with all images: copies of an image tie."""

    def __init__(self, points: Tensor, classes: Tensor) -> None:
        """Prepare for points (N, D) of classes (N,)."""
        self._points = points
        self._classes = classes
        self._distinct, self._copies = without_copies(points)

    def sums(self, rows: Tensor, wanted: Tensor) -> tuple[float, float]:
        """Sums over some queries of R-precision and average precision.

        Args:
            rows: (Q,) int64.
            wanted: (Q,) int64, R of each.
        """
        most = int(wanted.max())
        nearest = self._nearest(rows, most)
        place = torch.arange(1, most + 1, device=rows.device)
        right = self._classes[nearest] == self._classes[rows, None]
        right = (right & (place <= wanted[:, None])).to(self._points.dtype)
        precision = right.sum(1) / wanted
        average = (right * right.cumsum(1) / place).sum(1) / wanted
        return float(precision.sum()), float(average.sum())

    def _nearest(self, rows: Tensor, count: int) -> Tensor:
        """The ``count`` nearest of each query, without itself, ties by index: (Q, count)."""
        block = cross_products(self._points[rows], self._distinct)
        if self._copies is not None:
            block = block[:, self._copies]
        block.scatter_(1, rows[:, None], -torch.inf)
        values, found = block.topk(count, 1)
        # What is found is in order unless two are equal, or one of those left out is.
        furthest = values[:, -1:]
        tied = (values[:, 1:] == values[:, :-1]).any(1) | ((block >= furthest).sum(1) > count)
        if tied.any():
            ordered = block[tied].sort(dim=1, descending=True, stable=True).indices
            found[tied] = ordered[:, :count]
        return found
