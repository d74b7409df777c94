"""Thumbnails of a run: coded images in few files, so that it can be seen without its images."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from symmcore.data.images.store import ImageArray
from symmcore.errors import RunError
from symmcore.runs.frames import safetensors_bytes
from symmcore.runs.layout import SAFETENSORS, THUMBNAILS
from symmcore.runs.reading import Arrays, read_arrays

LONGEST_SIDE = 96
"""Most pixels of a thumbnail on its longer side."""

_SMALL = 32  # up to which PNG is smaller than JPEG and loses nothing
_QUALITY = 85
_FORMATS = ("PNG", "JPEG")
_GREY = 128
_MOST_FILES = 10_000


class ImageSource(Protocol):
    """Where the images of a run are, while they are at hand; read from several threads."""

    def read(self, sample: int) -> ImageArray:
        """One image: (H, W, C) uint8, C 1 or 3.

        Raises:
            Exception: whatever keeps it from being read.
        """


def shrunk(image: ImageArray) -> ImageArray:
    """An image with at most ``LONGEST_SIDE`` pixels on its longer side: (H, W, C) uint8."""
    height, width = image.shape[:2]
    if max(height, width) <= LONGEST_SIDE:
        return image
    picture = _picture(image)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BILINEAR)
    return _pixels(picture)


def encode(image: ImageArray) -> bytes:
    """A thumbnail of an image (H, W, C) as a PNG or JPEG file."""
    small = shrunk(image)
    stream = io.BytesIO()
    if max(small.shape[:2]) <= _SMALL:
        _picture(small).save(stream, "PNG")
    else:
        _picture(small).save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()


def decode(content: bytes) -> ImageArray:
    """The pixels of a thumbnail: (H, W, C) uint8.

    Raises:
        ValueError: if it is none.
    """
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            if max(picture.size) > LONGEST_SIDE:
                raise ValueError(f"a thumbnail of {picture.width} x {picture.height} pixels")
            picture.load()
            return _pixels(picture)
    except ValueError:
        raise
    except Exception as error:  # damaged bytes make Pillow's decoders raise anything at all
        raise ValueError(f"no image ({type(error).__name__})") from error


def grey_square() -> ImageArray:
    """What is shown in place of an image that is missing."""
    return np.full((_SMALL, _SMALL, 1), _GREY, dtype=np.uint8)


def chunk_bytes(thumbnails: Iterable[tuple[int, bytes]]) -> bytes:
    """Coded images as one safetensors file.

    ``samples`` (M,) int64; ``data`` uint8, all images one behind the other; ``offsets``
    (M + 1,) int64, where in ``data`` each begins and the last ends.
    """
    samples, contents = zip(*thumbnails, strict=True)
    offsets = np.cumsum([0, *map(len, contents)], dtype=np.int64)
    data = np.frombuffer(b"".join(contents), dtype=np.uint8)
    return safetensors_bytes(
        {"samples": np.array(samples, dtype=np.int64), "offsets": offsets, "data": data}
    )


class ThumbnailFiles:
    """The thumbnails in a run directory; one thread at a time.

    Attributes:
        warnings: on files that cannot be used.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._chunks: dict[str, Arrays] = {}
        self._places: dict[int, tuple[str, int]] = {}
        self.warnings: dict[str, str] = {}

    def samples(self) -> frozenset[int]:
        """The positions of all images that there is a thumbnail of."""
        self._look()
        return frozenset(self._places)

    def read(self, sample: int) -> ImageArray | None:
        """The thumbnail of an image; None if there is none, or a damaged one."""
        if sample not in self._places:
            self._look()
        place = self._places.get(sample)
        if place is None:
            return None
        name, row = place
        arrays = self._chunks[name]
        first, last = arrays["offsets"][row : row + 2]
        try:
            return decode(arrays["data"][first:last].tobytes())
        except ValueError as error:
            path = self._run / THUMBNAILS / name
            self.warnings[name] = f"{path} is damaged: image {sample} is {error}."
            return None

    def _look(self) -> None:
        """Take in the files that are new."""
        folder = self._run / THUMBNAILS
        try:
            names = sorted(path.name for path in folder.glob(f"[0-9]*{SAFETENSORS}"))
        except OSError:
            return
        for name in names[:_MOST_FILES]:
            if name in self._chunks:
                continue
            try:
                arrays = _checked_chunk(folder / name, read_arrays(self._run, folder / name))
            except RunError as error:  # half there, perhaps: it is tried again
                self.warnings[name] = str(error)
                continue
            self.warnings.pop(name, None)
            self._chunks[name] = arrays
            for row, sample in enumerate(arrays["samples"].tolist()):
                self._places.setdefault(sample, (name, row))


def _checked_chunk(path: Path, arrays: Arrays) -> Arrays:
    samples, offsets, data = (arrays.get(name) for name in ("samples", "offsets", "data"))
    if (
        samples is None or offsets is None or data is None
        or samples.dtype != np.int64 or offsets.dtype != np.int64 or data.dtype != np.uint8
        or samples.ndim != 1 or data.ndim != 1 or offsets.shape != (len(samples) + 1,)
        or offsets[0] != 0 or offsets[-1] != len(data) or (np.diff(offsets) < 0).any()
    ):  # fmt: skip
        raise RunError(f"{path} is damaged: it holds no thumbnails.")
    return arrays


def _picture(image: ImageArray) -> Image.Image:
    return Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)


def _pixels(picture: Image.Image) -> ImageArray:
    plain = picture if picture.mode in ("L", "RGB") else picture.convert("RGB")
    pixels: ImageArray = np.asarray(plain)
    return pixels[..., None] if pixels.ndim == 2 else pixels
