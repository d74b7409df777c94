"""Which files a run's images were decoded from, and the images in those files' proportions."""

import os
from pathlib import Path, PurePath, PureWindowsPath
from typing import Self

import numpy as np
from PIL import Image

from symmcore.data.dataset import ImageDataset
from symmcore.data.images.decoding import DecodeError, decode_image, fitting_size, upright_size
from symmcore.data.images.optional_decoders import RAW, name_ending
from symmcore.data.images.store import ImageArray
from symmcore.data.value_range import ValueRanges
from symmcore.errors import InputError, RunError
from symmcore.records import ImageFiles
from symmcore.runs.formats import files
from symmcore.runs.formats.config_file import json_bytes, read_info
from symmcore.runs.formats.layout import FILES
from symmcore.runs.formats.thumbnails import picture_of, pixels_of
from symmcore.runs.formats.untrusted_files import read_json

_MOST_BYTES = 256 * 2**20
_SIDE = 256


def write_image_files(run: Path, images: ImageFiles | None) -> None:
    """Write files.json, where the images of the dataset are files.

    Raises:
        OSError: if it cannot be written.
    """
    if images is not None:
        content = {"root": str(images.root.absolute()), "files": list(images.names)}
        files.write_whole(run / FILES, json_bytes(content))


def read_image_files(run: Path) -> ImageFiles | None:
    """What files.json says; None where the run has none.

    Raises:
        RunError: if it is damaged, or names files outside of its folder.
    """
    path = run / FILES
    try:
        content = read_json(run, path, _MOST_BYTES)
    except FileNotFoundError:
        return None
    root, names = content.get("root"), content.get("files")
    if not isinstance(root, str) or "\0" in root or not isinstance(names, list):
        raise RunError(f"{path} is damaged: it names no files.")
    for name in names:
        if not isinstance(name, str) or not _stays_below(name):
            raise RunError(f"{path} is damaged: {name!r:.80} is no file below its folder.")
    return ImageFiles(Path(root), tuple(names))


def common_files(paths: list[Path]) -> ImageFiles:
    """Files as paths below the folder that all of them lie in."""
    # what ".." stands for is only known to the disk, where a folder before it is a link
    absolute = [path.resolve() if ".." in path.parts else path.absolute() for path in paths]
    try:
        root = Path(os.path.commonpath([path.parent for path in absolute]))
    except ValueError:  # on several drives
        return ImageFiles(Path(), ())
    return ImageFiles(root, tuple(path.relative_to(root).as_posix() for path in absolute))


class FileImages:
    """The images of a run, read from the files that it was recorded from.

    For a run that this program is recording itself: files.json of any other may name anything.
    """

    def __init__(self, run: Path, ranges: ValueRanges) -> None:
        """Read which files there are.

        Args:
            run: the run directory.
            ranges: how images of more than 8 bits are brought to 8.

        Raises:
            RunError: if files.json is damaged.
        """
        self._files = read_image_files(run)
        self._ranges = ranges

    @classmethod
    def of_run(cls, run: Path) -> Self | None:
        """Those of a run; None where it does not say how they were read."""
        try:
            ranges = ValueRanges.from_json(read_info(run).settings["dataset_value_ranges"])
            return cls(run, ranges)
        except (InputError, RunError, KeyError, ValueError):
            return None

    def read(self, sample: int) -> ImageArray:
        """One image, (H, W, C) uint8, C 1 or 3, as its file holds it now; fits 256 x 256 pixels.

        Raises:
            LookupError: The image has no file of its own.
            DecodeError: Its file is gone, or no image that can be decoded.
        """
        path = None if self._files is None else self._files.path(sample)
        if path is None:
            raise LookupError(f"image {sample} is no file of its own")
        height, width = fitting_size(upright_size(path), _SIDE)
        return decode_image(path, height, width, self._ranges)


class DatasetImages:
    """The images of a dataset, one at a time, in the proportions of their files.

    Networks read squares; people see what they have photographed.
    """

    def __init__(self, dataset: ImageDataset) -> None:
        self._images = dataset.images
        self._files = dataset.files

    def read(self, sample: int) -> ImageArray:
        """One image in the proportions of its file: (H, W, C) uint8, C 1 or 3."""
        image: ImageArray = self._images.read(np.array([sample], dtype=np.int64))[0]
        path = None if self._files is None else self._files.path(sample)
        if path is None or name_ending(path.name) in RAW.endings:  # whose size takes a second
            return image
        try:
            return _stretched(image, upright_size(path))
        except DecodeError:  # the file has gone since it was decoded
            return image


def _stretched(image: ImageArray, size: tuple[int, int]) -> ImageArray:
    """An image (H, W, C) in other proportions, its longer side kept."""
    height, width = fitting_size(size, max(image.shape[:2]))
    if (height, width) == image.shape[:2]:
        return image
    return pixels_of(picture_of(image).resize((width, height), Image.Resampling.BILINEAR))


def _stays_below(name: str) -> bool:
    path = PurePath(name)
    # Windows alone has drives and backslashes between folders; a colon elsewhere is no file's
    plain = "\0" not in name and not (":" in name and isinstance(path, PureWindowsPath))
    return bool(name) and plain and not path.anchor and ".." not in path.parts
