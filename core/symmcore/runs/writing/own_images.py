"""Images of a user's own loop: an array, a list of arrays, of pictures, or of files."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from symmcore.data.images.decoding import MAX_PIXELS
from symmcore.data.images.store import ImageArray
from symmcore.errors import InputError, type_and_line
from symmcore.runs.formats.thumbnails import pixels_of
from symmcore.runs.writing.own_values import without_torch

_CHANNELS = (1, 3)


class OwnImages:
    """N images as the user has them, read one at a time; safe to read from several threads."""

    def __init__(self, images: Any) -> None:
        """Take the images.

        Args:
            images: (N, H, W) or (N, H, W, C) uint8, C 1 or 3, an array or a tensor; or any
                number of arrays or tensors (H, W[, C]) uint8, of PIL images or of paths of
                image files.

        Raises:
            InputError: if they are none of these, with what would be right.
        """
        self._images: Sequence[Any] = _checked(images)

    def __len__(self) -> int:
        return len(self._images)

    def read(self, sample: int) -> ImageArray:
        """One image: (H, W, C) uint8, C 1 or 3.

        Raises:
            IndexError: if there is none at this position.
            OSError: if it, or its file, cannot be read or is damaged.
        """
        if not 0 <= sample < len(self._images):
            raise IndexError(sample)
        image = self._images[sample]
        if isinstance(image, np.ndarray):
            return image[..., None] if image.ndim == 2 else image
        try:
            return _decoded(image)
        except OSError:
            raise
        except Exception as error:  # damaged bytes make Pillow's decoders raise anything at all
            raise OSError(f"image {sample} is damaged: {type_and_line(error)}") from error

    def files(self) -> list[Path]:
        """The files that the images are read from; empty unless all of them are files."""
        paths = [Path(image) for image in self._images if isinstance(image, str | os.PathLike)]
        return paths if len(paths) == len(self._images) else []

    def fingerprint(self) -> bytes:
        """A digest of all pixels, or of the files' paths and sizes."""
        digest = hashlib.sha256()
        for image in self._images:
            if isinstance(image, str | os.PathLike):
                path = Path(image)
                digest.update(f"{path.absolute()} {path.stat().st_size}\0".encode(errors="replace"))
            else:
                pixels = np.ascontiguousarray(image)
                digest.update(str(pixels.shape).encode())
                digest.update(pixels.data)
        return digest.digest()


def _decoded(image: Any) -> ImageArray:
    """The pixels of a picture, or of an image file."""
    if isinstance(image, Image.Image):
        return pixels_of(image)
    with Image.open(image) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise OSError(f"{image} has too many pixels")
        return pixels_of(opened)


def _checked(images: Any) -> Sequence[Any]:
    given = _as_array_or_list(images)
    if isinstance(given, np.ndarray):
        if given.dtype != np.uint8 or given.ndim not in (3, 4) or 0 in given.shape[1:3]:
            raise InputError(
                f"images is an array {given.shape} of {given.dtype}: it must be (N, H, W) or "
                "(N, H, W, C) of uint8, with 1 or 3 channels."
            )
        if given.ndim == 4 and given.shape[3] not in _CHANNELS:
            hint = " Transpose (N, C, H, W) first." if given.shape[1] in _CHANNELS else ""
            raise InputError(
                f"images is an array {given.shape}: the last of (N, H, W, C) must be 1 or 3.{hint}"
            )
        return list(given)  # views of its rows
    for position, image in enumerate(given):
        _check_one(position, image)
    return given


def _as_array_or_list(images: Any) -> list[Any] | np.ndarray:
    try:
        images = without_torch(images)
        if isinstance(images, np.ndarray):
            return list(images) if images.dtype.kind in "OU" else images  # of paths
        if not isinstance(images, str | bytes | Mapping):
            return [without_torch(image) for image in images]
    except (TypeError, RuntimeError):
        pass
    raise InputError(
        f"images is a {type(images).__name__}: it must be an array (N, H, W, C) of uint8, or a "
        "list of arrays, PIL images or paths."
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # its name is too long, or its folder closed
        return False


def _check_one(position: int, image: Any) -> None:
    if isinstance(image, np.ndarray):
        plain = image.ndim == 2 or (image.ndim == 3 and image.shape[2] in _CHANNELS)
        if image.dtype == np.uint8 and plain and image.size:
            return
        raise InputError(
            f"images[{position}] is an array {image.shape} of {image.dtype}: it must be (H, W) or "
            "(H, W, C) of uint8, with 1 or 3 channels."
        )
    if isinstance(image, Image.Image):
        return
    if isinstance(image, str | os.PathLike):
        if not _is_file(Path(image)):
            raise InputError(f"images[{position}] is {image}, which is no file.")
        return
    raise InputError(
        f"images[{position}] is a {type(image).__name__}: it must be an array of uint8, a PIL "
        "image or a path."
    )
