"""A labelled image dataset with its train and test split."""

import hashlib
from dataclasses import dataclass

import numpy as np

from symmcore.data.images.store import ImageStore
from symmcore.data.unused import Unused
from symmcore.data.value_range import EIGHT_BITS, ValueRanges
from symmcore.records import ImageFiles, IndexArray


@dataclass(frozen=True, slots=True)
class SkippedImage:
    """A file that is not in the dataset, and why, as the end of a sentence."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class ImageDataset:
    """Images with labels, split once into train and test.

    Attributes:
        name: the dataset's name on the command line, such as "digits".
        images: N images (H, W, C) uint8, C 1 or 3, in memory or not.
        labels: (N,) int64 in [0, len(class_names)).
        class_names: what each label is called.
        train: (T,) int64, positions of the training images, ascending.
        test: (S,) int64, positions of the test images, ascending.
        split: a sentence saying how the split was made.
        notes: sentences the user should read.
        skipped: files that could not be decoded.
        unused: what lies in its folder and is not used, which ``notes`` say too.
        value_ranges: how images of more than 8 bits a sample were brought to 8; an image from
            elsewhere that is compared with these is decoded by them, see ``decode_file``.
        files: what the images were decoded from; None where they are no files of their own.
    """

    name: str
    images: ImageStore
    labels: IndexArray
    class_names: tuple[str, ...]
    train: IndexArray
    test: IndexArray
    split: str
    notes: tuple[str, ...] = ()
    skipped: tuple[SkippedImage, ...] = ()
    unused: tuple[Unused, ...] = ()
    value_ranges: ValueRanges = EIGHT_BITS
    files: ImageFiles | None = None

    def fingerprint(self) -> str:
        """SHA-256 of images, labels and split: equal for equal training input."""
        digest = hashlib.sha256(self.images.fingerprint().encode())
        for array in (self.labels, self.train, self.test):
            digest.update(str((array.dtype.str, array.shape)).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()
