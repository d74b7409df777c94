"""How images become what a network reads; light enough to import before torch."""

from dataclasses import dataclass

from symmcore.errors import InputError
from symmcore.settings.setting import check_ranges, setting


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

    Raises:
        InputError: if a number is out of range.
    """

    resize: int | None = setting(
        None,
        label="Size",
        noun="size in pixels",
        help="height and width of images, before a crop",
        least=1,
        zero="their own, files 256",
    )
    crop: int | None = setting(
        None,
        label="Crop",
        noun="crop in pixels",
        help="height and width of random crops",
        least=1,
        zero="none",
    )
    flip: bool = setting(False, label="Flip", help="mirror half of the training images")
    shift: int = setting(
        0, label="Shift", noun="shift in pixels", help="most pixels of a random shift", least=0
    )

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.resize is not None and self.crop is not None and self.crop > self.resize:
            raise InputError(
                f"A crop of {self.crop} pixels cannot be cut from {self.resize}: make it smaller."
            )

    def check_images(self, shape: tuple[int, int, int, int]) -> None:
        """Check that images (N, H, W, C) can be transformed.

        Raises:
            InputError: if they are smaller than the crop, or moved by more than their side.
        """
        _, height, width, _ = shape
        side = min(height, width)
        # What a shift adds does not count: evaluation cuts from the image as it is.
        if self.crop is not None and self.crop > side:
            raise InputError(
                f"A crop of {self.crop} pixels cannot be cut from images of {width} x {height}: "
                f"make it at most {side}."
            )
        if self.shift > side:
            raise InputError(
                f"A shift of {self.shift} pixels moves images of {width} x {height} out of sight: "
                f"make it at most {side}."
            )


PHOTOGRAPHS = TransformSettings(resize=256, crop=227, flip=True)
"""The paper's: resized to 256, cropped to 227, mirrored."""

SMALL_PHOTOGRAPHS = TransformSettings(resize=64, crop=56, flip=True)
"""The same proportions at a quarter of the size, which a small network trains on a CPU."""

DRAWINGS = TransformSettings(shift=1)
"""For characters of some ten pixels: mirrored they would be others; one pixel is as much as a
hand moves."""

_PHOTOGRAPH = 64  # pixels a side, from which on a colour image is taken for a photograph


def default_transform(shape: tuple[int, int, int, int]) -> TransformSettings:
    """What suits decoded images (N, H, W, C) of which nothing else is known."""
    _, height, width, channels = shape
    large = min(height, width) >= _PHOTOGRAPH
    return SMALL_PHOTOGRAPHS if large and channels == 3 else DRAWINGS
