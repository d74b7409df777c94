"""The datasets symmviz knows by name: what can be said of them before they are read."""

from collections.abc import Callable
from dataclasses import dataclass

from symmcore.data.dataset import ImageDataset
from symmcore.errors import InputError


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """One dataset that can be chosen by name.

    Attributes:
        name: its name on the command line and in files.
        title: its name for people.
        description: one sentence: what it is and where it comes from.
        images: how many images it has.
        classes: how many classes it has.
        split: how it is split, for people.
        load: reads it; ``seed`` decides a random split.
    """

    name: str
    title: str
    description: str
    images: int
    classes: int
    split: str
    load: Callable[[int], ImageDataset]


def _load_digits(seed: int) -> ImageDataset:
    from symmcore.data.digits import load_digits  # scikit-learn takes a second to import

    return load_digits(seed)


DATASETS = (
    DatasetEntry(
        name="digits",
        title="Digits",
        description=(
            "Real handwritten digits of 8 x 8 pixels, scanned at NIST; bundled with "
            "scikit-learn, nothing is downloaded."
        ),
        images=1797,
        classes=10,
        split="by image: two thirds of each class train, one third tests",
        load=_load_digits,
    ),
)


def dataset_entry(name: str) -> DatasetEntry:
    """Look up a dataset by name.

    Raises:
        InputError: if there is none of that name.
    """
    for entry in DATASETS:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in DATASETS)
    raise InputError(f"Unknown dataset {name!r}: choose one of {known}.")
