"""UMAP (McInnes, Healy and Melville, 2018) by umap-learn, from given coordinates, in pieces.

``UMAP(init=...)`` stretches what it is given to [0, 10] on each axis; so its graph and its
optimiser are called one by one here.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from symmcore.projection.base import UMAP
from symmcore.projection.layout import Beginning, Layout
from symmcore.projection.neighbours import nearest_neighbours
from symmcore.projection.points import Points

NEIGHBOURS = 15
"""Of each point, itself counted, as umap-learn counts."""
MIN_DIST = 0.1
_FIRST_EXTENT = 10.0  # of a beginning that is no layout yet, as umap-learn has it
_EPOCHS_A_PIECE = 20
# Mean learning rates; within a piece it falls from twice the mean to nothing. From another
# frame's layout it begins low, as more only shakes what is in place, and ends lower: what is
# left of the shaking is what nearest neighbours in the plane are mistaken by.
_COLD_PIECES, _COLD_RATE = 20, (1.0, 0.05)
_WARM_PIECES, _WARM_RATE = 12, (0.03, 0.003)
# The last pieces from another frame's layout sample edges by their squared weights, that is the
# nearest neighbours more often than the others: a layout that hardly moves as a whole has its
# near points put right. Of two seeds of alphabets with three of the layout each, all with fewer
# edges keep 0.94 of a cold map's trustworthiness, none 0.83 of its Recall@1 on the worst frame.
_SHARPENED_PIECES = 8
_NEGATIVE_SAMPLES = 5.0


class UmapMethod:
    """Makes UMAP layouts; see :class:`symmcore.projection.layout.LayoutMethod`."""

    name = UMAP

    def prepare(self) -> None:
        """Import umap-learn and have it compile its loops: 10 to 30 seconds.

        Raises:
            ImportError: if it is missing or broken.
        """
        random = np.random.default_rng(0)
        points = random.normal(size=(4 * NEIGHBOURS, 4))
        self.begin(points, Beginning(points[:, :2], 1.0, 0)).advance()

    def reach(self, count: int) -> float:
        """As far as at its beginning, however many there are."""
        return _FIRST_EXTENT

    def begin(self, points: Points, beginning: Beginning) -> Layout:
        """Make the fuzzy simplicial set of points (N, D) and begin."""
        return _UmapLayout(points, beginning)


class _UmapLayout:
    def __init__(self, points: Points, beginning: Beginning) -> None:
        from umap.umap_ import find_ab_params, fuzzy_simplicial_set

        count = len(points)
        k = min(NEIGHBOURS, count - 1)
        near = nearest_neighbours(points, k - 1, beginning.seed)
        own = np.arange(count)[:, None]
        graph, _, _ = fuzzy_simplicial_set(
            points,
            n_neighbors=k,
            random_state=np.random.RandomState(beginning.seed),
            metric="euclidean",
            knn_indices=np.hstack([own, near.indices]),
            knn_dists=np.hstack([np.zeros((count, 1)), near.distances]).astype(np.float32),
        )
        graph = graph.tocoo()
        self._heads, self._tails = graph.row.astype(np.int32), graph.col.astype(np.int32)
        self._weights = graph.data / graph.data.max()
        self._curve = find_ab_params(1.0, MIN_DIST)
        self._random = np.random.default_rng(beginning.seed)
        self._coordinates = _first(beginning, self._random)
        self._rates = _rates(beginning.matured)
        is_warm = beginning.matured >= 1.0
        self._sharpened_from = len(self._rates) - (_SHARPENED_PIECES if is_warm else 0)
        self._done = 0

    @property
    def coordinates(self) -> npt.NDArray[np.floating]:
        return self._coordinates

    @property
    def done(self) -> float:
        return self._done / len(self._rates)

    @property
    def is_between(self) -> bool:
        return False

    def advance(self) -> None:
        if self._done == len(self._rates):
            return
        from umap.layouts import optimize_layout_euclidean

        # How often each edge is sampled in this piece: by its weight, on average exactly, so
        # that short pieces do not lose the weak edges.
        power = 2 if self._done >= self._sharpened_from else 1
        expected = self._weights**power * (_EPOCHS_A_PIECE - 1)
        times = np.floor(expected + self._random.random(len(expected)))
        used = times > 0
        state: Any = self._random.integers(-(2**31) + 1, 2**31 - 1, 3)
        optimize_layout_euclidean(
            self._coordinates,
            self._coordinates,
            self._heads[used],
            self._tails[used],
            _EPOCHS_A_PIECE,
            len(self._coordinates),
            # a little less: the last of them is due within the piece
            (_EPOCHS_A_PIECE - 1) / (times[used] + 1e-6),
            *self._curve,
            state,
            initial_alpha=2.0 * float(self._rates[self._done]),
            negative_sample_rate=_NEGATIVE_SAMPLES,
            move_other=True,
        )
        self._done += 1


def _rates(matured: float) -> npt.NDArray[np.float64]:
    """Mean learning rate of each piece; of a first layout, those that are left."""
    if matured >= 1.0:
        return np.geomspace(*_WARM_RATE, _WARM_PIECES)
    rates = np.geomspace(*_COLD_RATE, _COLD_PIECES)
    return rates[int(matured * _COLD_PIECES) :]


def _first(beginning: Beginning, random: np.random.Generator) -> npt.NDArray[np.float32]:
    """Coordinates to begin at; scaled if they are no layout yet, and no two in one place."""
    coordinates = beginning.coordinates - beginning.coordinates.mean(axis=0)
    if not beginning.matured:
        coordinates = coordinates * (_FIRST_EXTENT / (float(np.abs(coordinates).max()) or 1.0))
    nudged = coordinates + random.normal(scale=1e-4, size=coordinates.shape)
    return np.ascontiguousarray(nudged, dtype=np.float32)
