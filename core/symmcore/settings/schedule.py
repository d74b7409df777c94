"""How the learning rate falls while a training goes on; without torch."""

from dataclasses import dataclass

from symmcore.errors import InputError
from symmcore.settings.setting import LARGEST_NUMBER, check_ranges, setting


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

    halve_every: int | None = setting(
        None,
        label="Halve the learning rate",
        noun="number of steps between halvings",
        help="halve the learning rate every N steps",
        flag="--lr-halve-every",
        least=1,
        zero="never",
    )
    final_after: int | None = setting(
        None,
        label="Final learning rate after",
        noun="number of steps before the final learning rate",
        help="steps after which --lr-final holds",
        flag="--lr-final-after",
        least=0,
    )
    final_rate: float | None = setting(
        None,
        label="Final learning rate",
        help="learning rate at the end",
        flag="--lr-final",
        above=0,
        most=LARGEST_NUMBER,
        zero="none of its own",
    )

    def __post_init__(self) -> None:
        check_ranges(self)
        if (self.final_after is None) != (self.final_rate is None):
            raise InputError(
                "A final learning rate and the step it begins after belong together: give both."
            )

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
