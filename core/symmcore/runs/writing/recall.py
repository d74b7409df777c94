"""Recall@1 in NumPy, for embeddings that a user's own loop records."""

import numpy as np

from symmcore.records import FloatArray, IndexArray

_BLOCK_ELEMENTS = 2**22


def recall_at_1(embeddings: FloatArray, labels: IndexArray) -> float | None:
    """The share of images whose nearest other image is of their class.

    By cosine similarity in float32, ties by the lowest index. An image whose class has no other
    is not asked for, but can be found. ``symmcore.evaluation.recall_at_k`` is the same for
    tensors.

    Args:
        embeddings: (N, D) float32.
        labels: (N,) int64.

    Returns:
        A number in [0, 1], NaN if an embedding is not finite; None if no class has two images.
    """
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    queries = np.flatnonzero(counts[inverse] > 1)
    if not len(queries):
        return None
    if not np.isfinite(embeddings).all():
        return float("nan")
    features = normalised(embeddings)
    hits = 0
    rows = max(1, _BLOCK_ELEMENTS // len(features))
    for start in range(0, len(queries), rows):
        block = queries[start : start + rows]
        similarities = features[block] @ features.T
        similarities[np.arange(len(block)), block] = -np.inf
        hits += int((labels[similarities.argmax(axis=1)] == labels[block]).sum())
    return hits / len(queries)


def normalised(embeddings: FloatArray) -> FloatArray:
    """Rows of length 1; rows without a direction stay zero."""
    # first by the largest magnitude: squares of large or small numbers leave float32
    largest = np.abs(embeddings).max(axis=1, keepdims=True, initial=0)
    scaled = embeddings / np.where(largest > 0, largest, 1)
    norms = np.linalg.norm(scaled, axis=1, keepdims=True)
    features: FloatArray = (scaled / np.where(norms > 0, norms, 1)).astype(np.float32)
    return features
