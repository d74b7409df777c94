"""A sink that says when a run collapses, and what to try."""

from collections.abc import Callable

from symmcore.records import Checkpoint, EvalRecord, Snapshot, StepRecord
from symmcore.training.collapse import Finding
from symmcore.training.config import TrainingConfig
from symmcore.training.record_doctor import RecordDoctor
from symmcore.training.remedies import describe_finding, remedies
from symmcore.training.sink import TrainingContext
from symmcore.training.status import RunState, TrainingStatus


class DoctorSink:
    """Says each finding of the collapse doctor once, within three steps of when it is certain.

    It stops nothing.

    Args:
        config: what is trained.
        say: told one line for each finding.
    """

    def __init__(self, config: TrainingConfig, say: Callable[[str], None]) -> None:
        self._config = config
        self._say = say
        self._doctors = [RecordDoctor() for _ in config.specs]
        self._told: list[tuple[Finding, ...]] = [() for _ in config.specs]

    def begin(self, context: TrainingContext) -> None:
        """Nothing to say yet."""

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        """Look at a step, together with those that wait."""
        if isinstance(record, StepRecord) and self._doctors[run].take(record):
            self._say_found(run)

    def snapshots(self, snapshots: tuple[Snapshot | None, ...]) -> None:
        """Not looked at."""

    def checkpoints(self, checkpoints: tuple[Checkpoint | None, ...]) -> None:
        """Not looked at."""

    def ended(self, run: int, message: str) -> None:
        """Look at the steps that wait: no other will come."""
        self._look(run)

    def status(self, status: TrainingStatus) -> None:
        """Look at the steps that wait once training has ended."""
        if status.state is RunState.FINISHED:
            for run in range(len(self._doctors)):
                self._look(run)

    def _look(self, run: int) -> None:
        if self._doctors[run].look():
            self._say_found(run)

    def _say_found(self, run: int) -> None:
        found = self._doctors[run].findings
        if found != self._told[run]:
            told, self._told[run] = self._told[run], found
            for finding in found:
                if finding not in told:
                    self._say(self._line(run, finding))

    def _line(self, run: int, finding: Finding) -> str:
        spec = self._config.specs[run]
        rate = self._config.learning_rate_of(spec)
        tries = () if finding.until else remedies(finding, spec, rate)
        words = [f"{spec.name}: {describe_finding(finding)}"]
        if tries:
            words.append(f"Try {', '.join(one.spec.name for one in tries)}.")
        return " ".join(words)
