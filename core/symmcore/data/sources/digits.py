"""The handwritten digits that scikit-learn ships: 1,797 images of 8 x 8 pixels."""

import numpy as np

from symmcore.data.dataset import ImageDataset
from symmcore.data.images.store import ArrayImages
from symmcore.data.sources.splits import SplitRule, split_listed

# The scans count ink in 17 steps.
_BRIGHTEST = 16


def load_digits(seed: int) -> ImageDataset:
    """Read the digits, split 2 to 1 within each class by ``seed``.

    All ten classes are on both sides: five digits teach nothing about the other five.
    """
    from sklearn import datasets  # slow to import

    bunch = datasets.load_digits()
    labels = bunch.target.astype(np.int64)
    images = np.rint(bunch.images * (255 / _BRIGHTEST)).astype(np.uint8)
    names = tuple(str(name) for name in bunch.target_names)
    train, test, split = split_listed(labels, len(names), SplitRule.IMAGE, seed)
    return ImageDataset(
        name="digits",
        images=ArrayImages(images[..., np.newaxis]),
        labels=labels,
        class_names=names,
        train=train,
        test=test,
        split=split,
    )
