"""Whether the nearest image of each watched one is of its class, as Recall@1 asks."""

import numpy as np

from symmcore.records import EmbeddedSet, Frame
from symmviz.model.loaded import VerdictArray, Verdicts
from symmviz.services.retrieval.query_scores import score_queries
from symmviz.services.retrieval.search_index import SearchIndex

RIGHT, WRONG, NONE = 1, 0, -1


def frame_verdicts(frame: Frame, step: int) -> Verdicts:
    """Those of a frame's training and test images, each split searched by itself."""
    return Verdicts(
        nearest_verdicts(frame.train.points, step), nearest_verdicts(frame.test.points, step)
    )


def nearest_verdicts(images: EmbeddedSet, step: int = 0) -> VerdictArray:
    """1 where the nearest other image by cosine is of the same class, 0 where it is not.

    -1 for an image whose class has no other, and for one whose embedding is not a number. Ties
    go to the lowest row, as in every search.

    Args:
        images: (N, D) embeddings and their labels.
        step: after which they were taken.

    Returns:
        (N,) int8.
    """
    index = SearchIndex(images, step)
    ranks = score_queries(index, lambda _: None).rank
    verdicts = np.where(ranks == 1, RIGHT, WRONG).astype(np.int8)
    verdicts[(ranks == 0) | ~np.isfinite(index.features).all(axis=1)] = NONE
    verdicts.setflags(write=False)
    return verdicts
