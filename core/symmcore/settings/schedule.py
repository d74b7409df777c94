"""How the learning rate falls while a training goes on; without torch."""

from dataclasses import dataclass

from symmcore.errors import InputError
from symmcore.settings.checks import check_at_least, check_positive


@dataclass(frozen=True, slots=True)
class Schedule:
    """The learning rate as a function of the steps taken; constant by default.

    Attributes:
        halve_every: steps after which the rate is halved, again and again; None never does.
        final_after: steps after which ``final_rate`` holds, whatever came before; None where
            there is no such rate.
        final_rate: the rate from then on.

    Raises:
        InputError: if a number is out of range, or one of the last two comes alone.
    """

    halve_every: int | None = None
    final_after: int | None = None
    final_rate: float | None = None

    def __post_init__(self) -> None:
        if self.halve_every is not None:
            check_at_least("number of steps between halvings", self.halve_every, 1)
        if (self.final_after is None) != (self.final_rate is None):
            raise InputError(
                "A final learning rate and the step it begins after belong together: give both."
            )
        if self.final_after is not None:
            check_at_least("number of steps before the final learning rate", self.final_after, 0)
        if self.final_rate is not None:
            check_positive("final learning rate", self.final_rate)

    def rate(self, initial: float, steps_taken: int) -> float:
        """The learning rate of the step that follows ``steps_taken`` steps.

        Args:
            initial: the rate of the first step.
            steps_taken: optimiser steps finished, from 0.
        """
        final_begun = self.final_after is not None and steps_taken >= self.final_after
        if final_begun and self.final_rate is not None:
            return self.final_rate
        if self.halve_every is None:
            return initial
        return initial * 0.5 ** (steps_taken // self.halve_every)
