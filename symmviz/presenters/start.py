"""The Start page: from what the user chose to a training and its folder."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from symmcore.data.catalog import dataset_choice
from symmcore.data.splits import SplitRule
from symmcore.errors import InputError
from symmcore.loss_catalog import LossSettings
from symmcore.symm import Symm
from symmcore.training.config import RunSpec, TrainingConfig, preset_config

# File systems allow 255 bytes; a folder is still to be read at a glance.
_LONGEST_LOSSES = 100


@dataclass(frozen=True, slots=True)
class StartForm:
    """What the user chose.

    Attributes:
        dataset: the dataset, as the command line writes it; one that can be fetched is, if it is
            not there: the window says so where it is chosen.
        split: how a folder is split.
        follow_links: whether links in a folder of the user's are followed.
        preset: name of the preset whose values the other fields were filled with.
        network: name of the embedding network.
        weights: what it starts from.
        loss: name of the loss.
        loss_settings: settings of the loss that are off their defaults.
        symm: whether to train with Symm; comparing trains both.
        symm_settings: how, where it is trained with Symm.
        steps: optimiser steps.
        seed: the seed.
        device: "auto" or a device.
        batch_size: images in a batch.
        dim: size of an embedding.
        learning_rate: Adam's.
        eval_every: steps between pictures.
        threads: torch threads; None leaves one core free.
        runs_folder: where runs are kept.
    """

    dataset: str
    split: str
    follow_links: bool
    preset: str
    network: str
    weights: str
    loss: str
    loss_settings: LossSettings
    symm: bool
    symm_settings: Symm
    steps: int
    seed: int
    device: str
    batch_size: int
    dim: int
    learning_rate: float
    eval_every: int
    threads: int | None
    runs_folder: Path


def training_config(form: StartForm, *, compare: bool) -> TrainingConfig:
    """The training that was asked for.

    Args:
        form: what the user chose.
        compare: train the loss both without and with Symm.

    Raises:
        InputError: if a value is out of range.
    """
    plain, symm = (
        RunSpec(form.loss, settings, form.loss_settings) for settings in (None, form.symm_settings)
    )
    specs = (plain, symm) if compare else ((symm,) if form.symm else (plain,))
    return preset_config(
        form.preset,
        dataset=form.dataset,
        split=_split(form),
        download=_may_download(form),
        follow_links=_follows_links(form),
        specs=specs,
        steps=form.steps,
        seed=form.seed,
        device=form.device,
        network=form.network,
        weights=form.weights,
        dim=form.dim,
        batch_size=form.batch_size,
        learning_rate=form.learning_rate,
        eval_every=form.eval_every,
        threads=form.threads,
    )


def _split(form: StartForm) -> str:
    """What was chosen where there is a choice: other data has a split of its own."""
    kind = dataset_choice(form.dataset).kind
    return form.split if kind.can_split else SplitRule.AUTO


def dataset_config(form: StartForm) -> TrainingConfig:
    """A training that reads the chosen dataset, whatever else was chosen.

    Raises:
        InputError: if there is no such dataset.
    """
    return preset_config(
        form.preset,
        dataset=form.dataset,
        split=_split(form),
        follow_links=_follows_links(form),
        seed=form.seed,
        network="small",
    )


def _may_download(form: StartForm) -> bool:
    return dataset_choice(form.dataset).kind.can_download


def _follows_links(form: StartForm) -> bool:
    return form.follow_links and dataset_choice(form.dataset).kind.can_follow_links


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
