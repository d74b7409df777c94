"""Which images of a split are watched: embedded for every frame, and shown in the map."""

from enum import StrEnum

import numpy as np

from symmcore.records import IndexArray

_FEWEST_CLASSES = 12


class WatchRule(StrEnum):
    """How the watched images are drawn where not all can be."""

    CLASSES = "classes"
    """All images of some classes: one sees whether they form clusters."""
    IMAGES = "images"
    """Some of all images, whatever their classes."""


def watched(
    positions: IndexArray,
    labels: IndexArray,
    limit: int,
    rule: WatchRule,
    random: np.random.Generator,
) -> IndexArray:
    """The positions that are watched, ascending: all, or at most ``limit`` of them.

    By classes: whole ones in random order as long as they fit, and of the last as many images
    as do. So that there are at least twelve, or all where a dataset has fewer, a large class gives
    no more than its share, at random.

    Args:
        positions: (N,) int64, of a split in its dataset.
        labels: of every image of the dataset.
        limit: most images that are watched.
        rule: how they are drawn.
        random: what they are drawn with.
    """
    if len(positions) <= limit:
        return positions
    if rule is WatchRule.IMAGES:
        return np.sort(random.choice(positions, limit, replace=False))
    ordered = positions[np.argsort(labels[positions], kind="stable")]
    classes, starts = np.unique(labels[ordered], return_index=True)
    members = np.split(ordered, starts[1:])
    share = max(limit // min(_FEWEST_CLASSES, len(classes)), 2)
    chosen: list[IndexArray] = []
    room = limit
    for at in random.permutation(len(classes)):
        count = min(len(members[at]), share, room)
        chosen.append(random.choice(members[at], count, replace=False))
        room -= count
        if not room:
            break
    return np.sort(np.concatenate(chosen))
