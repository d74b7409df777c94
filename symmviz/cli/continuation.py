"""``symmviz train --resume`` and ``--branch``: going on from checkpoints."""

import argparse
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from symmcore.errors import InputError
from symmcore.runs.continuing.continuation import ContinuationPlan, branch_plan, resume_plan
from symmcore.settings.losses import LossSettings
from symmcore.settings.schedule import Schedule
from symmcore.settings.setting import settings_of
from symmcore.settings.symm import Symm
from symmcore.settings.transforms import TransformSettings
from symmcore.training.branch import UNCHANGEABLE
from symmcore.training.config import TrainingConfig
from symmviz.cli.paths import user_path

# what may be said of a training that goes on
_RESUME = {"resume", "steps", "threads", "device"}
_BRANCH = {"branch", "steps", "threads", "device", "learning_rate", "out"}


def add_continuation(parser: argparse.ArgumentParser) -> None:
    """Say how a training goes on from a checkpoint."""
    group = parser.add_argument_group(
        "going on",
        "From a checkpoint, with the dataset and settings of the run; --steps then counts from "
        "the run's beginning.",
    )
    group.add_argument(
        "--resume",
        type=user_path,
        metavar="RUN",
        help="go on with a run, or with all of a comparison",
    )
    group.add_argument(
        "--branch",
        nargs=2,
        metavar=("RUN@STEP", "SPEC"),
        help="train a sibling that shares RUN's past up to a checkpoint: npair+symm:rank=2",
    )
    parser.set_defaults(default_of=parser.get_default)


def continuation(options: Namespace) -> ContinuationPlan | None:
    """What ``--resume`` or ``--branch`` ask for; None where neither was given.

    Raises:
        InputError: if what else was given cannot change any more, or the run cannot go on.
    """
    if options.resume is not None:
        _refuse_others(
            options, _RESUME, "A run goes on with its own settings: {} cannot change any more."
        )
        return resume_plan(options.resume, options.steps, options.threads, options.device)
    if options.branch is not None:
        _refuse_others(options, _BRANCH, f"{{}} cannot change at a branch. {UNCHANGEABLE}")
        folder, step = _run_and_step(options.branch[0])
        return branch_plan(
            folder,
            step,
            options.branch[1],
            options.steps,
            options.learning_rate,
            options.threads,
            options.device,
        )
    return None


def _run_and_step(text: str) -> tuple[Path, int]:
    run, at, step = text.rpartition("@")
    if not (at and run and step.isdecimal() and step.isascii()):
        raise InputError(f"{text!r} names no checkpoint: write RUN@STEP, such as runs/mine@100.")
    try:
        return user_path(run), int(step)
    except ValueError:  # more digits than an integer is read from
        raise InputError(f"The step in {text[:40]!r}... is too large.") from None


def _refuse_others(options: Namespace, allowed: set[str], sentence: str) -> None:
    default_of: Callable[[str], object] = options.default_of
    for name, value in vars(options).items():
        if name not in allowed | {"run", "default_of"} and value != default_of(name):
            flag = "the dataset" if name == "dataset" else _flag(name)
            text = sentence.format(flag)
            raise InputError(text[:1].upper() + text[1:])


def _flag(name: str) -> str:
    """The option that sets a value: "--lr" for the learning rate."""
    owners = (TrainingConfig, Schedule, TransformSettings, Symm, LossSettings)
    flags = {named.name: named.flag for owner in owners for named in settings_of(owner)}
    return flags.get(name, f"--{name.replace('_', '-')}")
