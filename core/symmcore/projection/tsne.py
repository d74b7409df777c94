"""t-SNE (van der Maaten and Hinton, 2008) by openTSNE, from given coordinates, in pieces."""

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from symmcore.projection.base import TSNE
from symmcore.projection.layout import Beginning, Layout
from symmcore.projection.neighbours import nearest_neighbours
from symmcore.projection.points import Points

# Of 400 images and their synthetic points in a hundred classes, 15 keeps 0.91 of the Recall@1
# that the space has, and 30 keeps 0.79.
PERPLEXITY = 15.0
_NEIGHBOURS_A_PERPLEXITY = 3
# Up to there all pairs are compared, which is exact, and as fast as an interpolation with intervals
# of twice openTSNE's width; of 10,000 those have 0.50 of the neighbours in the plane, and not 0.52.
_EXACT_UP_TO = 12_000
_INTERVAL = 2
_FIRST_SPREAD = 1e-4  # of a beginning that is no layout yet: Kobak and Berens (2019)
# Where somebody watches it is as wide as it is held by the exaggeration: drawn into one place its
# points would lie in a line for a second, the first direction in which they part again.
_FIRST_SPREAD_LIVE = 1.0
# How far a first layout reaches, which from some number of points on its iterations limit.
_REACH_A_ROOT, _WIDEST_FROM = 1.8, 1_500
_POINTS_A_PIECE = 40_000
_FEWEST_A_PIECE, _MOST_A_PIECE = 2, 25


class Phase(NamedTuple):
    """Some iterations with the same parameters."""

    iterations: int
    exaggeration: float
    momentum: float


# Cold: Belkina et al. (2019), with the learning rate that they give, N / exaggeration.
COLD = (Phase(250, 12.0, 0.5), Phase(500, 1.0, 0.8))
# From another frame's layout. Without exaggeration points do not find through where others
# lie between, and the picture falls behind a cold one over the frames; with as much as a cold
# one has, it draws together at every frame, which nobody wants to watch.
WARM = (Phase(100, 12.0, 0.5), Phase(250, 1.0, 0.8))
# Where more than a third of the neighbours are new, that leaves points behind: as much
# exaggeration as a cold one has, eased, and as long a refinement.
MUCH_CHANGED = 0.35
WARM_FAR = (Phase(250, 12.0, 0.5), Phase(200, 4.0, 0.8), Phase(500, 1.0, 0.8))
# While frames come faster than a first layout is done, it is gone on with on each of them. The
# exaggeration is what the wide beginning bears without being drawn together.
COLD_LIVE = (Phase(100, 3.0, 0.8), Phase(200, 1.0, 0.8))
LIVE = (Phase(25, 4.0, 0.8), Phase(55, 1.0, 0.8))


class TsneMethod:
    """Makes t-SNE layouts; see :class:`symmcore.projection.layout.LayoutMethod`."""

    name = TSNE

    def prepare(self) -> None:
        """Import openTSNE, and load the loops of the gradient, or compile them: 2 seconds.

        Raises:
            ImportError: if openTSNE or numba is missing or broken.
        """
        import openTSNE  # noqa: F401 - loaded here, where it may take its time

        from symmcore.projection.tsne_gradient import warm_up  # imports numba

        warm_up()

    def reach(self, count: int) -> float:
        """As measured of first layouts of 60 to 4,000 points."""
        return _REACH_A_ROOT * float(np.sqrt(min(count, _WIDEST_FROM)))

    def begin(self, points: Points, beginning: Beginning) -> Layout:
        """Make the affinities of points (N, D) and begin."""
        return _TsneLayout(points, beginning)


class _TsneLayout:
    def __init__(self, points: Points, beginning: Beginning) -> None:
        from openTSNE import TSNEEmbedding
        from openTSNE.affinity import PerplexityBasedNN
        from openTSNE.nearest_neighbors import PrecomputedNeighbors

        from symmcore.projection.tsne_gradient import exact_gradient  # imports numba

        count = len(points)
        k = min(int(_NEIGHBOURS_A_PERPLEXITY * PERPLEXITY), count - 1)
        perplexity = min(PERPLEXITY, k / _NEIGHBOURS_A_PERPLEXITY)
        found = nearest_neighbours(points, k, beginning.seed)
        affinities = PerplexityBasedNN(
            perplexity=perplexity, knn_index=PrecomputedNeighbors(*found), n_jobs=1
        )
        self._embedding: Any = TSNEEmbedding(
            _first(beginning),
            affinities,
            random_state=beginning.seed,
            n_jobs=1,
            negative_gradient_method=exact_gradient if count <= _EXACT_UP_TO else "fft",
            ints_in_interval=_INTERVAL,
        )
        is_warm = beginning.matured >= 1.0
        self._exaggeration = 1.0  # as moved last
        phases = _phases(beginning, is_warm)
        total = sum(phase.iterations for phase in phases)
        behind = 0 if is_warm else int(beginning.matured * total)
        self._phases = deque(_left(phases, behind))
        self._total = total - behind
        self._done = 0
        self._piece = int(np.clip(_POINTS_A_PIECE // count, _FEWEST_A_PIECE, _MOST_A_PIECE))

    @property
    def coordinates(self) -> npt.NDArray[np.floating]:
        coordinates: npt.NDArray[np.floating] = np.asarray(self._embedding)
        return coordinates

    @property
    def done(self) -> float:
        return self._done / self._total

    @property
    def is_between(self) -> bool:
        return self._exaggeration > 1.0

    def advance(self) -> None:
        if not self._phases:
            return
        phase = self._phases.popleft()
        count = min(self._piece, phase.iterations)
        self._embedding.optimize(
            count,
            inplace=True,
            exaggeration=phase.exaggeration,
            momentum=phase.momentum,
            learning_rate="auto",
        )
        self._done += count
        self._exaggeration = phase.exaggeration
        if count < phase.iterations:
            self._phases.appendleft(phase._replace(iterations=phase.iterations - count))


def _phases(beginning: Beginning, is_warm: bool) -> tuple[Phase, ...]:
    if beginning.is_live:
        return LIVE if is_warm else COLD_LIVE
    if not is_warm:
        return COLD
    return WARM_FAR if beginning.changed > MUCH_CHANGED else WARM


def _left(phases: tuple[Phase, ...], behind: int) -> Iterator[Phase]:
    """Give what is left of phases after so many iterations."""
    for phase in phases:
        passed = min(behind, phase.iterations)
        behind -= passed
        if passed < phase.iterations:
            yield phase._replace(iterations=phase.iterations - passed)


def _first(beginning: Beginning) -> Points:
    """Coordinates to begin at; shrunk if they are no layout yet, and no two in one place."""
    coordinates = beginning.coordinates - beginning.coordinates.mean(axis=0)
    spread = float(coordinates[:, 0].std()) or 1.0
    if not beginning.matured:
        first = _FIRST_SPREAD_LIVE if beginning.is_live else _FIRST_SPREAD
        coordinates = coordinates * (first / spread)
        spread = first
    # copies of a point would never part
    random = np.random.default_rng(beginning.seed)
    nudged: Points = coordinates + random.normal(scale=1e-4 * spread, size=coordinates.shape)
    return nudged
