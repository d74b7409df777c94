"""Networks of the library timm, an optional dependency, as embedding networks.

A network keeps the size and normalisation of images that timm gives for it: whatever comes is
brought to them first.
"""

import importlib
import time
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from symmcore.errors import InputError, one_line, type_and_line
from symmcore.networks.embedding import EmbeddingNetwork
from symmcore.processes import CallError, call_in_subprocess
from symmcore.progress import Progress, ProgressCallback
from symmcore.settings.networks import NetworkInfo, network_info, timm_name
from symmcore.settings.transforms import TransformSettings
from symmcore.timm_names import check_timm_name, listed_names


class OwnInput(nn.Module):
    """Makes of images in [-1, 1] what a timm network reads: its size, and its normalisation.

    A single channel is repeated to three.

    Args:
        size: height and width in pixels.
        mean: of each channel, of pixels in [0, 1].
        std: standard deviation of each channel.
    """

    def __init__(
        self, size: tuple[int, int], mean: tuple[float, ...], std: tuple[float, ...]
    ) -> None:
        super().__init__()
        self._size = size
        of, by = torch.tensor(mean), torch.tensor(std)
        # pixel / 2 + 1/2 is in [0, 1]; not persistent, since it is no weight
        self.register_buffer("scale", (0.5 / by).view(3, 1, 1), persistent=False)
        self.register_buffer("shift", ((0.5 - of) / by).view(3, 1, 1), persistent=False)
        self.scale: Tensor
        self.shift: Tensor

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 1 or 3, h, w) in [-1, 1] to (B, 3, H, W) as the network reads them."""
        if images.shape[-2:] != self._size:
            smaller = any(new < old for new, old in zip(self._size, images.shape[-2:], strict=True))
            images = functional.interpolate(images, self._size, mode="bilinear", antialias=smaller)
        return images.expand(-1, 3, -1, -1) * self.scale + self.shift


def build_timm(info: NetworkInfo, channels: int, dim: int) -> EmbeddingNetwork:
    """Make a network of timm with fresh weights, drawn from torch's current random state.

    Args:
        info: of ``network_info``.
        channels: of the images, 1 or 3.
        dim: size of an embedding.

    Raises:
        InputError: if timm is missing, has no such network, or it gives no vector for an image.
    """
    check_timm(info)
    if channels not in (1, 3):
        raise InputError(f"{info.title} reads images of 1 or 3 channels: these have {channels}.")
    trunk = _create(info, pretrained=False)
    settings = _data_settings(info)
    _, height, width = settings["input_size"]
    prepare = OwnInput((height, width), settings["mean"], settings["std"])
    trunk.eval()
    with torch.no_grad():
        features = trunk(prepare(torch.zeros(1, 3, height, width)))
    if not isinstance(features, Tensor) or features.dim() != 2:
        raise InputError(f"{info.title} gives no vector for an image: choose another network.")
    return EmbeddingNetwork(info, prepare, trunk.train(), features.shape[1], dim)


def timm_transform(info: NetworkInfo) -> TransformSettings:
    """How files become images of a network's own size: resized, cropped, mirrored.

    Raises:
        InputError: if timm is missing or has no such network.
    """
    check_timm(info)
    settings = _data_settings(info)
    crop = min(settings["input_size"][1:])
    return TransformSettings(resize=round(crop / settings["crop_pct"]), crop=crop, flip=True)


def check_timm(info: NetworkInfo) -> None:
    """Check that timm is there and has a network.

    Raises:
        InputError: if not.
    """
    _timm(info)
    check_timm_name(timm_name(info.name), listed_names())


def fetch_timm(info: NetworkInfo, on_progress: ProgressCallback) -> None:
    """Have timm download a network's weights, unless they are in its cache.

    Raises:
        InputError: if there are none, or they cannot be had.
    """
    check_timm(info)
    _check_has_weights(info)
    began = time.monotonic()

    def poll() -> None:
        seconds = round(time.monotonic() - began)
        on_progress(Progress(f"Fetching the weights of {info.title}, in seconds", seconds))

    try:
        call_in_subprocess(_download, (info.name,), poll)
    except (OSError, CallError) as error:
        raise _unavailable(info, one_line(error)) from error


def load_timm(network: EmbeddingNetwork) -> None:
    """Give a network's features the weights that timm downloads.

    Raises:
        InputError: if there are none, or they cannot be had.
    """
    _check_has_weights(network.info)
    with torch.random.fork_rng(devices=[]):
        weights = _create(network.info, pretrained=True).state_dict()
    network.features.load_state_dict(weights)


def _download(name: str) -> None:
    """What the other process does."""
    _timm(network_info(name)).create_model(timm_name(name), pretrained=True)


def _create(info: NetworkInfo, *, pretrained: bool) -> nn.Module:
    timm, model = _timm(info), timm_name(info.name)
    try:
        made: nn.Module = timm.create_model(model, pretrained=pretrained, num_classes=0)
    except Exception as error:  # libraries of several kinds are at work there
        if pretrained:
            raise _unavailable(info, one_line(error)) from error
        raise InputError(f"timm cannot make {model} ({type_and_line(error)}).") from error
    return made


def _check_has_weights(info: NetworkInfo) -> None:
    model = timm_name(info.name)
    if not _timm(info).is_model_pretrained(model):
        raise InputError(f"timm has no weights of {model}: give a file with --weights.")


def _unavailable(info: NetworkInfo, reason: str) -> InputError:
    return InputError(
        f"The weights of {info.title} cannot be had ({reason}): try again, or give a file with "
        "--weights."
    )


def _data_settings(info: NetworkInfo) -> dict[str, Any]:
    timm = _timm(info)
    given = timm.models.get_pretrained_cfg(timm_name(info.name))
    settings: dict[str, Any] = timm.data.resolve_data_config(
        pretrained_cfg={} if given is None else given.to_dict(), use_test_size=False
    )
    return settings


def _timm(info: NetworkInfo) -> Any:
    """The library, which takes seconds to import.

    Raises:
        InputError: if it is missing or broken.
    """
    try:
        importlib.import_module("timm.data")
        return importlib.import_module("timm")
    except ImportError as error:
        raise InputError(
            f"The network {info.name} needs timm ({type_and_line(error)}): "
            "pip install 'symmviz[timm]'."
        ) from error
