"""A branch: a run that shares another's past and trains on with something changed."""

from dataclasses import dataclass, fields
from pathlib import Path

from symmcore.errors import InputError
from symmcore.settings.losses import loss_info
from symmcore.settings.symm import Symm
from symmcore.training.spec import RunSpec


@dataclass(frozen=True, slots=True)
class BranchParent:
    """The run to branch from, and the step.

    Attributes:
        folder: of the run.
        title: what people call it.
        step: of the checkpoint.
        spec: what it trains.
        learning_rate: with which it trains, wherever that was chosen.
        steps: at which step it ends or is to end.
        dataset, network, seed: what a branch cannot change, as people read it.
    """

    folder: Path
    title: str
    step: int
    spec: RunSpec
    learning_rate: float
    steps: int
    dataset: str
    network: str
    seed: int


@dataclass(frozen=True, slots=True)
class BranchRequest:
    """A branch that the user wants.

    Attributes:
        folder: of the parent.
        step: of the checkpoint to go on from.
        spec: what is trained from there; its learning rate is None where that is the parent's.
        steps: at which step it is to end, counted from the parent's start.
    """

    folder: Path
    step: int
    spec: RunSpec
    steps: int


def check_request(parent: BranchParent, request: BranchRequest) -> None:
    """Check that a branch has something to train.

    Raises:
        InputError: If it would end where it begins, or before.
    """
    if request.steps <= request.step:
        raise InputError(
            f"The branch begins after step {parent.step:,}: let it end later than at step "
            f"{request.steps:,}."
        )


def changes(parent: BranchParent, request: BranchRequest) -> tuple[str, ...]:
    """What a branch changes, as "rank 1 -> 2"; empty where it repeats its parent."""
    before, after = parent.spec, request.spec
    changed = []
    if before.loss != after.loss:
        changed.append(("loss", loss_info(before.loss).title, loss_info(after.loss).title))
    else:
        defaults = loss_info(after.loss).defaults.given()
        for name, default in defaults.items():
            old = before.loss_settings.given().get(name, default)
            new = after.loss_settings.given().get(name, default)
            changed.append((_WORDS.get(name, name), f"{old:g}", f"{new:g}"))
    changed += _symm_changes(before.symm, after.symm)
    rate = parent.learning_rate if after.learning_rate is None else after.learning_rate
    changed.append(("learning rate", f"{parent.learning_rate:g}", f"{rate:g}"))
    changed.append(("last step", f"{parent.steps:,}", f"{request.steps:,}"))
    return tuple(f"{name} {old} → {new}" for name, old, new in changed if old != new)


_WORDS = {"angle_deg": "angle", "l2_reg": "norm penalty"}


def _symm_changes(before: Symm | None, after: Symm | None) -> list[tuple[str, str, str]]:
    if before is None or after is None:
        words = {True: "without", False: "with"}
        return [("Symm", words[before is None], words[after is None])]
    return [
        (field.name, str(getattr(before, field.name)), str(getattr(after, field.name)))
        for field in fields(Symm)
    ]
