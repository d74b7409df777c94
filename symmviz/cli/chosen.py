"""From the options of ``symmviz train`` to the training they ask for."""

import dataclasses
from argparse import Namespace
from typing import Any

from symmcore.data.catalogue import dataset_choice
from symmcore.errors import InputError
from symmcore.settings.losses import LossSettings
from symmcore.settings.presets import Preset, preset
from symmcore.settings.schedule import Schedule
from symmcore.settings.symm import PairSet
from symmcore.settings.transforms import TransformSettings
from symmcore.training.config import (
    RunSpec,
    TrainingConfig,
    make_symm,
    parse_spec,
    preset_config,
)
from symmcore.training.input import usual_transform

# No disk holds as much, and its bytes are still a number of 64 bits.
_MOST_GIGABYTES = 1_000_000_000


def training_config(options: Namespace) -> TrainingConfig:
    """The training that was asked for: the preset, and the options that were given.

    Raises:
        InputError: if a value is out of range or does not go with another.
    """
    if options.dataset is None:
        raise InputError(
            "No DATASET was named: give one (symmviz datasets lists them), or a run to go on with "
            "(--resume RUN)."
        )
    chosen = preset(options.preset)
    return preset_config(
        options.preset,
        dataset=options.dataset,
        split=options.split,
        download=options.download,
        cache_bytes=_bytes("--cache-gb", options.cache_gb),
        recording_bytes=_bytes("--record-gb", options.record_gb),
        specs=_specs(options, chosen.pairs),
        seed=options.seed,
        device=options.device,
        weights=options.weights,
        bf16=options.bf16,
        threads=options.threads,
        schedule=_schedule(options, chosen),
        transform=_transform(options, chosen),
        **_given(
            network=options.network,
            dim=options.dim,
            steps=options.steps,
            eval_every=options.eval_every,
            batch_size=options.batch_size,
            learning_rate=options.lr,
            weight_decay=options.weight_decay,
        ),
    )


def _schedule(options: Namespace, chosen: Preset) -> Schedule:
    values = dataclasses.asdict(chosen.schedule)
    if options.lr_final == 0:
        values |= {"final_rate": None, "final_after": None}
    else:
        values |= _given(final_rate=options.lr_final)
    values |= _given(halve_every=options.lr_halve_every, final_after=options.lr_final_after)
    return Schedule(**(values | {"halve_every": values["halve_every"] or None}))


def _bytes(flag: str, gigabytes: float) -> int:
    if not 0 <= gigabytes <= _MOST_GIGABYTES:
        raise InputError(
            f"{flag} is {gigabytes}: it must be a number from 0 to {_MOST_GIGABYTES:,}."
        )
    return round(gigabytes * 1e9)


def _transform(options: Namespace, chosen: Preset) -> TransformSettings | None:
    given = _given(resize=options.resize, crop=options.crop, flip=options.flip, shift=options.shift)
    if not given:
        return chosen.transform
    usual = chosen.transform or usual_transform(dataset_choice(options.dataset, options.split))
    values = dataclasses.asdict(usual) | given
    zero_is_none = {name: values[name] or None for name in ("resize", "crop")}
    return TransformSettings(**(values | zero_is_none))


def _specs(options: Namespace, pairs: PairSet) -> tuple[RunSpec, ...]:
    symm = _given(alpha=options.alpha, beta=options.beta, rank=options.rank, pairs=options.pairs)
    loss = _given(margin=options.margin, angle_deg=options.angle, l2_reg=options.l2_reg)
    if options.compare is not None:
        if options.symm or options.loss is not None or symm or loss:
            raise InputError(
                "--compare names its losses and their settings itself: leave out --loss, --symm "
                "and their settings, and write those as in npair+symm:rank=2."
            )
        return tuple(parse_spec(text, pairs) for text in options.compare)
    if symm and not options.symm:
        raise InputError(f"--{next(iter(symm))} is a setting of Symm: add --symm.")
    return (
        RunSpec(
            "npair" if options.loss is None else options.loss,
            make_symm({"pairs": pairs} | symm) if options.symm else None,
            LossSettings(**loss),
        ),
    )


def _given(**settings: Any) -> dict[str, Any]:
    """The options that were given; argparse's are of any type."""
    return {name: value for name, value in settings.items() if value is not None}
