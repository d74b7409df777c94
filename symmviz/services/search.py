"""Finds a query image's neighbours in the newest embeddings of each run.

Imports torch: to be imported off the GUI thread.
"""

import torch

from symmcore.evaluation import neighbours
from symmcore.records import EmbeddedSet, Snapshot
from symmviz.model.retrieval import Neighbour, Query, RunNeighbours, Split


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
    return snapshot.searched if split is Split.TEST else snapshot.frame.train.points


def _find(images: EmbeddedSet, step: int, query: Query, count: int) -> RunNeighbours:
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
