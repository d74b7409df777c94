"""What the collapse doctor says of the runs that are shown."""

from dataclasses import dataclass, fields

import numpy as np

from symmcore.runs import Recording
from symmcore.runs.formats.metrics import Metric
from symmcore.training.collapse import Doctor, Finding, HealthSeries, Values
from symmcore.training.remedies import Remedy, describe_finding, remedies
from symmviz.model.workspace import Cursor

_NAMES = tuple(field.name for field in fields(HealthSeries))[1:]
# A run of 100,000 steps is looked at over some ticks: this many take 2 ms.
_MOST_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class FindingLine:
    """What is said beside a run's column.

    Attributes:
        sentence: what happens, since which step.
        tries: what can be tried against it, most likely first; empty for nothing.
        alarming: whether it goes on; one that is over is said more quietly.
    """

    sentence: str
    tries: tuple[str, ...] = ()
    alarming: bool = True


class RunDoctor:
    """The findings of one recording, which may grow, or begin anew."""

    _taken: int
    _recorded: int

    def __init__(self) -> None:
        self._restart()

    def look_at(self, recording: Recording) -> tuple[Finding, ...]:
        """What is found in all that was recorded; a long run takes several calls."""
        metrics = recording.state.metrics
        loss = metrics.get("loss")
        if self._taken and (loss is None or not self._goes_on(loss)):
            self._restart()
        steps = np.empty(0) if loss is None else loss.steps
        self._recorded = len(steps)
        new = steps[self._taken : self._taken + _MOST_AT_ONCE]
        if loss is not None and len(new):
            first = steps[self._taken - 1] if self._taken else -np.inf
            parts = {
                name: _between(metrics[name], first, new[-1]) for name in _NAMES if name in metrics
            }
            self._doctor.take(HealthSeries.of(parts))
            self._taken += len(new)
            self._last = _point(loss, self._taken - 1)
        return self._doctor.findings

    @property
    def is_behind(self) -> bool:
        """Whether more had been recorded by the last look than was looked at."""
        return self._taken < self._recorded

    def _restart(self) -> None:
        self._doctor = Doctor()
        self._recorded = 0
        self._taken = 0
        self._last = b""

    def _goes_on(self, loss: Metric) -> bool:
        return len(loss.steps) >= self._taken and _point(loss, self._taken - 1) == self._last


def shown_finding(found: tuple[Finding, ...], cursor: Cursor) -> Finding | None:
    """The newest finding that was certain at the step that is shown; one that goes on, if any."""
    known = [
        finding
        if finding.until is None or cursor.covers(finding.until)
        else Finding(finding.symptom, finding.since, finding.named, None, finding.trivial_loss)
        for finding in found
        if cursor.covers(finding.named)
    ]
    open_ones = [finding for finding in known if finding.until is None]
    return next(reversed(open_ones or known), None)


def finding_line(finding: Finding, recording: Recording) -> FindingLine:
    """A finding in words."""
    over = finding.until is not None
    tries = () if over else finding_remedies(finding, recording)
    return FindingLine(
        describe_finding(finding), tuple(one.label for one in tries), alarming=not over
    )


def finding_remedies(finding: Finding, recording: Recording) -> tuple[Remedy, ...]:
    """What can be tried against a finding; nothing for a user's own loop."""
    info = recording.info
    if info.spec is None or info.config is None:
        return ()
    return remedies(finding, info.spec, info.config.learning_rate_of(info.spec))


def _point(metric: Metric, at: int) -> bytes:
    """A step and its value, to compare with another, NaN or not."""
    return np.array([metric.steps[at], metric.values[at]]).tobytes()


def _between(metric: Metric, after: float, last: float) -> tuple[Values, Values]:
    begin, end = np.searchsorted(metric.steps, [after, last], side="right")
    return metric.steps[begin:end], metric.values[begin:end]
