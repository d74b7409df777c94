"""Cosines of same-class and of other-class pairs of a frame's images, as histograms."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from symmcore.projection.points import normalised
from symmcore.records import EmbeddedSet, IndexArray
from symmviz.model.map.pair_cosines import BINS, Counts, PairCosines, PairGroup

ALL_PAIRS = 2_500
"""Of more images than this, pairs are drawn at random."""
DRAWN = 200_000
"""How many pairs of a kind are then drawn, where there are more."""
_BLOCK = 512  # rows, of which all cosines are taken at once

_Cosines = npt.NDArray[np.float32]


def pair_cosines(images: EmbeddedSet, seed: int = 0) -> PairCosines:
    """Histograms of the cosines of pairs, of one class and of two.

    All pairs of up to :data:`ALL_PAIRS` images. Of more, each kind's pairs are drawn uniformly,
    with repetition; same-class pairs are all taken where there are no more than are drawn.
    An embedding of zeros has cosine 0 with every other; one that is not a number is left out.

    Args:
        images: (N, D) embeddings and their labels.
        seed: of what is drawn.
    """
    known = np.atleast_1d(np.isfinite(images.embeddings).all(axis=1))
    order = np.argsort(images.labels[known], kind="stable")
    labels = images.labels[known][order]
    units = normalised([images.embeddings[known][order]]).astype(np.float32)
    first, sizes = _classes(labels)
    same = int((sizes * (sizes - 1) // 2).sum())
    other = len(labels) * (len(labels) - 1) // 2 - same
    totals = _Totals(), _Totals()
    is_whole = len(labels) <= ALL_PAIRS
    if is_whole:
        for cosines, is_same in _all(units, labels):
            totals[0].add(cosines[is_same])
            totals[1].add(cosines[~is_same])
    else:
        random = np.random.default_rng(seed)
        pairs = _same_pairs(random, first, sizes), _other_pairs(random, first, sizes)
        for total, (left, right) in zip(totals, pairs, strict=True):
            for start in range(0, len(left), _BLOCK * 16):
                part = slice(start, start + _BLOCK * 16)
                total.add(np.einsum("nd,nd->n", units[left[part]], units[right[part]]))
    return PairCosines(
        totals[0].of(same, drawn=not is_whole and same > DRAWN),
        totals[1].of(other, drawn=not is_whole and other > 0),
        int((~known).sum()),
        len(known),
    )


class _Totals:
    """Counts cosines."""

    def __init__(self) -> None:
        self._counts: Counts = np.zeros(BINS, np.int64)
        self._sum = 0.0

    def add(self, cosines: _Cosines) -> None:
        """Count some more."""
        inside = np.clip(cosines, -1.0, 1.0)
        bins = np.rint((inside + np.float32(1.0)) * np.float32((BINS - 1) / 2)).astype(np.int64)
        self._counts += np.bincount(bins, minlength=BINS)
        self._sum += float(inside.sum(dtype=np.float64))

    def of(self, pairs: int, *, drawn: bool) -> PairGroup:
        """What was counted, of so many pairs."""
        self._counts.setflags(write=False)
        mean = self._sum / max(int(self._counts.sum()), 1)
        return PairGroup(self._counts, mean, pairs, drawn)


def _classes(labels: IndexArray) -> tuple[IndexArray, IndexArray]:
    """Of ascending labels: the first row of each class, and how many it has."""
    first = np.flatnonzero(np.diff(labels, prepend=labels[:1] - 1)).astype(np.int64)
    return first, np.diff(first, append=len(labels))


def _all(units: _Cosines, labels: IndexArray) -> Iterator[tuple[_Cosines, npt.NDArray[np.bool_]]]:
    """The cosines of all pairs, a block at a time, and which are of one class."""
    for start in range(0, len(units), _BLOCK):
        block = slice(start, start + _BLOCK)
        cosines = units[block] @ units[start:].T
        later = np.triu(np.ones(cosines.shape, np.bool_), 1)
        is_same = labels[block, None] == labels[None, start:]
        yield cosines[later], is_same[later]


def _same_pairs(
    random: np.random.Generator, first: IndexArray, sizes: IndexArray
) -> tuple[IndexArray, IndexArray]:
    """Rows of pairs of one class: all, or some that are drawn."""
    pairs = sizes * (sizes - 1) // 2
    if pairs.sum() <= DRAWN:
        rows = [np.triu_indices(size, 1) for size in sizes[pairs > 0].tolist()]
        starts = np.repeat(first[pairs > 0], pairs[pairs > 0])
        if not rows:
            return starts, starts
        left, right = (np.concatenate(part) for part in zip(*rows, strict=True))
        return starts + left, starts + right
    drawn = np.searchsorted(np.cumsum(pairs), random.integers(0, pairs.sum(), DRAWN), "right")
    left = random.integers(0, sizes[drawn])
    right = random.integers(0, sizes[drawn] - 1)
    return first[drawn] + left, first[drawn] + right + (right >= left)


def _other_pairs(
    random: np.random.Generator, first: IndexArray, sizes: IndexArray
) -> tuple[IndexArray, IndexArray]:
    """Rows of pairs of two classes that are drawn; the rows of a class are one after another."""
    count = int(sizes.sum())
    ordered = sizes * (count - sizes)  # pairs that begin in a class
    if not ordered.sum():
        return first[:0], first[:0]
    drawn = np.searchsorted(np.cumsum(ordered), random.integers(0, ordered.sum(), DRAWN), "right")
    left = first[drawn] + random.integers(0, sizes[drawn])
    right = random.integers(0, count - sizes[drawn])
    return left, right + np.where(right >= first[drawn], sizes[drawn], 0)
