"""Situations worth a look, and where the playground begins."""

from dataclasses import dataclass, replace

import numpy as np

from symmcore.settings.symm import Symm
from symmviz.model.playground.geometry import Points, normalise
from symmviz.model.playground.state import Playground

PLANE, SPHERE = 2, 3
"""Dimensions of the two spaces: any point of a plane, and points of norm 1 in space."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A situation.

    Attributes:
        title: What its button says.
        tip: What is to be seen.
        places: x_k, x_l, x_m and x_n, each (x, y, z); a plane leaves z out.
        loss: Name of a loss that shows it.
        plane_only: Whether it is none on a sphere, where every point has a direction.
    """

    title: str
    tip: str
    places: tuple[tuple[float, float, float], ...]
    loss: str = "npair"
    plane_only: bool = False

    def playground(self, dimension: int) -> Playground:
        """The situation in a plane or on a sphere, with Symm as it is by default."""
        return Playground(_points(self.places, dimension), self.loss, Symm())


START = Preset(
    "Reset",
    "The points and settings that the page begins with.",
    ((0.35, 1.0, 0.25), (0.9, 0.55, 0.45), (-0.75, 0.6, 0.6), (-0.85, -0.35, 0.5)),
)
"""Where the playground begins."""

PRESETS: tuple[Preset, ...] = (
    Preset(
        "Synthetic helps",
        "Between synthetic points lies a harder negative than any the batch holds.",
        ((0.05, 1.05, 0.2), (0.75, 0.72, 0.3), (-1.02, 0.1, 0.25), (-0.65, -0.8, 0.3)),
    ),
    Preset(
        "Same angle",
        "Points of one direction are their own mirror images: no synthetic point is new.",
        ((0.4, 0.5, 0.3), (0.8, 1.0, 0.6), (-0.9, 0.3, 0.3), (-0.6, 0.2, 0.2)),
    ),
    Preset(
        "cos 3t",
        "The angle between the two synthetic points is three times that of the originals.",
        ((0.939693, 0.342020, 0.0), (0.5, 0.866025, 0.0), (-0.7, -0.7, 0.2), (0.1, -1.0, 0.3)),
    ),
    Preset(
        "Zero axis",
        "A point at the origin has no direction to reflect about.",
        ((0.6, 0.9, 0.0), (0.0, 0.0, 0.0), (-0.7, 0.7, 0.0), (-0.9, -0.3, 0.0)),
        plane_only=True,
    ),
)
"""What the buttons offer."""


def _points(places: tuple[tuple[float, float, float], ...], dimension: int) -> Points:
    points = np.array(places)[:, :dimension]
    if dimension == SPHERE:
        points = normalise(points)
    points.flags.writeable = False
    return points


def on_other_space(playground: Playground, dimension: int) -> Playground:
    """The same in another space: lifted to the front of the sphere, or seen from there."""
    points = np.zeros((len(playground.points), dimension))
    shared = min(dimension, playground.points.shape[1])
    points[:, :shared] = playground.points[:, :shared]
    if dimension == SPHERE:
        norms = np.linalg.norm(points, axis=1, keepdims=True)
        points /= np.maximum(norms / 0.9, 1e-9)
        points[:, 2] = np.sqrt(np.maximum(1.0 - (points * points).sum(1), 0.0))
    points.flags.writeable = False
    return replace(playground, points=points)
