"""One set of points in the plane that its neighbours pull and all others push."""

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh, orthogonal_procrustes

from symmcore.projection.points import Points

FEWEST_POINTS = 8
"""Below that a graph of neighbours says nothing that PCA does not."""


class Beginning(NamedTuple):
    """Where a layout begins.

    Attributes:
        coordinates: (N, 2) float64.
        matured: 1 where they are a layout of these points at another step; 0 where they say
            only which point is on which side; between, as far as a first layout had come.
        seed: of what is drawn at random.
        is_live: whether somebody watches: the points go where they belong by a short way, and
            not all that could be better is.
        changed: share of the points' neighbours that were none in the frame that they are
            drawn as, in [0, 1]; 0 where that is not known.
    """

    coordinates: Points
    matured: float
    seed: int
    is_live: bool = False
    changed: float = 0.0


class Layout(Protocol):
    """A layout under way: equal for equal points, beginning and seed, however it is watched."""

    @property
    def coordinates(self) -> npt.NDArray[np.floating]:
        """Where the points are now: (N, 2)."""

    @property
    def done(self) -> float:
        """Share that is done, in [0, 1]."""

    @property
    def is_between(self) -> bool:
        """Whether the points are drawn together for now, so that they find through.

        Where they are then is no picture of anything.
        """

    def advance(self) -> None:
        """Move the points on, for about a tenth of a second where they are a few thousand."""


class LayoutMethod(Protocol):
    """Makes layouts; one a method, and process."""

    @property
    def name(self) -> str:
        """The method's name."""

    def prepare(self) -> None:
        """Import and compile what is needed, which can take many seconds the first time.

        Raises:
            ImportError: if a library is missing or broken.
        """

    def reach(self, count: int) -> float:
        """About how far so many points lie from their middle at most, once they are laid out.

        The picture that a first layout begins from reaches as far: what is seen of the plane stays.
        """

    def begin(self, points: Points, beginning: Beginning) -> Layout:
        """Make the graph of ``points`` (N, D), N at least :data:`FEWEST_POINTS`."""


def principal_axes(centred: Points) -> Points:
    """Give the first two principal axes (D, 2) of points (N, D) about their mean, D at least 2.

    The sign of each axis is that which makes its largest component positive.
    """
    scatter = centred.T @ centred
    size = len(scatter)
    axes: Points = eigh(scatter, subset_by_index=(size - 2, size - 1))[1][:, ::-1]
    largest = axes[np.abs(axes).argmax(axis=0), (0, 1)]
    return axes * np.where(largest < 0.0, -1.0, 1.0)


def principal_plane(points: Points) -> Points:
    """Give the coordinates (N, 2) of points (N, D), D at least 2, on their principal axes."""
    centred = points - points.mean(axis=0)
    plane: Points = centred @ principal_axes(centred)
    return plane


def turned_to(coordinates: Points, target: Points, count: int) -> Points:
    """Turn, mirror and centre coordinates (N, 2) so that the first ``count`` fit the target's.

    The orthogonal Procrustes problem, without scaling. Both are centred on the first
    ``count``, of which the target has at least as many; the result is about the target's mean.
    """
    moved: Points = coordinates - coordinates[:count].mean(axis=0)
    centre = target[:count].mean(axis=0)
    turn = orthogonal_procrustes(moved[:count], target[:count] - centre)[0]
    turned: Points = moved @ turn + centre
    return turned
