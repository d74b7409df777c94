"""Runs that differ in nothing but the seed, and the mean of their metrics."""

import dataclasses
from collections.abc import Sequence
from functools import reduce

import numpy as np

from symmcore.runs.formats.info import RunInfo
from symmcore.runs.formats.metrics import Metric
from symmviz.model.curve import Values

SeedGroup = tuple[int, ...]
"""Positions of runs; of one run alone, or of several that differ in the seed."""


def seed_groups(infos: tuple[RunInfo, ...]) -> tuple[SeedGroup, ...]:
    """Which runs differ in nothing but the seed, in the order of the first of each."""
    groups: dict[int, list[int]] = {}
    for run, info in enumerate(infos):
        first = next((at for at in groups if _is_same_but_seed(infos[at], info)), run)
        groups.setdefault(first, []).append(run)
    return tuple(map(tuple, groups.values()))


def mean_and_spread(metrics: Sequence[Metric]) -> tuple[Metric, Values]:
    """Mean of metrics at the steps that all of them have, and their standard deviation.

    Args:
        metrics: two or more.

    Returns:
        The mean, and (N,) float64: the sample's standard deviation at each of its steps.
    """
    known = [_last_of_each_step(metric) for metric in metrics]
    steps = reduce(np.intersect1d, (metric.steps for metric in known))
    values = np.stack([metric.values[np.searchsorted(metric.steps, steps)] for metric in known])
    return Metric(steps, values.mean(axis=0)), values.std(axis=0, ddof=1)


def _last_of_each_step(metric: Metric) -> Metric:
    last = np.r_[metric.steps[1:] != metric.steps[:-1], True] if len(metric.steps) else []
    return Metric(metric.steps[last], metric.values[last]) if not np.all(last) else metric


def _is_same_but_seed(one: RunInfo, other: RunInfo) -> bool:
    if one.parent or other.parent:
        return False
    # One that was stopped and resumed has as chosen what was resolved then.
    pairs = (one.config, other.config), (one.resolved, other.resolved)
    return any(
        ours is not None
        and theirs is not None
        and dataclasses.replace(theirs, seed=ours.seed) == ours
        for ours, theirs in pairs
    )
