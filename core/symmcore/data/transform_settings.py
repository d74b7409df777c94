"""How images become what a network reads; light enough to import before torch."""

from dataclasses import dataclass
from enum import Enum

from symmcore.errors import InputError


class Normalisation(Enum):
    """How bytes become real numbers."""

    SYMMETRIC = "symmetric"
    """[0, 255] becomes [-1, 1]."""

    IMAGENET = "imagenet"
    """[0, 1], less ImageNet's mean, over its standard deviation, for each of R, G, B."""


@dataclass(frozen=True, slots=True)
class TransformSettings:
    """What happens to an image between its file and the network.

    Attributes:
        resize: height and width that a file is decoded to, in pixels; None where the images
            come in their size.
        crop: height and width of what is cut out, at random for training, from the centre
            for evaluation; None takes all.
        flip: whether training mirrors every other image, at random, left to right.
        shift: most pixels that training moves an image each way, filled with black.
        normalisation: how bytes become real numbers.

    Raises:
        InputError: if a number is out of range.
    """

    resize: int | None = None
    crop: int | None = None
    flip: bool = False
    shift: int = 0
    normalisation: Normalisation = Normalisation.SYMMETRIC

    def __post_init__(self) -> None:
        for name, value in (("size", self.resize), ("crop", self.crop)):
            if value is not None and value < 1:
                raise InputError(f"The {name} is {value} pixels: it must be at least 1.")
        if self.shift < 0:
            raise InputError(f"The shift is {self.shift} pixels: it must be at least 0.")
        if self.resize is not None and self.crop is not None and self.crop > self.resize:
            raise InputError(
                f"A crop of {self.crop} pixels cannot be cut from {self.resize}: make it smaller."
            )

    def check_images(self, shape: tuple[int, int, int, int]) -> None:
        """Check that images (N, H, W, C) can be transformed.

        Raises:
            InputError: if they are smaller than the crop, or grey where colours are needed.
        """
        _, height, width, channels = shape
        if self.crop is not None and self.crop > min(height, width) + 2 * self.shift:
            raise InputError(
                f"A crop of {self.crop} pixels cannot be cut from images of {width} x {height}: "
                "make it smaller."
            )
        if self.normalisation is Normalisation.IMAGENET and channels != 3:
            raise InputError(
                "ImageNet's normalisation is for colour images, these are grey: choose symmetric."
            )


PHOTOGRAPHS = TransformSettings(
    resize=256, crop=227, flip=True, normalisation=Normalisation.IMAGENET
)
"""The paper's: resized to 256, cropped to 227, mirrored, as ImageNet's networks want them."""

DRAWINGS = TransformSettings(shift=1)
"""For characters of some ten pixels: mirrored they would be others; one pixel is as much as a
hand moves."""

_PHOTOGRAPH = 227  # pixels a side, from which on the paper's crop can be cut


def default_transform(shape: tuple[int, int, int, int]) -> TransformSettings:
    """What suits images (N, H, W, C) of which nothing else is known."""
    _, height, width, channels = shape
    large = min(height, width) >= _PHOTOGRAPH
    return PHOTOGRAPHS if large and channels == 3 else DRAWINGS
