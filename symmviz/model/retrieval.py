"""What is looked for, and what is found: a query image and its neighbours."""

from dataclasses import dataclass
from enum import Enum


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
class Neighbour:
    """One image found.

    Attributes:
        sample: its position in the dataset.
        label: its class.
        similarity: cosine similarity to the query, in [-1, 1].
        correct: whether it is of the query's class.
    """

    sample: int
    label: int
    similarity: float
    correct: bool


@dataclass(frozen=True, slots=True)
class RunNeighbours:
    """What one run finds, nearest first, after ``step`` steps, among ``searched`` images."""

    step: int
    searched: int
    neighbours: tuple[Neighbour, ...]
