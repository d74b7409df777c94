"""How cosines of same-class and of other-class pairs are distributed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BINS = 41
"""Bins of a histogram of cosines: their middles are -1, -0.95, ..., 1, so that none ends at 0."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PairGroup:
    """Pairs of one kind.

    Attributes:
        counts: (BINS,) int64 pairs taken, by the bin of their cosine.
        mean: of the cosines of those taken; 0 without any.
        pairs: how many there are.
        drawn: whether those taken were drawn at random; else all were.
    """

    counts: Counts
    mean: float
    pairs: int
    drawn: bool = False

    @property
    def taken(self) -> int:
        """How many were taken."""
        return int(self.counts.sum())


@dataclass(frozen=True, slots=True, eq=False)
class PairCosines:
    """The cosines of pairs of images of a frame.

    Attributes:
        same: pairs of one class.
        other: pairs of two classes.
        left_out: images whose embedding is not a number.
        images: all of them.
    """

    same: PairGroup
    other: PairGroup
    left_out: int
    images: int

    @property
    def problem(self) -> str:
        """Why there is nothing to compare, in a sentence; empty where there is."""
        if self.images and self.left_out == self.images:
            return "No embedding is a number."
        if self.images - self.left_out < 2:
            return "There are no pairs of fewer than two images."
        if not self.other.pairs:
            return "All images are of one class: there are no pairs of two classes."
        if not self.same.pairs:
            return "No class has two images: there are no pairs of one class."
        return ""

    @property
    def about(self) -> str:
        """How they were taken, in a sentence."""
        parts = []
        for kind, group in (("same-class", self.same), ("other-class", self.other)):
            of = f"{group.taken:,} of {group.pairs:,}" if group.drawn else f"all {group.pairs:,}"
            parts.append(f"{of} {kind} pairs")
        text = f"Shown are {' and '.join(parts)}"
        if self.same.drawn or self.other.drawn:
            text += ", drawn at random from one seed"
        if self.left_out:
            s = "s that are" if self.left_out > 1 else " that is"
            text += f"; {self.left_out:,} embedding{s} not a number left out"
        return f"{text}."
