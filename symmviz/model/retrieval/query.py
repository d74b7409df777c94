"""What is looked for, and what is found: a query image and its neighbours."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Split(Enum):
    """Which images: those the networks train on, or those kept for testing."""

    TRAIN = "train"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Query:
    """An image to look for: its position in the dataset, and where to search.

    A test image is searched among all other test images, a watched training image among
    the other watched training images, as evaluation does.
    """

    sample: int
    split: Split


@dataclass(frozen=True, slots=True)
class Upload:
    """An image from elsewhere to look for: dropped on the window, opened or pasted.

    It has no class, and is searched among the test images.

    Attributes:
        number: tells uploads apart.
        name: what it is called.
        path: its file; None for a pasted image.
    """

    number: int
    name: str
    path: Path | None

    @property
    def split(self) -> Split:
        """Among which images it is searched."""
        return Split.TEST


AnyQuery = Query | Upload


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One image found.

    Attributes:
        sample: its position in the dataset.
        label: its class.
        similarity: cosine similarity to the query, in [-1, 1].
        correct: whether it is of the query's class; None for a query without a class.
    """

    sample: int
    label: int
    similarity: float
    correct: bool | None


@dataclass(frozen=True, slots=True)
class RunNeighbours:
    """What one run finds after ``step`` steps among ``searched`` images.

    Attributes:
        step: of the embeddings.
        searched: how many images.
        neighbours: nearest first.
        first_right: rank of the first image of the query's class, from 1, however many
            neighbours there are; None where the class has no other image, or is not known.
    """

    step: int
    searched: int
    neighbours: tuple[Neighbour, ...]
    first_right: int | None = None
