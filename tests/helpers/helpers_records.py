"""Records made up: for tests of what keeps, reads and shows them. Imports no torch."""

import numpy as np

from symmcore.records import EmbeddedSet, Frame, Snapshot, WatchedSet


def make_snapshot(step: int = 0, seed: int = 0, spread: float = 1.0) -> Snapshot:
    """A snapshot of 12 watched training and 9 test images in 5 dimensions, partners made up."""
    random = np.random.default_rng(seed)

    def watched(samples: list[int]) -> WatchedSet:
        count = len(samples)
        return WatchedSet(
            EmbeddedSet(
                np.array(samples),
                np.arange(count) % 3,
                spread * random.standard_normal((count, 5)).astype(np.float32),
            ),
            np.where(np.arange(count) == 1, -1, (np.arange(count) + 3) % count),
            random.standard_normal((count, 5)).astype(np.float32),
        )

    train, test = watched(list(range(0, 24, 2))), watched(list(range(1, 19, 2)))
    return Snapshot(Frame(step, train, test), test.points)
