"""The collapse doctor: finds in what a run recorded step by step that its embedding collapses.

A pure function of the recorded numbers. It knows two collapses. In the first, of the losses
that do not normalise (N-pair, angular), the norms shrink until all products are nearly zero; in
the second all embeddings point the same way. In both the loss rests at its trivial value, the
one it has where all embeddings are zero or equal, and learns nothing. What looks alike and is
neither is called what it is: a learning rate of 0, a network that gets no gradient, batches of
one class, batches in which no class has two images.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
HealthRow = tuple[float, ...]
"""The numbers of ``HealthSeries`` of one step, in its order."""

_SMALL_SHARE = 0.18  # of the largest mean norm before
_SMALL_NORM = 0.15  # no product of two embeddings is much larger than its square
_NEAR_FOR_NORMS = 0.002  # of the trivial value
_SMALL_SPREAD = 0.04  # of the largest 1 - mean cosine between classes before
# Sound runs of triplets and of lifted structures pass 0.996 early, and part again; what collapses
# for good is beyond 0.999 within a few steps.
_LEAST_COSINE = 0.998
_NEAR_FOR_DIRECTIONS = 0.02
_STILL_RATE = 1e-9
"""Adam moves a weight by about the learning rate; float32 weights of 0.02 and more stay there."""


class Symptom(Enum):
    """What is wrong with a run."""

    NORMS = "norms"
    """The embeddings shrink to nothing."""
    DIRECTIONS = "directions"
    """All embeddings point the same way."""
    NO_RATE = "no learning rate"
    """The learning rate is 0, or so small that no weight moves."""
    FROZEN = "frozen"
    """No weight gets a gradient."""
    ONE_CLASS = "one class"
    """All labels of a batch are equal."""
    NO_PAIRS = "no pairs"
    """No class has two images in a batch."""

    @property
    def is_collapse(self) -> bool:
        """Whether the embedding collapses."""
        return self in (Symptom.NORMS, Symptom.DIRECTIONS)


_STEPS_TO_BE_SURE = {
    Symptom.NORMS: 8,
    Symptom.DIRECTIONS: 16,
    Symptom.NO_RATE: 8,
    Symptom.FROZEN: 8,
    Symptom.ONE_CLASS: 8,
    Symptom.NO_PAIRS: 8,
}
"""So many steps in a row a symptom shows before it is a finding: all below 20."""
_STEPS_TO_BE_OVER = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was found wrong with a run.

    Attributes:
        symptom: what.
        since: the first step that shows it.
        named: the step at which that was certain.
        until: the step from which it shows no more; None while it does.
        trivial_loss: the loss's trivial value then; None where it was not recorded.
    """

    symptom: Symptom
    since: int
    named: int
    until: int | None = None
    trivial_loss: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class HealthSeries:
    """What a run recorded of some steps, in order: arrays (N,), NaN where there is no number.

    Attributes:
        steps: their numbers.
        loss: of the batch.
        trivial_loss, mean_norm, within_cosine, between_cosine, gradient_norm, zero_terms,
        learning_rate: as in ``symmcore.records.BatchHealth``.
    """

    steps: Values
    loss: Values
    trivial_loss: Values
    mean_norm: Values
    within_cosine: Values
    between_cosine: Values
    gradient_norm: Values
    zero_terms: Values
    learning_rate: Values

    @staticmethod
    def of(columns: Mapping[str, tuple[Values, Values]]) -> "HealthSeries":
        """Line up metrics, each by name as its steps and values, at the steps of the loss."""
        nothing: tuple[Values, Values] = (np.empty(0), np.empty(0))
        steps = np.unique(columns.get("loss", nothing)[0])
        names = [field.name for field in fields(HealthSeries)][1:]
        return HealthSeries(steps, *(_at(steps, *columns.get(name, nothing)) for name in names))


def findings(series: HealthSeries) -> tuple[Finding, ...]:
    """What is wrong with a run, in the order in which it was found."""
    doctor = Doctor()
    doctor.take(series)
    return doctor.findings


