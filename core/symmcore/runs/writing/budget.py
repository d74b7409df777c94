"""What of a recording goes when it takes too much."""

from collections.abc import Mapping, Sequence


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
