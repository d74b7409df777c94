"""How each image of one frame does as a query."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from symmcore.records import FloatArray, IndexArray
from symmviz.model.retrieval.query import Split

ALIKE = 10
"""How many neighbours must agree on another class for a label to look wrong."""
_CLASS_BYTES = 512  # of a row of the table of classes, about


@dataclass(frozen=True, slots=True)
class ScoreTarget:
    """All queries of one frame: which run, after which step, of which split."""

    key: str
    step: int
    split: Split


@dataclass(frozen=True, slots=True)
class ClassScore:
    """How the images of one class do.

    Attributes:
        label: of the class.
        count: images that can be right: those whose class has another.
        right: of these, how many have one of their class nearest.
        confused: the class that is nearest most often instead; None where none is.
        confused_count: of how many images.
    """

    label: int
    count: int
    right: int
    confused: int | None
    confused_count: int

    @property
    def recall(self) -> float:
        """Recall@1 in [0, 1]."""
        return self.right / self.count


@dataclass(frozen=True, slots=True)
class ClassRow:
    """How the images of one class do, and what it is called.

    Attributes:
        score: of the class.
        name: what it is called where others begin alike.
        confused: what the class is called that is nearest most often instead; empty for none.
        searched: its whole name, case folded.
    """

    score: ClassScore
    name: str
    confused: str
    searched: str


@dataclass(frozen=True, slots=True, eq=False)
class QueryScores:
    """How the N images of one frame do, each as a query among the others.

    Attributes:
        step: of the frame.
        samples: (N,) int64, positions in the dataset.
        labels: (N,) int64.
        rank: (N,) int64, rank of the first image of the query's class, from 1; 0 where the
            class has no other image.
        nearest: (N,) int64, row of the most similar other image; -1 where there is none.
        similarity: (N,) float32, cosine similarity to it; NaN where that is no number.
        agreed: (N,) int64, the one other class of all ``ALIKE`` nearest images; -1 where they
            are not of one, or of the image's own.
        pairs: (M, 2) int64, rows of images that are nearly equal, the most similar first.
        pair_similarity: (M,) float32.
        classes: how each class does, the worst first.
    """

    step: int
    samples: IndexArray
    labels: IndexArray
    rank: IndexArray
    nearest: IndexArray
    similarity: FloatArray
    agreed: IndexArray
    pairs: IndexArray
    pair_similarity: FloatArray
    classes: tuple[ClassRow, ...] = ()

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        arrays = (self.samples, self.labels, self.rank, self.nearest, self.similarity, self.agreed)
        size = sum(one.nbytes for one in (*arrays, self.pairs, self.pair_similarity))
        return size + _CLASS_BYTES * len(self.classes)


def class_scores(scores: QueryScores) -> tuple[ClassScore, ...]:
    """The Recall@1 of each class, the worst first; classes that cannot be right are left out."""
    asked = scores.rank > 0
    size = int(scores.labels.max(initial=-1)) + 1
    counts = np.bincount(scores.labels[asked], minlength=size)
    right = np.bincount(scores.labels[scores.rank == 1], minlength=size)
    confused = _most_confused(scores, size)
    found = [
        ClassScore(label, int(counts[label]), int(right[label]), *confused.get(label, (None, 0)))
        for label in np.flatnonzero(counts).tolist()
    ]
    return tuple(sorted(found, key=lambda one: (one.recall, -one.count, one.label)))


def is_confused(scores: QueryScores, label: int, found_as: int) -> npt.NDArray[np.bool_]:
    """(N,) bool: images of a class whose nearest neighbour is of another given one."""
    wrong: npt.NDArray[np.bool_] = (scores.rank > 1) & (scores.labels == label)
    wrong[wrong] = scores.labels[scores.nearest[wrong]] == found_as
    return wrong


def _most_confused(scores: QueryScores, size: int) -> dict[int, tuple[int, int]]:
    """For each class with an error the class most often nearest instead, and how often."""
    wrong = scores.rank > 1
    instead = scores.labels[scores.nearest[wrong]]
    both, counts = np.unique(scores.labels[wrong] * size + instead, return_counts=True)
    best: dict[int, tuple[int, int]] = {}
    for pair, count in zip(both.tolist(), counts.tolist(), strict=True):
        label, other = divmod(pair, size)
        if label != other and count > best.get(label, (0, 0))[1]:
            best[label] = other, count
    return best
