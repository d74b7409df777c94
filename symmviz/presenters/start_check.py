"""What of the Start page cannot be trained, found before anything is read."""

from dataclasses import dataclass

from symmcore.errors import InputError
from symmcore.settings.networks import (
    check_image_size,
    check_library,
    network_info,
    timm_name,
)
from symmcore.settings.presets import QUICK, preset
from symmcore.timm_names import check_timm_name
from symmcore.training.config import TrainingConfig
from symmcore.training.input import known_side
from symmviz.presenters.start import StartForm, training_config

_DEVICES = {"cuda": "GPU for CUDA", "mps": "GPU of Apple"}
_WAY_OUT = "choose another network under Advanced."


@dataclass(frozen=True, slots=True)
class StartProblem:
    """Why what is chosen cannot be trained.

    Attributes:
        text: a sentence: what does not go together, and what would.
        of_preset: whether another preset is the way out.
    """

    text: str
    of_preset: bool = False


def start_problem(
    form: StartForm,
    missing_devices: frozenset[str] = frozenset(),
    timm_names: frozenset[str] = frozenset(),
) -> StartProblem | None:
    """What cannot work of a form, as far as that is known without reading the dataset.

    Args:
        form: what the user chose.
        missing_devices: names of those that are not on this machine.
        timm_names: names of timm's networks; empty where they are not known (yet).
    """
    try:
        config = training_config(form, compare=False)
        if config.device in missing_devices:
            device = _DEVICES[config.device]
            return StartProblem(f"Torch finds no {device} here: choose another device.")
        check_library(network_info(config.network))
        model = timm_name(config.network)
        if model and timm_names:
            _check_timm(model, timm_names)
        return _size_problem(config)
    except InputError as error:
        return StartProblem(str(error))


def _check_timm(model: str, names: frozenset[str]) -> None:
    """Check a name, and say where another can be chosen, which need not be shown.

    Raises:
        InputError: if timm has no such network.
    """
    try:
        check_timm_name(model, names)
    except InputError as error:
        raise InputError(f"{str(error).removesuffix('.')}; {_WAY_OUT}") from error


def _size_problem(config: TrainingConfig) -> StartProblem | None:
    """Images that come in one size, and a preset or a network that needs another.

    Raises:
        InputError: if the network reads no images that small.
    """
    choice = config.dataset_choice()
    side = known_side(choice)
    if side is None:
        return None
    resize = None if config.transform is None else config.transform.resize
    title = getattr(choice.kind, "title", choice.name)
    if resize is not None and resize != side:
        chosen = preset(config.preset)
        return StartProblem(
            f"{title} has images of {side} x {side} pixels, and the preset {chosen.title} is for "
            f"photographs, which it resizes to {resize}: choose the preset {QUICK.title}, or a "
            "folder of images.",
            of_preset=True,
        )
    try:
        check_image_size(network_info(config.network), side, side)
    except InputError as error:
        raise InputError(f"{str(error).removesuffix('.')} ({title}); {_WAY_OUT}") from error
    return None
