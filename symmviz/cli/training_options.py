"""The options of ``symmviz train``, made from the settings table, and the training they ask for."""

import argparse
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from symmcore.data.choice import dataset_choice, whole_dataset_name
from symmcore.errors import InputError
from symmcore.settings.losses import CATALOG, LossSettings
from symmcore.settings.presets import PRESETS, QUICK, preset
from symmcore.settings.schedule import Schedule
from symmcore.settings.setting import NamedSetting, settings_of, with_given
from symmcore.settings.symm import PairSet, Symm
from symmcore.settings.transforms import TransformSettings
from symmcore.training.config import TrainingConfig, preset_config
from symmcore.training.input import usual_transform
from symmcore.training.spec import RunSpec, make_symm, parse_spec
from symmviz.cli.continuation import add_continuation
from symmviz.cli.paths import user_path

_OF_A_RUN: tuple[type, ...] = (Symm, LossSettings)
_NESTED: tuple[type, ...] = (Schedule, TransformSettings)


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add the dataset, the losses and an option for each setting of a training."""
    add = parser.add_argument
    what = "a name, or the path of a folder (symmviz datasets)"
    add("dataset", metavar="DATASET", nargs="?", help=what)
    add_continuation(parser)
    losses = ", ".join(info.name for info in CATALOG)
    add("--loss", metavar="NAME", help=f"the loss: {losses} (default npair)")
    add("--symm", action="store_true", help="with Symmetrical Synthesis")
    for owner in _OF_A_RUN:
        for named in settings_of(owner):
            _add_option(parser, named)
    add(
        "--compare",
        nargs="+",
        metavar="SPEC",
        help="train several in lockstep: npair npair+symm, with settings npair+symm:rank=2",
    )
    add(
        "--out",
        type=user_path,
        metavar="DIR",
        help="where to record (default runs/<date-time>-...)",
    )
    add(
        "--seeds",
        metavar="LIST",
        help="train these seeds one after the other, 0-9 or 0,2,5, each in a folder of its own in "
        "DIR, and compare them; the same command again goes on",
    )
    group = parser.add_argument_group(
        "protocol", "A preset sets all of these; what is given besides holds instead."
    )
    presets = ", ".join(entry.name for entry in PRESETS)
    group.add_argument(
        "--preset", default=QUICK.name, metavar="NAME", help=f"{presets} (default %(default)s)"
    )
    for named in settings_of(TrainingConfig):
        _add_option(group if named.setting.protocol else parser, named)
    for owner in _NESTED:
        for named in settings_of(owner):
            _add_option(group, named)


def add_setting(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the option of one setting of a training."""
    _add_option(parser, next(one for one in settings_of(TrainingConfig) if one.name == name))


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
    usual = preset_config(options.preset)
    return preset_config(
        options.preset,
        dataset=whole_dataset_name(options.dataset),  # a run is gone on with from any folder
        specs=_specs(options, chosen.pairs),
        schedule=_schedule(options, usual.schedule),
        transform=_transform(options, usual.transform),
        **_given(options, TrainingConfig),
    )


def dataset_config(options: Namespace) -> TrainingConfig:
    """A training that reads the dataset that was named, all else being usual.

    Raises:
        InputError: if there is no such dataset, or the split, seed or download does not apply.
    """
    return TrainingConfig(dataset=options.dataset, **_given(options, TrainingConfig))


def _add_option(parser: "argparse._ActionsContainer", named: NamedSetting) -> None:
    text = f"{named.setting.help}{_default_text(named)}".replace("%", "%%")
    if named.kind is bool:
        kind = argparse.BooleanOptionalAction
        parser.add_argument(named.flag, dest=named.name, action=kind, default=None, help=text)
        return
    values = [choice.value for choice in named.setting.choices] if named.setting.closed else None
    scaled = named.setting.unit != 1
    parser.add_argument(
        named.flag,
        dest=named.name,
        type=float if scaled else _path_text if named.setting.path else named.kind,
        choices=values,
        metavar=None if values else "NAME" if named.kind is str else "N",
        help=text,
    )


def _path_text(text: str) -> str:
    return str(user_path(text))


def _default_text(named: NamedSetting) -> str:
    if named.kind is bool:
        return ""
    if named.default is None:
        return f" (default 0: {named.setting.zero})" if named.setting.zero else ""
    if named.kind is str:
        return f" (default {named.default})"
    return f" (default {named.default / named.setting.unit:g})"


def _given(options: Namespace, owner: type) -> dict[str, Any]:
    """The settings of a dataclass that were given, by field."""
    values: Mapping[str, Any] = vars(options)
    return {
        named.name: _value(named, values[named.name])
        for named in settings_of(owner)
        if values.get(named.name) is not None
    }


def _value(named: NamedSetting, value: Any) -> Any:
    """What an option says, in the units of its field."""
    unit = named.setting.unit
    if unit != 1:
        most = (named.setting.most or 0) / unit
        if not 0 <= value <= most:
            raise InputError(f"{named.flag} is {value}: it must be a number from 0 to {most:,g}.")
        return round(value * unit)
    return None if named.setting.zero and value == 0 else value


def _schedule(options: Namespace, usual: Schedule) -> Schedule:
    given = _given(options, Schedule)
    if "final_rate" in given and given["final_rate"] is None:
        given["final_after"] = None
    return with_given(usual, given)


def _transform(options: Namespace, usual: TransformSettings | None) -> TransformSettings | None:
    given = _given(options, TransformSettings)
    if not given:
        return usual
    split = options.split or "auto"
    return with_given(usual or usual_transform(dataset_choice(options.dataset, split)), given)


def _specs(options: Namespace, pairs: PairSet) -> tuple[RunSpec, ...]:
    symm, loss = _given(options, Symm), _given(options, LossSettings)
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
