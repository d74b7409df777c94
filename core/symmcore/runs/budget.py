"""How much a recording takes, and what goes when that is too much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_FLOAT, _HALF, _INTEGER, _PLANE = 4, 2, 8, 8
_ADAM_COPIES = 3  # weights and two moments
_ROWS_OF_INTEGERS = 3


@dataclass(frozen=True, slots=True)
class RecordingSize:
    """Bytes that a recording is going to take, for all runs of a training.

    Attributes:
        frames: embeddings of the watch set and their coordinates in the plane.
        galleries: embeddings of all test images, thinned to the budget.
        checkpoints: what a training can go on from, thinned to the budget.
    """

    frames: int
    galleries: int
    checkpoints: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.frames + self.galleries + self.checkpoints


def estimated_bytes(
    *,
    frames: int,
    watched: int,
    evaluations: int,
    test_images: int,
    dim: int,
    checkpoints: int,
    parameters: int,
    runs: int,
    budget: int,
) -> RecordingSize:
    """Bytes that the recording of a planned training takes.

    Args:
        frames: frames of each run.
        watched: watched images, of both splits together.
        evaluations: evaluations of each run, which embed every test image.
        test_images: how many those are.
        dim: size of an embedding.
        checkpoints: checkpoints of each run.
        parameters: weights of the network.
        runs: runs of the training.
        budget: ``TrainingConfig.recording_bytes``.
    """
    share = share_of_budget(budget, runs)
    frame = watched * (_FLOAT * dim + _ROWS_OF_INTEGERS * _INTEGER + 2 * _PLANE)
    gallery = test_images * (_HALF * dim + _FLOAT + 2 * _INTEGER)
    checkpoint = parameters * _FLOAT * _ADAM_COPIES
    return RecordingSize(
        runs * frames * frame,
        runs * _within(evaluations, gallery, share),
        runs * _within(checkpoints, checkpoint, share),
    )


def share_of_budget(budget: int, runs: int) -> int:
    """What the galleries of one run may take, and its checkpoints once more."""
    return budget // (2 * runs)


def superfluous(sizes: Mapping[int, int], budget: int) -> tuple[int, ...]:
    """Steps whose galleries or checkpoints go so that the others stay within a budget.

    Every second one goes, again and again, but never the first of all and the newest; the first
    too where those two alone are too much. The newest always stays.

    Args:
        sizes: bytes by step.
        budget: most bytes that all may take.
    """
    kept = sorted(sizes)
    while len(kept) > 1 and sum(sizes[step] for step in kept) > budget:
        kept = _every_second(kept)
    return tuple(step for step in sorted(sizes) if step not in set(kept))


def _every_second(steps: Sequence[int]) -> list[int]:
    if len(steps) == 2:
        return [steps[1]]
    thinned = list(steps[:-1:2])
    return [*thinned, steps[-1]]


def _within(count: int, size: int, budget: int) -> int:
    return min(count * size, max(budget, size))
