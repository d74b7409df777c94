"""Thumbnails of a run: coded images in few files, so that it can be seen without its images."""

import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from symmcore.data.images.decoding import DecodeError
from symmcore.data.images.store import ImageArray
from symmcore.errors import InputError, ProcessLostError, RunError, one_line
from symmcore.records import IndexArray
from symmcore.runs.formats.files import reason
from symmcore.runs.formats.frames import safetensors_bytes
from symmcore.runs.formats.layout import SAFETENSORS, THUMBNAILS
from symmcore.runs.formats.untrusted_files import check_inside, read_range

LONGEST_SIDE = 96
"""Most pixels of a thumbnail on its longer side."""

IMAGES = "images"
"""What a run's warning of an image that cannot be read is kept under."""

UNREADABLE = (DecodeError, InputError, LookupError, OSError, ProcessLostError)
"""What is raised where an image is missing or damaged; of anything else whoever asked hears."""

_SMALL = 32  # up to which PNG is smaller than JPEG and loses nothing
_QUALITY = 85
_FORMATS = ("PNG", "JPEG")
_GREY = 128
_MOST_FILES = 10_000
_MOST_IN_A_FILE = 2**16


class ImageSource(Protocol):
    """Where the images of a run are, while they are at hand; read from several threads."""

    def read(self, sample: int) -> ImageArray:
        """One image: (H, W, C) uint8, C 1 or 3.

        Raises:
            Exception: one of ``UNREADABLE``, where it is missing or damaged.
        """


def shrunk(image: ImageArray) -> ImageArray:
    """An image with at most ``LONGEST_SIDE`` pixels on its longer side: (H, W, C) uint8."""
    height, width = image.shape[:2]
    if max(height, width) <= LONGEST_SIDE:
        return image
    picture = picture_of(image)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BILINEAR)
    return pixels_of(picture)


def encode(image: ImageArray) -> bytes:
    """A thumbnail of an image (H, W, C) as a PNG or JPEG file."""
    small = shrunk(image)
    stream = io.BytesIO()
    if max(small.shape[:2]) <= _SMALL:
        picture_of(small).save(stream, "PNG")
    else:
        picture_of(small).save(stream, "JPEG", quality=_QUALITY)
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
            return pixels_of(picture)
    except ValueError:
        raise
    except Exception as error:  # damaged bytes make Pillow's decoders raise anything at all
        raise ValueError(f"no image ({type(error).__name__})") from error


def pixels_of(picture: Image.Image) -> ImageArray:
    """A picture as an array: (H, W, C) uint8, C 1 where it is grey, else 3."""
    plain = picture if picture.mode in ("L", "RGB") else picture.convert("RGB")
    pixels: ImageArray = np.asarray(plain)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def grey_square() -> ImageArray:
    """What is shown in place of an image that is missing."""
    return np.full((_SMALL, _SMALL, 1), _GREY, dtype=np.uint8)


def unreadable(sample: int, error: Exception) -> str:
    """The warning of an image that cannot be read."""
    return f"Image {sample} cannot be read ({one_line(error)}): it is shown grey."


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


def has_thumbnails(run: Path) -> bool:
    """Whether a run directory holds files of thumbnails; for threads that may read."""
    try:
        return any((run / THUMBNAILS).glob(f"[0-9]*{SAFETENSORS}"))
    except OSError:
        return False


class ThumbnailFiles:
    """The thumbnails in a run directory; one thread at a time.

    Attributes:
        warnings: sentences on files that cannot be used, by name; None: it can by now.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._folder = run / THUMBNAILS
        self._offsets: dict[str, IndexArray] = {}
        self._places: dict[int, tuple[str, int]] = {}
        self.warnings: dict[str, str | None] = {}

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
        first, last = self._offsets[name][row : row + 2].tolist()
        path = self._folder / name
        try:
            return decode(read_range(self._run, path, "data", first, last))
        except (RunError, ValueError, FileNotFoundError) as error:
            self.warnings[name] = f"{path} is damaged: image {sample} is missing ({error})."
            return None

    def _look(self) -> None:
        """Take in the files that are new."""
        if not os.path.lexists(self._folder):
            return
        try:
            check_inside(self._run, self._folder)
            found = [entry.name for entry in self._folder.iterdir()]
            if "" in self.warnings:
                self.warnings[""] = None
        except RunError as error:
            self.warnings[""] = str(error)
            return
        except OSError as error:
            self.warnings[""] = f"{self._folder} cannot be read ({reason(error)})."
            return
        names = sorted(
            name for name in found if name[:1].isdecimal() and name.endswith(SAFETENSORS)
        )
        for name in names[:_MOST_FILES]:
            if name in self._offsets:
                continue
            try:
                samples, offsets = self._table(self._folder / name)
            except (RunError, FileNotFoundError) as error:  # half there, perhaps: tried again
                self.warnings[name] = str(error)
                continue
            if name in self.warnings:
                self.warnings[name] = None
            self._offsets[name] = offsets
            for row, sample in enumerate(samples.tolist()):
                self._places.setdefault(sample, (name, row))

    def _table(self, path: Path) -> tuple[IndexArray, IndexArray]:
        """Which images a file holds, and where each begins and the last ends."""
        samples, offsets = (self._integers(path, name) for name in ("samples", "offsets"))
        ends = len(offsets) == len(samples) + 1 and offsets[0] == 0
        if not ends or (np.diff(offsets) < 0).any() or len(samples) > _MOST_IN_A_FILE:
            raise RunError(f"{path} is damaged: it holds no thumbnails.")
        read_range(self._run, path, "data", int(offsets[-1]), -1)  # it reaches so far
        return samples, offsets

    def _integers(self, path: Path, name: str) -> IndexArray:
        content = read_range(self._run, path, name, 0, -1, 8 * (_MOST_IN_A_FILE + 1))
        if len(content) % 8:
            raise RunError(f"{path} is damaged: {name} are no integers of 64 bits.")
        values: IndexArray = np.frombuffer(content, dtype="<i8").astype(np.int64)
        return values


def picture_of(image: ImageArray) -> Image.Image:
    """An image (H, W, C) as one of Pillow."""
    return Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