class Doctor:
    """Finds the same as :func:`findings` in a run that is told bit by bit."""

    def __init__(self) -> None:
        self._largest_norm = 0.0
        self._largest_spread = 0.0
        self._gradient_norm = np.nan
        self._streaks = {symptom: _Streak(symptom) for symptom in Symptom}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, in the order in which it was found."""
        found = [finding for streak in self._streaks.values() for finding in streak.findings]
        return tuple(sorted(found, key=lambda finding: finding.named))

    def take(self, series: HealthSeries) -> None:
        """Take in the steps that come next."""
        if not len(series.steps):
            return
        shows = self._shown(series)
        collapses = shows[Symptom.NORMS] | shows[Symptom.DIRECTIONS]
        shows[Symptom.FROZEN] &= ~collapses & ~shows[Symptom.NO_RATE]
        shows[Symptom.DIRECTIONS] &= ~shows[Symptom.NORMS]
        for symptom, flags in shows.items():
            self._streaks[symptom].take(flags, series.steps, series.trivial_loss)

    def take_sound(self, rows: Sequence[HealthRow]) -> bool:
        """Take in the steps that come next if no symptom can show in them.

        In nearly all of a sound run's, which takes a tenth of the time of :meth:`take`.

        Args:
            rows: for each step the numbers of ``HealthSeries``, in its order.

        Returns:
            Whether they were taken in.
        """
        shown = any(streak.is_open for streak in self._streaks.values())
        if shown or self._gradient_norm == 0.0 or not all(map(_is_sound, rows)):
            return False
        for _, _, _, norm, _, cosine, gradient, _, _ in rows:
            if math.isfinite(norm):
                self._largest_norm = max(self._largest_norm, norm)
            self._largest_spread = max(self._largest_spread, 1.0 - cosine)
            if not math.isnan(gradient):
                self._gradient_norm = gradient
        return True

    def _shown(self, series: HealthSeries) -> dict[Symptom, Flags]:
        norm, cosine = series.mean_norm, series.between_cosine
        norms = _largest_so_far(norm, self._largest_norm)
        spreads = _largest_so_far(1.0 - cosine, self._largest_spread)
        self._largest_norm, self._largest_spread = float(norms[-1]), float(spreads[-1])
        gradient = _last_known(series.gradient_norm, self._gradient_norm)
        self._gradient_norm = float(gradient[-1])
        off = np.abs(series.loss - series.trivial_loss)
        # Comparisons with NaN are False: where a number is missing nothing is found.
        return {
            Symptom.NORMS: (off <= _NEAR_FOR_NORMS * series.trivial_loss)
            & (norm <= np.minimum(_SMALL_NORM, _SMALL_SHARE * norms))
            & np.isnan(series.zero_terms),  # the losses with such terms normalise
            Symptom.DIRECTIONS: (off <= _NEAR_FOR_DIRECTIONS * series.trivial_loss)
            & (cosine >= _LEAST_COSINE)
            & (1.0 - cosine <= _SMALL_SPREAD * spreads),
            Symptom.NO_RATE: series.learning_rate <= _STILL_RATE,
            # Where all terms are zero there is no gradient either, and nothing left to learn.
            Symptom.FROZEN: (gradient == 0.0) & ~(series.zero_terms == 1.0),
            Symptom.ONE_CLASS: np.isnan(cosine) & np.isfinite(series.within_cosine),
            Symptom.NO_PAIRS: np.isfinite(cosine) & np.isnan(series.within_cosine),
        }


class _Streak:
    """The steps in a row in which one symptom shows, and what was found of it."""

    def __init__(self, symptom: Symptom) -> None:
        self._symptom = symptom
        self._since: int | None = None
        self._shown = 0
        self._quiet_since: int | None = None
        self._quiet = 0
        self._current: Finding | None = None
        self._over: list[Finding] = []

    @property
    def findings(self) -> tuple[Finding, ...]:
        return (*self._over, *(() if self._current is None else (self._current,)))

    @property
    def is_open(self) -> bool:
        """Whether the symptom showed in the newest step, or is a finding that is not over."""
        return self._since is not None or self._current is not None

    def take(self, flags: Flags, steps: Values, trivial: Values) -> None:
        """Take in at which of the next steps the symptom shows."""
        if self._current is None and not flags.any():  # as in nearly every step of a sound run
            self._since = None
            return
        edges = (np.flatnonzero(np.diff(flags)) + 1).tolist()
        for begin, end in zip([0, *edges], [*edges, len(flags)], strict=True):
            if flags[begin]:
                self._shows(steps[begin:end], trivial[begin:end])
            else:
                self._does_not_show(steps[begin:end])

    def _shows(self, steps: Values, trivial: Values) -> None:
        self._quiet = 0
        if self._since is None:
            self._since, self._shown = int(steps[0]), 0
        needed = _STEPS_TO_BE_SURE[self._symptom] - self._shown
        self._shown += len(steps)
        if self._current is None and needed <= len(steps):
            self._current = Finding(
                self._symptom,
                self._since,
                int(steps[needed - 1]),
                trivial_loss=None if np.isnan(trivial[needed - 1]) else float(trivial[needed - 1]),
            )

    def _does_not_show(self, steps: Values) -> None:
        if self._current is None:
            self._since = None
            return
        if self._quiet == 0:
            self._quiet_since = int(steps[0])
        self._quiet += len(steps)
        if self._quiet >= _STEPS_TO_BE_OVER:
            self._over.append(dataclasses.replace(self._current, until=self._quiet_since))
            self._since = self._current = None
            self._quiet = 0


def _is_sound(row: HealthRow) -> bool:
    """Whether none of ``Doctor._shown`` is true of a step, whatever was before, at a glance."""
    _, loss, trivial, _, within, between, gradient, _, rate = row
    return (
        abs(loss - trivial) > _NEAR_FOR_DIRECTIONS * trivial
        and rate > _STILL_RATE
        and gradient != 0.0
        and math.isfinite(within)
        and math.isfinite(between)
    )


def _largest_so_far(values: Values, before: float) -> Values:
    known = np.where(np.isfinite(values), values, 0.0)
    largest: Values = np.maximum.accumulate(np.concatenate([[before], known]))[1:]
    return largest


def _last_known(values: Values, before: float) -> Values:
    """Each value, or the last before it where there is none."""
    whole = np.concatenate([[before], values])
    places = np.maximum.accumulate(np.where(np.isnan(whole), 0, np.arange(len(whole))))
    filled: Values = whole[places][1:]
    return filled


def _at(steps: Values, own_steps: Values, values: Values) -> Values:
    """The values at these steps; NaN where there is none."""
    found = np.full(len(steps), np.nan)
    if len(own_steps):
        at = np.minimum(np.searchsorted(own_steps, steps), len(own_steps) - 1)
        there = own_steps[at] == steps
        found[there] = values[at[there]]
    return found
