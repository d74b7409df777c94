"""Which of a map's points are drawn as their images: as many as fit without covering each other."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from symmcore.records import IndexArray

MOST = 150
"""As many images are drawn at most."""
FEW = 4_000
"""Where more points are in sight, none is drawn as its image."""
SIDES = (28, 40, 56)
"""Sides of an image, in pixels: the fewer points are in sight, the larger."""

_MORE_TRIED = 500  # points, where another one lies in the same cell of the grid
_SPREAD = 2_654_435_761  # rows times this, modulo 2**32, are in an order that looks random


@dataclass(frozen=True, slots=True)
class MapImages:
    """The points that are drawn as their images.

    Attributes:
        rows: of them, those first that matter most.
        side: of each image, in pixels.
        in_sight: how many points there are to be drawn.
    """

    rows: tuple[int, ...] = ()
    side: int = SIDES[0]
    in_sight: int = 0

    @property
    def problem(self) -> str:
        """Why none is drawn, in a sentence; empty where some are, or no point is in sight."""
        if self.in_sight <= FEW:
            return ""
        return f"{self.in_sight:,} points are in sight: zoom in to see images of up to {FEW:,}."


def placed_images(
    places: npt.NDArray[np.float64],
    drawn: npt.NDArray[np.bool_],
    size: tuple[float, float],
    first: tuple[int, ...] = (),
    kept: tuple[int, ...] = (),
) -> MapImages:
    """Choose images that do not cover each other.

    The selected points come first, then those that are drawn by now, so that they stay while
    points move a little, then all others in an order that is always the same.

    Args:
        places: (N, 2) where the points are, in pixels; those that are not numbers have no image.
        drawn: (N,) which points are drawn at all.
        size: of the map, in pixels.
        first: rows of the selected points.
        kept: rows of the images that are drawn by now.
    """
    with np.errstate(invalid="ignore"):
        inside = drawn & ((places >= 0) & (places <= size)).all(axis=1)
    rows = np.flatnonzero(inside)
    if not 0 < len(rows) <= FEW:
        return MapImages(in_sight=len(rows))
    side = _side(len(rows), size)
    before = [row for row in dict.fromkeys((*first, *kept)) if row < len(inside) and inside[row]]
    rest = rows[np.argsort(rows * _SPREAD % 2**32, kind="stable")]
    order = np.concatenate([np.array(before, np.int64), rest])
    return MapImages(_without_overlap(places, order, side), side, len(rows))


def _side(count: int, size: tuple[float, float]) -> int:
    room = (size[0] * size[1] / count) ** 0.5
    return max((side for side in SIDES if side <= 0.8 * room), default=SIDES[0])


def _without_overlap(
    places: npt.NDArray[np.float64], order: IndexArray, side: int
) -> tuple[int, ...]:
    """Rows that meet none chosen before them, in order: the first of each cell, then more."""
    cells = np.floor(places[order] / side).astype(np.int64)
    _, found = np.unique(cells, axis=0, return_index=True)
    firsts = np.sort(found)
    more = np.setdiff1d(np.arange(len(order)), firsts)[:_MORE_TRIED]
    taken: dict[tuple[int, int], tuple[float, float]] = {}
    chosen: list[int] = []
    for at in [*firsts.tolist(), *more.tolist()]:
        column, row = cells[at].tolist()
        x, y = places[order[at]].tolist()
        around = (
            taken.get((column + right, row + down)) for right in (-1, 0, 1) for down in (-1, 0, 1)
        )
        if all(one is None or max(abs(one[0] - x), abs(one[1] - y)) >= side for one in around):
            taken[column, row] = x, y
            chosen.append(int(order[at]))
            if len(chosen) == MOST:
                break
    return tuple(chosen)
