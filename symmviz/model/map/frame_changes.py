"""Finds what happened between two recorded frames, by the nearest neighbours of each image.

Of an image as many nearest neighbours are looked at as its class has other images, at most
``NEIGHBOURS``: in a class that lies apart all of them are of the class, however small it is.
Neighbours are by cosine similarity among the watched images of one split.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from symmcore.projection.neighbours import exact_neighbours
from symmcore.projection.points import SMALLEST_VARIANCE, centred, normalised
from symmcore.records import EmbeddedSet, IndexArray
from symmviz.model.map.events import Event, EventKind

NEIGHBOURS = 10
SPLIT_FALL = 0.25
"""A class splits where its largest part loses at least this share of the class."""
MIX_RISE = 0.1
"""Two classes mix where the other's share of their neighbours rises by at least this."""
LEAST_MIXED = 5  # neighbours
LEAST_CLASS, LEAST_LOST = 5, 3  # images of a class that can split, and that its part must lose
LEAST_LEFT = 2  # images that leave one class for the same other
LEAST_WRONG, WRONG_SHARE = 5, 0.05  # queries, and of those that were right
MOST_EVENTS = 3
"""Splits, mixes and leavings of one frame: the largest."""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """The nearest images of each of N images after one step.

    Attributes:
        samples: (N,) int64, positions in the dataset.
        labels: (N,) int64.
        nearest: (N, K) int64, rows of the nearest others, nearest first; -1 beyond those that
            are looked at, and for an image whose embedding is not a number.
    """

    samples: IndexArray
    labels: IndexArray
    nearest: IndexArray

    @property
    def asked(self) -> IndexArray:
        """(N,) int64, how many neighbours of each image are looked at."""
        asked: IndexArray = (self.nearest >= 0).sum(axis=1)
        return asked

    @property
    def near_labels(self) -> IndexArray:
        """(N, K) int64, classes of the neighbours; -1 where there is none."""
        return np.where(self.nearest >= 0, self.labels[self.nearest], -1)

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return int(self.samples.nbytes + self.labels.nbytes + self.nearest.nbytes)


def neighbourhood(images: EmbeddedSet) -> Neighbourhood:
    """Find the nearest images of each one.

    Images whose embedding is not a number are no neighbours and have none; an image alone in its
    class has none, and none has any where all embeddings are in one place.
    """
    labels = images.labels
    known = np.flatnonzero(np.isfinite(images.embeddings).all(axis=1))
    nearest = np.full((len(labels), NEIGHBOURS), -1, np.int64)
    count = min(NEIGHBOURS, len(known) - 1)
    units = centred(normalised([images.embeddings[known]]))
    if count > 0 and float(np.square(units).sum()) / len(known) > SMALLEST_VARIANCE:
        nearest[known, :count] = known[exact_neighbours(units.astype(np.float32), count).indices]
        _, classes, sizes = np.unique(labels[known], return_inverse=True, return_counts=True)
        others = np.zeros(len(labels), np.int64)
        others[known] = sizes[classes] - 1
        nearest[np.arange(NEIGHBOURS) >= others[:, None]] = -1
    return Neighbourhood(images.samples, labels, nearest)


def find_events(
    before: Neighbourhood, now: Neighbourhood, since: int, step: int
) -> tuple[Event, ...]:
    """What happened between two frames of the same images, the largest first; few.

    - Two classes mix: among all neighbours of their images those of the other class grew by
      ``MIX_RISE`` and by ``LEAST_MIXED``.
    - A class splits: its largest part, connected by pairs of images that are each other's
      neighbours, lost ``SPLIT_FALL`` of the class.
    - Images left their class: more than half of their neighbours were of it, and more than half
      are now of one other; at least ``LEAST_LEFT`` for the same other class.
    - Queries turned wrong: the nearest image was of their class and no longer is; at least
      ``LEAST_WRONG``, and ``WRONG_SHARE`` of those that were right. They come last.

    What a mix says is not said again of its classes as a split or a leaving.
    """
    if not np.array_equal(before.samples, now.samples):
        return ()
    frames = _Frames(before, now, since, step)
    mixes = list(frames.mixes())
    pairs = {one.labels for one in mixes}
    mixed = {label for pair in pairs for label in pair}
    found = [
        *mixes,
        *(one for one in frames.splits() if one.labels[0] not in mixed),
        *(one for one in frames.left() if tuple(sorted(one.labels)) not in pairs),
    ]
    found.sort(key=lambda one: (-len(one.samples), one.labels))
    return (*found[:MOST_EVENTS], *frames.wrong())


