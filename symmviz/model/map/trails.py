"""Where points have been on the maps of earlier frames."""

from dataclasses import dataclass

import numpy as np

from symmcore.records import FloatArray, PlanePoints

MOST_FRAMES = 10
MOST_POINTS = 50
"""Of more selected points no trails are drawn: they would hide the map."""

_NONE_SEEN = "Trails begin with the next frame; recorded frames have theirs: move the slider back."


@dataclass(frozen=True, slots=True, eq=False)
class Trails:
    """The paths of some points.

    Attributes:
        rows: of the points on the map.
        places: (F, R, 2) float32 where they were, the oldest frame first.
        source: differs wherever the rest does.
        problem: why there are none, in a sentence; empty where there are.
    """

    rows: tuple[int, ...]
    places: FloatArray
    source: tuple[object, ...]
    problem: str = ""


def trails(
    frames: tuple[PlanePoints, ...],
    rows: tuple[int, ...],
    source: tuple[object, ...],
    *,
    is_live: bool = False,
) -> Trails:
    """The paths of points over the newest of some frames.

    Args:
        frames: earlier ones, the oldest first.
        rows: of the points.
        source: as the result has it.
        is_live: whether the points move, and the frames are those they were seen on.
    """
    if len(rows) > MOST_POINTS:
        said = f"Trails are drawn of up to {MOST_POINTS} selected points."
        return Trails((), np.zeros((0, 0, 2), np.float32), source, said)
    taken = [one.original[list(rows)] for one in frames[-MOST_FRAMES:]]
    if not taken:
        said = _NONE_SEEN if is_live else "No earlier frame has a map yet: there are no trails."
        return Trails((), np.zeros((0, 0, 2), np.float32), source, said)
    return Trails(rows, np.stack(taken), source)
