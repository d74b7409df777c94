"""The Start page: from what the user chose to a training and its folder."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from symmcore.errors import InputError
from symmcore.symm import Symm
from symmcore.training.config import RunSpec, TrainingConfig

# File systems allow 255 bytes; a folder is still to be read at a glance.
_LONGEST_LOSSES = 100


@dataclass(frozen=True, slots=True)
class StartForm:
    """What the user chose.

    Attributes:
        dataset: name of the dataset.
        loss: name of the loss.
        symm: whether to train with Symm; comparing trains both.
        steps: optimiser steps.
        seed: the seed.
        device: "auto" or a device.
        batch_size: images in a batch.
        dim: size of an embedding.
        learning_rate: Adam's.
        eval_every: steps between pictures.
        runs_folder: where runs are kept.
    """

    dataset: str
    loss: str
    symm: bool
    steps: int
    seed: int
    device: str
    batch_size: int
    dim: int
    learning_rate: float
    eval_every: int
    runs_folder: Path


def training_config(form: StartForm, *, compare: bool) -> TrainingConfig:
    """The training that was asked for.

    Args:
        form: what the user chose.
        compare: train the loss both without and with Symm.

    Raises:
        InputError: if a value is out of range.
    """
    plain, symm = RunSpec(form.loss), RunSpec(form.loss, Symm())
    specs = (plain, symm) if compare else ((symm,) if form.symm else (plain,))
    return TrainingConfig(
        dataset=form.dataset,
        specs=specs,
        steps=form.steps,
        seed=form.seed,
        device=form.device,
        dim=form.dim,
        batch_size=form.batch_size,
        learning_rate=form.learning_rate,
        eval_every=form.eval_every,
    )


def run_folder(runs_folder: Path, config: TrainingConfig, now: datetime) -> Path:
    """A folder for a new training: date, time, dataset and losses; one not there yet.

    Raises:
        InputError: if the folder for runs cannot be looked into.
    """
    losses = "-vs-".join(spec.folder_name for spec in config.specs)
    if len(losses) > _LONGEST_LOSSES:
        losses = f"{len(config.specs)}-runs"
    stem = f"{now:%Y%m%d-%H%M%S}-{config.dataset_choice().folder_name}-{losses}"
    candidate, number = runs_folder / stem, 2
    try:
        while candidate.exists():
            candidate = runs_folder / f"{stem}-{number}"
            number += 1
    except OSError as error:
        raise InputError(
            f"{runs_folder} cannot be written ({error.strerror}): choose another folder for runs."
        ) from error
    return candidate
