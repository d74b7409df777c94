"""How good an embedding is: retrieval, clustering, and where its synthetic points lie."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symmcore.mining import check_embeddings, check_labels, cross_products
from symmcore.mining.geometry import normalise
from symmcore.synthesis import computing_dtype, reflect

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
    _check_count("k", k, len(gallery) - exclude_self)
    left = _features(queries)
    right, copies = _without_copies(_features(gallery))
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


def recall_at_k(embeddings: Tensor, labels: Tensor, ks: Sequence[int] = (1, 2, 4, 8)) -> Recall:
    """Recall@K: how often an image of the query's class is among its K nearest.

    Every image is a query against all others, on L2-normalised features by cosine similarity,
    ties by index. An image whose class has no other is no query but stays in the gallery.

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
    if not ks:
        raise ValueError("ks must hold at least one K")
    for k in ks:
        _check_count("K", k, len(embeddings) - 1)
    labels = labels.to(embeddings.device)
    is_query = (_class_sizes(labels) > 1).to(embeddings.device)
    queries = int(is_query.sum())
    left_out = len(labels) - queries
    if queries == 0:
        raise ValueError(f"none of the {left_out} images shares its class with another")
    if _features(embeddings).isnan().any():
        return Recall(dict.fromkeys(ks, float("nan")), queries, left_out)
    found = neighbours(embeddings, embeddings, max(ks), exclude_self=True).indices
    right = (labels[found] == labels[:, None])[is_query]
    at = {k: int(right[:, :k].any(1).sum()) / queries for k in ks}
    return Recall(at, queries, left_out)


def clustering_scores(embeddings: Tensor, labels: Tensor, seed: int = 0) -> ClusteringScores:
    """Cluster into as many clusters as there are classes, and compare with the classes.

    K-means on L2-normalised features, from one seeded k-means++ start, on one thread so that
    the result is the same in every process.

    Args:
        embeddings: Shape (N, D), floating point.
        labels: Integers of shape (N,).
        seed: Seed of the start.

    Returns:
        The scores; NaN if an embedding is NaN.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If the shapes do not fit.
    """
    check_embeddings(embeddings)
    check_labels(labels, len(embeddings))
    features = _features(embeddings).cpu()
    if features.isnan().any():
        return ClusteringScores(float("nan"), float("nan"))
    classes, inverse = np.unique(labels.cpu().numpy(), return_inverse=True)
    clusters = _kmeans(features.numpy(), len(classes), seed)
    from sklearn.metrics import normalized_mutual_info_score  # slow to import

    nmi = normalized_mutual_info_score(inverse, clusters, average_method="arithmetic")
    return ClusteringScores(float(nmi), _pair_f1(inverse, clusters))


def random_partners(labels: Tensor, seed: int) -> Tensor:
    """Draw for each image another of its class, all others equally likely.

    Args:
        labels: Integers of shape (N,).
        seed: The same seed gives the same partners on every device.

    Returns:
        Positions of the partners, int64 of shape (N,), on the labels' device; -1 where the
        class has only one image.

    Raises:
        TypeError: If labels are not an integer tensor.
        ValueError: If they are not one-dimensional.
    """
    check_labels(labels, labels.shape[0] if isinstance(labels, Tensor) and labels.dim() else 0)
    values = labels.cpu().numpy()
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    order = np.argsort(inverse, kind="stable")
    starts = np.cumsum(counts) - counts
    size, start = counts[inverse[order]], starts[inverse[order]]
    place = np.arange(len(order)) - start
    step = np.random.default_rng(seed).integers(1, np.maximum(size, 2))
    partners = np.empty(len(order), dtype=np.int64)
    partners[order] = np.where(size > 1, order[start + (place + step) % size], -1)
    return torch.from_numpy(partners).to(labels.device)


def synthetic_recall_at_1(embeddings: Tensor, labels: Tensor, seed: int = 0) -> float:
    """Recall@1 among synthetic points (Fig. 6).

    Each image is reflected about a random other image of its class (Eq. 1-2, alpha = 2 and
    beta = 1); queries and gallery are both the synthetic points. An image alone in its class
    has no synthetic point.

    Args:
        embeddings: Shape (N, D), floating point.
        labels: Integers of shape (N,).
        seed: Seed of the partners, see ``random_partners``.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If the shapes do not fit or no class has two images.
    """
    check_embeddings(embeddings)
    check_labels(labels, len(embeddings))
    partners = random_partners(labels, seed).to(embeddings.device)
    kept = partners >= 0
    if not kept.any():
        raise ValueError(f"none of the {len(labels)} images shares its class with another")
    synthetic = reflect(embeddings[kept], embeddings[partners[kept]])
    return recall_at_k(synthetic, labels.to(embeddings.device)[kept], (1,)).at[1]


def _features(embeddings: Tensor) -> Tensor:
    return normalise(embeddings.detach().to(computing_dtype(embeddings.dtype)))


def _class_sizes(labels: Tensor) -> Tensor:
    """The number of images in the class of each image, on the CPU."""
    _, inverse, counts = np.unique(labels.cpu().numpy(), return_inverse=True, return_counts=True)
    return torch.from_numpy(counts[inverse])


def _without_copies(points: Tensor) -> tuple[Tensor, Tensor | None]:
    """The distinct points, and which of them each point is (None if all are distinct).

    Copies of a point must tie exactly, but a matrix product may round the same sum differently in
    two columns. Points are told apart by a hash of their bits.
    """
    bits = torch.int64 if points.dtype == torch.float64 else torch.int32
    generator = torch.Generator().manual_seed(0)
    factors = torch.randint(-(2**62), 2**62, (points.shape[1],), generator=generator)
    # Adding zero turns -0.0 into 0.0.
    hashes = (points + 0.0).view(bits).long() @ factors.to(points.device)
    values, copies = np.unique(hashes.cpu().numpy(), return_inverse=True)
    if len(values) == len(points):
        return points, None
    first = np.empty(len(values), dtype=np.int64)
    first[copies[::-1]] = np.arange(len(points))[::-1]
    to = points.device
    return points[torch.from_numpy(first).to(to)], torch.from_numpy(copies).to(to)


def _check_count(name: str, count: int, most: int) -> None:
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"{name} must be an integer, not {type(count).__name__}")
    if not 1 <= count <= most:
        raise ValueError(
            f"{name} must be between 1 and {most}, the number of points to find, not {count}"
        )


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


def _kmeans(features: NDArray[np.floating], clusters: int, seed: int) -> NDArray[np.int64]:
    from sklearn.cluster import KMeans  # slow to import
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    model = KMeans(clusters, init="k-means++", n_init=1, random_state=seed)
    with threadpool_limits(limits=1), warnings.catch_warnings():
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
