"""Which types of points were picked as hard negatives, for people."""

from dataclasses import dataclass

from symmcore.records import IndexArray

_PRIME = "\N{PRIME}"
_IMAGES = (
    ("x\N{LATIN SUBSCRIPT SMALL LETTER I}", "x\N{LATIN SUBSCRIPT SMALL LETTER J}"),
    ("x\N{LATIN SUBSCRIPT SMALL LETTER K}", "x\N{LATIN SUBSCRIPT SMALL LETTER L}"),
)
ROWS, COLUMNS = ((*images, *(one + _PRIME for one in images)) for images in _IMAGES)
"""Of a pair of classes: the two images of each, then the synthetic point of each."""
SHORT_ROWS, SHORT_COLUMNS = (
    (*letters, *(one + _PRIME for one in letters)) for letters in (("i", "j"), ("k", "l"))
)
"""The same where there is little room."""


@dataclass(frozen=True, slots=True, eq=False)
class PickedTypes:
    """How often each type was picked with each in one batch, or why that is not known.

    Attributes:
        step: of the batch.
        counts: (4, 4) int64, see :class:`symmcore.records.PickedPairs`; None where unknown.
        problem: a sentence on why; empty where they are known.
    """

    step: int
    counts: IndexArray | None
    problem: str = ""

    @property
    def total(self) -> int:
        """How many pairs were picked."""
        return 0 if self.counts is None else int(self.counts.sum())

    def share(self, row: int, column: int) -> float:
        """Of all pairs those of one type, in [0, 1]."""
        return 0.0 if self.counts is None else int(self.counts[row, column]) / max(self.total, 1)

    @property
    def largest(self) -> float:
        """The share of the type that was picked most."""
        return 0.0 if self.counts is None else int(self.counts.max()) / max(self.total, 1)

    def about(self, row: int, column: int) -> str:
        """A type in words: how often it was picked."""
        count = 0 if self.counts is None else int(self.counts[row, column])
        share = 100 * self.share(row, column)
        return f"{ROWS[row]} with {COLUMNS[column]}: {count:,} of {self.total:,} ({share:.1f}%)"

    @property
    def summary(self) -> str:
        """All of them in a sentence."""
        if self.counts is None:
            return self.problem
        corners = self.counts[:2, :2], self.counts[2:, 2:]
        neither, both = (100 * int(corner.sum()) / max(self.total, 1) for corner in corners)
        return (
            f"Step {self.step:,}: in {neither:.0f}% of {self.total:,} pairs two originals were "
            f"picked, in {both:.0f}% two synthetic points, in {100 - both - neither:.0f}% one of "
            "each."
        )
