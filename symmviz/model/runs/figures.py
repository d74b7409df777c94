"""The paper's figures as comparisons to train."""

from dataclasses import dataclass
from functools import cached_property

from symmcore.training.spec import RunSpec, parse_spec


@dataclass(frozen=True)
class Figure:
    """A comparison as in a figure.

    Attributes:
        title: which it is, and what is varied.
        about: a sentence on what it shows.
        names: SPECs of the runs.
    """

    title: str
    about: str
    names: tuple[str, ...]

    @cached_property
    def specs(self) -> tuple[RunSpec, ...]:
        """The runs."""
        return tuple(map(parse_spec, self.names))


FIGURES = (
    Figure(
        "Fig. 4: alpha",
        "Recall@1 of synthetic points more (1.5) and less (2.5) like their axis than mirror images "
        "(2) are: the paper finds 1.5 untrainable and 2.5 much worse.",
        ("npair", "npair+symm", "npair+symm:alpha=1.5", "npair+symm:alpha=2.5"),
    ),
    Figure(
        "Fig. 4: beta",
        "Recall@1 of synthetic points longer (1.5) and shorter (0.5) than what they are made of: "
        "the paper finds 1.5 untrainable and 0.5 no better than N-pair.",
        ("npair", "npair+symm", "npair+symm:beta=1.5", "npair+symm:beta=0.5"),
    ),
    Figure(
        "Fig. 5: rank",
        "Recall@1 with the k-th hardest of the 16 pairs instead of the hardest: the paper finds "
        "that harder pairs do better, and all better than N-pair.",
        (
            "npair",
            "npair+symm",
            "npair+symm:rank=2",
            "npair+symm:rank=4",
            "npair+symm:rank=8",
            "npair+symm:rank=16",
        ),
    ),
    Figure(
        "Fig. 6: synthetic points",
        "Recall@1 of synthetic points beside that of the originals, on training and test images: "
        "in the paper's run, the second, it tells whether they lie near their class; N-pair is "
        "added.",
        ("npair", "npair+symm"),
    ),
    Figure(
        "Fig. 7: picked points",
        "Share of synthetic points among those that are picked: in the paper's run, the first, "
        "originals are picked at the beginning and synthetic points more and more; the pairs of "
        "the authors' code are added.",
        ("npair+symm", "npair+symm:pairs=official"),
    ),
)


def figure_of(specs: tuple[RunSpec, ...]) -> Figure | None:
    """The figure that these are the runs of; the first where it is several."""
    return next((figure for figure in FIGURES if figure.specs == specs), None)
