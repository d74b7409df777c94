"""Mean, standard deviation, and paired differences with their interval."""

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

CONFIDENCE = 0.95
"""Of every interval."""

_Pair = TypeVar("_Pair", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Sample:
    """One score over seeds.

    Attributes:
        mean: the mean.
        deviation: standard deviation with N - 1 in the denominator; None for one value.
        count: number of values.
    """

    mean: float
    deviation: float | None
    count: int


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """How far one setting's score is from another's, over pairs of runs of one seed.

    Attributes:
        mean: of the differences.
        low: lower end of the interval; None for one pair, of which nothing is known.
        high: upper end.
        count: number of pairs.
    """

    mean: float
    low: float | None
    high: float | None
    count: int

    @property
    def is_clear(self) -> bool:
        """Whether there is an interval and 0 lies outside of it."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def sample_of(values: Iterable[float]) -> Sample | None:
    """Mean and standard deviation of some values; None where there are none."""
    numbers = tuple(values)
    if not numbers:
        return None
    mean = math.fsum(numbers) / len(numbers)
    if len(numbers) == 1:
        return Sample(mean, None, 1)
    squares = math.fsum((value - mean) ** 2 for value in numbers)
    return Sample(mean, math.sqrt(squares / (len(numbers) - 1)), len(numbers))


def paired_difference(
    values: Mapping[_Pair, float], baseline: Mapping[_Pair, float]
) -> PairedDifference | None:
    """The mean difference with Student's interval for paired samples.

    Of the n differences d of pairs that both have: mean(d) -+ t sd(d) / sqrt(n), with t the
    quantile at (1 + ``CONFIDENCE``) / 2 of Student's distribution with n - 1 degrees of freedom.

    Args:
        values: scores by pair, such as by seed.
        baseline: what is subtracted.

    Returns:
        The difference; None where no pair has both.
    """
    sample = sample_of(values[pair] - baseline[pair] for pair in values if pair in baseline)
    if sample is None:
        return None
    if sample.deviation is None:
        return PairedDifference(sample.mean, None, None, 1)
    from scipy.special import stdtrit  # slow to import

    quantile = float(stdtrit(sample.count - 1, (1.0 + CONFIDENCE) / 2.0))
    half = quantile * sample.deviation / math.sqrt(sample.count)
    return PairedDifference(sample.mean, sample.mean - half, sample.mean + half, sample.count)
