"""From one image file to RGB pixels of a fixed size, the paper's way."""

import contextlib
import ctypes
import functools
import os
import stat
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError, _imaging

from symmcore.data.images.optional_decoders import open_image
from symmcore.data.images.samples import Samples, read_samples
from symmcore.data.images.store import ImageArray
from symmcore.data.value_range import Extent, ValueRanges
from symmcore.errors import type_and_line

DECODER_VERSION = 2
"""Part of every cache's key: raised whenever the same file gives other pixels."""

MAX_PIXELS = 89_478_485
"""Most pixels of an image, checked in its header: what Pillow itself begins to warn at, and
268 MB as RGB, in every thread that decodes."""

# These formats are programs or hand over to one: PostScript would be run by Ghostscript. What
# lies in IPTC or BLP would be opened in its turn, whatever its size.
_NEVER_OPENED = frozenset({"BLP", "EPS", "IPTC", "WMF"})

_ORIENTATION_TAG = 0x0112
_SIDEWAYS = 5  # from this orientation on, height and width change places
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@contextlib.contextmanager
def without_pillow_warnings() -> Iterator[None]:
    """Keep Pillow from warning on stderr, without a file's name, of what it makes the best of.

    Such as EXIF data that are cut short. What cannot be decoded is an error all the same.
    """
    with warnings.catch_warnings():
        leave_out_pillow_warnings()
        yield


def leave_out_pillow_warnings() -> None:
    """The same for as long as this process lasts."""
    warnings.filterwarnings("ignore", module=r"PIL\b")


class DecodeError(Exception):
    """An image file that cannot be shown.

    Attributes:
        path: the file.
        reason: why, as the end of a sentence: "is empty", "is not an image".
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)  # both, so that it crosses processes
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path} {self.reason}."


def decode_file(path: Path, size: int, ranges: ValueRanges | None = None) -> ImageArray:
    """Read an image file as a square of ``size`` pixels a side: see :func:`decode_image`."""
    return decode_image(path, size, size, ranges)


def decode_image(
    path: Path, height: int, width: int, ranges: ValueRanges | None = None
) -> ImageArray:
    """Read an image file as the paper's networks see it.

    Both sides are resized, whatever they were, so that the aspect changes: the paper says
    "resized to 256 x 256", and a crop of the shorter side would lose what lies at the ends. The
    filter is bilinear with antialiasing (a triangle as wide as the scale), as torchvision's is.

    Any mode becomes RGB: what is transparent is laid on white; samples of more than 8 bits are
    brought to 8 by the range of their dataset, see :mod:`~symmcore.data.value_range`. An
    animation gives its first frame. The orientation in the EXIF data is applied. Colour profiles
    are not.

    Args:
        path: the file.
        height: of the result in pixels.
        width: of the result in pixels.
        ranges: those of the dataset that the image belongs to, or is compared with; None, or no
            range for such values, takes the image's own.

    Returns:
        (height, width, 3) uint8.

    Raises:
        DecodeError: if the file cannot be read, is no image, is damaged or too large.
    """
    with _refusing(path), _opened(path) as image:
        samples = _samples(path, image)
        if samples is None:
            return rgb_pixels(image, height, width)
        upright = _turned(samples.to_rgb(ranges), _orientation(image))
        return _resized(upright, height, width)


def decode_or_measure(path: Path, size: int) -> ImageArray | Extent:
    """Read an image file of 8 bits as ``decode_file`` does; of others what range they need.

    Raises:
        DecodeError: as ``decode_file`` does.
    """
    with _refusing(path), _opened(path) as image:
        samples = _samples(path, image)
        return rgb_pixels(image, size, size) if samples is None else samples.extent()


def measure_file(path: Path) -> Extent | None:
    """What range an image file needs; None if it has 8 bits, and is not decoded then.

    Raises:
        DecodeError: as ``decode_file`` does.
    """
    with _refusing(path), _opened(path) as image:
        samples = _samples(path, image)
        return None if samples is None else samples.extent()


def upright_size(path: Path) -> tuple[int, int]:
    """Height and width in pixels of an image file once it is upright; nothing is decoded.

    But for camera RAW, which has to be.

    Raises:
        DecodeError: as ``decode_file`` does, as far as the header shows it.
    """
    with _refusing(path), _opened(path) as image:
        height, width = image.height, image.width
        return (width, height) if _orientation(image) >= _SIDEWAYS else (height, width)


def fitting_size(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Height and width with the proportions of ``size``, the longer of them ``side`` pixels."""
    longer = max(size)
    return max(1, round(size[0] * side / longer)), max(1, round(size[1] * side / longer))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    _check_file(path)
    with open_image(path, _formats(), MAX_PIXELS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise DecodeError(path, _TOO_LARGE)
        yield image


def _samples(path: Path, image: Image.Image) -> Samples | None:
    return read_samples(image, functools.partial(_opened, path))


def rgb_pixels(image: Image.Image, height: int, width: int) -> ImageArray:
    """An open image of 8 bits upright, in RGB and resized, as :func:`decode_image` says."""
    image.load()
    return _resized(_turned(_to_rgb(image), _orientation(image)), height, width)


def _resized(image: Image.Image, height: int, width: int) -> ImageArray:
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image)


@contextlib.contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Makes one kind of error of all that opening and decoding may raise."""
    try:
        yield
    except DecodeError:
        raise
    except MemoryError as error:  # damaged bytes may ask for any amount
        raise DecodeError(path, "takes more memory to decode than there is") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # the warning where warnings are errors; elsewhere the check above says the same
        raise DecodeError(path, _TOO_LARGE) from error
    except UnidentifiedImageError as error:
        raise DecodeError(path, "is not an image of a known format") from error
    except OSError as error:
        raise DecodeError(path, f"cannot be read ({error.strerror or error})") from error
    except Exception as error:  # damaged bytes make Pillow's decoders raise anything at all
        raise DecodeError(path, f"is damaged ({type_and_line(error)})") from error


_TOO_LARGE = f"has more than {MAX_PIXELS // 1_000_000} megapixels, the most that is decoded"


@functools.cache
def _formats() -> tuple[str, ...]:
    Image.init()
    _silence_libtiff()
    return tuple(name for name in Image.ID if name not in _NEVER_OPENED)


def _silence_libtiff() -> None:
    """Keep libtiff from printing on stderr what is wrong with a file, without saying which.

    Pillow raises an error as well, which is told. Where libtiff is linked into Pillow itself, as
    on Windows, it cannot be reached.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(_imaging.__file__)
        library.TIFFSetErrorHandler(None)
        library.TIFFSetWarningHandler(None)


def _check_file(path: Path) -> None:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise DecodeError(path, "is not a file")  # reading a pipe would wait for ever
    if status.st_size == 0:
        raise DecodeError(path, "is empty")
    if not os.access(path, os.R_OK):
        raise DecodeError(path, "may not be read")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        opaque = image.convert("RGBA")
        white = Image.new("RGBA", opaque.size, "white")
        return Image.alpha_composite(white, opaque).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _orientation(image: Image.Image) -> int:
    try:
        orientation: object = image.getexif().get(_ORIENTATION_TAG, 1)
    except (ValueError, SyntaxError, KeyError, TypeError, OSError, struct.error, UserWarning):
        return 1  # damaged EXIF data beside a picture that is whole
    return orientation if isinstance(orientation, int) else 1


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    method = _UPRIGHT.get(orientation)
    return image if method is None else image.transpose(method)
