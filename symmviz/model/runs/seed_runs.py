"""Trainings of several seeds, of which one is shown."""

from dataclasses import dataclass

from symmcore.runs import Recording


@dataclass(frozen=True, slots=True)
class SeedRuns:
    """Where the seeds are that are trained one after the other.

    Attributes:
        finished: the runs of those that are finished, which have no columns of their own.
        place: of the seed that is shown, from 1.
        count: of all seeds.
        going: whether the next is trained once this one has ended.
    """

    finished: tuple[Recording, ...]
    place: int
    count: int
    going: bool = True

    def __str__(self) -> str:
        """How far they are, for people."""
        return f"Seed {self.place} of {self.count}"
