"""Honest motion: how much of what moves in a map is the embedding, and how much the map itself.

A layout goes on moving where nothing has changed: it had not settled, or its method draws at
random. And it is chaotic: a difference of rounding can move some points as far. So the frame
before is projected once more, from the same coordinates and with the same seed as the new one.
What that moves by is the projection's own movement; what the new frame's points are further
apart from there than that is the embedding's.
"""

import numpy as np

from symmcore.projection.layout import turned_to
from symmcore.projection.points import Points

# Of the cloud's radius: rounding makes a map differ by less, an embedding by more.
_NOISE = 1e-3


def embedding_share(before: Points, again: Points, after: Points) -> float:
    """Return the share of a frame's movement that the embedding made, in [0, 1].

    With P the mean distance between ``again`` and ``before``, and E that between ``after`` and
    ``again``, each turned, mirrored and moved onto the other first, it is 1 - P / E, and no less
    than 0. So it is 0 of a frozen embedding (``after`` is ``again``); of one that is only rotated,
    which a method that sees distances alone draws alike but for rounding; and where nothing
    moves. It is 1 where the projection by itself would have stayed as it was. Below a
    thousandth of the cloud's radius is no movement.

    Args:
        before: (N, 2), where the points were drawn last: the start of both projections.
        again: (N, 2), where the frame that was drawn there is put from that start.
        after: (N, 2), where the new frame is put from that start.
    """
    if not len(before):
        return 0.0
    radius = float(np.linalg.norm(before - before.mean(axis=0), axis=1).mean())
    by_embedding = _apart(after, again, radius)
    by_projection = _apart(again, before, radius)
    return max(0.0, 1.0 - by_projection / by_embedding) if by_embedding > 0.0 else 0.0


def _apart(moved: Points, still: Points, radius: float) -> float:
    turned = turned_to(moved, still, len(still))
    distance = float(np.linalg.norm(turned - still, axis=1).mean())
    return distance if distance > _NOISE * radius else 0.0
