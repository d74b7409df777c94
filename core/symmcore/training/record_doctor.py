"""The collapse doctor of a run that trains, told record by record."""

import math

import numpy as np

from symmcore.records import StepRecord
from symmcore.training.collapse import Doctor, Finding, HealthRow, HealthSeries

_STEPS_AT_ONCE = 4
"""A look at one step takes as long as one at several. What is sure after 16 is said within 20."""


class RecordDoctor:
    """Finds what ``symmcore.training.collapse.findings`` does, at every fourth step.

    So that it takes little of a small step; which steps a finding names does not depend on it.
    """

    def __init__(self) -> None:
        self._doctor = Doctor()
        self._waiting: list[HealthRow] = []

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found at the newest look, in the order in which it was."""
        return self._doctor.findings

    def take(self, record: StepRecord) -> bool:
        """Take in a step; returns whether it was looked at, with those that waited."""
        if record.health is not None:
            health = record.health
            values = (
                record.step,
                record.loss,
                health.trivial_loss,
                health.mean_norm,
                health.within_cosine,
                health.between_cosine,
                health.gradient_norm,
                health.zero_terms,
                health.learning_rate,
            )
            self._waiting.append(tuple(math.nan if value is None else value for value in values))
        return record.step % _STEPS_AT_ONCE == 0 and self.look()

    def look(self) -> bool:
        """Look at the steps that wait; returns whether there were any."""
        waiting, self._waiting = self._waiting, []
        if waiting and not self._doctor.take_sound(waiting):
            self._doctor.take(HealthSeries(*np.array(waiting).T))
        return bool(waiting)
