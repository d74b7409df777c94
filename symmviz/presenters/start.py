"""The Start page: from what the user chose to a training and its folder."""

from dataclasses import dataclass
from pathlib import Path

from symmcore.data.catalogue import dataset_choice
from symmcore.data.sources.splits import SplitRule
from symmcore.settings.losses import LossSettings
from symmcore.settings.symm import Symm
from symmcore.training.config import RunSpec, TrainingConfig, preset_config


@dataclass(frozen=True, slots=True)
class StartForm:
    """What the user chose.

    Attributes:
        dataset: the dataset, as the command line writes it; one that can be fetched is, if it is
            not there: the window says so where it is chosen.
        split: how a folder is split.
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
        form.preset, dataset=form.dataset, split=_split(form), seed=form.seed, network="small"
    )


def _may_download(form: StartForm) -> bool:
    return dataset_choice(form.dataset).kind.can_download
