"""Finds a query image's neighbours in the embeddings of each run, off the GUI thread.

One index a run and step: whatever number of images is looked for in it, its embeddings are
read and normalised once.
"""

import threading
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from symmcore.byte_cache import ByteCache
from symmcore.records import EmbeddedSet, FloatArray, IndexArray
from symmcore.runs import Recording
from symmviz.model.resolve import SearchTarget
from symmviz.model.retrieval import Neighbour, RunNeighbours, Split
from symmviz.services.wanted import WantedThread

NEIGHBOURS = 10

_INDEX_BYTES = 256 * 2**20
_INDEXES = 8
_RESULTS = 128
# Similarities of copies of one image may differ by rounding, by this much at most.
_ROUNDING = 1e-5
_LARGE = np.float32(1e15)


class SearchIndex:
    """L2-normalised embeddings of a run after one step, to be searched by cosine similarity.

    Args:
        images: the embeddings, (N, D) float32, and which images they are of.
        step: after which they were taken.
    """

    def __init__(self, images: EmbeddedSet, step: int) -> None:
        self._samples: IndexArray = images.samples
        self._labels: IndexArray = images.labels
        self._features = _normalised(images.embeddings)
        self._step = step

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
            LookupError: if the query is not among the images.
        """
        rows = np.flatnonzero(self._samples == sample)
        if not len(rows):
            raise LookupError(f"image {sample} is not among the images that this run embedded")
        row = int(rows[0])
        with np.errstate(invalid="ignore"):
            similarities = self._features @ self._features[row]
        found = self._nearest(similarities, row, count)
        label = self._labels[row]
        return RunNeighbours(
            step=self._step,
            searched=len(self._samples) - 1,
            neighbours=tuple(
                Neighbour(
                    sample=int(self._samples[at]),
                    label=int(self._labels[at]),
                    similarity=similarity,
                    correct=bool(self._labels[at] == label),
                )
                for at, similarity in found
            ),
        )

    def _nearest(self, similarities: FloatArray, row: int, count: int) -> list[tuple[int, float]]:
        """Rows and their similarities, the nearest first."""
        ranked = np.where(np.isnan(similarities), np.float32(-2.0), similarities)
        ranked[row] = -np.inf
        count = min(count, len(ranked) - 1)
        if count < 1:
            return []
        least = np.partition(ranked, len(ranked) - count)[len(ranked) - count]
        # All that may be among them once copies tie; mostly just these.
        rows = np.flatnonzero(ranked >= least - _ROUNDING)
        rows = rows[rows != row]
        values = self._tied(rows, ranked[rows])
        order = np.argsort(-values, kind="stable")[:count]
        return [
            (int(rows[at]), float("nan") if values[at] < -1.5 else float(values[at]))
            for at in order
        ]

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


class Searches:
    """Searches recordings for what is selected; the newest wish counts.

    Threads: one, from the first search to :meth:`close`.
    """

    def __init__(self) -> None:
        self._thread = WantedThread("symmviz-retrieval", self._search)
        self._indexes: ByteCache[tuple[str, int, Split], SearchIndex] = ByteCache(
            _INDEX_BYTES, _INDEXES
        )
        self._results: ByteCache[SearchTarget, RunNeighbours | str] = ByteCache(2**20, _RESULTS)
        self._lock = threading.Lock()
        self._revision = 0

    def want(self, targets: tuple[SearchTarget, ...], recordings: Mapping[str, Recording]) -> None:
        """Make these searches, as far as they were not made before."""
        new = tuple(target for target in targets if self._results.get(target) is None)
        self._thread.want(tuple((target, recordings[target.key]) for target in new))

    def found(self, target: SearchTarget) -> RunNeighbours | str | None:
        """What a search has found, why it failed, or None while it has not been made."""
        return self._results.get(target)

    @property
    def revision(self) -> int:
        """A number that grows with each search made."""
        with self._lock:
            return self._revision

    @property
    def busy(self) -> bool:
        """Whether a search is under way."""
        return self._thread.busy

    def clear(self) -> None:
        """Forget what was found: other runs are shown, which may have the same keys."""
        self._thread.want(())
        self._indexes.clear()
        self._results.clear()

    def close(self, timeout: float) -> bool:
        """End the thread; whether it has ended within ``timeout`` seconds."""
        return self._thread.close(timeout)

    def _search(self, wanted: tuple[SearchTarget, Recording]) -> None:
        target, recording = wanted
        result: RunNeighbours | str
        try:
            result = self._index(target, recording).find(target.query.sample, NEIGHBOURS)
        except LookupError as error:
            result = f"Not searched: {error.args[0]}."
        except Exception as error:  # noqa: BLE001 - shown to the user, whatever it was
            result = f"The search failed ({type(error).__name__}): {error}"
        self._results.put(target, result, 1)
        with self._lock:
            self._revision += 1

    def _index(self, target: SearchTarget, recording: Recording) -> SearchIndex:
        key = target.key, target.step, target.query.split
        index = self._indexes.get(key)
        if index is None:
            if target.query.split is Split.TEST:
                images = recording.gallery(target.step)
            else:
                images = recording.frame(target.step).train.points
            index = SearchIndex(images, target.step)
            self._indexes.put(key, index, index.size)
        return index


def _normalised(embeddings: FloatArray) -> FloatArray:
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
