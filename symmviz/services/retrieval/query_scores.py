"""Scores every image of a frame as a query among the others, in blocks of rows."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from symmcore.records import FloatArray, IndexArray
from symmviz.model.retrieval.query_scores import ALIKE, QueryScores
from symmviz.services.retrieval.search_index import SearchIndex

NEARLY_EQUAL = 0.99
"""Cosine similarity from which two images count as near-duplicates."""
MOST_PAIRS = 500

_BLOCK_ELEMENTS = 2**22  # of a block of similarities: 16 MiB
_DOUBT = np.float32(1e-6)  # what rounding may move a similarity by
_MOST_DOUBTFUL = 4096  # of one query, to be computed again in float64
_NO_NUMBER = np.float32(-2.0)


def score_queries(index: SearchIndex, tell: Callable[[int], None]) -> QueryScores:
    """Score all images of an index.

    Where a product in float32 cannot tell two similarities apart they are computed again in
    float64; what the index itself has rounded stays so. Of equal ones the lower row comes first.

    Args:
        index: the images.
        tell: told now and then how many are done; what it raises ends the work.
    """
    work = _Scoring(index)
    count = len(work.labels)
    size = max(1, _BLOCK_ELEMENTS // max(count, 1))
    for start in range(0, count, size):
        tell(start)
        work.add(slice(start, min(start + size, count)))
    return work.result(index.step)


class _Scoring:
    """The images in the order of their classes, so that each class is one stretch of columns."""

    def __init__(self, index: SearchIndex) -> None:
        self._samples, labels = index.images
        self._order: IndexArray = np.argsort(labels, kind="stable")
        self._original_labels = labels
        self.labels: IndexArray = labels[self._order]
        self._features: FloatArray = np.ascontiguousarray(index.features[self._order])
        self._starts = np.searchsorted(self.labels, self.labels, side="left")
        self._stops = np.searchsorted(self.labels, self.labels, side="right")
        count = len(labels)
        self._rank: IndexArray = np.zeros(count, dtype=np.int64)
        self._nearest: IndexArray = np.full(count, -1, dtype=np.int64)
        self._similarity: FloatArray = np.full(count, np.nan, dtype=np.float32)
        self._agreed: IndexArray = np.full(count, -1, dtype=np.int64)

    def add(self, rows: slice) -> None:
        """Score some of the images."""
        if len(self.labels) < 2:
            return
        with np.errstate(invalid="ignore"):
            block = self._features[rows] @ self._features.T
        np.copyto(block, _NO_NUMBER, where=np.isnan(block))
        at = np.arange(rows.start, rows.stop)
        block[at - rows.start, at] = -np.inf
        highest = block.max(axis=1)
        self._take_nearest(block, at, highest)
        own = self._best_of_own_class(block, at)
        self._take_ranks(block, at, own)
        self._take_agreed(block, at)

    def result(self, step: int) -> QueryScores:
        """What was found, in the order of the images."""
        pairs, similarities = self._pairs()
        back = np.argsort(self._order, kind="stable")
        return QueryScores(
            step=step,
            samples=self._samples,
            labels=self._original_labels,
            rank=self._rank[back],
            nearest=self._nearest[back],
            similarity=self._similarity[back],
            agreed=self._agreed[back],
            pairs=pairs,
            pair_similarity=similarities,
        )

    def _take_nearest(self, block: FloatArray, at: IndexArray, highest: FloatArray) -> None:
        nearest = self._order[block.argmax(axis=1)]
        # The order of classes is not that of the images: the lowest image of equal ones.
        tied = (block == highest[:, None]).sum(axis=1) > 1
        for row in np.flatnonzero(tied).tolist():
            nearest[row] = self._order[np.flatnonzero(block[row] == highest[row])].min()
        self._nearest[at] = nearest
        self._similarity[at] = np.where(highest > _NO_NUMBER, highest, np.nan)

    def _best_of_own_class(self, block: FloatArray, at: IndexArray) -> FloatArray:
        best = np.full(len(at), -np.inf, dtype=np.float32)
        for row, place in enumerate(at.tolist()):
            best[row] = block[row, self._starts[place] : self._stops[place]].max()
        return best

    def _take_ranks(self, block: FloatArray, at: IndexArray, own: FloatArray) -> None:
        asked = np.isfinite(own)
        above = (block > (own + _DOUBT)[:, None]).sum(axis=1)
        up_to = (block >= (own - _DOUBT)[:, None]).sum(axis=1)
        self._rank[at] = np.where(asked, above + 1, 0)
        # The nearest of the own class is one of these itself.
        for row in np.flatnonzero(asked & (up_to > above + 1)).tolist():
            self._rank[at[row]] = int(above[row]) + self._rank_among(block[row], at[row], own[row])

    def _rank_among(self, similarities: FloatArray, place: int, own: np.float32) -> int:
        """The rank of the first of the own class among those that are too alike to tell."""
        columns = np.flatnonzero(np.abs(similarities - own) <= _DOUBT)
        is_own = self.labels[columns] == self.labels[place]
        values: npt.NDArray[np.floating] = similarities[columns]
        if not is_own.all() and len(columns) <= _MOST_DOUBTFUL and own > _NO_NUMBER:
            query = self._features[place].astype(np.float64)
            values = (self._features[columns].astype(np.float64) * query).sum(axis=1)
        rows = self._order[columns]
        best = values[is_own].max()
        first = rows[is_own & (values == best)].min()
        before = ~is_own & ((values > best) | ((values == best) & (rows < first)))
        return 1 + int(before.sum())

    def _take_agreed(self, block: FloatArray, at: IndexArray) -> None:
        if block.shape[1] <= ALIKE:
            return
        far = (self._rank[at] > ALIKE) | (self._rank[at] == 0)
        for row in np.flatnonzero(far).tolist():
            nearest = np.argpartition(block[row], -ALIKE)[-ALIKE:]
            found = self.labels[nearest]
            if (found == found[0]).all() and found[0] != self.labels[at[row]]:
                self._agreed[at[row]] = found[0]

    def _pairs(self) -> tuple[IndexArray, FloatArray]:
        """Images and their nearest where they are nearly equal, each pair once."""
        with np.errstate(invalid="ignore"):
            places = np.flatnonzero(self._similarity >= NEARLY_EQUAL)
        both = np.stack([self._order[places], self._nearest[places]], axis=1)
        pairs, first = np.unique(np.sort(both, axis=1), axis=0, return_index=True)
        similarities: FloatArray = self._similarity[places[first]]
        best = np.argsort(-similarities, kind="stable")[:MOST_PAIRS]
        return pairs[best], similarities[best]
