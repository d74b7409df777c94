"""A sink that says when a run collapses, and what to try."""

from collections.abc import Callable

import numpy as np

from symmcore.records import BatchHealth, Checkpoint, EvalRecord, Snapshot, StepRecord
from symmcore.training.collapse import Doctor, Finding, HealthSeries
from symmcore.training.config import TrainingConfig
from symmcore.training.remedies import describe_finding, remedies
from symmcore.training.sink import TrainingContext
from symmcore.training.status import TrainingStatus


class DoctorSink:
    """Says each finding of the collapse doctor once, when it is certain; stops nothing.

    Args:
        config: what is trained.
        say: told one line for each finding.
    """

    def __init__(self, config: TrainingConfig, say: Callable[[str], None]) -> None:
        self._config = config
        self._say = say
        self._doctors = [Doctor() for _ in config.specs]
        self._told: list[tuple[Finding, ...]] = [() for _ in config.specs]

    def begin(self, context: TrainingContext) -> None:
        """Nothing to say yet."""

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        """Look at a step."""
        if isinstance(record, EvalRecord) or record.health is None:
            return
        self._doctors[run].take(_series(record, record.health))
        found = self._doctors[run].findings
        if found != self._told[run]:
            told, self._told[run] = self._told[run], found
            for finding in found:
                if finding not in told:
                    self._say(self._line(run, finding))

    def snapshots(self, snapshots: tuple[Snapshot | None, ...]) -> None:
        """Not looked at."""

    def checkpoints(self, checkpoints: tuple[Checkpoint | None, ...]) -> None:
        """Not looked at."""

    def ended(self, run: int, message: str) -> None:
        """Nothing more to say of it."""

    def status(self, status: TrainingStatus) -> None:
        """Not looked at."""

    def _line(self, run: int, finding: Finding) -> str:
        spec = self._config.specs[run]
        rate = self._config.learning_rate_of(spec)
        tries = () if finding.until else remedies(finding, spec, rate)
        words = [f"{spec.name}: {describe_finding(finding)}"]
        if tries:
            words.append(f"Try {', '.join(one.spec.name for one in tries)}.")
        return " ".join(words)


def _series(record: StepRecord, health: BatchHealth) -> HealthSeries:
    def number(value: float | None) -> np.ndarray:
        return np.array([np.nan if value is None else value])

    return HealthSeries(
        steps=number(record.step),
        loss=number(record.loss),
        trivial_loss=number(health.trivial_loss),
        mean_norm=number(health.mean_norm),
        within_cosine=number(health.within_cosine),
        between_cosine=number(health.between_cosine),
        gradient_norm=number(health.gradient_norm),
        zero_terms=number(health.zero_terms),
        learning_rate=number(health.learning_rate),
    )
