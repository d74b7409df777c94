"""From one image file to RGB pixels of a fixed size, the paper's way."""

import functools
import os
import stat
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from symmcore.data.images.store import ImageArray

DECODER_VERSION = 1
"""Part of every cache's key: raised whenever the same file gives other pixels."""

MAX_PIXELS = 89_478_485
"""Most pixels of an image, checked in its header: what Pillow itself begins to warn at, and
268 MB as RGB, in every thread that decodes."""

# These formats are programs or hand over to one: PostScript would be run by Ghostscript. What
# lies in IPTC or BLP would be opened in its turn, whatever its size.
_NEVER_OPENED = frozenset({"BLP", "EPS", "IPTC", "WMF"})

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BYTE = 255
_SHORT = 65535


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


def decode_file(path: Path, size: int) -> ImageArray:
    """Read an image file as a square of ``size`` pixels a side: see :func:`decode_image`."""
    return decode_image(path, size, size)


def decode_image(path: Path, height: int, width: int) -> ImageArray:
    """Read an image file as the paper's networks see it.

    Both sides are resized, whatever they were, so that the aspect changes: the paper says
    "resized to 256 x 256", and a crop of the shorter side would lose what lies at the ends. The
    filter is bilinear with antialiasing (a triangle as wide as the scale), as torchvision's is.

    Any mode becomes RGB: what is transparent is laid on white; 16 bits are scaled to 8, not
    clipped; see :func:`_eight_bits` for other ranges. An animation gives its first frame.
    The orientation in the EXIF data is applied. Colour profiles are not.

    Args:
        path: the file.
        height: of the result in pixels.
        width: of the result in pixels.

    Returns:
        (height, width, 3) uint8.

    Raises:
        DecodeError: if the file cannot be read, is no image, is damaged or too large.
    """
    try:
        _check_file(path)
        with Image.open(path, formats=_formats()) as image:
            if image.width * image.height > MAX_PIXELS:
                raise DecodeError(path, _TOO_LARGE)
            image.load()
            return rgb_pixels(image, height, width)
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
        raise DecodeError(path, f"is damaged ({type(error).__name__}: {error})") from error


def rgb_pixels(image: Image.Image, height: int, width: int) -> ImageArray:
    """An open image upright, in RGB and resized, as :func:`decode_image` says."""
    upright = _turned(_to_rgb(image), _orientation(image))
    if upright.size != (width, height):
        upright = upright.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(upright)


_TOO_LARGE = f"has more than {MAX_PIXELS // 1_000_000} megapixels, the most that is decoded"


@functools.cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in Image.ID if name not in _NEVER_OPENED)


def _check_file(path: Path) -> None:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise DecodeError(path, "is not a file")  # reading a pipe would wait for ever
    if status.st_size == 0:
        raise DecodeError(path, "is empty")
    if not os.access(path, os.R_OK):
        raise DecodeError(path, "may not be read")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_eight_bits(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        opaque = image.convert("RGBA")
        white = Image.new("RGBA", opaque.size, "white")
        return Image.alpha_composite(white, opaque).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _eight_bits(values: npt.NDArray[np.generic]) -> ImageArray:
    """Bring intensities of more than 8 bits to 8.

    Integers in [0, 65535] are 16-bit intensities; real numbers in [0, 1] and in [0, 255] are
    read as such. Of any other range no meaning is known: its least value becomes black and
    its largest white. What is not finite is black.
    """
    real = values.astype(np.float64)
    real[~np.isfinite(real)] = 0
    low, high = float(real.min()), float(real.max())
    tops = [_SHORT] if np.issubdtype(values.dtype, np.integer) else [1, _BYTE]
    top = next((float(top) for top in tops if low >= 0 and high <= top), 0.0)
    if not top:
        real -= low
        top = (high - low) or 1.0
    scaled: ImageArray = np.rint(real * (_BYTE / top)).astype(np.uint8)
    return scaled


def _orientation(image: Image.Image) -> int:
    try:
        orientation: object = image.getexif().get(_ORIENTATION_TAG, 1)
    except (ValueError, SyntaxError, KeyError, TypeError, OSError, struct.error, UserWarning):
        return 1  # damaged EXIF data beside a picture that is whole
    return orientation if isinstance(orientation, int) else 1


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    method = _UPRIGHT.get(orientation)
    return image if method is None else image.transpose(method)
