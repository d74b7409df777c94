"""What runs differ in that makes a difference between their scores not one of the loss alone."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from symmcore.training.config import TrainingConfig
from symmviz.model.names import shown_name

_SHOWN = 4  # of what differs, as many as can be read in a sentence
_UNNAMED = "one of a loop of its own"


class ComparedRun(Protocol):
    """What is looked at of a run; known of a recording and of what it came to."""

    @property
    def folder(self) -> Path:
        """Its directory."""

    @property
    def dataset(self) -> str:
        """As the command line writes it; empty where unknown."""

    @property
    def fingerprint(self) -> str:
        """Equal for two runs that show the same images; empty where unknown."""

    @property
    def config(self) -> TrainingConfig | None:
        """Its training; None where unknown."""

    @property
    def seed(self) -> int | None:
        """Of its training; None where unknown."""


@lru_cache(maxsize=16)  # of the runs that are shown it is asked with every frame
def mismatch(runs: tuple[ComparedRun, ...]) -> str:
    """A sentence that names what runs should share and do not; "" where they share it.

    Several seeds of each setting are alike where every setting has the same ones.
    """
    differences = tuple(filter(None, (_data(runs), _seeds(runs))))
    if not differences:
        return ""
    return (
        f"These runs differ in {' and in '.join(differences)}: a difference between their scores "
        "is not that of their losses alone."
    )


def _data(runs: Sequence[ComparedRun]) -> str:
    """Another dataset, another split of it, or other images under one name."""
    datasets = _distinct(one.dataset for one in runs)
    if len(datasets) > 1:
        return f"dataset ({_listed(shown_name(one) if one else _UNNAMED for one in datasets)})"
    by_seed: dict[int | None, set[str]] = {}
    for one in runs:  # a seed decides a split within classes
        by_seed.setdefault(one.seed, set()).add(one.fingerprint)
    if all(len(prints) == 1 for prints in by_seed.values()):
        return ""
    splits = _distinct(one.config.split for one in runs if one.config is not None)
    return f"split ({_listed(splits)})" if len(splits) > 1 else "the images of their dataset"


def _seeds(runs: Sequence[ComparedRun]) -> str:
    by_setting: dict[object, list[int]] = {}
    for one in runs:
        if one.seed is not None:
            by_setting.setdefault(_setting(one), []).append(one.seed)
    seeds = _distinct(", ".join(map(str, sorted(set(them)))) for them in by_setting.values())
    return f"seed ({_listed(seeds, '; ')})" if len(seeds) > 1 else ""


def _setting(run: ComparedRun) -> object:
    """What runs of several seeds of one setting share."""
    config = run.config
    if config is None:
        return run.folder
    return config.specs, config.learning_rate, config.dim, config.steps


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _listed(values: Iterable[str], between: str = ", ") -> str:
    shown = list(values)
    more = [f"{len(shown) - _SHOWN:,} more"] if len(shown) > _SHOWN else []
    return between.join((*shown[:_SHOWN], *more))
