"""What is drawn: points on their way between two frames, and what they look like."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from symmcore.records import FloatArray

PixelArray = npt.NDArray[np.uint32]
StyleArray = npt.NDArray[np.uint16]


class Symbol(Enum):
    """The shape of a point."""

    CIRCLE = "circle"
    DIAMOND = "diamond"


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Points of one shape.

    Attributes:
        start: (N, 2) float32, C-contiguous and writable, where they come from.
        end: the same, where they go to. A point that is NaN at either is not drawn.
        styles: (N,) uint16, rows of the look.
        symbol: their shape.
    """

    start: FloatArray
    end: FloatArray
    styles: StyleArray
    symbol: Symbol

    def at(self, moved: float) -> FloatArray:
        """Where they are on their way, (N, 2) float32.

        Args:
            moved: share of the way, in [0, 1].
        """
        if moved >= 1.0 or self.start is self.end:
            return self.end
        between = self.start + np.float32(moved) * (self.end - self.start)
        return between.astype(np.float32, copy=False)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What points of each style look like.

    Attributes:
        colours: (S,) uint32, 0xAARRGGBB, not premultiplied; without alpha, it is not drawn.
        layers: (S,) uint8; a higher layer is drawn over a lower one.
    """

    colours: PixelArray
    layers: npt.NDArray[np.uint8]


class Transform(NamedTuple):
    """From coordinates to pixels of the image: x * scale_x + left, y * scale_y + top."""

    scale_x: float
    left: float
    scale_y: float
    top: float


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A picture of points.

    Attributes:
        points: drawn in this order within a layer.
        look: of all points' styles.
        transform: where the image lies.
        moved: share of the way that the points have gone, in [0, 1].
        size: diameter of a symbol, in device pixels.
        background: 0xffRRGGBB.
    """

    points: tuple[Points, ...]
    look: Look
    transform: Transform
    moved: float
    size: float
    background: int


class Hit(NamedTuple):
    """The point nearest to a place: which of ``Scene.points`` it is of, and its row."""

    points: int
    row: int
