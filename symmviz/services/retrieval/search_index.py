"""Exact search by cosine similarity in the embeddings of one run after one step."""

import numpy as np
import numpy.typing as npt

from symmcore.blas_threads import limited_blas_threads
from symmcore.processes import usable_cores
from symmcore.records import EmbeddedSet, FloatArray, IndexArray
from symmcore.runs import Recording
from symmviz.model.retrieval.query import Neighbour, RunNeighbours, Split

# Similarities of copies of one image may differ by rounding, by this much at most.
_ROUNDING = 1e-5
_LARGE = np.float32(1e15)
_MOST_EXACT = 4096  # similarities of one query that are computed again in float64
_NO_NUMBER = np.float32(-2.0)  # below every similarity


class NotSearchedError(Exception):
    """Why an image cannot be searched for: the end of a sentence."""


class SearchIndex:
    """L2-normalised embeddings of a run after one step, to be searched by cosine similarity.

    Args:
        images: the embeddings, (N, D) float32, and which images they are of.
        step: after which they were taken.
    """

    def __init__(self, images: EmbeddedSet, step: int) -> None:
        self._samples: IndexArray = images.samples
        self._labels: IndexArray = images.labels
        self._features = normalised(images.embeddings)
        self._step = step

    @property
    def images(self) -> tuple[IndexArray, IndexArray]:
        """Positions in the dataset and classes of its rows, (N,) int64 each."""
        return self._samples, self._labels

    @property
    def features(self) -> FloatArray:
        """The normalised embeddings, (N, D) float32."""
        return self._features

    @property
    def step(self) -> int:
        """After which the embeddings were taken."""
        return self._step

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return int(self._features.nbytes + self._samples.nbytes + self._labels.nbytes)

    def find(self, sample: int, count: int) -> RunNeighbours:
        """The images most similar to one of them, which is left out itself.

        Exact; ties go to the lowest row, and copies of one embedding tie. A row that is
        not a number comes last.

        Args:
            sample: position of the query in the dataset.
            count: how many to find; all others where there are fewer.

        Raises:
            NotSearchedError: if the query is not among the images.
        """
        rows = np.flatnonzero(self._samples == sample)
        if not len(rows):
            raise NotSearchedError(f"image {sample} is not among the images that this run embedded")
        row = int(rows[0])
        ranked = self._similarities(self._features[row])
        ranked[row] = -np.inf
        label = int(self._labels[row])
        found = self._nearest(ranked, self._features[row], min(count, len(ranked) - 1))
        neighbours = tuple(self._neighbour(at, value, label) for at, value in found)
        return RunNeighbours(
            step=self._step,
            searched=len(self._samples) - 1,
            neighbours=neighbours,
            first_right=self._first_right(neighbours, ranked, row),
        )

    def find_embedding(self, embedding: FloatArray, count: int) -> RunNeighbours:
        """The images most similar to one from elsewhere, which has no class.

        Args:
            embedding: (D,) float32, of the same network.
            count: how many to find; all where there are fewer.

        Raises:
            NotSearchedError: if the embedding has another length.
        """
        if embedding.shape != self._features.shape[1:]:
            raise NotSearchedError(
                f"the network gives {embedding.shape[0]} numbers an image, and this run's images "
                f"have {self._features.shape[1]}"
            )
        query = normalised(embedding[None])[0]
        ranked = self._similarities(query)
        found = self._nearest(ranked, query, min(count, len(ranked)))
        neighbours = tuple(self._neighbour(at, value, None) for at, value in found)
        return RunNeighbours(self._step, len(self._samples), neighbours)

    def _similarities(self, query: FloatArray) -> FloatArray:
        """With each row, (N,) float32; those that are no number are below all others."""
        # A product waits for memory: more threads do not have it sooner, and would take the core
        # that draws meanwhile.
        with np.errstate(invalid="ignore"), limited_blas_threads(max(1, usable_cores() - 1)):
            similarities: FloatArray = self._features @ query
        numbers = ~np.isnan(similarities)
        return similarities if numbers.all() else np.where(numbers, similarities, _NO_NUMBER)

    def _neighbour(self, row: int, similarity: float, label: int | None) -> Neighbour:
        own = int(self._labels[row])
        correct = None if label is None else own == label
        return Neighbour(int(self._samples[row]), own, similarity, correct)

    def _first_right(
        self, neighbours: tuple[Neighbour, ...], ranked: FloatArray, row: int
    ) -> int | None:
        """The rank of the first image of the query's class; None where there is no other."""
        for rank, one in enumerate(neighbours, start=1):
            if one.correct:
                return rank
        own = self._labels == self._labels[row]
        own[row] = False
        rows = np.flatnonzero(own)
        if not len(rows):
            return None
        first = rows[ranked[rows].argmax()]  # the lowest of equal ones
        before = ranked > ranked[first]
        before[:first] |= ranked[:first] == ranked[first]
        # Rounding may have it before those that were found, and tied.
        return max(1 + int(before.sum()), len(neighbours) + 1)

    def _nearest(
        self, ranked: FloatArray, query: FloatArray, count: int
    ) -> list[tuple[int, float]]:
        """Rows and their similarities, the nearest first; what is left out is infinitely low."""
        if count < 1:
            return []
        least = np.partition(ranked, len(ranked) - count)[len(ranked) - count]
        # All that may be among them once copies tie; mostly just these.
        rows = np.flatnonzero(ranked >= least - _ROUNDING)
        rows = rows[np.isfinite(ranked[rows])]
        values = self._exact(rows, ranked[rows], query)
        order = np.argsort(-values, kind="stable")[:count]
        return [
            (int(rows[at]), float("nan") if values[at] < -1.5 else float(values[at]))
            for at in order
        ]

    def _exact(
        self, rows: IndexArray, values: FloatArray, query: FloatArray
    ) -> npt.NDArray[np.floating]:
        """The similarities in float64, as all queries are ranked; copies tie in any case."""
        if len(rows) > _MOST_EXACT:
            return self._tied(rows, values)
        exact = (self._features[rows].astype(np.float64) * query).sum(axis=1)
        return np.where(values > -1.5, exact, values)  # what is no number stays below all others

    def _tied(self, rows: IndexArray, values: FloatArray) -> FloatArray:
        """The similarities, with those of equal embeddings equal: a product may round them
        differently in two rows."""
        if len(rows) < 2:
            return values
        _, first, copies = np.unique(
            self._features[rows] + np.float32(0.0), axis=0, return_index=True, return_inverse=True
        )
        tied: FloatArray = values[first][copies.reshape(-1)]
        return tied


def normalised(embeddings: FloatArray) -> FloatArray:
    """Rows of length 1, or 0: (N, D) float32."""
    rows: npt.NDArray[np.float32] = np.array(embeddings, dtype=np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        largest = np.abs(rows).max(axis=1, initial=0.0, keepdims=True)
        # The square of so large or small a number could leave the range of float32.
        extreme = (largest > _LARGE) | ((largest < 1 / _LARGE) & (largest > 0))
        rows /= np.where(extreme, largest, np.float32(1.0))
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        rows /= np.where(norms > 0, norms, np.float32(1.0))
    return rows


def searched_images(recording: Recording, step: int, split: Split) -> EmbeddedSet:
    """Among which images a query is searched: those of its split, as embedded after ``step``.

    Raises:
        RunError: if they cannot be read.
    """
    if split is Split.TRAIN:
        return recording.frame(step).train.points
    if step in recording.state.gallery_steps:
        return recording.gallery(step)
    return recording.frame(step).test.points
