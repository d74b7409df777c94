"""Which values of images with more than 8 bits a sample become black, and which white.

A file's type says only how much room a sample has: 12 bits of a camera lie in 16, and real
numbers have no natural end. So each file is measured, and one range is made of what all files
of a dataset hold. It depends on the files alone, not on their order.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from symmcore.data.images.store import ImageArray

_BYTE = 255
_CODES_OF_16_BITS = 1 << 16
# A hot pixel is one of a few that lie so far outside that the rest would keep less than a
# fifth of the grey levels. More than a few are data, however bright: they set the range.
_FEW = 1000  # one in so many values of an image, at least one
_FAR = 4.0  # times as far outside as the rest is wide
# Usual limits are taken where a quarter of the grey levels or more is used.
_LEAST_FILLED = 4


@dataclass(frozen=True, slots=True)
class Extent:
    """What one file holds.

    Attributes:
        real: whether its values are floating-point numbers; else they are integers.
        low: its least value; infinite where there is none.
        high: its largest; minus infinity where there is none.
        inner_low: the least without a few values at that end.
        inner_high: the largest without a few at that end.
        declared: black and white as the file itself says.
        has_missing: whether pixels have no data.
    """

    real: bool
    low: float
    high: float
    inner_low: float
    inner_high: float
    declared: tuple[float, float] | None = None
    has_missing: bool = False


def extent_of(
    values: npt.NDArray[np.generic],
    missing: npt.NDArray[np.bool_] | None,
    declared: tuple[float, float] | None = None,
) -> Extent:
    """The extent of one file's values.

    Args:
        values: of any shape, integers or floating-point.
        missing: where there is no data, of the same shape; None for nowhere.
        declared: black and white as the file says.
    """
    real = bool(np.issubdtype(values.dtype, np.floating))
    there = values.ravel() if missing is None else values[~missing]
    if not there.size:
        return Extent(real, math.inf, -math.inf, math.inf, -math.inf, declared, True)
    few = max(1, there.size // _FEW) if there.size > 2 else 0
    ends = np.partition(there, (0, few, there.size - 1 - few, there.size - 1))
    low, inner_low, inner_high, high = (float(ends[i]) for i in (0, few, -1 - few, -1))
    return Extent(real, low, high, inner_low, inner_high, declared, there.size < values.size)


@dataclass(frozen=True, slots=True)
class ValueRange:
    """How the values of one kind, integers or real numbers, become 8 bits.

    Attributes:
        low: the value that becomes 0.
        high: the value that becomes 255.
        images: how many images of this kind the dataset has.
        with_missing: in how many of them pixels have no data.
        with_outliers: in how many of them pixels lie outside of the range.
        declared: whether the files say these limits.
    """

    low: float
    high: float
    images: int
    with_missing: int = 0
    with_outliers: int = 0
    declared: bool = False

    def to_eight_bits(
        self, values: npt.NDArray[np.generic], missing: npt.NDArray[np.bool_] | None
    ) -> ImageArray:
        """Bring values to [0, 255]: (...) uint8. Outside of the range they are clipped.

        Args:
            values: (...) integers or floating-point.
            missing: (...) where there is no data; this becomes 0.
        """
        if values.dtype == np.uint16:  # a table is exact and takes little memory
            codes = np.arange(_CODES_OF_16_BITS, dtype=np.float64)
            scaled: ImageArray = self._scaled(codes)[values]
        else:
            real = values.astype(np.float64)
            if missing is not None:
                real[missing] = self.low
            scaled = self._scaled(real)
        if missing is not None:
            scaled[missing] = 0
        return scaled

    def _scaled(self, real: npt.NDArray[np.float64]) -> ImageArray:
        width = self.high - self.low
        real = (real - self.low) * (_BYTE / width if width > 0 else 0.0)
        scaled: ImageArray = np.rint(real.clip(0, _BYTE)).astype(np.uint8)
        return scaled

    def sentences(self, kind: str) -> tuple[str, ...]:
        """The range for people.

        Args:
            kind: what is brought to 8 bits, such as "integers of more than 8 bits".
        """
        one = self.images == 1
        how = " (as the files say)" if self.declared else ""
        alike = "" if one else ", the same way in all"
        said = [
            f"{self.images:,} {'image has' if one else 'images have'} {kind}: {_number(self.low)} "
            f"to {_number(self.high)}{how} become 0 to 255{alike}."
        ]
        if self.with_missing:
            said.append(f"Pixels without data (nodata), in {_of(self.with_missing)}, become 0.")
        if self.with_outliers:
            said.append(
                f"A few values far outside, in {_of(self.with_outliers)}, become black or white."
            )
        return tuple(said)


@dataclass(frozen=True, slots=True)
class ValueRanges:
    """The ranges of a dataset; None for a kind of values that it does not have.

    Images of 8 bits have none: their values stay as they are.
    """

    integers: ValueRange | None = None
    reals: ValueRange | None = None

    def sentences(self) -> tuple[str, ...]:
        """The ranges for people; none where all images have 8 bits."""
        named = (
            ("integers of more than 8 bits", self.integers),
            ("floating-point values", self.reals),
        )
        return tuple(said for kind, one in named if one is not None for said in one.sentences(kind))

    @classmethod
    def of(cls, extents: Iterable[Extent]) -> "ValueRanges":
        """The ranges of a dataset, from what each of its files holds."""
        found = tuple(extents)
        return cls(
            _range_of([one for one in found if not one.real]),
            _range_of([one for one in found if one.real]),
        )

    @classmethod
    def from_json(cls, content: object) -> "ValueRanges":
        """What ``dataclasses.asdict`` made of ranges, read back from JSON.

        Raises:
            ValueError: if it is something else.
        """
        if not isinstance(content, Mapping) or set(content) != {"integers", "reals"}:
            raise ValueError("no value ranges")
        return cls(_from_json(content["integers"]), _from_json(content["reals"]))


EIGHT_BITS = ValueRanges()
"""Of a dataset whose images all have 8 bits a sample."""


def _from_json(content: object) -> ValueRange | None:
    if content is None:
        return None
    if not isinstance(content, Mapping):
        raise ValueError("no value range")
    try:
        found = ValueRange(**content)
        finite = math.isfinite(found.low) and math.isfinite(found.high)
    except (TypeError, OverflowError) as error:
        raise ValueError("no value range") from error
    if not finite:
        raise ValueError("no finite value range")
    return found


def _range_of(extents: list[Extent]) -> ValueRange | None:
    if not extents:
        return None
    low, high = _measured(extents)
    given = [one.declared for one in extents if one.declared is not None]
    declared_low = min((black for black, _ in given), default=math.inf)
    declared_high = max((white for _, white in given), default=-math.inf)
    declared = bool(given) and declared_low <= low and high <= declared_high
    if declared:
        low, high = declared_low, declared_high
    elif low > high:  # no image has a single value
        low, high = 0.0, 1.0
    else:
        low, high = _limits(low, high, real=extents[0].real)
    return ValueRange(
        low,
        high,
        images=len(extents),
        with_missing=sum(one.has_missing for one in extents),
        with_outliers=sum(
            one.low < low or one.high > high for one in extents if one.low <= one.high
        ),
        declared=declared,
    )


def _measured(extents: list[Extent]) -> tuple[float, float]:
    """The least and the largest value of all files, hot pixels left out."""
    low, high = min(one.low for one in extents), max(one.high for one in extents)
    inner_low = min(one.inner_low for one in extents)
    inner_high = max(one.inner_high for one in extents)
    far = _FAR * (inner_high - inner_low)
    if far > 0:
        low = inner_low if inner_low - low > far else low
        high = inner_high if high - inner_high > far else high
    return low, high


def _limits(low: float, high: float, *, real: bool) -> tuple[float, float]:
    """Usual limits, where the values fill a good part of them; else what was measured.

    Usual is 0 to the largest of the bits in use, and of real numbers 0 to 1 or to 255. What
    does not begin at 0, such as the counts of a thermal camera, may need little of that.
    """
    bits = float((1 << int(max(high, 0.0)).bit_length()) - 1)
    for top in (1.0, float(_BYTE)) if real else (bits,):
        fills = high - low >= top / _LEAST_FILLED or low == high
        if low >= 0 and high <= top and fills:
            return 0.0, top
    return low, high


def _of(images: int) -> str:
    return f"{images:,} of them"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"
