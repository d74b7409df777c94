"""``symmviz train --resume`` and ``--branch``: going on from checkpoints."""

import argparse
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from symmcore.errors import InputError
from symmcore.runs.continuation import ContinuationPlan, branch_plan, resume_plan
from symmcore.training.branch import UNCHANGEABLE

# what may be said of a training that goes on
_RESUME = {"resume", "steps", "threads", "device"}
_BRANCH = {"branch", "steps", "threads", "device", "lr", "out"}


def add_continuation(parser: argparse.ArgumentParser) -> None:
    """Say how a training goes on from a checkpoint."""
    group = parser.add_argument_group(
        "going on",
        "From a checkpoint, with the dataset and settings of the run; --steps then counts from "
        "the run's beginning.",
    )
    group.add_argument(
        "--resume", type=Path, metavar="RUN", help="go on with a run, or with all of a comparison"
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
        device = None if options.device == options.default_of("device") else options.device
        return resume_plan(options.resume, options.steps, options.threads, device)
    if options.branch is not None:
        _refuse_others(options, _BRANCH, f"{{}} cannot change at a branch. {UNCHANGEABLE}")
        folder, step = _run_and_step(options.branch[0])
        device = None if options.device == options.default_of("device") else options.device
        return branch_plan(
            folder,
            step,
            options.branch[1],
            options.steps,
            options.lr,
            options.threads,
            device,
        )
    return None


def _run_and_step(text: str) -> tuple[Path, int]:
    run, at, step = text.rpartition("@")
    if not (at and run and step.isdecimal() and step.isascii()):
        raise InputError(f"{text!r} names no checkpoint: write RUN@STEP, such as runs/mine@100.")
    try:
        return Path(run), int(step)
    except ValueError:  # more digits than an integer is read from
        raise InputError(f"The step in {text[:40]!r}... is too large.") from None


def _refuse_others(options: Namespace, allowed: set[str], sentence: str) -> None:
    default_of: Callable[[str], object] = options.default_of
    for name, value in vars(options).items():
        if name not in allowed | {"run", "default_of"} and value != default_of(name):
            flag = "the dataset" if name == "dataset" else f"--{name.replace('_', '-')}"
            text = sentence.format(flag)
            raise InputError(text[:1].upper() + text[1:])
