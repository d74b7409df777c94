"""All scores of embeddings that tables of results show."""

import math
from collections.abc import Iterable

from torch import Tensor

from symmcore.evaluation.classes import classes_and_sizes
from symmcore.evaluation.clustering import clustering_scores
from symmcore.evaluation.kmeans import Progress
from symmcore.evaluation.precision import precision_at_r
from symmcore.evaluation.recall import recall_at_k


def summary(
    embeddings: Tensor,
    labels: Tensor,
    ks: Iterable[int] = (1, 2, 4, 8),
    seed: int = 0,
    progress: Progress = lambda _iteration, _most: None,
) -> dict[str, float]:
    """Recall@K, MAP@R, R-precision, NMI and F1 by name, each as its own function computes it.

    Args:
        embeddings: Shape (N, D), floating point.
        labels: Integers of shape (N,).
        ks: The Ks; those that there are not as many other images for are left out.
        seed: Seed of the clustering.
        progress: As that of ``clustering_scores``.

    Returns:
        Shares in [0, 1] by "recall_at_1", ..., "map_at_r", "r_precision", "nmi" and "f1"; what
        is no number is left out, and so is all if no class has two images.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If the shapes do not fit.
    """
    _, sizes = classes_and_sizes(labels)
    if not (sizes > 1).any():
        return {}
    recall = recall_at_k(embeddings, labels, [k for k in ks if k < len(embeddings)])
    precision = precision_at_r(embeddings, labels)
    clusters = clustering_scores(embeddings, labels, seed, progress)
    scores = {f"recall_at_{k}": value for k, value in recall.at.items()} | {
        "map_at_r": precision.map_at_r,
        "r_precision": precision.r_precision,
        "nmi": clusters.nmi,
        "f1": clusters.f1,
    }
    return {name: value for name, value in scores.items() if math.isfinite(value)}
