"""config.json: written from a training or a user's own loop, and read back."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from symmcore.errors import InputError, RunError
from symmcore.runs.formats import files
from symmcore.runs.formats.info import OWN_LOOP, RunInfo
from symmcore.runs.formats.layout import CLASSES, CONFIG, FORMAT
from symmcore.runs.formats.untrusted_files import read_json
from symmcore.settings.losses import LossSettings
from symmcore.settings.symm import Symm
from symmcore.training.config import TrainingConfig
from symmcore.training.sink import ParentRun, TrainingContext
from symmcore.training.spec import RunSpec, parse_spec
from symmcore.training.watch_set import WatchRule

_LONGEST_TEXT = 4096
_MOST_CLASSES = 1_000_000

# What a training was like whose config.json does not say: these defaults have changed since.
_FORMER_DEFAULTS = types.MappingProxyType(
    {
        "network": "small",
        "learning_rate": 1e-3,
        "eval_every": 25,
        "frames": 60,
        "watch": WatchRule.IMAGES.value,
    }
)

OLD_SYNTHETIC_RECALL = (
    "Recorded in format 1: its Recall@1 of synthetic points was taken in another way and cannot "
    "be compared with that of newer runs."
)


def training_settings(
    context: TrainingContext,
    chosen: TrainingConfig,
    spec: RunSpec,
    key: str,
    parent: ParentRun | None,
) -> dict[str, object]:
    """What config.json says of one run of a training: as resolved, then as chosen."""
    config, dataset = context.config, context.dataset
    resolved = dataclasses.asdict(config)
    del resolved["specs"]
    return {
        "name": spec.name,
        "format": FORMAT,
        "id": key,
        **resolved,
        **dataclasses.asdict(spec),
        "learning_rate": config.learning_rate_of(spec),
        "dim": config.dim_of(spec),
        "device": context.environment.device,
        "threads": context.environment.threads,
        "versions": dict(context.environment.versions),
        "weights_note": context.weights_note,
        "parameters": context.parameters,
        "dataset_fingerprint": dataset.fingerprint(),
        "dataset_split": dataset.split,
        "dataset_notes": dataset.notes,
        "dataset_unused": [one.as_json() for one in dataset.unused],
        "dataset_value_ranges": dataclasses.asdict(dataset.value_ranges),
        "dataset_train_images": len(dataset.train),
        "dataset_test_images": len(dataset.test),
        "skipped_images": {one.file: one.reason for one in dataset.skipped},
        "parent": _parent_settings(parent),
        "chosen": dataclasses.asdict(chosen.with_steps(config.steps))
        | {"specs": [one.name for one in chosen.specs]},
    }


def own_loop_settings(
    key: str, name: str, fingerprint: str, count: int | None, given: Mapping[str, object]
) -> dict[str, object]:
    """What config.json says of a user's own loop.

    Raises:
        InputError: if the user's settings are no JSON.
    """
    try:
        text = json.dumps(dict(given), default=str)
        settings = json.loads(text, parse_constant=lambda _: None)  # what JSON does not have
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"The settings cannot be written as JSON ({error}).") from error
    return {
        "name": name,
        "format": FORMAT,
        "id": key,
        "recorded_by": OWN_LOOP,
        "dataset_fingerprint": fingerprint,
        "dataset_test_images": count,
        "settings": settings,
    }


def keep_warnings(folder: Path, warnings: Sequence[str]) -> None:
    """Have config.json say what is unusual about a run that was recorded.

    Raises:
        RunError, OSError: if it cannot be read or written.
    """
    settings = {**read_json(folder, folder / CONFIG), "warnings": list(warnings)}
    files.write_whole(folder / CONFIG, json_bytes(settings))


def json_bytes(value: object) -> bytes:
    """A value as a JSON file for people and programs."""
    # Bytes of a file name that are no text become JSON's escapes.
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return f"{text}\n".encode(errors="backslashreplace")


def read_info(folder: Path) -> RunInfo:
    """What config.json says; with ``problems`` where it is not there or cannot be used.

    Raises:
        InputError: if the run is of a newer format.
    """
    try:
        settings = read_json(folder, folder / CONFIG)
    except FileNotFoundError:
        return _unreadable(folder, f"{folder / CONFIG} is not there (yet).")
    except RunError as error:
        return _unreadable(folder, str(error))
    number = settings.get("format", 1)
    if type(number) is not int or number < 1:
        return _unreadable(folder, f"{folder / CONFIG} is damaged: its format is {number!r:.40}.")
    if number > FORMAT:
        raise InputError(
            f"{folder} was recorded in format {number} by a newer version: this one reads up to "
            f"format {FORMAT}, so install the newer one."
        )
    return _info(folder, settings, number)


def _unreadable(folder: Path, problem: str) -> RunInfo:
    return RunInfo(_path_key(folder), folder, FORMAT, folder.name, problems=(problem,))


def _path_key(folder: Path) -> str:
    return f"path:{folder.resolve()}"


def _info(folder: Path, settings: dict[str, Any], number: int) -> RunInfo:
    own = settings.get("recorded_by") == OWN_LOOP
    problems: list[str] = []
    spec = config = resolved = None
    if not own:
        try:
            spec, config, resolved = _training(settings)
        except KeyError as error:
            problems.append(
                f"{folder / CONFIG} cannot be used for training: {error.args[0]} is not in it."
            )
        except (ValueError, TypeError, AttributeError) as error:
            problems.append(f"{folder / CONFIG} cannot be used for training: {error}")
    seed, steps = settings.get("seed"), settings.get("steps")
    class_names, nameless = _class_names(folder)
    chosen = settings.get("chosen")
    compared = _texts(chosen.get("specs")) if isinstance(chosen, Mapping) else ()
    return RunInfo(
        key=(number > 1 and _text(settings, "id")) or _path_key(folder),
        folder=folder,
        format=number,
        name=_text(settings, "name") or folder.name,
        spec=spec,
        config=config,
        resolved=resolved,
        compared=compared or (_text(settings, "name"),),
        settings=types.MappingProxyType(settings),
        problems=tuple(problems),
        dataset=_text(settings, "dataset"),
        fingerprint=_text(settings, "dataset_fingerprint"),
        class_names=class_names,
        device=_text(settings, "device"),
        seed=seed if type(seed) is int else None,
        total_steps=steps if type(steps) is int and steps > 0 else None,
        parent=_parent(settings.get("parent")),
        group=folder.parent if len(compared) > 1 else None,
        warnings=(
            *(() if number > 1 else (OLD_SYNTHETIC_RECALL,)),
            *nameless,
            *_texts(settings.get("warnings")),
        ),
        train_count=_count(settings, "dataset_train_images"),
        test_count=_count(settings, "dataset_test_images"),
        parameters=_count(settings, "parameters"),
    )


def _training(settings: dict[str, Any]) -> tuple[RunSpec, TrainingConfig, TrainingConfig]:
    """The run's spec, its training as chosen, and as resolved."""
    chosen = settings.get("chosen")
    if chosen is None:  # format 1: the spec's learning rate is the training's
        spec = _spec_of_format_1(settings)
        config = config_from(settings, spec)
        return spec, config, config
    spec = parse_spec(settings["name"])
    config = config_from(chosen, spec)
    # what config.json says of these is the run's own; the training's may be another
    shared = {"learning_rate": config.learning_rate, "dim": config.dim}
    resolved = config_from(settings | shared, spec)
    return spec, config, resolved