@dataclass(frozen=True, slots=True, eq=False)
class _Frames:
    """Two frames of the same images."""

    before: Neighbourhood
    now: Neighbourhood
    since: int
    step: int

    def mixes(self) -> Iterator[Event]:
        """Pairs of classes that mix."""
        then, labels = _mixed(self.before), self.now.labels
        asked = np.bincount(labels, self.now.asked)
        for pair, count in _mixed(self.now).items():
            total = int(asked[list(pair)].sum())
            rise = count - then.get(pair, 0)
            if rise >= max(LEAST_MIXED, MIX_RISE * total):
                first, second = pair
                more = np.zeros(len(labels), np.int64)
                for own, other in ((first, second), (second, first)):
                    of = labels == own
                    more[of] = _count(self.now, other)[of] - _count(self.before, other)[of]
                samples = self._samples(more)
                yield self._event(EventKind.MIX, samples, pair, (count, total, then.get(pair, 0)))

    def splits(self) -> Iterator[Event]:
        """Classes that split."""
        known = self.now.asked > 0
        then, there = _largest_parts(self.before) & known, _largest_parts(self.now)
        for label, total in zip(*np.unique(self.now.labels, return_counts=True), strict=True):
            of = self.now.labels == label
            count, earlier = int((of & there).sum()), int((of & then).sum())
            fall = earlier - count
            if total >= LEAST_CLASS and fall >= max(LEAST_LOST, SPLIT_FALL * total):
                lost = (of & then & ~there).astype(np.int64)
                yield self._event(
                    EventKind.SPLIT,
                    self._samples(lost),
                    (int(label),),
                    (count, int(total), earlier),
                )

    def left(self) -> Iterator[Event]:
        """Classes that images left, with the one that they joined."""
        labels, joined = self.now.labels, _majority(self.now)
        rows = (_majority(self.before) == labels) & (joined >= 0) & (joined != labels)
        pairs = sorted(set(zip(labels[rows].tolist(), joined[rows].tolist(), strict=True)))
        for own, other in pairs:
            gone = rows & (labels == own) & (joined == other)
            number = int(gone.sum())
            if number >= LEAST_LEFT:
                weight = np.where(gone, _count(self.now, other), 0)
                yield self._event(
                    EventKind.LEFT, self._samples(weight), (own, other), (number, number, 0)
                )

    def wrong(self) -> Iterator[Event]:
        """The queries that turned wrong, if they are enough to be said."""
        labels = self.now.labels
        were_right = self.before.near_labels[:, 0] == labels
        found = were_right & (self.now.nearest[:, 0] >= 0)
        found &= self.now.near_labels[:, 0] != labels
        number = int(found.sum())
        if number >= max(LEAST_WRONG, WRONG_SHARE * int(were_right.sum())):
            counts = np.bincount(labels[found])
            most = int(counts.argmax())
            samples = self._samples(np.where(found, 1 + (labels == most), 0))
            asked = int((self.now.asked > 0).sum())
            yield self._event(EventKind.WRONG, samples, (most,), (int(counts[most]), asked, 0))

    def _samples(self, weight: IndexArray) -> tuple[int, ...]:
        """Those of a positive weight, the heaviest first."""
        order = np.argsort(-weight, kind="stable")
        return tuple(self.now.samples[order[weight[order] > 0]].tolist())

    def _event(
        self,
        kind: EventKind,
        samples: tuple[int, ...],
        labels: tuple[int, ...],
        counts: tuple[int, int, int],
    ) -> Event:
        return Event(kind, self.step, self.since, samples, labels, *counts)


def _count(near: Neighbourhood, label: int) -> IndexArray:
    """(N,) how many neighbours of each image are of a class."""
    counts: IndexArray = (near.near_labels == label).sum(axis=1)
    return counts


def _mixed(near: Neighbourhood) -> dict[tuple[int, int], int]:
    """By pair of classes, the lower first, how many neighbours are of the other of the two."""
    own = np.broadcast_to(near.labels[:, None], near.nearest.shape)
    other = near.near_labels
    apart = (other >= 0) & (other != own)
    low, high = np.minimum(own, other)[apart], np.maximum(own, other)[apart]
    pairs, counts = np.unique(np.stack([low, high], axis=1), axis=0, return_counts=True)
    return {
        (int(first), int(second)): int(count)
        for (first, second), count in zip(pairs, counts, strict=True)
    }


def _majority(near: Neighbourhood) -> IndexArray:
    """(N,) the class that more than half of an image's neighbours are of; -1 for none."""
    found = near.near_labels
    # sorted with the -1 first: a class that more than half are of covers their middle
    ordered = np.sort(found, axis=1)
    asked = near.asked
    middle = ordered[np.arange(len(found)), found.shape[1] - 1 - asked // 2]
    counts = (found == middle[:, None]).sum(axis=1)
    result: IndexArray = np.where((asked > 0) & (2 * counts > asked), middle, -1)
    return result


def _largest_parts(near: Neighbourhood) -> npt.NDArray[np.bool_]:
    """(N,) whether an image is in the largest part of its class.

    A part is connected by pairs of images of the class that are each other's neighbours; of
    equally large ones the one with the lowest row counts.
    """
    count = len(near.labels)
    first = np.broadcast_to(np.arange(count)[:, None], near.nearest.shape)
    alike = near.near_labels == near.labels[:, None]
    one, other = first[alike], near.nearest[alike]
    mutual = np.isin(one * count + other, other * count + one)
    one, other = one[mutual], other[mutual]
    part = np.arange(count)
    while True:  # the lowest row of a part spreads along its pairs, and by leaps
        lower = part.copy()
        np.minimum.at(lower, one, part[other])
        lower = lower[lower]
        if np.array_equal(lower, part):
            break
        part = lower
    sizes = np.bincount(part, minlength=count)[part]
    # the largest part of each class, the lowest row of equal ones
    order = np.lexsort((part, -sizes, near.labels))
    labels = near.labels[order]
    begins = np.r_[True, labels[1:] != labels[:-1]] if count else np.zeros(0, np.bool_)
    best = np.zeros(int(near.labels.max(initial=-1)) + 1, np.int64)
    best[labels[begins]] = part[order[begins]]
    largest: npt.NDArray[np.bool_] = part == best[near.labels]
    return largest
