"""The nearest images of every image by cosine similarity, all pairs compared."""

from typing import NamedTuple

import numpy as np

from symmcore.progress import Progress, ProgressCallback
from symmcore.projection.points import normalised
from symmcore.records import FloatArray, IndexArray

_BLOCK_ELEMENTS = 2**23  # similarities that are held at a time: 32 MiB


class NearestImages(NamedTuple):
    """The k nearest other images of each image, nearest first.

    Attributes:
        rows: (N, k) int64.
        similarities: (N, k) float32, cosines.
    """

    rows: IndexArray
    similarities: FloatArray


def nearest_images(embeddings: FloatArray, k: int, progress: ProgressCallback) -> NearestImages:
    """Find the nearest other images of every image, at most all others.

    Of equal similarities the lower row comes first, where both are among the k. A row that is
    zero or not finite has a similarity of 0 with all.

    Args:
        embeddings: (N, D), not normalised.
        k: how many, at least 1.
        progress: told how many images are done.
    """
    points = normalised([embeddings]).astype(np.float32)
    count = len(points)
    k = min(k, count - 1)
    rows = np.empty((count, max(k, 0)), dtype=np.int64)
    similarities = np.empty(rows.shape, dtype=np.float32)
    size = max(1, _BLOCK_ELEMENTS // max(count, 1))
    for start in range(0, count if k > 0 else 0, size):
        progress(Progress("Finding neighbours", start, count))
        block = points[start : start + size] @ points.T
        stop = start + len(block)
        block[np.arange(len(block)), np.arange(start, stop)] = -np.inf  # not itself
        found = np.argpartition(-block, k - 1, axis=1)[:, :k]
        found.sort(axis=1)
        values = np.take_along_axis(block, found, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        rows[start:stop] = np.take_along_axis(found, order, axis=1)
        similarities[start:stop] = np.take_along_axis(values, order, axis=1)
    return NearestImages(rows, similarities)