def _spec_of_format_1(settings: dict[str, Any]) -> RunSpec:
    symm = settings.get("symm")
    return RunSpec(
        _required_text(settings, "loss"),
        None if symm is None else _built(Symm, symm),
        _built(LossSettings, settings.get("loss_settings", {})),
    )


def config_from(settings: Mapping[str, Any], spec: RunSpec) -> TrainingConfig:
    """A training of one run from settings by name; those that are not there were the defaults.

    Raises:
        InputError: if a value is out of range.
        TypeError, ValueError: if one is of another type.
    """
    given = {**_FORMER_DEFAULTS, **settings}
    given.pop("specs", None)
    device = given.get("device")
    if isinstance(device, str):  # "cuda:0" is the device that trained
        given["device"] = device.partition(":")[0]
    return typing.cast(TrainingConfig, _built(TrainingConfig, given | {"specs": (spec,)}))


def _built(kind: Any, values: Any) -> Any:
    """A dataclass from JSON, each field of the type that it is declared with."""
    if not isinstance(values, Mapping):
        raise TypeError(f"{values!r:.40} is no {kind.__name__}")
    declared = typing.get_type_hints(kind)
    return kind(
        **{
            field.name: _converted(field.name, values[field.name], declared[field.name])
            for field in dataclasses.fields(kind)
            if field.init and field.name in values
        }
    )


def _converted(name: str, value: Any, declared: Any) -> Any:
    options = typing.get_args(declared) if _is_union(declared) else (declared,)
    for option in options:
        if dataclasses.is_dataclass(option) and isinstance(value, Mapping):
            return _built(option, value)
        if _is_of(value, option):
            return float(value) if option is float else value
    raise TypeError(f"the setting {name} is {value!r:.40}, which is of another type")


def _is_union(declared: Any) -> bool:
    return isinstance(declared, types.UnionType) or typing.get_origin(declared) is typing.Union


def _is_of(value: Any, kind: Any) -> bool:
    origin = typing.get_origin(kind) or kind
    if origin is typing.Literal:
        return value in typing.get_args(kind)
    if origin is float:
        return type(value) in (int, float)
    if origin in (int, bool, str):
        return type(value) is origin
    return isinstance(value, origin) if isinstance(origin, type) else False


def _parent_settings(parent: ParentRun | None) -> dict[str, object] | None:
    if parent is None:
        return None
    return {"folder": str(parent.folder.absolute()), "id": parent.key, "step": parent.step}


def _parent(value: object) -> ParentRun | None:
    if not isinstance(value, Mapping):
        return None
    folder, key, step = value.get("folder"), value.get("id"), value.get("step")
    if type(folder) is str and type(key) is str and type(step) is int and "\0" not in folder:
        return ParentRun(Path(folder), key, step)
    return None


def _class_names(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the classes are called, and why that is not known."""
    path = folder / CLASSES
    try:
        names = _texts(read_json(folder, path).get("class_names"))
    except FileNotFoundError:
        return (), ()
    except RunError as error:
        return (), (str(error),)
    return names, () if names else (f"{path} is damaged: it names no classes.",)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _MOST_CLASSES:
        return ()
    return tuple(str(name)[:_LONGEST_TEXT] for name in value)


def _text(settings: Mapping[str, Any], name: str) -> str:
    value = settings.get(name)
    return value[:_LONGEST_TEXT] if isinstance(value, str) else ""


def _required_text(settings: Mapping[str, Any], name: str) -> str:
    value = settings[name]
    if not isinstance(value, str):
        raise TypeError(f"the setting {name} is {value!r:.40}, which is no text")
    return value


def _count(settings: Mapping[str, Any], name: str) -> int | None:
    value = settings.get(name)
    return value if type(value) is int and value >= 0 else None
