"""From what the Start page says to the training it asks for."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from symmcore.data.choice import dataset_choice
from symmcore.data.sources.splits import SplitRule
from symmcore.errors import InputError
from symmcore.runs.continuing.seed_folder import parse_seeds
from symmcore.settings.losses import LossSettings
from symmcore.settings.presets import Preset
from symmcore.settings.setting import settings_of
from symmcore.settings.symm import Symm
from symmcore.training.config import TrainingConfig, preset_config
from symmcore.training.recording_size import recording_size
from symmcore.training.spec import RunSpec
from symmviz.model.runs.comparison import shortened

SEEDS = "Seeds"
"""What the field is called."""


@dataclass(frozen=True, slots=True)
class StartForm:
    """What the user chose.

    Attributes:
        dataset: the dataset, as the command line writes it; one that can be fetched is, if it is
            not there: the window says so where it is chosen.
        preset: name of the preset whose values the other fields were filled with.
        loss: name of the loss.
        loss_settings: settings of the loss that are off their defaults.
        symm: whether to train with Symm; comparing trains both.
        symm_settings: how, where it is trained with Symm.
        settings: settings of a training that the page shows, by field of ``TrainingConfig``.
        runs_folder: where runs are kept.
        seeds: seeds to train one after the other, as the command line writes them; empty for the
            one among ``settings``.
        compared: runs of a comparison that was put together, with the learning rate and the
            embedding size that each was added with.
    """

    dataset: str
    preset: str
    loss: str
    loss_settings: LossSettings
    symm: bool
    symm_settings: Symm
    settings: Mapping[str, object]
    runs_folder: Path
    compared: tuple[RunSpec, ...] = ()
    seeds: str = ""


def chosen_spec(form: StartForm) -> RunSpec:
    """The run that is chosen, with its learning rate and embedding size.

    Raises:
        InputError: if a value is out of range.
    """
    config = training_config(dataclasses.replace(form, compared=()), compare=False)
    (spec,) = config.specs
    return dataclasses.replace(spec, learning_rate=config.learning_rate, dim=config.dim)


def chosen_seeds(form: StartForm) -> tuple[int, ...]:
    """The seeds to train one after the other, ascending.

    Raises:
        InputError: if they are written in another way.
    """
    return parse_seeds(form.seeds or str(form.settings.get("seed", 0)), SEEDS)


def training_config(form: StartForm, *, compare: bool) -> TrainingConfig:
    """The training that was asked for: of the runs put together, if there are two or more.

    It is that of the first of several seeds.

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
    kind = dataset_choice(form.dataset).kind
    first, *others = chosen_seeds(form)
    settings = _settings(form) | {"seed": first}
    config = preset_config(form.preset, specs=specs, **settings, download=kind.can_download)
    for seed in others[-1:]:  # the largest is in range if all are
        dataclasses.replace(config, seed=seed)
    if compare or len(form.compared) < 2:
        return config
    # what all have is the training's, whatever the form says by now
    rates = {spec.learning_rate or config.learning_rate for spec in form.compared}
    dims = {spec.dim or config.dim for spec in form.compared}
    rate = min(rates) if len(rates) == 1 else config.learning_rate
    dim = min(dims) if len(dims) == 1 else config.dim
    return dataclasses.replace(
        config,
        specs=tuple(shortened(one, rate, dim) for one in form.compared),
        learning_rate=rate,
        dim=dim,
    )


def protocol_values(chosen: Preset) -> dict[str, object]:
    """The settings that a preset fills in, by field of ``TrainingConfig``."""
    usual = preset_config(chosen.name)
    return {
        one.name: getattr(usual, one.name)
        for one in settings_of(TrainingConfig)
        if one.setting.protocol
    }


def dataset_config(form: StartForm) -> TrainingConfig:
    """A training that reads the chosen dataset, whatever else was chosen.

    Raises:
        InputError: if there is no such dataset.
    """
    reading = {name: value for name, value in _settings(form).items() if name in _READING}
    return preset_config(form.preset, **reading, network="conv3")


def recording_note(form: StartForm, counts: tuple[int, int] | None) -> str:
    """A sentence on how much each run of this training records; "" where that is not known.

    Args:
        form: what the user chose.
        counts: training and test images of the dataset; None before they were counted.
    """
    if counts is None:
        return ""
    try:
        size = recording_size(training_config(form, compare=False), *counts).sentence()
        seeds = len(chosen_seeds(form))
        return size if seeds == 1 else f"{size} That is for each of {seeds:,} seeds."
    except InputError:  # which is said when it is to be started
        return ""


# What decides which images are read, and which of them train.
_READING = ("dataset", "split", "seed", "follow_links")


def _settings(form: StartForm) -> dict[str, object]:
    """The settings that apply: a split, and links, only where there is a choice."""
    settings = {**form.settings, "dataset": form.dataset}
    kind = dataset_choice(form.dataset).kind
    if not kind.can_split:
        settings["split"] = SplitRule.AUTO.value
    if not kind.can_follow_links:
        settings["follow_links"] = False
    return settings
