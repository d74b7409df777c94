"""Runs that are to be compared, and what they differ in, in words."""

import dataclasses
from collections.abc import Callable

from symmcore.settings.losses import loss_info
from symmcore.training.spec import RunSpec

MOST_RUNS = 6
"""Columns that can be told apart, and that a screen has room for."""

_DIFFERENCES: tuple[tuple[str, Callable[[RunSpec], object]], ...] = (
    ("loss", lambda spec: spec.loss),
    ("Symm", lambda spec: spec.symm is not None),
    ("learning rate", lambda spec: spec.learning_rate),
    ("embedding size", lambda spec: spec.dim),
)


def comparison_note(specs: tuple[RunSpec, ...]) -> str:
    """What runs that train together differ in, and what they share; "" for fewer than two."""
    if len(specs) < 2:
        return ""
    differences = [name for name, value in _DIFFERENCES if len({value(spec) for spec in specs}) > 1]
    differences += _symm_differences(specs)
    differences += _loss_differences(specs)
    weights = "initial weights"
    if "embedding size" in differences:
        weights += " but for the last layer"
    return (
        f"They differ in {_listed(differences)}, and share images, batches, augmentation, seed and "
        f"{weights}."
    )


def shortened(spec: RunSpec, learning_rate: float, dim: int) -> RunSpec:
    """A run that says of itself only what it has other than all of its training."""
    return dataclasses.replace(
        spec,
        learning_rate=None if spec.learning_rate == learning_rate else spec.learning_rate,
        dim=None if spec.dim == dim else spec.dim,
    )


def _symm_differences(specs: tuple[RunSpec, ...]) -> list[str]:
    symms = [spec.symm for spec in specs if spec.symm is not None]
    return [
        f"Symm's {field.name}"
        for field in (dataclasses.fields(symms[0]) if symms else ())
        if len({getattr(symm, field.name) for symm in symms}) > 1
    ]


def _loss_differences(specs: tuple[RunSpec, ...]) -> list[str]:
    """Settings in which two runs of one loss differ."""
    found: dict[str, None] = {}
    for loss in {spec.loss: None for spec in specs}:
        usual = loss_info(loss).defaults.given()
        alike = [usual | one.loss_settings.given() for one in specs if one.loss == loss]
        for name in usual:
            if len({settings[name] for settings in alike}) > 1:
                found[name.replace("_", " ")] = None
    return list(found)


def _listed(names: list[str]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]
