"""Whether the nearest image of each watched one is of its class, as Recall@1 asks."""

import numpy as np

from symmcore.records import EmbeddedSet, FloatArray, Frame
from symmviz.model.loaded import VerdictArray, Verdicts

RIGHT, WRONG, NONE = 1, 0, -1
_BLOCK = 512  # rows searched at once


def frame_verdicts(frame: Frame) -> Verdicts:
    """Those of a frame's training and test images, each split searched by itself."""
    return Verdicts(nearest_verdicts(frame.train.points), nearest_verdicts(frame.test.points))


def nearest_verdicts(images: EmbeddedSet) -> VerdictArray:
    """1 where the nearest other image by cosine is of the same class, 0 where it is not.

    -1 for an image whose class has no other, and for one whose embedding is not a number. Ties
    go to the lowest row.

    Args:
        images: (N, D) embeddings and their labels.

    Returns:
        (N,) int8.
    """
    count = len(images.labels)
    verdicts = np.full(count, NONE, np.int8)
    features = _normalised(images.embeddings)
    known = np.isfinite(features).all(axis=1)
    features[~known] = 0.0
    _, classes, sizes = np.unique(images.labels, return_inverse=True, return_counts=True)
    asked = known & (sizes[classes.reshape(-1)] > 1)
    for first in range(0, count, _BLOCK):
        rows = np.arange(first, min(first + _BLOCK, count))
        similarities = features[rows] @ features.T
        similarities[:, ~known] = -np.inf
        similarities[np.arange(len(rows)), rows] = -np.inf
        nearest = np.argmax(similarities, axis=1)
        verdicts[rows] = images.labels[nearest] == images.labels[rows]
    verdicts[~asked] = NONE
    verdicts.setflags(write=False)
    return verdicts


def _normalised(embeddings: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", over="ignore"):
        norms = np.linalg.norm(embeddings.astype(np.float64), axis=1, keepdims=True)
        features: FloatArray = (embeddings / np.where(norms > 0, norms, 1.0)).astype(np.float32)
    return features
