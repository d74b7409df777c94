"""Loads the network that a run has trained, for use anywhere: no training code is needed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from symmcore.data.feed.transforms import Transform
from symmcore.data.images.decoding import decode_image, rgb_pixels
from symmcore.data.value_range import EIGHT_BITS, ValueRanges
from symmcore.errors import InputError
from symmcore.networks.build import build_network
from symmcore.networks.embedding import EmbeddingNetwork
from symmcore.networks.weight_files import check_safetensors
from symmcore.networks.weights import load_weights
from symmcore.settings.checkpoint_files import (
    CHECKPOINTS,
    COMPLETE,
    NETWORK_SETTINGS,
    NETWORK_WEIGHTS,
)
from symmcore.settings.transforms import TransformSettings

_LARGEST_SETTINGS_BYTES = 65_536
_MOST = 65_536  # of a side in pixels, and of an embedding's dimensions


class ImageTransform:
    """Makes of any image what a network reads, as evaluation during its training did.

    Images are turned upright, resized to the size of those that it was trained on, and cropped
    from the centre where those were.
    """

    def __init__(
        self,
        height: int,
        width: int,
        channels: int,
        crop: int | None,
        ranges: ValueRanges = EIGHT_BITS,
    ) -> None:
        """Prepare.

        Args:
            height: of the images before a crop, in pixels.
            width: of the images before a crop, in pixels.
            channels: 1 or 3.
            crop: height and width of the crop; None takes all.
            ranges: how samples of more than 8 bits in files are brought to 8.

        Raises:
            InputError: if the crop is larger than the images.
        """
        self._height, self._width, self._channels = height, width, channels
        self._ranges = ranges
        self._transform = Transform(
            TransformSettings(crop=crop), (1, height, width, channels), torch.device("cpu")
        )

    def __call__(self, image: str | Path | Image.Image | npt.NDArray[np.uint8]) -> Tensor:
        """Transform one image.

        Args:
            image: a file, an image that Pillow opened, or (H, W), (H, W, 1) or (H, W, 3) uint8.

        Returns:
            (C, h, w) float32 in [-1, 1].

        Raises:
            DecodeError: if a file cannot be read, is no image, is damaged or too large.
            ValueError: if an array is of another shape or dtype.
        """
        if isinstance(image, str | Path):
            path = Path(image)
            return self._of_pixels(decode_image(path, self._height, self._width, self._ranges))
        return self._of_pixels(rgb_pixels(_opened(image), self._height, self._width))

    def _of_pixels(self, rgb: npt.NDArray[np.uint8]) -> Tensor:
        if self._channels == 1:
            rgb = np.asarray(Image.fromarray(rgb).convert("L"))[:, :, None]
        pixels = torch.from_numpy(np.array(rgb))  # torch warns of arrays that are not written
        return self._transform.centred(pixels[None])[0]


def load_network(
    run: str | Path, step: int | None = None
) -> tuple[EmbeddingNetwork, ImageTransform]:
    """Load the network of a run, and what makes images into its input.

    Args:
        run: the folder of a run.
        step: of which checkpoint; None takes the newest.

    Returns:
        The network on the CPU in evaluation mode: (B, C, H, W) to embeddings (B, D); and the
        transform, from an image to one (C, H, W) of its batch.

    Raises:
        InputError: if there is no such checkpoint, or it cannot be read.
    """
    folder = checkpoint_folder(Path(run), step)
    settings = _settings(folder / NETWORK_SETTINGS)
    try:
        transform = ImageTransform(
            _number(settings, "height"),
            _number(settings, "width"),
            _number(settings, "channels", most=3),
            None if settings["crop"] is None else _number(settings, "crop"),
            ValueRanges.from_json(settings["value_ranges"]),
        )
        # whoever loads a network wants no other random numbers for it
        with torch.random.fork_rng(devices=[]):
            network = build_network(
                str(settings["name"]), _number(settings, "channels"), _number(settings, "dim")
            )
    except (KeyError, ValueError) as error:
        raise InputError(f"{folder / NETWORK_SETTINGS} is damaged: {_said(error)}.") from error
    weights = folder / NETWORK_WEIGHTS
    check_safetensors(weights)  # and not what torch.save wrote, which can hold anything
    load_weights(network, str(weights))
    return network.eval(), transform


def checkpoint_folder(run: Path, step: int | None) -> Path:
    """The folder of a run's checkpoint at ``step``; of its newest where that is None.

    Raises:
        InputError: if there is none.
    """
    try:
        inside = run.resolve()
        found = {
            int(path.name): path for path in (run / CHECKPOINTS).iterdir() if _is_one(path, inside)
        }
    except (FileNotFoundError, NotADirectoryError):
        found = {}
    except OSError as error:
        raise InputError(f"{run} cannot be read: {error.strerror or error}.") from error
    if not found:
        raise InputError(f"{run} holds no checkpoint: name the folder of a run that has one.")
    if step is None:
        return found[max(found)]
    if step not in found:
        near = min(found, key=lambda one: abs(one - step))
        raise InputError(f"{run} has no checkpoint at step {step}: the nearest is at {near}.")
    return found[step]


def _is_one(path: Path, run: Path) -> bool:
    """Whether a folder holds a network; links out of the run are not followed."""
    return path.name.isdecimal() and all(
        (path / name).is_file() and (path / name).resolve().is_relative_to(run)
        for name in (NETWORK_WEIGHTS, NETWORK_SETTINGS, COMPLETE)
    )


def _opened(image: Image.Image | npt.NDArray[np.uint8]) -> Image.Image:
    if isinstance(image, Image.Image):
        return image
    if image.dtype != np.uint8 or not (
        image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (1, 3))
    ):
        raise ValueError(
            f"an image is (H, W), (H, W, 1) or (H, W, 3) uint8, not {image.shape} {image.dtype}"
        )
    return Image.fromarray(image[:, :, 0] if image.ndim == 3 and image.shape[2] == 1 else image)


def _settings(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_SETTINGS_BYTES:
            raise ValueError("it is too large")
        settings = json.loads(path.read_bytes())
        if not isinstance(settings, dict):
            raise ValueError("it is no JSON object")
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as a network's settings: {error}.") from error
    return settings


def _number(settings: Mapping[str, Any], name: str, most: int = _MOST) -> int:
    value = settings[name]
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise ValueError(f"{name} is {value!r}, not a number from 1 to {most}")
    return value


def _said(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    return str(error).rstrip(".")
