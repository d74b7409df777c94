"""From points to a picture and back: a plane, and a sphere seen in perspective."""

import math
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from symmviz.model.playground.geometry import Points

LONGEST = 1.35  # norm of a point that is moved in the plane
_SNAP = 0.05  # nearer to the origin than this is the origin
_CAMERA = 4.5  # distance of the eye from the sphere's centre
_MOST_TILT = math.radians(85.0)


class Space(Protocol):
    """Where points lie, and how they are seen: x to the right and y up, in units of the space."""

    def project(self, points: Points) -> Points:
        """Where points (..., D) are seen: (..., 3) of x, y and nearness, positive in front."""

    def place(self, x: float, y: float, old: Points) -> Points:
        """Where a point that was at ``old``, of shape (D,), is once it is seen at x, y."""

    def nudged(self, point: Points, right: float, up: float) -> Points:
        """Where a point is after a small move to the right and up, as it is seen."""


@dataclass(frozen=True, slots=True)
class Plane:
    """A plane, seen from above."""

    def project(self, points: Points) -> Points:
        """Where points (..., D) are seen: (..., 3) of x, y and nearness, positive in front."""
        return np.concatenate((points, np.ones_like(points[..., :1])), -1)

    def place(self, x: float, y: float, old: Points) -> Points:
        """Where a point is once it is seen at x, y: shape (2,); near the origin it snaps to it."""
        norm = math.hypot(x, y)
        if norm < _SNAP:
            return np.zeros(2)
        return np.array([x, y]) * min(1.0, LONGEST / norm)

    def nudged(self, point: Points, right: float, up: float) -> Points:
        """Where a point is after a small move; never snapped, or no key would leave the origin."""
        moved: Points = np.round(point + np.array([right, up]), 9)
        return moved * min(1.0, LONGEST / max(float(np.linalg.norm(moved)), 1e-9))


@dataclass(frozen=True, slots=True)
class Sphere:
    """The sphere of norm 1, turned, and seen in perspective.

    Attributes:
        turn: Angle about the upright axis, in radians.
        tilt: Angle by which its top leans towards the eye, in radians.
    """

    turn: float = 0.0
    tilt: float = 0.35

    def turned(self, turn: float, tilt: float) -> "Sphere":
        """The same turned further, as far as the top stays on top."""
        return replace(
            self,
            turn=self.turn + turn,
            tilt=min(max(self.tilt + tilt, -_MOST_TILT), _MOST_TILT),
        )

    def project(self, points: Points) -> Points:
        """Where points (..., D) are seen: (..., 3) of x, y and nearness, positive in front."""
        seen: Points = points @ self._rotation().T
        away = _CAMERA / (_CAMERA - seen[..., 2:])
        return np.concatenate((seen[..., :2] * away, seen[..., 2:]), -1)

    def place(self, x: float, y: float, old: Points) -> Points:
        """Where a point that was at ``old`` is once it is seen at x, y: shape (3,), norm 1.

        What is beside the sphere is on its outline, and a point behind it stays behind it.
        """
        within = min(1.0, outline_radius() / max(math.hypot(x, y), 1e-9))
        ray = np.array([x * within, y * within, -_CAMERA])  # from the eye at (0, 0, camera)
        square, half = float(ray @ ray), _CAMERA * _CAMERA
        beneath = half * half - square * (_CAMERA * _CAMERA - 1.0)
        behind = bool((self._rotation() @ old)[2] < _horizon())
        root = math.sqrt(max(beneath, 0.0))
        seen = np.array([0.0, 0.0, _CAMERA]) + ray * (half + (root if behind else -root)) / square
        placed: Points = self._rotation().T @ seen
        return placed / np.linalg.norm(placed)

    def nudged(self, point: Points, right: float, up: float) -> Points:
        """Where a point is after a small move along the sphere: shape (3,), norm 1."""
        x, y, z = self._rotation() @ point
        about_y, about_x = _about_y(right), _about_x(-up)
        moved: Points = self._rotation().T @ (about_x @ about_y @ np.array([x, y, z]))
        return moved / np.linalg.norm(moved)

    def _rotation(self) -> Points:
        return _about_x(self.tilt) @ _about_y(self.turn)


def _horizon() -> float:
    """How near the eye the outline of the sphere lies."""
    return 1.0 / _CAMERA


def outline_radius() -> float:
    """Radius of the sphere's outline as it is seen."""
    return _CAMERA / math.sqrt(_CAMERA * _CAMERA - 1.0)


def _about_x(angle: float) -> Points:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, cos, -sin], [0.0, sin, cos]])


def _about_y(angle: float) -> Points:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])
