"""Reads the samples of images that have more than 8 bits each, as they lie in the file.

Pillow keeps a single channel of such samples whole, in its modes I and F; of several channels it
keeps the upper byte. The lower one comes from reading the same file once more, with the bytes of
each sample taken in the other order.

A PNG's sBIT chunk is not looked at: by the PNG specification samples are scaled to the whole
range whatever it says, and where a writer did not do so the values themselves show it.
"""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from symmcore.data.value_range import Extent, ValueRange, ValueRanges, extent_of

Values = npt.NDArray[Any]  # integers or floating-point numbers
Mask = npt.NDArray[np.bool_]

_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
# First what gives values of any type, then the pair for integers alone.
_DECLARED_TAGS = ((340, 341), (280, 281))
_GDAL_NODATA = 42113
_UNSIGNED, _SIGNED = 1, 2

_OTHER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
_SPLIT_MODES = {"RGB;16": 3, "RGBA;16": 4, "RGBX;16": 3}
_GREY_WITH_ALPHA = "LA;16B"  # of PNG; its four bytes are those of RGBA
_LARGEST_SHORT = 65535
_WHOLE_SHORT = ValueRange(0.0, float(_LARGEST_SHORT), 1)

# What programs put where there is no data when a file has no tag for it. Each counts only
# where nothing is below and all else lies well above: -999 is air in a CT image, too.
_USUAL_FILLS = frozenset({-999.0, -9999.0, -99999.0, -32767.0, -32768.0})
_NO_MEASUREMENT = 1e20  # the fills of netCDF, and the ends of float32


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """An image's samples of more than 8 bits.

    Attributes:
        values: (H, W) or (H, W, 3), integers or floating-point.
        alpha: (H, W) uint16, or None where there is no transparency.
        missing: where ``values`` has no data; None for nowhere.
        declared: black and white as the file says.
        white_is_low: whether the file means its low values to be light.
    """

    values: Values
    alpha: npt.NDArray[np.uint16] | None = None
    missing: Mask | None = None
    declared: tuple[float, float] | None = None
    white_is_low: bool = False

    def extent(self) -> Extent:
        """What the range of a dataset is made of."""
        return extent_of(self.values, self.missing, self.declared)

    def to_rgb(self, ranges: ValueRanges | None = None) -> Image.Image:
        """The image in 8 bits, on white where it is transparent.

        Args:
            ranges: of its dataset; where that has none for such values, the image's own.
        """
        chosen = self._chosen(ranges) or self._chosen(ValueRanges.of([self.extent()]))
        assert chosen is not None, "an extent has a range"
        pixels = chosen.to_eight_bits(self.values, self.missing)
        if self.white_is_low:
            pixels = 255 - pixels
            if self.missing is not None:
                pixels[self.missing] = 0
        image = Image.fromarray(pixels).convert("RGB")
        if self.alpha is None:
            return image
        # Some write what is opaque as the largest of the bits in use.
        opaque = chosen if self.alpha.max() <= chosen.high else _WHOLE_SHORT
        image.putalpha(Image.fromarray(opaque.to_eight_bits(self.alpha, None)))
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")

    def _chosen(self, ranges: ValueRanges | None) -> ValueRange | None:
        if ranges is None:
            return None
        real = np.issubdtype(self.values.dtype, np.floating)
        return ranges.reals if real else ranges.integers


def read_samples(
    image: Image.Image, reopened: Callable[[], AbstractContextManager[Image.Image]]
) -> Samples | None:
    """The samples of an image that was opened; None if it has 8 bits, and is not loaded then.

    Args:
        image: as Pillow opened it, nothing of it loaded yet.
        reopened: opens the same file again.
    """
    scaled = image.format == "PPM" and _is_scaled(image)  # not known any more once it is loaded
    found = _colours(image, reopened) or _single_channel(image)
    if found is None:
        return None
    values, alpha = found
    missing = _missing(values, _nodata(image))
    clear = _transparent(image, values)
    if clear is not None:
        alpha = np.where(clear, 0, _LARGEST_SHORT).astype(np.uint16)
        hidden = clear if values.ndim == clear.ndim else np.stack([clear] * values.shape[2], 2)
        missing = hidden if missing is None else missing | hidden
    whole = (_WHOLE_SHORT.low, _WHOLE_SHORT.high)
    return Samples(
        values,
        alpha,
        missing=missing,
        declared=whole if scaled else _declared(image, values.dtype),
        white_is_low=_tag(image, _PHOTOMETRIC) == 0,
    )


def _transparent(image: Image.Image, values: Values) -> Mask | None:
    """Where a PNG has the grey or colour that stands for transparent; None for nowhere."""
    stands = image.info.get("transparency")
    if not isinstance(stands, int | tuple) or values.dtype != np.uint16:
        return None
    same = values == np.asarray(stands, dtype=np.int64)
    clear: Mask = same if same.ndim == 2 else same.all(axis=2)
    return clear if clear.any() else None


def _single_channel(image: Image.Image) -> tuple[Values, None] | None:
    signed_bytes = image.mode == "L" and _layout(image) == (_SIGNED, 8)
    if not (image.mode.startswith(("I", "F")) or signed_bytes):
        return None
    bits_declared = _layout(image)
    image.load()
    values: Values = np.asarray(image)
    if signed_bytes:
        values = values.view(np.int8)
    elif bits_declared == (_UNSIGNED, 32) and values.dtype == np.int32:
        values = values.view(np.uint32)
    elif values.dtype == np.dtype(">u2"):
        values = values.astype(np.uint16)
    if image.format == "FITS" and values.dtype == np.uint16:
        values = values.view(np.int16)  # which all of FITS is; an offset changes no grey level
    return values, None


