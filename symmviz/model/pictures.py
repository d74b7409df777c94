"""Where views get the images that they draw."""

from typing import Protocol

from symmcore.data.images.store import ImageArray
from symmviz.model.display import PictureId

SHOW_PIXELS_BELOW = 64
"""Pixels of its longer side below which an image is shown unsmoothed: a digit is only a blur."""


class PictureSource(Protocol):
    """Images of recordings, scaled to be drawn; made elsewhere, never while a view waits."""

    def picture(self, picture: PictureId, side: int) -> ImageArray | None:
        """An image scaled to fit a square, (H, W, C) uint8, or None while it is being made.

        Asking for it is what has it made: ask again once pictures have come.

        Args:
            picture: which image.
            side: of the square, in device pixels.
        """

    def missing_reason(self, run: str) -> str:
        """Why there are no pictures of a run, in a sentence; empty where there are or may be.

        Args:
            run: its key.
        """


class NoPictures:
    """A source that never has a picture, for views before they are given one."""

    def picture(self, picture: PictureId, side: int) -> ImageArray | None:
        """None: there is never a picture."""
        return None

    def missing_reason(self, run: str) -> str:
        """Empty: of no run is it known why there are no pictures."""
        return ""
