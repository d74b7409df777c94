"""Runs of one setting over seeds, and their paired differences."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from symmcore.runs.results.result import RunResult, Setting
from symmcore.runs.results.statistics import (
    PairedDifference,
    Sample,
    paired_difference,
    sample_of,
)

_Pair = tuple[int | None, str]


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """One setting over its seeds.

    Attributes:
        setting: what its runs share.
        results: its runs, by seed.
        samples: mean and deviation by score.
        baseline: the same setting without Symm, where there is one and this has Symm.
        differences: by score, this less the baseline, over seeds that both have.
    """

    setting: Setting
    results: tuple[RunResult, ...]
    samples: Mapping[str, Sample]
    baseline: Setting | None
    differences: Mapping[str, PairedDifference]


def summarise(results: tuple[RunResult, ...]) -> tuple[Summary, ...]:
    """Each setting's runs together, in the order in which the settings come first.

    Only runs with all their scores count: one that trains, diverged or was cut off is left
    out. Runs of a setting that share the seed and its data count once, with their mean.
    """
    groups: dict[Setting, list[RunResult]] = {}
    for result in results:
        if result.is_whole:
            groups.setdefault(result.setting, []).append(result)
    return tuple(_summary(setting, groups) for setting in groups)


def differences_between(ours: Summary, theirs: Summary) -> Mapping[str, PairedDifference]:
    """By score, one setting less another, over the seeds and data that both have."""
    return _differences(ours.results, theirs.results)


def _summary(setting: Setting, groups: Mapping[Setting, list[RunResult]]) -> Summary:
    results = tuple(sorted(groups[setting], key=_seed))
    baseline = next((other for other in groups if other.is_baseline_of(setting)), None)
    samples = {name: sample_of(values.values()) for name, values in _by_pair(results).items()}
    return Summary(
        setting=setting,
        results=results,
        samples=MappingProxyType({n: one for n, one in samples.items() if one is not None}),
        baseline=baseline,
        differences=_differences(results, () if baseline is None else tuple(groups[baseline])),
    )


def _differences(
    ours: tuple[RunResult, ...], theirs: tuple[RunResult, ...]
) -> Mapping[str, PairedDifference]:
    own, other = _by_pair(ours), _by_pair(theirs)
    found = {name: paired_difference(own[name], other[name]) for name in own if name in other}
    return MappingProxyType({name: one for name, one in found.items() if one is not None})


def _by_pair(results: tuple[RunResult, ...]) -> dict[str, dict[_Pair, float]]:
    """Scores by name, then by seed and data."""
    values: dict[str, dict[_Pair, list[float]]] = {}
    for result in results:
        for name, value in result.scores.items():
            values.setdefault(name, {}).setdefault(result.pair, []).append(value)
    return {
        name: {pair: sum(them) / len(them) for pair, them in of.items()}
        for name, of in values.items()
    }


def _seed(result: RunResult) -> tuple[int, str]:
    return -1 if result.seed is None else result.seed, result.folder.name
