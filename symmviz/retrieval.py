"""Neighbours of a query image in the newest embeddings of each run; off the GUI thread."""

from dataclasses import dataclass
from enum import Enum

from symmcore.runs.records import EmbeddedSet, Snapshot


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


def find_neighbours(
    snapshots: tuple[Snapshot, ...], query: Query, count: int
) -> tuple[RunNeighbours, ...]:
    """Search each run's newest embeddings for the images nearest to the query.

    Raises:
        LookupError: if the query is not among the embedded images.
    """
    return tuple(
        _find(_searched_set(snapshot, query.split), snapshot.frame.step, query, count)
        for snapshot in snapshots
    )


def _searched_set(snapshot: Snapshot, split: Split) -> EmbeddedSet:
    return snapshot.gallery if split is Split.TEST else snapshot.frame.train.points


def _find(images: EmbeddedSet, step: int, query: Query, count: int) -> RunNeighbours:
    import torch  # takes seconds: this module is imported with the window

    from symmcore.evaluation import neighbours

    rows = (images.samples == query.sample).nonzero()[0]
    if len(rows) == 0:
        raise LookupError(f"image {query.sample} is not among the embedded images")
    row = int(rows[0])
    others = torch.ones(len(images.samples), dtype=torch.bool)
    others[row] = False
    kept = others.nonzero().squeeze(1)
    # a copy: torch warns of arrays that must not be written
    embeddings = torch.tensor(images.embeddings)
    found = neighbours(embeddings[row : row + 1], embeddings[kept], min(count, len(kept)))
    label = images.labels[row]
    return RunNeighbours(
        step=step,
        searched=len(kept),
        neighbours=tuple(
            Neighbour(
                sample=int(images.samples[at]),
                label=int(images.labels[at]),
                similarity=float(similarity),
                correct=bool(images.labels[at] == label),
            )
            for at, similarity in zip(kept[found.indices[0]], found.similarities[0], strict=True)
        ),
    )
