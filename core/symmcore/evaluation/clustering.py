"""K-means, and how well its clusters agree with the classes."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from symmcore.blas_threads import limited_blas_threads
from symmcore.evaluation.features import features_of
from symmcore.evaluation.kmeans import MOST_ITERATIONS, Progress, kmeans, spread_start
from symmcore.mining import check_embeddings, check_labels

# Clusters up to which scikit-learn's k-means is as fast as ours; with twice as many it takes twice
# as long, the clusters being as good.
_MANY = 100


def _silent(_iteration: int, _most: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class ClusteringScores:
    """How well k-means recovers the classes.

    Attributes:
        nmi: Normalised mutual information, arithmetic normalisation.
        f1: F1 over pairs of images: precision and recall of "same cluster" against "same
            class". NaN if no two images share a class or a cluster.
    """

    nmi: float
    f1: float


def clustering_scores(
    embeddings: Tensor,
    labels: Tensor,
    seed: int = 0,
    progress: Progress = _silent,
) -> ClusteringScores:
    """Cluster into as many clusters as there are classes, and compare with the classes.

    K-means on L2-normalised features, from one seeded start: up to 100 clusters scikit-learn's,
    from k-means++, on one thread so that the result is the same in every process; beyond,
    from k-means++ that chooses several centres at a time, in bounded memory.

    Args:
        embeddings: Shape (N, D), floating point.
        labels: Integers of shape (N,).
        seed: Seed of the start.
        progress: Called with the iteration and the most there can be: several times in each with
            more than 100 clusters, else at the beginning. An exception from it ends the
            clustering and goes on to the caller.

    Returns:
        The scores; NaN if an embedding is NaN.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If the shapes do not fit.
    """
    check_embeddings(embeddings)
    check_labels(labels, len(embeddings))
    points = features_of(embeddings)
    if points.isnan().any():
        return ClusteringScores(float("nan"), float("nan"))
    classes, inverse = np.unique(labels.cpu().numpy(), return_inverse=True)
    if len(classes) > _MANY:
        start = spread_start(points, len(classes), seed, lambda: progress(0, MOST_ITERATIONS))
        clusters = kmeans(points, start, progress)
    else:
        progress(0, MOST_ITERATIONS)
        clusters = _scikit_learn(points.cpu().numpy(), len(classes), seed)
    from sklearn.metrics import normalized_mutual_info_score  # slow to import

    nmi = normalized_mutual_info_score(inverse, clusters, average_method="arithmetic")
    return ClusteringScores(float(nmi), _pair_f1(inverse, clusters))


def _scikit_learn(features: NDArray[np.floating], clusters: int, seed: int) -> NDArray[np.int64]:
    from sklearn.cluster import KMeans  # slow to import
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    model = KMeans(clusters, init="k-means++", n_init=1, random_state=seed)
    with (
        limited_blas_threads(1),
        threadpool_limits(1, user_api="openmp"),
        warnings.catch_warnings(),
    ):
        # Fewer distinct points than classes: the scores say so well enough.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found: NDArray[np.int64] = model.fit_predict(features).astype(np.int64)
    return found


def _pair_f1(classes: NDArray[np.int64], clusters: NDArray[np.int64]) -> float:
    """F1 over pairs, from how many images each class and cluster share."""

    def pairs(groups: NDArray[np.int64]) -> int:
        counts = np.unique(groups, return_counts=True)[1]
        return int((counts * (counts - 1) // 2).sum())

    both = pairs(classes * (int(clusters.max()) + 1) + clusters)
    total = pairs(classes) + pairs(clusters)
    return 2.0 * both / total if total else float("nan")