def _colours(
    image: Image.Image, reopened: Callable[[], AbstractContextManager[Image.Image]]
) -> tuple[Values, npt.NDArray[np.uint16] | None] | None:
    """Grey with alpha, RGB or RGBA of 16 bits."""
    raw = _raw_mode(image)
    if raw == _GREY_WITH_ALPHA:
        _read_as(image, "RGBA")
        pairs = np.asarray(image).view(">u2").astype(np.uint16)
        return pairs[..., 0], pairs[..., 1]
    channels = _SPLIT_MODES.get(raw[:-1])
    if channels is None or raw[-1] not in _OTHER:
        return None
    with reopened() as again:
        _read_as(again, raw[:-1] + _OTHER[raw[-1]])
        low = np.asarray(again)[..., :channels]
    image.load()
    joined = np.asarray(image)[..., :channels].astype(np.uint16) << 8 | low
    return joined[..., :3], joined[..., 3] if channels == 4 else None


def _raw_mode(image: Image.Image) -> str:
    """How the decoder unpacks samples, "" where that is not one way for all of the image."""
    found = {_raw_mode_of(tile.args) for tile in getattr(image, "tile", ())}
    return found.pop() if len(found) == 1 else ""


def _raw_mode_of(args: object) -> str:
    mode = args[0] if isinstance(args, tuple) and args else args
    return mode if isinstance(mode, str) else ""


def _read_as(image: Image.Image, raw_mode: str) -> None:
    """Load an image whose samples are unpacked in another way."""
    image.tile = [  # type: ignore[attr-defined]  # of what Image.open gives: an ImageFile
        tile._replace(args=(raw_mode, *tile.args[1:]) if isinstance(tile.args, tuple) else raw_mode)
        for tile in image.tile  # type: ignore[attr-defined]
    ]
    image.load()


def _tag(image: Image.Image, number: int) -> object:
    """A TIFF tag's first value; None for other formats, or where it is damaged."""
    tags = getattr(image, "tag_v2", None)
    try:
        value: object = None if tags is None else tags.get(number)
    except Exception:  # noqa: BLE001 - damaged tags make Pillow raise anything at all
        return None
    return value[0] if isinstance(value, tuple) and value else value


def _layout(image: Image.Image) -> tuple[int, int] | None:
    """Format and bits of a TIFF's samples; None for other formats."""
    bits, kind = _tag(image, _BITS), _tag(image, _SAMPLE_FORMAT)
    if not isinstance(bits, int):
        return None
    return (kind if isinstance(kind, int) else _UNSIGNED), bits


def _declared(image: Image.Image, dtype: np.dtype[Any]) -> tuple[float, float] | None:
    """Black and white as the file says; None where it names no less than its type can hold."""
    layout = _layout(image)
    if layout is not None and layout[0] == _UNSIGNED and 8 < layout[1] < 16:
        return 0.0, float((1 << layout[1]) - 1)
    for tags in _DECLARED_TAGS if dtype.kind in "iu" else _DECLARED_TAGS[:1]:
        low, high = (_as_number(_tag(image, tag)) for tag in tags)
        if high is not None and _says_something(low or 0.0, high, dtype):
            return low or 0.0, high
    return None


def _is_scaled(image: Image.Image) -> bool:
    """Whether a PGM says its largest value, which Pillow then brings to that of 16 bits."""
    given = [tile.args for tile in getattr(image, "tile", ())] if image.mode == "I" else []
    return any(isinstance(args, tuple) and args[1] < _LARGEST_SHORT for args in given)


def _says_something(low: float, high: float, dtype: np.dtype[Any]) -> bool:
    if low >= high or low in _USUAL_FILLS or max(-low, high) >= _NO_MEASUREMENT:
        return False
    return dtype.kind == "f" or high < np.iinfo(dtype).max


def _as_number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _nodata(image: Image.Image) -> float | None:
    """The value of pixels without data, from the tag that GDAL writes as text."""
    text = _tag(image, _GDAL_NODATA)
    try:
        return float(text.strip(" \0")) if isinstance(text, str) else None
    except ValueError:
        return None


def _missing(values: Values, fill: float | None) -> Mask | None:
    """Where there is no data: (...) bool, or None for nowhere."""
    real = values.dtype.kind == "f"
    missing = np.zeros(values.shape, dtype=np.bool_)
    if real:
        with np.errstate(invalid="ignore"):
            missing |= ~(np.abs(values) < _NO_MEASUREMENT)  # NaN and the infinite, too
    if fill is not None and _holds(values.dtype, fill):
        missing |= values == values.dtype.type(fill)
    if values.dtype.kind in "if":
        _mark_usual_fills(values, missing)
    return missing if missing.any() else None


def _holds(dtype: np.dtype[Any], fill: float) -> bool:
    if dtype.kind == "f":
        return abs(fill) < _NO_MEASUREMENT
    limits = np.iinfo(dtype)
    return fill.is_integer() and limits.min <= fill <= limits.max


def _mark_usual_fills(values: Values, missing: Mask) -> None:
    there = values[~missing]
    while there.size:
        least = float(there.min())
        if least not in _USUAL_FILLS:
            return
        rest = there[there > least]
        if rest.size and float(rest.min()) <= least / 2:
            return
        missing |= values == least
        there = rest
