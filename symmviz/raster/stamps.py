"""Symbols as small masks of coverage, one for each sub-pixel place of their middle."""

from functools import lru_cache
from math import ceil
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from symmviz.raster.scene import Symbol

PHASES = 4  # places along either axis of a pixel
_SAMPLES = 8  # of coverage, along either axis of a pixel
# From this diameter on, a rim in the background's colour keeps neighbours apart.
_RIM_FROM = 4.5
_RIM = 1.0
_RIM_COVERAGE = 0.8
_DIAMOND = 1.2  # its diagonal against a circle's diameter: about the same area

Coverage = npt.NDArray[np.uint16]


class Stamp(NamedTuple):
    """Masks of a symbol and its rim.

    Attributes:
        symbol: (PHASES * PHASES, S, S) uint16 coverage, 256 for a whole pixel.
        rim: the same, or (0, S, S) without a rim.
        reach: from the mask's upper left corner to the symbol's middle, in pixels.
    """

    symbol: Coverage
    rim: Coverage
    reach: float


def stamp(symbol: Symbol, size: float) -> Stamp:
    """The masks of a symbol.

    Args:
        symbol: its shape.
        size: its diameter in pixels; one pixel at least.
    """
    return _stamp(symbol, round(max(size, 1.0) * PHASES))


@lru_cache(maxsize=64)
def _stamp(symbol: Symbol, quarters: int) -> Stamp:
    size = quarters / PHASES
    if quarters <= PHASES:  # one whole pixel, wherever in it the point lies
        whole = np.full((PHASES * PHASES, 1, 1), 256, np.uint16)
        return Stamp(whole, np.zeros((0, 1, 1), np.uint16), 0.5)
    rimmed = size >= _RIM_FROM
    outer = size / 2 + (_RIM if rimmed else 0.0)
    side = ceil(2 * outer * (_DIAMOND if symbol is Symbol.DIAMOND else 1.0)) + 1
    drawn = _masks(symbol, size / 2, side, 1.0)
    rim = _masks(symbol, outer, side, _RIM_COVERAGE) if rimmed else drawn[:0]
    return Stamp(drawn, np.ascontiguousarray(rim), side / 2 - 0.5)


def _masks(symbol: Symbol, radius: float, side: int, share: float) -> Coverage:
    """Coverage (PHASES * PHASES, side, side) of a symbol around the mask's middle."""
    places = (np.arange(side * _SAMPLES) + 0.5) / _SAMPLES
    masks = []
    for down in range(PHASES):
        for right in range(PHASES):
            middle = side / 2 - 0.5
            x = np.abs(places - middle - (right + 0.5) / PHASES)
            y = np.abs(places - middle - (down + 0.5) / PHASES)[:, None]
            if symbol is Symbol.CIRCLE:
                inside = x * x + y * y <= radius * radius
            else:
                inside = x + y <= radius * _DIAMOND
            blocks = inside.reshape(side, _SAMPLES, side, _SAMPLES).mean(axis=(1, 3))
            masks.append(np.round(256 * share * blocks))
    return np.array(masks).astype(np.uint16)
