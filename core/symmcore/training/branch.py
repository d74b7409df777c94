"""What a branch may change from its parent, and what it may not."""

import dataclasses

from symmcore.errors import InputError
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import RunSpec, parse_spec

UNCHANGEABLE = (
    "A branch shares its parent's past, so that dataset, split, network, embedding size, batch "
    "size and seed stay: start a new training to change them."
)
"""For whoever wants to change more than the loss, Symm, the learning rate and the steps."""


def branch_spec(text: str, parent: RunSpec) -> RunSpec:
    """Read the SPEC of a branch.

    Args:
        text: the SPEC. What it does not say of the loss and of Symm is as usual, but the
            pairs that Symm mines among, which are those of a parent with Symm.
        parent: the run that it branches from.

    Raises:
        InputError: naming the part that is wrong.
    """
    return parse_spec(text) if parent.symm is None else parse_spec(text, parent.symm.pairs)


def branch_config(
    parent: TrainingConfig,
    spec: RunSpec,
    steps: int | None = None,
    learning_rate: float | None = None,
) -> TrainingConfig:
    """The training of a branch: its parent's, but for what may change.

    Args:
        parent: the training of one run, everything resolved.
        spec: loss and Symm of the branch.
        steps: in all, those of the shared past counted; None takes the parent's.
        learning_rate: where the SPEC names none; None takes what the parent trained with. The
            schedule's halvings go on from there.

    Raises:
        InputError: if a value is out of range, or the SPEC has another embedding size.
    """
    (before,) = parent.specs
    if spec.dim not in (None, parent.dim_of(before)):
        raise InputError(UNCHANGEABLE)
    spec = dataclasses.replace(spec, dim=before.dim)
    return dataclasses.replace(
        parent,
        specs=(spec,),
        steps=parent.steps if steps is None else steps,
        learning_rate=learning_rate or before.learning_rate or parent.learning_rate,
    )
