"""Where a dataset's pixels are: behind one protocol, whatever holds them."""

import hashlib
from typing import Protocol

import numpy as np
import numpy.typing as npt

from symmcore.records import IndexArray

ImageArray = npt.NDArray[np.uint8]


class ImageStore(Protocol):
    """N images of one size, read by position; safe to read from several threads."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, H, W, C), C 1 or 3."""

    def read(self, positions: IndexArray, out: ImageArray | None = None) -> ImageArray:
        """Copy images.

        Args:
            positions: (B,) int64 in [0, N).
            out: (B, H, W, C) uint8, contiguous, to copy into; None makes a new one.

        Returns:
            (B, H, W, C) uint8: ``out`` if there was one.

        Raises:
            IndexError: if a position lies outside.
        """

    def fingerprint(self) -> str:
        """A SHA-256 of shape and pixels, in hex; known without reading the pixels again."""

    def release(self) -> None:
        """End worker processes, if there are any; the next read starts them anew."""


class ArrayImages:
    """Images that lie in memory, or in a file mapped into it."""

    def __init__(self, array: ImageArray, rows: IndexArray | None = None, digest: str = "") -> None:
        """Wrap an array.

        Args:
            array: (M, H, W, C) uint8.
            rows: (N,) int64, the row of each image in ``array``; None takes all in order.
            digest: the fingerprint where it is known; else it is computed when asked for.
        """
        if array.dtype != np.uint8 or array.ndim != 4 or array.shape[3] not in (1, 3):
            raise ValueError(
                f"images must be (N, H, W, 1 or 3) uint8, these are {array.shape} {array.dtype}"
            )
        self._array = np.asarray(array)  # a plain view of a mapping: NumPy's own copies less
        self._rows = np.arange(len(array)) if rows is None else rows
        self._digest = digest

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, H, W, C), C 1 or 3."""
        _, height, width, channels = self._array.shape
        return len(self._rows), height, width, channels

    def read(self, positions: IndexArray, out: ImageArray | None = None) -> ImageArray:
        """Copy the images at ``positions`` (B,) int64: (B, H, W, C) uint8, ``out`` if given.

        Raises:
            IndexError: if a position lies outside.
        """
        rows = self._rows[checked_positions(positions, len(self._rows))]
        # "clip", since "raise" copies twice; nothing is left to clip
        taken: ImageArray = np.take(self._array, rows, axis=0, out=out, mode="clip")
        return taken

    def fingerprint(self) -> str:
        """A SHA-256 of shape and pixels, in hex; known without reading the pixels again."""
        if not self._digest:
            pixels = self.read(np.arange(len(self._rows)))
            self._digest = images_digest(self.shape, [pixels.tobytes()])
        return self._digest

    def release(self) -> None:
        """Do nothing: there are no worker processes."""


def images_digest(shape: tuple[int, ...], parts: list[bytes]) -> str:
    """A SHA-256 of a shape and what tells the pixels apart, in hex."""
    digest = hashlib.sha256(str(shape).encode())
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def checked_positions(positions: IndexArray, count: int) -> IndexArray:
    """The positions themselves.

    Raises:
        IndexError: if one lies outside of [0, count).
    """
    if len(positions) and not (positions.min() >= 0 and positions.max() < count):
        raise IndexError(f"there are {count} images: positions are 0 to {count - 1}")
    return positions
