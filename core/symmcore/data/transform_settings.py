"""How images become what a network reads; light enough to import before torch."""

from dataclasses import dataclass

from symmcore.errors import InputError


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

    resize: int | None = None
    crop: int | None = None
    flip: bool = False
    shift: int = 0

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
