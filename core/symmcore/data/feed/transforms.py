"""Crops, flips and scaling of whole batches, on the device that trains.

torchvision's transforms draw one offset for all images of a batch; a batch augmented by them
would have to be taken apart. Here every image has offsets of its own, in a handful of tensor
operations for the batch: the same numbers on every device, since they are drawn on the CPU.
"""

import base64
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from symmcore.settings.transforms import TransformSettings

_PART = 16  # images


@dataclass(frozen=True, slots=True)
class Augmentation:
    """What was drawn for each of B images.

    Attributes:
        top: first row of each crop.
        left: first column of each crop.
        mirrored: which are mirrored.
    """

    top: tuple[int, ...]
    left: tuple[int, ...]
    mirrored: tuple[bool, ...]


class Transform:
    """Turns uint8 images into what a network reads."""

    def __init__(
        self,
        settings: TransformSettings,
        shape: tuple[int, int, int, int],
        device: torch.device,
    ) -> None:
        """Prepare for images of ``shape`` (N, H, W, C) on ``device``.

        Raises:
            InputError: if the settings do not suit them.
        """
        settings.check_images(shape)
        _, height, width, _ = shape
        self._settings = settings
        self._height = settings.crop or height
        self._width = settings.crop or width
        self._spare_rows = height + 2 * settings.shift - self._height
        self._spare_columns = width + 2 * settings.shift - self._width

    def draw(self, count: int, random: torch.Generator) -> Augmentation:
        """Draw the augmentation of ``count`` training images from a generator on the CPU."""
        top = torch.randint(self._spare_rows + 1, (count,), generator=random)
        left = torch.randint(self._spare_columns + 1, (count,), generator=random)
        mirrored = torch.zeros(count, dtype=torch.bool)
        if self._settings.flip:
            mirrored = torch.randint(2, (count,), generator=random).bool()
        return Augmentation(tuple(top.tolist()), tuple(left.tolist()), tuple(mirrored.tolist()))

    def augmented(self, images: Tensor, augmentation: Augmentation) -> Tensor:
        """Training images.

        Args:
            images: (B, H, W, C) uint8.
            augmentation: what was drawn for them.

        Returns:
            (B, C, h, w) float32, channels last in memory.
        """
        device = images.device
        shift = self._settings.shift
        if shift:
            images = functional.pad(images, (0, 0, shift, shift, shift, shift))
        if self._spare_rows or self._spare_columns:
            crop = stacked_windows if device.type == "mps" else gathered_windows
            images = crop(images, augmentation, self._height, self._width)
        if any(augmentation.mirrored):
            mirrored = torch.tensor(augmentation.mirrored).to(device, non_blocking=True)
            images = torch.where(mirrored[:, None, None, None], images.flip(2), images)
        return scaled(images).permute(0, 3, 1, 2)

    def centred(self, images: Tensor) -> Tensor:
        """Evaluation images, cropped from the centre; as :meth:`augmented` otherwise."""
        top = (images.shape[1] - self._height) // 2
        left = (images.shape[2] - self._width) // 2
        cut = images[:, top : top + self._height, left : left + self._width]
        return scaled(cut).permute(0, 3, 1, 2)


def scaled(images: Tensor) -> Tensor:
    """Bytes as float32 in [-1, 1], which is what every network here reads."""
    result = torch.empty(images.shape, device=images.device)
    # On a CPU in parts that fit its cache, which is twice as fast; a GPU takes all at once.
    part = _PART if images.device.type == "cpu" else max(1, len(images))
    for begin in range(0, len(images), part):
        rows = result[begin : begin + part]
        rows.copy_(images[begin : begin + part]).div_(127.5).sub_(1.0)
    return result


def gathered_windows(images: Tensor, augmentation: Augmentation, height: int, width: int) -> Tensor:
    """Cut a window out of each image (B, H, W, C): (B, height, width, C).

    A row of a window is contiguous: all of them are gathered as rows of a view that begins at
    every byte, which copies whole rows where an index for every pixel takes forty times as long.
    """
    count, rows, columns, channels = images.shape
    device = images.device
    top = torch.tensor(augmentation.top).to(device, non_blocking=True)
    left = torch.tensor(augmentation.left).to(device, non_blocking=True)
    image = torch.arange(count, device=device)[:, None] * rows
    row = image + top[:, None] + torch.arange(height, device=device)
    starts = (row * columns + left[:, None]) * channels
    windows = images.reshape(-1).unfold(0, width * channels, 1)
    return windows.index_select(0, starts.reshape(-1)).view(count, height, width, channels)


def stacked_windows(images: Tensor, augmentation: Augmentation, height: int, width: int) -> Tensor:
    """The same, image by image: for MPS, which writes a view out in full before it gathers."""
    return torch.stack(
        [
            image[top : top + height, left : left + width]
            for image, top, left in zip(images, augmentation.top, augmentation.left, strict=True)
        ]
    )


def generator_state(random: torch.Generator) -> str:
    """The state of a generator as text."""
    return base64.b64encode(random.get_state().numpy().tobytes()).decode("ascii")


def restore_generator(random: torch.Generator, state: str) -> None:
    """Set a generator to a state from :func:`generator_state`.

    Raises:
        ValueError, RuntimeError: if the text is no such state.
    """
    content = bytearray(base64.b64decode(state, validate=True))
    random.set_state(torch.frombuffer(content, dtype=torch.uint8))
